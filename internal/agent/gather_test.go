package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"patou/internal/agent/spool"
	"patou/internal/chunk"
	"patou/internal/clock"
	"patou/internal/entry"
	"patou/internal/host"
	"patou/internal/metric"
)

// shelf is a keeper that remembers, and can be full or broken.
type shelf struct {
	t       testing.TB
	decoder *chunk.Decoder

	mu      sync.Mutex
	err     error
	chunks  []*chunk.Chunk
	durable []bool
	at      []time.Time
	places  map[string]string
}

func newShelf(t testing.TB) *shelf {
	d, err := chunk.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	return &shelf{t: t, decoder: d, places: map[string]string{}}
}

func (s *shelf) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *shelf) Sequence() (uint64, error) { return uint64(len(s.chunks)) + 1, nil }

func (s *shelf) Put(sequence uint64, data []byte, places map[string]string, durable bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	c, err := s.decoder.Decode(data)
	if err != nil || c.Sequence != sequence {
		s.t.Errorf("chunk %d: %v", sequence, err)
		return err
	}
	s.chunks, s.durable, s.at = append(s.chunks, c), append(s.durable, durable), append(s.at, time.Now())
	maps.Copy(s.places, places)
	return nil
}

// gathering runs a gatherer on a made-up clock.
func gathering(t *testing.T, use func(t *testing.T, g *gatherer, s *shelf)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(t)
		e, err := chunk.NewEncoder()
		if err != nil {
			t.Fatal(err)
		}
		g := &gatherer{
			clock: clock.Real{}, log: slog.New(slog.DiscardHandler), keeper: s, encoder: e,
			identity: func() host.Identity { return host.Identity{Machine: "m"} }, arrived: make(chan struct{}, 1), open: newBatch(),
		}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = g.run(ctx) })
		use(t, g, s)
		cancel()
		running.Wait()
	})
}

func lines(texts ...string) []entry.Entry {
	out := make([]entry.Entry, len(texts))
	for i, text := range texts {
		out[i] = entry.Entry{Message: text, Component: "c", Time: 1}
	}
	return out
}

func samples(n int, at int64) []metric.Sample {
	out := make([]metric.Sample, n)
	for i := range out {
		out[i] = metric.Sample{Name: fmt.Sprintf("s.%d", i), Time: at, Value: float64(i)}
	}
	return out
}

// pass lets time go by.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestSamplesOfTwoSecondsAreOneChunk(t *testing.T) {
	gathering(t, func(t *testing.T, g *gatherer, s *shelf) {
		for i := range int64(4) {
			_ = g.Samples(t.Context(), samples(10, i))
			pass(time.Second)
		}
		if len(s.chunks) != 2 || len(s.chunks[0].Batch.Points)+len(s.chunks[1].Batch.Points) != 40 {
			t.Fatalf("%d chunks", len(s.chunks))
		}
		c := s.chunks[1].Batch
		if len(c.Defs) != 10 || c.Defs[3].Name != "s.3" || c.Points[3].Series != c.Defs[3].ID || s.durable[1] {
			t.Errorf("chunk %+v, durable %v", c, s.durable[1])
		}
	})
}

func TestNothingToSayIsNoChunk(t *testing.T) {
	gathering(t, func(t *testing.T, _ *gatherer, s *shelf) {
		pass(time.Minute)
		if len(s.chunks) != 0 {
			t.Errorf("%d chunks", len(s.chunks))
		}
	})
}

func TestAFewEntriesGoAtOnceAndATrickleWithTheSamples(t *testing.T) {
	gathering(t, func(t *testing.T, g *gatherer, s *shelf) {
		begin := time.Now()
		if err := g.Keep(t.Context(), lines("one"), map[string]string{"a": "1"}); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(begin); d != linger || !s.durable[0] || s.places["a"] != "1" {
			t.Errorf("kept after %s, durable %v, places %v", d, s.durable[0], s.places)
		}
		kept := 0
		for time.Since(begin) < 5*time.Minute {
			_ = g.Keep(t.Context(), lines("more"), nil)
			kept++
		}
		if most := hasteMost + 2*int(5*time.Minute/FlushEvery) + 1; len(s.chunks) > most {
			t.Errorf("%d chunks for %d lines in 5 min, want at most %d", len(s.chunks), kept, most)
		}
	})
}

