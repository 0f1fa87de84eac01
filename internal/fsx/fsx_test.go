package fsx

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// onEach runs a test on every file system that promises the same.
func onEach(t *testing.T, test func(t *testing.T, fsys FS, dir string)) {
	t.Run("os", func(t *testing.T) { test(t, OS(), t.TempDir()) })
	t.Run("mem", func(t *testing.T) { test(t, newMemWith(t, "data"), "data") })
	t.Run("decorated", func(t *testing.T) {
		none := func(Op) error { return nil }
		test(t, Logged(Faulty(newMemWith(t, "data"), none), func(string) {}), "data")
	})
}

func newMemWith(t *testing.T, dir string) *Mem {
	t.Helper()
	m := NewMem()
	must(t, m.MkdirAll(dir))
	return m
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, fsys FS, name, text string) {
	t.Helper()
	f, err := fsys.Create(name)
	must(t, err)
	_, err = f.Write([]byte(text))
	must(t, err)
	must(t, f.Close())
}

func text(t *testing.T, fsys FS, name string) string {
	t.Helper()
	f, err := fsys.Open(name)
	must(t, err)
	b, err := io.ReadAll(f)
	must(t, err)
	must(t, f.Close())
	return string(b)
}

func names(t *testing.T, fsys FS, dir string) []string {
	t.Helper()
	entries, err := fsys.ReadDir(dir)
	must(t, err)
	out := []string{}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func wantEqual(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

func TestFilesAreWrittenAndRead(t *testing.T) {
	onEach(t, func(t *testing.T, fsys FS, dir string) {
		name := path.Join(dir, "a")
		put(t, fsys, name, "one")
		f, err := fsys.Append(name)
		must(t, err)
		_, err = f.Write([]byte(" two"))
		must(t, err)
		size, err := f.Size()
		must(t, err)
		wantEqual(t, "size", size, int64(7))
		must(t, f.Sync())
		must(t, f.Close())
		wantEqual(t, "contents", text(t, fsys, name), "one two")
		put(t, fsys, name, "new")
		wantEqual(t, "contents after Create", text(t, fsys, name), "new")
	})
}

func TestAppendWritesAtTheEndAfterACut(t *testing.T) {
	onEach(t, func(t *testing.T, fsys FS, dir string) {
		name := path.Join(dir, "a")
		f, err := fsys.Append(name)
		must(t, err)
		_, err = f.Write([]byte("0123456789"))
		must(t, err)
		must(t, f.Truncate(3))
		_, err = f.Write([]byte("x"))
		must(t, err)
		must(t, f.Truncate(6))
		must(t, f.Close())
		wantEqual(t, "contents", text(t, fsys, name), "012x\x00\x00")
	})
}

func TestReadAtTellsTheEnd(t *testing.T) {
	onEach(t, func(t *testing.T, fsys FS, dir string) {
		name := path.Join(dir, "a")
		put(t, fsys, name, "0123456789")
		f, err := fsys.Open(name)
		must(t, err)
		buf := make([]byte, 4)
		n, err := f.ReadAt(buf, 8)
		wantEqual(t, "n", n, 2)
		wantErr(t, "a read past the end", err, io.EOF)
		_, err = f.ReadAt(buf, 99)
		wantErr(t, "a read beyond the end", err, io.EOF)
		n, err = f.ReadAt(buf, 0)
		must(t, err)
		wantEqual(t, "read", string(buf[:n]), "0123")
		must(t, f.Close())
	})
}

func TestNamesChange(t *testing.T) {
	onEach(t, func(t *testing.T, fsys FS, dir string) {
		put(t, fsys, path.Join(dir, "b"), "b")
		put(t, fsys, path.Join(dir, "a"), "a")
		must(t, fsys.MkdirAll(path.Join(dir, "sub/deep")))
		must(t, fsys.MkdirAll(path.Join(dir, "sub/deep")))
		wantEqual(t, "names", names(t, fsys, dir), []string{"a", "b", "sub"})
		must(t, fsys.Rename(path.Join(dir, "b"), path.Join(dir, "a")))
		wantEqual(t, "the renamed", text(t, fsys, path.Join(dir, "a")), "b")
		must(t, fsys.Rename(path.Join(dir, "a"), path.Join(dir, "sub/c")))
		wantEqual(t, "names", names(t, fsys, dir), []string{"sub"})
		must(t, fsys.SyncDir(dir))
		must(t, fsys.Remove(path.Join(dir, "sub/c")))
		wantEqual(t, "names below", names(t, fsys, path.Join(dir, "sub")), []string{"deep"})
		info, err := fsys.Stat(path.Join(dir, "sub"))
		must(t, err)
		wantEqual(t, "is a directory", info.IsDir(), true)
	})
}

func TestMissingFilesAreNamed(t *testing.T) {
	onEach(t, func(t *testing.T, fsys FS, dir string) {
		gone := path.Join(dir, "gone")
		_, err := fsys.Open(gone)
		wantErr(t, "Open", err, fs.ErrNotExist)
		if !strings.Contains(err.Error(), gone) {
			t.Errorf("the error does not name the file: %v", err)
		}
		_, err = fsys.Stat(gone)
		wantErr(t, "Stat", err, fs.ErrNotExist)
		_, err = fsys.ReadDir(gone)
		wantErr(t, "ReadDir", err, fs.ErrNotExist)
		_, err = fsys.Create(path.Join(gone, "file"))
		wantErr(t, "Create", err, fs.ErrNotExist)
		wantErr(t, "Remove", fsys.Remove(gone), fs.ErrNotExist)
		wantErr(t, "Rename", fsys.Rename(gone, gone+"2"), fs.ErrNotExist)
		wantErr(t, "SyncDir", fsys.SyncDir(gone), fs.ErrNotExist)
	})
}

func TestARemovedFileIsStillReadByThoseWhoHaveItOpen(t *testing.T) {
	onEach(t, func(t *testing.T, fsys FS, dir string) {
		name := path.Join(dir, "a")
		put(t, fsys, name, "still here")
		f, err := fsys.Open(name)
		must(t, err)
		must(t, fsys.Remove(name))
		b, err := io.ReadAll(f)
		must(t, err)
		wantEqual(t, "contents", string(b), "still here")
		must(t, f.Close())
		wantErr(t, "closing twice", f.Close(), fs.ErrClosed)
	})
}

func TestLockKeepsOthersOutAndNamesTheHolder(t *testing.T) {
	onEach(t, func(t *testing.T, fsys FS, dir string) {
		name := path.Join(dir, "lock")
		held, err := fsys.Lock(name)
		must(t, err)
		_, err = fsys.Lock(name)
		wantErr(t, "a second Lock", err, ErrLocked)
		if want := heldError(dir, os.Getpid()).Error(); err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
		must(t, held.Close())
		again, err := fsys.Lock(name)
		must(t, err)
		must(t, again.Close())
	})
}

func TestLockSaysWhatToDo(t *testing.T) {
	wantEqual(t, "sentence", heldError("/srv/patou", 4711).Error(),
		`data directory "/srv/patou" is in use by process 4711: stop it or choose another --data`)
	wantEqual(t, "sentence", heldError("d", 0).Error(),
		`data directory "d" is in use by another process: stop it or choose another --data`)
}
