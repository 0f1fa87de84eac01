package spool

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patou/internal/fsx"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantEqual(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func open(t testing.TB, fs fsx.FS, o Options) *Spool {
	t.Helper()
	s, damage, err := Open(t.Context(), fs, "spool", o)
	must(t, err)
	for _, d := range damage {
		if !d.Harmless {
			t.Fatalf("damage: %v", d)
		}
	}
	return s
}

// put keeps a chunk with the number that is due.
func put(t testing.TB, s *Spool, chunk string, places map[string]string) uint64 {
	t.Helper()
	n, err := s.Sequence()
	must(t, err)
	must(t, s.Put(n, []byte(chunk), places, len(places) > 0))
	return n
}

// waiting is what there is to send, as "number:chunk", without acknowledging.
func waiting(t testing.TB, s *Spool) string {
	t.Helper()
	done, cancel := context.WithCancel(t.Context())
	cancel()
	var out []string
	for {
		n, chunk, err := s.Next(done)
		if errors.Is(err, context.Canceled) {
			return strings.Join(out, " ")
		}
		must(t, err)
		out = append(out, fmt.Sprintf("%d:%s", n, chunk))
	}
}

func TestChunksAndPlacesOutliveARestart(t *testing.T) {
	fs := fsx.NewMem()
	s := open(t, fs, Options{Boot: "b"})
	instance := s.Instance()
	put(t, s, "one", map[string]string{"a.log": "10", "b.log": "5"})
	put(t, s, "two", map[string]string{"a.log": "20", "b.log": ""})
	put(t, s, "three", nil)
	wantEqual(t, "to send", waiting(t, s), "1:one 2:two 3:three")
	must(t, s.Ack(1, 3))
	must(t, s.Close())
	s = open(t, fs, Options{Boot: "b"})
	wantEqual(t, "places", s.Places(), map[string]string{"a.log": "20"})
	wantEqual(t, "to send after the restart", waiting(t, s), "2:two 3:three")
	wantEqual(t, "instance", s.Instance(), instance)
	if _, chunks := s.Size(); chunks != 2 {
		t.Errorf("%d chunks wait, want 2", chunks)
	}
	if n := put(t, s, "four", nil); n != 4 {
		t.Errorf("the next chunk is number %d, want 4", n)
	}
}

func TestAKilledAgentSendsAgainWhatItDoesNotKnowWasTaken(t *testing.T) {
	fs := fsx.NewMem()
	s := open(t, fs, Options{Boot: "b"})
	put(t, s, "one", nil)
	put(t, s, "two", nil)
	must(t, s.Ack(1, 3))
	put(t, s, "three", nil) // which writes down that one was taken
	must(t, s.Ack(2, 3))
	s = open(t, fs, Options{Boot: "b"})
	wantEqual(t, "to send", waiting(t, s), "2:two 3:three")
}

func TestAnInstanceIsOfOneBoot(t *testing.T) {
	fs := fsx.NewMem()
	seen := map[string]bool{}
	for _, boot := range []string{"b", "c", "b", "", ""} {
		s := open(t, fs, Options{Boot: boot})
		put(t, s, "x", map[string]string{"a": boot + "."})
		if seen[s.Instance()] {
			t.Errorf("boot %q: instance %s was used before", boot, s.Instance())
		}
		seen[s.Instance()] = true
	}
	s := open(t, fs, Options{Boot: "d"})
	wantEqual(t, "places", s.Places(), map[string]string{"a": "."})
	wantEqual(t, "to send", waiting(t, s), "1:x 2:x 3:x 4:x 5:x")
}

func TestALostLogGetsAnotherInstance(t *testing.T) {
	fs := fsx.NewMem()
	s := open(t, fs, Options{Boot: "b"})
	put(t, s, "one", map[string]string{"a": "1"})
	instance := s.Instance()
	must(t, s.Close())
	files, err := fs.ReadDir("spool/log")
	must(t, err)
	for _, f := range files {
		must(t, fs.Remove("spool/log/"+f.Name()))
	}
	s = open(t, fs, Options{Boot: "b"})
	if s.Instance() == instance {
		t.Error("the numbers of a log that was lost may be used again under one instance")
	}
	wantEqual(t, "places", s.Places(), map[string]string{"a": "1"})
}

func TestAFullSpoolRefusesUntilSomethingWasDelivered(t *testing.T) {
	s := open(t, fsx.NewMem(), Options{Boot: "b", Bytes: 4000, SegmentBytes: 500})
	chunk := strings.Repeat("x", 200)
	var err error
	for range 100 {
		n, _ := s.Sequence()
		if err = s.Put(n, []byte(chunk), nil, true); err != nil {
			break
		}
	}
	if !errors.Is(err, ErrFull) {
		t.Fatalf("got %v, want that it is full", err)
	}
	if bytes, chunks := s.Size(); bytes > 4000 || chunks < 10 {
		t.Errorf("%d bytes in %d chunks", bytes, chunks)
	}
	n, _, err := s.Next(t.Context())
	must(t, err)
	for range 8 {
		must(t, s.Ack(n, 200))
		n, _, err = s.Next(t.Context())
		must(t, err)
	}
	put(t, s, chunk, nil)
}

