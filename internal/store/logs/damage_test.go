package logs

import (
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"patou/internal/entry"
	"patou/internal/fsx"
	"patou/internal/record"
)

// damaged makes a store of three busy components in one segment of several
// blocks, and changes the segment's bytes.
func damaged(t *testing.T, change func(b []byte, seg *segment) []byte) (*fixture, []fsx.Damage) {
	t.Helper()
	f := newFixture(t, fsx.NewMem(), Options{BlockBytes: 4 << 10})
	for i := range 300 {
		for _, c := range []string{"a", "b", "c"} {
			e := request(i)
			e.Component = c
			f.apply(e)
		}
	}
	f.flush(t)
	seg := f.store.segments[0]
	b, err := readFile(f.fs, seg.name)
	if err != nil {
		t.Fatal(err)
	}
	b = change(b, seg)
	if err := fsx.Publish(f.fs, seg.name, func(w io.Writer) error { _, err := w.Write(b); return err }); err != nil {
		t.Fatal(err)
	}
	if err := f.store.Close(); err != nil {
		t.Fatal(err)
	}
	s, damages, err := Open(f.fs, testDir, f.opts)
	if err != nil {
		t.Fatal("a damaged store does not open:", err)
	}
	f.store = s
	return f, damages
}

func flip(b []byte, at int64) []byte {
	b[at] ^= 0x40
	return b
}

// TestDamageTakesOnlyWhatItHits says for each kind of damage how many of 900
// entries must still be read whole, and what is said of the rest.
func TestDamageTakesOnlyWhatItHits(t *testing.T) {
	check := func(name string, least int, said string, change func(b []byte, seg *segment) []byte) {
		t.Helper()
		f, damages := damaged(t, change)
		got := sound(t, f)
		damages = append(damages, f.store.Damages()...)
		if got < least || got > len(f.model) {
			t.Errorf("%s: %d of %d entries are sound, want %d", name, got, len(f.model), least)
		}
		checked := Check(f.fs, testDir)
		for _, list := range [][]fsx.Damage{damages, checked} {
			if said != "" && !slices.ContainsFunc(list, func(d fsx.Damage) bool { return strings.Contains(d.String(), said) }) {
				t.Errorf("%s: nothing says %q: %v", name, said, list)
			}
		}
		if len(checked) == 0 {
			t.Errorf("%s: the check finds nothing", name)
		}
		f.keepsWorking(t)
	}
	check("nothing is left", 0, "cut to 0 bytes", func(b []byte, _ *segment) []byte { return nil })
	check("zeros", 0, "00000001.seg", func(b []byte, _ *segment) []byte { clear(b); return b })
	check("cut in the footer", 900, "found one by one", func(b []byte, _ *segment) []byte { return b[:len(b)-1] })
	check("cut in the directory", 900, "found one by one", func(b []byte, _ *segment) []byte { return b[:len(b)-100] })
	check("flipped in the directory", 900, "found one by one", func(b []byte, _ *segment) []byte {
		return flip(b, int64(len(b)-footerSize-10))
	})
	check("cut in half", 350, "no block that can be read", func(b []byte, _ *segment) []byte { return b[:len(b)/2] })
	check("head of a block", 780, `entries of "b"`, func(b []byte, seg *segment) []byte {
		return flip(b, seg.blocks[seg.runs[seg.parts[1].from].block].offset+30)
	})
	check("head of a block and the directory", 750, "no block that can be read", func(b []byte, seg *segment) []byte {
		return flip(flip(b, seg.blocks[2].offset+30), int64(len(b)-5))
	})
	check("end of a block", 780, "the values of field", func(b []byte, seg *segment) []byte {
		return flip(b, seg.blocks[1].offset-3)
	})
}