func TestManyEntriesAreKeptWithoutWaiting(t *testing.T) {
	gathering(t, func(t *testing.T, g *gatherer, s *shelf) {
		begin, big := time.Now(), strings.Repeat("x", heavy)
		for range 100 {
			if err := g.Keep(t.Context(), lines(big), nil); err != nil {
				t.Fatal(err)
			}
		}
		if d := time.Since(begin); d > 0 || len(s.chunks) != 100 {
			t.Errorf("%d chunks after %s", len(s.chunks), d)
		}
	})
}

func TestAFullSpoolMakesEntriesWaitAndDropsSamples(t *testing.T) {
	gathering(t, func(t *testing.T, g *gatherer, s *shelf) {
		s.fail(spool.ErrFull)
		var keeping sync.WaitGroup
		keeping.Go(func() {
			if err := g.Keep(t.Context(), lines("one"), map[string]string{"a": "1"}); err != nil {
				t.Error(err)
			}
		})
		for i := range int64(600) {
			_ = g.Samples(t.Context(), samples(500, i))
			pass(time.Second)
		}
		if points := len(g.open.Points); points*pointBytes > chunk.TargetSize {
			t.Errorf("%d points wait in memory", points)
		}
		if len(s.places) > 0 {
			t.Error("a place moved without its entries")
		}
		s.fail(nil)
		keeping.Wait()
		pass(5 * time.Second)
		kept := 0
		for _, c := range s.chunks {
			kept += len(c.Batch.Points)
		}
		if dropped := g.dropped.Load(); dropped == 0 || int(dropped)+kept != 600*500 {
			t.Errorf("%d samples dropped and %d kept of %d", dropped, kept, 600*500)
		}
		if g.entries.Load() != 1 || s.places["a"] != "1" {
			t.Errorf("%d entries, places %v", g.entries.Load(), s.places)
		}
	})
}

func TestAReportOutlivesAChunkThatIsDropped(t *testing.T) {
	gathering(t, func(t *testing.T, g *gatherer, s *shelf) {
		s.fail(spool.ErrFull)
		g.Report(host.Report{Units: []host.Unit{{Name: "a"}}, Full: []host.Resource{{Name: "cpu", Percent: 1}}})
		pass(3 * time.Second)
		g.Report(host.Report{Full: []host.Resource{{Name: "cpu", Percent: 2}}})
		s.fail(nil)
		pass(3 * time.Second)
		if len(s.chunks) != 1 || s.chunks[0].Report.Units[0].Name != "a" || s.chunks[0].Report.Full[0].Percent != 2 {
			t.Fatalf("%d chunks: %+v", len(s.chunks), s.chunks)
		}
	})
}

func TestAReportIsToldAgainWhole(t *testing.T) {
	gathering(t, func(t *testing.T, g *gatherer, s *shelf) {
		g.Report(host.Report{Facts: &host.Facts{OS: "x"}, Connections: []host.Connection{{Remote: "r", Sent: 7}}})
		pass(3 * time.Second)
		full := []host.Resource{{Name: "cpu"}}
		g.Report(host.Report{Full: full})
		full[0].Name = "the collector's again"
		g.RepeatReport()
		pass(3 * time.Second)
		r := s.chunks[1].Report
		if r.Facts == nil || r.Full[0].Name != "cpu" || r.Connections[0].Remote != "r" || r.Connections[0].Sent != 0 {
			t.Errorf("report %+v", r)
		}
		pass(3 * time.Second)
		if len(s.chunks) != 2 {
			t.Errorf("%d chunks: it is told more than once", len(s.chunks))
		}
	})
}