func TestDeliveredChunksGiveTheirSpaceBack(t *testing.T) {
	s := open(t, fsx.NewMem(), Options{Boot: "b", SegmentBytes: 1000})
	for range 100 {
		put(t, s, strings.Repeat("x", 300), map[string]string{"a": "1"})
		n, chunk, err := s.Next(t.Context())
		must(t, err)
		must(t, s.Ack(n, len(chunk)))
	}
	before, _ := s.Size()
	must(t, s.Checkpoint())
	if after, _ := s.Size(); before < 30_000 || after > 1000 {
		t.Errorf("%d bytes before the checkpoint, %d after", before, after)
	}
}

func TestAChunkWithAnotherNumberIsNotKept(t *testing.T) {
	s := open(t, fsx.NewMem(), Options{Boot: "b"})
	if err := s.Put(7, []byte("x"), map[string]string{"a": "1"}, true); err == nil || !strings.Contains(err.Error(), "number 7") {
		t.Errorf("got %v", err)
	}
	wantEqual(t, "places", s.Places(), map[string]string{})
}

func TestAPlaceThatWasKeptElsewhereIsAdoptedOnce(t *testing.T) {
	fs := fsx.NewMem()
	s := open(t, fs, Options{Boot: "b"})
	must(t, s.Adopt("journal", "old"))
	s = open(t, fs, Options{Boot: "b"})
	put(t, s, "x", map[string]string{"journal": "new"})
	must(t, s.Adopt("journal", "old"))
	wantEqual(t, "places", s.Places(), map[string]string{"journal": "new"})
}

func TestADamagedStateIsSetAsideAndSaid(t *testing.T) {
	fs := fsx.NewMem()
	s := open(t, fs, Options{Boot: "b"})
	put(t, s, "one", map[string]string{"a": "1"})
	must(t, s.Close())
	put2 := open(t, fs, Options{Boot: "b"})
	put(t, put2, "two", map[string]string{"b": "2"})
	f, err := fs.Append("spool/state")
	must(t, err)
	_, err = f.Write([]byte("!"))
	must(t, err)
	must(t, f.Sync())
	if found := Check(fs, "spool"); len(found) != 1 || !strings.Contains(found[0].What, "first sight") {
		t.Errorf("Check found %v", found)
	}
	s, damage, err := Open(t.Context(), fs, "spool", Options{Boot: "b"})
	must(t, err)
	if len(damage) != 1 || damage[0].Harmless {
		t.Errorf("Open found %v", damage)
	}
	if !maps.Equal(s.Places(), map[string]string{"a": "1", "b": "2"}) && !maps.Equal(s.Places(), map[string]string{"b": "2"}) {
		t.Errorf("places %v", s.Places())
	}
	if _, err := fs.Stat("spool/state.damaged"); err != nil {
		t.Errorf("the damaged state is gone: %v", err)
	}
	must(t, s.Close())
	if found := Check(fs, "spool"); len(found) != 0 {
		t.Errorf("Check found %v", found)
	}
}

func TestANewerFormatIsRefused(t *testing.T) {
	fs := fsx.NewMem()
	must(t, fs.MkdirAll("spool"))
	st := state{places: map[string]string{}}
	b := st.bytes()
	newer := append([]byte(nil), b...)
	newer[8] = 9
	sum(newer)
	f, err := fs.Create("spool/state")
	must(t, err)
	_, err = f.Write(newer)
	must(t, err)
	if _, _, err = Open(t.Context(), fs, "spool", Options{}); err == nil || !strings.Contains(err.Error(), "format is 9") {
		t.Errorf("got %v", err)
	}
}

func FuzzState(f *testing.F) {
	st := state{instance: "i", boot: "b", through: 7, acknowledged: 5, places: map[string]string{"a": "1", "b": "2"}}
	f.Add(st.bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) >= headerLength {
			sum(b)
		}
		var s state
		if s.parse(b) == nil {
			var again state
			must(t, again.parse(s.bytes()))
			wantEqual(t, "places", again.places, s.places)
		}
		_, _, _ = parseRecord(b, map[string]string{})
	})
}

// BenchmarkPut keeps chunks as an idle host's agent does.
func BenchmarkPut(b *testing.B) {
	s := open(b, fsx.NewMem(), Options{Boot: "b"})
	chunk := strings.Repeat("x", 6000)
	b.ReportAllocs()
	for b.Loop() {
		n := put(b, s, chunk, nil)
		_, c, err := s.Next(b.Context())
		must(b, err)
		must(b, s.Ack(n, len(c)))
	}
}