// sound counts the entries that are as they were applied.
func sound(t *testing.T, f *fixture) (n int) {
	t.Helper()
	model := map[entry.ID]entry.Entry{}
	for _, e := range f.model {
		model[e.ID] = e
	}
	runs, release, err := f.store.Runs(context.Background(), everything)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	for _, r := range runs {
		cols, err := r.Open(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		ids, _ := cols.IDs()
		messages, _ := cols.Messages()
		for i := range cols.Len() {
			want := model[ids[i]]
			message, _ := messages.At(i)
			fields, _ := cols.Fields(i)
			switch {
			case message != want.Message && message != lostMessage:
				t.Fatalf("entry %s is given as %q, was %q", ids[i], message, want.Message)
			case message == want.Message && slices.Equal(fields, want.Fields):
				n++
			}
		}
	}
	return n
}

// keepsWorking writes to a damaged store, maintains it and sees that the
// damaged file is still there.
func (f *fixture) keepsWorking(t *testing.T) {
	t.Helper()
	for i := range 12 {
		f.apply(request(i))
		f.flush(t)
	}
	maintain(t, f)
	if !slices.Contains(f.files(t), segmentName(1)) {
		t.Error("a file that could not be read is gone")
	}
	if err := f.store.Close(); err != nil {
		t.Fatal(err)
	}
	s, _, err := Open(f.fs, testDir, f.opts)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(read(t, s, everything)); got < 12 {
		t.Errorf("%d entries after the next start", got)
	}
	if !slices.Contains(f.files(t), segmentName(1)) {
		t.Error("a file that could not be read is gone after the next start")
	}
}

func TestALostManifestIsMadeUpFor(t *testing.T) {
	for _, how := range []string{"damaged", "removed"} {
		f := newFixture(t, fsx.NewMem(), Options{FanIn: 2})
		for i := range 5 {
			f.applyBatch(&record.Batch{Key: fmt.Sprint(i), Answer: []byte("ok"), Received: at(0), Entries: []entry.Entry{request(i)}})
			f.flush(t)
			maintain(t, f)
		}
		if err := f.store.Close(); err != nil {
			t.Fatal(err)
		}
		name := path.Join(testDir, manifestName)
		var err error
		if how == "removed" {
			err = f.fs.Remove(name)
		} else {
			err = fsx.Publish(f.fs, name, func(w io.Writer) error { _, err := io.WriteString(w, "???"); return err })
		}
		if err != nil {
			t.Fatal(err)
		}
		s, damages, err := Open(f.fs, testDir, f.opts)
		if err != nil || len(damages) != 1 {
			t.Fatalf("%s: open says %v, damages %v", how, err, damages)
		}
		f.store, f.known = s, 1
		f.check(t)
		if _, ok := s.Answer("4"); !ok {
			t.Errorf("%s: answers are forgotten", how)
		}
		f.known = 0
		f.reopen(t, f.fs)
	}
}

func TestReadersSeeWholeBatchesWhileOthersWrite(t *testing.T) {
	f := newFixture(t, fsx.NewMem(), Options{FanIn: 2, BlockBytes: 4 << 10})
	const batch = 10
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			last := 0
			for {
				n := len(read(t, f.store, everything))
				if n%batch != 0 || n < last {
					t.Errorf("%d entries after %d, of batches of %d", n, last, batch)
				}
				last = n
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for i := range 200 {
		var entries []entry.Entry
		for j := range batch {
			e := request(i)
			e.Time += int64(time.Duration((i*7+j*13)%100) * time.Second)
			entries = append(entries, e)
		}
		f.apply(entries...)
		if i%10 == 0 {
			f.flush(t)
			maintain(t, f)
		}
	}
	close(done)
	readers.Wait()
	f.check(t)
}

func TestRareTextsSkipBlocks(t *testing.T) {
	f := newFixture(t, fsx.NewMem(), Options{BlockBytes: 8 << 10})
	for i := range 3000 {
		e := request(i)
		if i == 1500 {
			e.Message += " Quux7f3a9c11zed"
		}
		f.apply(e)
	}
	f.flush(t)
	count := func(literals ...string) (runs int, found bool) {
		t.Helper()
		list, release, err := f.store.Runs(context.Background(), entry.Lookup{From: minTime, Until: maxTime, Literals: literals})
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		for _, r := range list {
			for _, e := range readRun(t, r, everything) {
				found = found || strings.Contains(e.Message, "x7f3a9c11z")
			}
		}
		return len(list), found
	}
	all, _ := count()
	for _, literal := range []string{"x7f3a9c11z", "Quux7f", "QUUX7F3A"} {
		if n, found := count(literal); n*5 > all || !found {
			t.Errorf("%q: %d runs of %d, found %v", literal, n, all, found)
		}
	}
	if n, _ := count("not there at all"); n != 0 {
		t.Errorf("an absent text reads %d runs", n)
	}
	if n, _ := count("GET", "ab"); n != all {
		t.Errorf("a text of each message reads %d runs of %d", n, all)
	}
}

func TestOneEntryIsFoundByItsID(t *testing.T) {
	f := newFixture(t, fsx.NewMem(), Options{BlockBytes: 4 << 10})
	for i := range 2000 {
		f.apply(request(i))
	}
	f.flush(t)
	want := entry.Lookup{From: minTime, Until: maxTime, ID: entry.ID{Batch: 1234}}
	runs, release, err := f.store.Runs(context.Background(), want)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if len(runs) != 1 || !slices.ContainsFunc(readRun(t, runs[0], everything), func(e entry.Entry) bool { return e.ID == want.ID }) {
		t.Errorf("%d runs for one entry", len(runs))
	}
}
