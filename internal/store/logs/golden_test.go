package logs

import (
	"io"
	"os"
	"path"
	"path/filepath"
	"testing"
	"time"

	"patou/internal/entry"
	"patou/internal/fsx"
	"patou/internal/record"
)

// goldenDir is a store that the first version wrote. It is never written again:
// a later format gets a directory of its own, and both must open for ever.
const goldenDir = "testdata/golden"

// goldenStore writes what the golden directory holds: two flushes and a merge,
// several components in one block, fields of all encodings, late entries, an
// idempotency key.
func goldenStore(t *testing.T) *fixture {
	t.Helper()
	f := newFixture(t, fsx.NewMem(), Options{FanIn: 2, BlockBytes: 2 << 10, MergedBlockBytes: 4 << 10})
	for i := range 60 {
		odd := line("odd", time.Duration(i%7)*time.Hour, "late")
		odd.Level, odd.Host = entry.Level(i%entry.Levels), ""
		f.apply(request(i), odd)
	}
	f.flush(t)
	f.applyBatch(&record.Batch{Key: "agent-1", Answer: []byte(`{"accepted":1}`), Received: at(0),
		Entries: []entry.Entry{line("quiet.one", time.Second, "ünïcode"), line("quiet.two", 0, "")}})
	f.flush(t)
	maintain(t, f)
	f.apply(request(61))
	f.flush(t)
	return f
}

// TestGoldenDirectoryOpens reads it with this version. To make one for a new
// format, run with PATOU_WRITE_GOLDEN=1.
func TestGoldenDirectoryOpens(t *testing.T) {
	want := goldenStore(t)
	if os.Getenv("PATOU_WRITE_GOLDEN") != "" {
		copyFiles(t, want)
	}
	f := &fixture{fs: fsx.NewMem(), clock: want.clock, opts: want.opts, model: want.model}
	if err := f.fs.MkdirAll(testDir); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(goldenDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(filepath.Join(goldenDir, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		write := func(w io.Writer) error { _, err := w.Write(b); return err }
		if err := fsx.Publish(f.fs, path.Join(testDir, file.Name()), write); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range Check(f.fs, testDir) {
		t.Error("fsck:", d)
	}
	f.open(t)
	f.check(t)
	if answer, ok := f.store.Answer("agent-1"); !ok || string(answer) != `{"accepted":1}` {
		t.Errorf("the answer is %q %v", answer, ok)
	}
	if f.store.Flushed() != want.lsn {
		t.Errorf("flushed through %d, want %d", f.store.Flushed(), want.lsn)
	}
}

func copyFiles(t *testing.T, f *fixture) {
	t.Helper()
	for _, name := range f.files(t) {
		b, err := readFile(f.fs, path.Join(testDir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(goldenDir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
