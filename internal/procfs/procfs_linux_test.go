package procfs

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func opened(t testing.TB, root string) *Dir {
	t.Helper()
	d, err := Open(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

func TestThisProcessIsListedAndRead(t *testing.T) {
	d, pid := opened(t, "/"), os.Getpid()
	for range 2 { // the second listing begins anew
		pids, err := d.Processes(nil)
		if err != nil || !slices.Contains(pids, pid) || !slices.Contains(pids, 1) {
			t.Errorf("processes %v, %v: without %d or 1", pids, err, pid)
		}
	}
	text, err := d.Read(strconv.Itoa(pid) + "/stat")
	if err != nil || !strings.HasPrefix(string(text), strconv.Itoa(pid)+" (") {
		t.Errorf("stat %q, %v", text, err)
	}
}

func TestFilesLongerThanABufferAreReadWhole(t *testing.T) {
	root := t.TempDir()
	want := strings.Repeat("0123456789", 5000)
	write(t, root, "proc/7/smaps", want)
	got, err := opened(t, root).Read("7/smaps")
	if err != nil || string(got) != want {
		t.Errorf("%d bytes, %v, want %d", len(got), err, len(want))
	}
}

func write(t *testing.T, root, path, text string) {
	t.Helper()
	path = filepath.Join(root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestOpenFilesAreCountedEitherWay(t *testing.T) {
	d, pid := opened(t, "/"), os.Getpid()
	before, err := d.Files(pid)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	after, _ := d.Files(pid)
	d.counts = false
	listed, err := d.Files(pid)
	if after != before+1 || listed != after+1 || err != nil { // listing opens the list
		t.Errorf("%d files before, %d after opening one, listed %d (%v)", before, after, listed, err)
	}
}

func TestLinksSayWhatIsOpen(t *testing.T) {
	d := opened(t, "/")
	f, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	found, seen := false, 0
	err = d.Links(os.Getpid(), func(target []byte) bool { found = found || string(target) == "/dev/null"; return true })
	if err != nil || !found {
		t.Errorf("/dev/null is not among the links, %v", err)
	}
	_ = d.Links(os.Getpid(), func([]byte) bool { seen++; return false })
	if seen != 1 {
		t.Errorf("%d links after a no, want 1", seen)
	}
}

func TestALinkIsRead(t *testing.T) {
	d := opened(t, "/")
	if target, err := d.Link("self/ns/net"); err != nil || !strings.HasPrefix(string(target), "net:[") {
		t.Errorf("%q, %v", target, err)
	}
	if _, err := d.Link("999999999/ns/net"); !Gone(err) {
		t.Errorf("of what has ended: %v", err)
	}
}

func TestWhatHasEndedIsGone(t *testing.T) {
	d := opened(t, "/")
	if _, err := d.Read("999999999/stat"); !Gone(err) {
		t.Errorf("Read: %v", err)
	}
	if _, err := d.Files(999999999); !Gone(err) {
		t.Errorf("Files: %v", err)
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "proc") {
		t.Errorf("a root without proc: %v", err)
	}
}

func FuzzEntries(f *testing.F) {
	f.Add([]byte("\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x18\x00\x0412\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for len(b) > 0 {
			name, rest := nextEntry(b)
			if len(rest) >= len(b) || len(name) > len(b) {
				t.Fatal("an entry takes nothing")
			}
			b = rest
		}
	})
}

func BenchmarkStat(b *testing.B) {
	d := opened(b, "/")
	path := strconv.Itoa(os.Getpid()) + "/stat"
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Read(path); err != nil {
			b.Fatal(err)
		}
	}
}
