// Package shared finds the real data that lies beside the repository: logs,
// metrics and payloads of real systems, too large to be kept in it.
//
// Invariant: a test that asks for data which is not there is skipped with a
// sentence, and counted, so that nobody takes a skipped test for a passed one.
package shared

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Path is the path of a file or folder of the real data. The data is looked for
// in the folder that PATOU_SHARED names, else in ../shared seen from the
// repository. Where it is missing the test is skipped; each skip is a line in
// the file that PATOU_SKIPPED names, if it names one.
func Path(t testing.TB, parts ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{root(t), "data"}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		count(t)
		t.Skipf("skipped: %s needs %s beside the repository", t.Name(), filepath.Join(append([]string{"../shared/data"}, parts...)...))
	}
	return path
}

// Read is the content of a file of the real data, with the rules of Path.
func Read(t testing.TB, parts ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(Path(t, parts...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func root(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("PATOU_SHARED"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "..", "shared")
		}
		above := filepath.Dir(dir)
		if above == dir {
			t.Fatal("there is no go.mod above the test")
		}
		dir = above
	}
}

// count appends a line in one write, which no other process tears.
func count(t testing.TB) {
	t.Helper()
	name := os.Getenv("PATOU_SKIPPED")
	if name == "" {
		return
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatalf("counting a skipped test: %v", err)
	}
	defer f.Close()
	if _, err := fmt.Fprintln(f, t.Name()); err != nil {
		t.Fatalf("counting a skipped test: %v", err)
	}
}
