package fsx

import (
	"errors"
	"io/fs"
	"syscall"
	"testing"
)

func TestFailNthRefusesOneCallThatChangesTheDisk(t *testing.T) {
	broken := errors.New("broken")
	f := Faulty(newMemWith(t, "d"), FailNth(2, broken))
	_, err := f.Stat("d")
	must(t, err)
	put := func() error {
		file, err := f.Create("d/a")
		if err != nil {
			return err
		}
		_, err = file.Write([]byte("x"))
		return err
	}
	wantErr(t, "the second call", put(), broken)
	must(t, put())
}

func TestFailNthCountsTheKindsItWasGiven(t *testing.T) {
	broken := errors.New("broken")
	f := Faulty(newMemWith(t, "d"), FailNth(2, broken, OpSync, OpSyncDir))
	file, err := f.Create("d/a")
	must(t, err)
	must(t, file.Sync())
	wantErr(t, "the second sync", f.SyncDir("d"), broken)
	must(t, file.Sync())
}

func TestARefusedCallChangesNothing(t *testing.T) {
	broken := errors.New("broken")
	m := newMemWith(t, "d")
	put(t, m, "d/a", "kept")
	no := Faulty(m, func(op Op) error {
		if op.Kind.Reads() {
			return nil
		}
		return broken
	})
	_, err := no.Create("d/a")
	wantErr(t, "Create", err, broken)
	wantErr(t, "Remove", no.Remove("d/a"), broken)
	wantErr(t, "Rename", no.Rename("d/a", "d/b"), broken)
	wantErr(t, "MkdirAll", no.MkdirAll("d/e"), broken)
	_, err = no.Lock("d/lock")
	wantErr(t, "Lock", err, broken)
	wantEqual(t, "names", names(t, m, "d"), []string{"a"})
	wantEqual(t, "contents", text(t, m, "d/a"), "kept")
}

func TestReadsCanFailToo(t *testing.T) {
	broken := errors.New("broken")
	m := newMemWith(t, "d")
	put(t, m, "d/a", "text")
	f := Faulty(m, FailNth(1, broken, OpRead))
	file, err := f.Open("d/a")
	must(t, err)
	_, err = file.ReadAt(make([]byte, 2), 0)
	wantErr(t, "ReadAt", err, broken)
	_, err = file.ReadAt(make([]byte, 2), 0)
	must(t, err)
}

func TestAFullDiskTakesWhatFits(t *testing.T) {
	var disk Disk
	disk.SetFree(5)
	m := newMemWith(t, "d")
	f := Faulty(m, disk.Rule)
	file, err := f.Append("d/a")
	must(t, err)
	n, err := file.Write([]byte("12345678"))
	wantErr(t, "Write", err, syscall.ENOSPC)
	wantEqual(t, "written", n, 5)
	wantEqual(t, "contents", text(t, m, "d/a"), "12345")
	_, err = f.Create("d/b")
	wantErr(t, "Create", err, syscall.ENOSPC)
	disk.SetFree(3)
	_, err = file.Write([]byte("678"))
	must(t, err)
	wantEqual(t, "contents", text(t, m, "d/a"), "12345678")
}

func TestCallsAreLoggedWithTheirErrors(t *testing.T) {
	var calls []string
	inner := Faulty(newMemWith(t, "d"), FailNth(1, errors.New("broken"), OpSync))
	f := Logged(inner, func(line string) { calls = append(calls, line) })
	must(t, f.MkdirAll("d/e"))
	file, err := f.Append("d/e/a")
	must(t, err)
	for range 2 {
		_, err = file.Write([]byte("abc"))
		must(t, err)
	}
	_ = file.Sync()
	must(t, file.Truncate(3))
	must(t, file.Close())
	_, err = f.Open("d/none")
	wantErr(t, "Open", err, fs.ErrNotExist)
	must(t, f.Remove("d/e/a"))
	lock, err := f.Lock("d/lock")
	must(t, err)
	must(t, lock.Close())
	wantEqual(t, "calls", calls, []string{
		"mkdir d/e", "append d/e/a", "write d/e/a 3 at 0", "write d/e/a 3 at 3", "sync d/e/a: broken",
		"truncate d/e/a 3", "close d/e/a", "remove d/e/a", "lock d/lock",
	})
}