func TestKeepEndsWithItsContext(t *testing.T) {
	gathering(t, func(t *testing.T, g *gatherer, s *shelf) {
		s.fail(errors.New("broken disk"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := g.Keep(ctx, lines("one"), nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if err := g.Keep(ctx, lines(strings.Repeat("x", maxKeep)), nil); err == nil || !strings.Contains(err.Error(), "at most") {
			t.Errorf("got %v", err)
		}
		if g.errors.Load() == 0 {
			t.Error("no error was counted")
		}
	})
}

func TestEntriesAreMaskedBeforeTheyAreKept(t *testing.T) {
	gathering(t, func(t *testing.T, g *gatherer, s *shelf) {
		g.mask = func(e *entry.Entry) int {
			e.Message = strings.ReplaceAll(e.Message, "secret", "***")
			return 1
		}
		_ = g.Keep(t.Context(), lines("my secret"), nil)
		if got := s.chunks[0].Batch.Entries[0].Message; got != "my ***" || g.masked.Load() != 1 {
			t.Errorf("kept %q, %d masked", got, g.masked.Load())
		}
	})
}

func TestNamesThatAreNotUsedAnyMoreAreForgotten(t *testing.T) {
	var n names
	b := newBatch()
	for i := range 3 * manyNames {
		n.id(fmt.Sprintf("process.%d.cpu", i), &b.Batch)
		if i%100 == 0 {
			n.next()
			b = newBatch()
		}
	}
	if len(n.known) > manyNames+200 {
		t.Errorf("%d names are known", len(n.known))
	}
}

// BenchmarkSamples gathers and keeps what an idle host has in two seconds.
func BenchmarkSamples(b *testing.B) {
	s := newShelf(b)
	e, _ := chunk.NewEncoder()
	g := &gatherer{
		clock: clock.Real{}, log: slog.New(slog.DiscardHandler), keeper: s, encoder: e,
		identity: func() host.Identity { return host.Identity{} }, arrived: make(chan struct{}, 1), open: newBatch(),
	}
	reading := samples(700, 1)
	b.ReportAllocs()
	for b.Loop() {
		_ = g.Samples(b.Context(), reading)
		_ = g.Samples(b.Context(), reading)
		g.cut(b.Context())
		s.chunks = s.chunks[:0]
	}
}

func TestChunksWithEntriesTellTheZone(t *testing.T) {
	gathering(t, func(t *testing.T, g *gatherer, s *shelf) {
		g.zone = func() *chunk.Zone { return &chunk.Zone{Offset: 3600} }
		if err := g.Keep(t.Context(), lines("x"), nil); err != nil {
			t.Fatal(err)
		}
		_ = g.Samples(t.Context(), samples(1, 1))
		pass(FlushEvery)
		if len(s.chunks) != 2 || s.chunks[0].Zone == nil || s.chunks[0].Zone.Offset != 3600 || s.chunks[1].Zone != nil {
			t.Errorf("%+v", s.chunks)
		}
	})
}

func TestMemoryOfLargeBatchesIsKeptOnlyWhileThereAreSome(t *testing.T) {
	gathering(t, func(t *testing.T, g *gatherer, s *shelf) {
		held := func() bool { g.mu.Lock(); defer g.mu.Unlock(); return g.spare != nil && cap(g.spare.Entries) > 0 }
		for range 3 {
			if err := g.Keep(t.Context(), lines(strings.Repeat("x", 2*keepMemory)), nil); err != nil {
				t.Fatal(err)
			}
		}
		pass(time.Millisecond)
		if !held() || len(s.chunks) != 3 {
			t.Errorf("after %d chunks there is memory for the next: %v", len(s.chunks), held())
		}
		pass((restFlushes + 1) * FlushEvery)
		if held() || g.bytes != nil {
			t.Error("the memory is held at rest")
		}
		if err := g.Keep(t.Context(), lines("y"), nil); err != nil || s.chunks[3].Batch.Entries[0].Message != "y" {
			t.Errorf("%v, %+v", err, s.chunks[3])
		}
	})
}
