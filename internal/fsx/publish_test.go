package fsx

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

func writeText(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

func TestPublishReplacesTheWholeFile(t *testing.T) {
	onEach(t, func(t *testing.T, fsys FS, dir string) {
		must(t, Publish(fsys, dir+"/a", writeText("old and long")))
		must(t, Publish(fsys, dir+"/a", writeText("new")))
		wantEqual(t, "contents", text(t, fsys, dir+"/a"), "new")
		wantEqual(t, "names", names(t, fsys, dir), []string{"a"})
	})
}

func TestPublishKeepsTheOldFileWhenTheWriterFails(t *testing.T) {
	onEach(t, func(t *testing.T, fsys FS, dir string) {
		broken := errors.New("broken")
		must(t, Publish(fsys, dir+"/a", writeText("old")))
		err := Publish(fsys, dir+"/a", func(w io.Writer) error {
			_, _ = io.WriteString(w, strings.Repeat("x", 2*publishBuffer))
			return broken
		})
		wantErr(t, "Publish", err, broken)
		wantEqual(t, "contents", text(t, fsys, dir+"/a"), "old")
		wantEqual(t, "names", names(t, fsys, dir), []string{"a"})
	})
}

// Each call that Publish makes is one line; a missing sync is a diff.
func TestPublishSyncsBeforeItRenames(t *testing.T) {
	var calls []string
	fsys := Logged(newMemWith(t, "d"), func(line string) { calls = append(calls, line) })
	must(t, Publish(fsys, "d/a", writeText("hello")))
	wantEqual(t, "calls", calls, []string{
		"create d/a.tmp", "write d/a.tmp 5 at 0", "sync d/a.tmp", "close d/a.tmp",
		"rename d/a.tmp d/a", "syncdir d",
	})
}

func TestPublishIsWholeOrAbsentAfterACrashAtAnyCall(t *testing.T) {
	for seed := range uint64(300) {
		mem := newMemWith(t, "d")
		must(t, Publish(mem, "d/a", writeText("old")))
		rng := rand.New(rand.NewPCG(seed, 0))
		crash := 1 + rng.IntN(8)
		var after *Mem
		calls := 0
		fsys := Faulty(mem, func(op Op) error {
			if calls++; calls == crash {
				after = mem.CrashClone(rng)
			}
			return nil
		})
		err := Publish(fsys, "d/a", writeText(strings.Repeat("new", 1000)))
		must(t, err)
		if after == nil {
			after = mem.CrashClone(rng)
			wantEqual(t, "contents after it returned", text(t, after, "d/a"), strings.Repeat("new", 1000))
		}
		if got := text(t, after, "d/a"); got != "old" && got != strings.Repeat("new", 1000) {
			t.Fatalf("seed %d: the file is neither the old nor the new one: %q", seed, got)
		}
	}
}

func TestPublishLeavesOldOrNewWhenAnyCallFails(t *testing.T) {
	broken := errors.New("broken")
	for n := 1; ; n++ {
		mem := newMemWith(t, "d")
		must(t, Publish(mem, "d/a", writeText("old")))
		fsys := Faulty(mem, FailNth(n, broken))
		err := Publish(fsys, "d/a", writeText("new"))
		if err == nil {
			wantEqual(t, "calls that can fail", n > 5, true)
			return
		}
		t.Run(fmt.Sprint("call ", n), func(t *testing.T) {
			wantErr(t, "Publish", err, broken)
			got := text(t, mem, "d/a")
			if got != "old" && (got != "new" || !strings.Contains(err.Error(), "publishing")) {
				t.Errorf("contents %q after %v", got, err)
			}
		})
	}
}
