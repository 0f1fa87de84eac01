package fsx

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// outcomes are the states that many crashes of one file system leave.
func outcomes(t *testing.T, m *Mem, look func(*Mem) string) map[string]int {
	t.Helper()
	out := map[string]int{}
	for seed := range uint64(400) {
		out[look(m.CrashClone(rand.New(rand.NewPCG(seed, 1))))]++
	}
	return out
}

func listing(dir string) func(*Mem) string {
	return func(m *Mem) string {
		entries, err := m.ReadDir(dir)
		if err != nil {
			return err.Error()
		}
		var out []string
		for _, e := range entries {
			out = append(out, e.Name())
		}
		return strings.Join(out, " ")
	}
}

func sole(t *testing.T, got map[string]int, want string) {
	t.Helper()
	if len(got) != 1 || got[want] == 0 {
		t.Errorf("got %v, want only %q", got, want)
	}
}

func seen(t *testing.T, got map[string]int, want ...string) {
	t.Helper()
	for _, w := range want {
		if got[w] == 0 {
			t.Errorf("no crash leaves %q; they leave %v", w, got)
		}
		delete(got, w)
	}
	if len(got) > 0 {
		t.Errorf("crashes leave %v, which cannot be", got)
	}
}

func TestWhatIsSyncedSurvivesACrash(t *testing.T) {
	m := newMemWith(t, "d")
	f, err := m.Create("d/a")
	must(t, err)
	_, err = f.Write([]byte("synced"))
	must(t, err)
	must(t, f.Sync())
	must(t, m.SyncDir("d"))
	sole(t, outcomes(t, m, func(m *Mem) string { return text(t, m, "d/a") }), "synced")
}

func TestASyncedFileWithoutItsDirectoryMayBeGone(t *testing.T) {
	m := newMemWith(t, "d")
	f, err := m.Create("d/a")
	must(t, err)
	must(t, f.Sync())
	seen(t, outcomes(t, m, listing("d")), "", "a")
}

func TestUnsyncedNamesSurviveOrNot(t *testing.T) {
	m := newMemWith(t, "d")
	put(t, m, "d/a", "")
	put(t, m, "d/b", "")
	must(t, m.SyncDir("d"))
	must(t, m.Remove("d/b"))
	must(t, m.Rename("d/a", "d/c"))
	seen(t, outcomes(t, m, listing("d")), "a b", "a", "b c", "c")
}

func TestARenameOverAFileIsWholeOrNot(t *testing.T) {
	m := newMemWith(t, "d")
	for name, text := range map[string]string{"d/a": "new", "d/b": "old"} {
		f, err := m.Create(name)
		must(t, err)
		_, err = f.Write([]byte(text))
		must(t, err)
		must(t, f.Sync())
	}
	must(t, m.SyncDir("d"))
	must(t, m.Rename("d/a", "d/b"))
	look := func(m *Mem) string { return listing("d")(m) + ": " + text(t, m, "d/b") }
	seen(t, outcomes(t, m, look), "a b: old", "b: new")
}

func TestUnsyncedBytesAreWholeCutOrMissing(t *testing.T) {
	m := newMemWith(t, "d")
	f, err := m.Create("d/a")
	must(t, err)
	must(t, m.SyncDir("d"))
	_, err = f.Write([]byte("ab"))
	must(t, err)
	must(t, f.Sync())
	_, err = f.Write([]byte("cd"))
	must(t, err)
	seen(t, outcomes(t, m, func(m *Mem) string { return text(t, m, "d/a") }), "ab", "abc", "abcd", "ab\x00\x00")
}

func TestSectorsOfOneWriteSurviveIndependently(t *testing.T) {
	m := newMemWith(t, "d")
	put(t, m, "d/a", strings.Repeat("1", sector)+strings.Repeat("2", sector)+strings.Repeat("3", sector))
	must(t, m.SyncDir("d"))
	shape := func(m *Mem) string {
		b := []byte(text(t, m, "d/a"))
		return string(slices.Compact(b)) + fmt.Sprint(" ", len(b)/sector)
	}
	got := outcomes(t, m, shape)
	for _, want := range []string{" 0", "1 1", "12 2", "123 3", "1\x003 3", "\x0023 3", "\x003 3"} {
		if got[want] == 0 {
			t.Errorf("no crash leaves %q; they leave %v", want, got)
		}
	}
}

func TestACutIsUndoneOrNot(t *testing.T) {
	m := newMemWith(t, "d")
	f, err := m.Create("d/a")
	must(t, err)
	_, err = f.Write([]byte("abcd"))
	must(t, err)
	must(t, f.Sync())
	must(t, m.SyncDir("d"))
	must(t, f.Truncate(2))
	seen(t, outcomes(t, m, func(m *Mem) string { return text(t, m, "d/a") }), "ab", "abcd", "ab\x00\x00")
}

func TestAClonedFileSystemGoesItsOwnWay(t *testing.T) {
	m := newMemWith(t, "d")
	f, err := m.Append("d/a")
	must(t, err)
	_, err = f.Write([]byte("abc"))
	must(t, err)
	must(t, f.Sync())
	must(t, m.SyncDir("d"))
	c := m.CrashClone(rand.New(rand.NewPCG(1, 1)))
	put(t, c, "d/a", "xyz")
	put(t, c, "d/b", "new")
	wantEqual(t, "the original", text(t, m, "d/a"), "abc")
	wantEqual(t, "its names", names(t, m, "d"), []string{"a"})
	_, err = f.Write([]byte("d"))
	must(t, err)
	wantEqual(t, "the clone", text(t, c, "d/a"), "xyz")
}

// Any history leaves the same after a crash with the same seed, and never a
// byte that no state of the file had at its place.
func TestCrashesAreSeededAndInventNothing(t *testing.T) {
	for seed := range uint64(200) {
		m := newMemWith(t, "d")
		history := scribble(t, m, rand.New(rand.NewPCG(seed, 2)))
		one := m.CrashClone(rand.New(rand.NewPCG(seed, 3)))
		two := m.CrashClone(rand.New(rand.NewPCG(seed, 3)))
		got := []byte(text(t, one, "d/a"))
		wantEqual(t, "the same seed", text(t, two, "d/a"), string(got))
		for i, b := range got {
			if b != 0 && !slices.ContainsFunc(history, func(h []byte) bool { return i < len(h) && h[i] == b }) {
				t.Fatalf("seed %d: byte %d was never %d", seed, i, b)
			}
		}
	}
}

// scribble changes one file at random, and returns all states it had.
func scribble(t *testing.T, m *Mem, rng *rand.Rand) [][]byte {
	t.Helper()
	f, err := m.Append("d/a")
	must(t, err)
	must(t, m.SyncDir("d"))
	history := [][]byte{nil}
	for range 20 {
		switch rng.IntN(6) {
		case 0:
			must(t, f.Sync())
		case 1:
			size, err := f.Size()
			must(t, err)
			must(t, f.Truncate(int64(rng.IntN(int(size)+1))))
		default:
			_, err := f.Write(bytes.Repeat([]byte{byte(1 + rng.IntN(255))}, 1+rng.IntN(1500)))
			must(t, err)
		}
		history = append(history, []byte(text(t, m, "d/a")))
	}
	return history
}
