package metrics

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"patou/internal/clock"
	"patou/internal/fsx"
	"patou/internal/metric"
	"patou/internal/record"
	"patou/internal/telemetry"
	"patou/internal/timerange"
)

// start is when the tests' clock begins: a round day.
const start = 1_479_600_000 / 86400 * 86400

// fixture is a store in memory with a log of what was applied, as the committer
// would keep it.
type fixture struct {
	t     testing.TB
	fs    *fsx.Mem
	clock *clock.Manual
	opt   Options
	*Store
	lsn  uint64
	many int             // series of filled
	log  []*record.Batch // record n is log[n-1]
}

func newManual() *clock.Manual { return clock.NewManual(time.Unix(start, 0)) }

func newFixture(t testing.TB) *fixture {
	f := &fixture{t: t, fs: fsx.NewMem(), clock: newManual()}
	f.opt = Options{Clock: f.clock, Telemetry: &telemetry.Set{}}
	f.open()
	return f
}

func (f *fixture) open() []fsx.Damage {
	f.t.Helper()
	s, damage, err := Open(f.fs, "m", f.opt)
	if err != nil {
		f.t.Fatalf("opening: %v", err)
	}
	f.Store = s
	for i, b := range f.log {
		if lsn := uint64(i) + 1; lsn > s.Flushed() {
			s.Apply(lsn, b)
		}
	}
	return damage
}

func (f *fixture) apply(b *record.Batch) {
	b.Defs = append(b.Defs, f.TakeDefs()...)
	f.lsn++
	f.log = append(f.log, b)
	f.Apply(f.lsn, b)
}

func (f *fixture) put(name string, kind metric.Kind, at int64, v float64) {
	f.t.Helper()
	id, err := f.Resolve(name, kind)
	if err != nil {
		f.t.Fatalf("resolving %q: %v", name, err)
	}
	f.apply(&record.Batch{Points: []metric.Point{{Series: id, Time: at * 1000, Value: v}}})
}

func (f *fixture) flush() {
	f.t.Helper()
	f.Freeze(f.lsn)
	if err := f.Flush(context.Background()); err != nil {
		f.t.Fatalf("flushing: %v", err)
	}
}

func (f *fixture) restart() {
	f.t.Helper()
	if err := f.Close(); err != nil {
		f.t.Fatalf("closing: %v", err)
	}
	if damage := f.open(); len(damage) > 0 {
		f.t.Fatalf("opening found %v", damage)
	}
}

func (f *fixture) fetch(name string, from, until int64) metric.Series {
	f.t.Helper()
	all, err := f.Fetch(context.Background(), []string{name}, timerange.Range{From: from * 1e9, Until: until * 1e9}, f.clock.Now())
	if err != nil || len(all) != 1 {
		f.t.Fatalf("fetching %q: %d series, error %v", name, len(all), err)
	}
	return all[0]
}

func (f *fixture) wantValues(name string, from, until int64, want ...float64) {
	f.t.Helper()
	if d := cmp.Diff(want, f.fetch(name, from, until).Values, cmpopts.EquateNaNs()); d != "" {
		f.t.Errorf("%s: %s", name, d)
	}
}

var gap = math.NaN()

func TestSamplesComeBackFromMemoryAndSegments(t *testing.T) {
	f := newFixture(t)
	f.clock.Advance(time.Minute)
	check := func() {
		t.Helper()
		f.wantValues("a.b", start-1, start+39, 1.25, gap, 3, 4)
		f.wantValues("a.sum", start-1, start+19, 5, 1)
		f.wantValues("a.time.max", start-1, start+9, 7)
		f.wantValues("a.time.count", start-1, start+19, 3, gap)
	}
	f.put("a.b", metric.Gauge, start+3, 1.25)
	f.put("a.b", metric.Gauge, start+30, 4)
	f.put("a.b", metric.Gauge, start+20, 2)
	f.put("a.b", metric.Gauge, start+29, 3)
	f.put("a.sum", metric.Sum, start, 2)
	f.put("a.sum", metric.Sum, start+10, 1)
	f.put("a.sum", metric.Sum, start+9, 3)
	for _, v := range []float64{1, 7, 2} {
		f.put("a.time", metric.Distribution, start+1, v)
	}
	check()
	f.Freeze(f.lsn)
	check()
	f.flush()
	check()
	if got := f.Flushed(); got != f.lsn {
		t.Errorf("flushed up to %d, want %d", got, f.lsn)
	}
	f.restart()
	check()
	f.put("a.b", metric.Gauge, start+29, 3)
	f.put("a.sum", metric.Sum, start+19, 0)
	check()
	f.flush()
	check()
	f.restart()
	check()
}

func TestCoarseArchivesAnswerBeforeMaintenance(t *testing.T) {
	f := newFixture(t)
	for i := range int64(18) {
		f.put("a", metric.Gauge, start+i*10, float64(i))
	}
	f.flush()
	f.clock.Advance(3 * 24 * time.Hour)
	s := f.fetch("a", start-1, start+119)
	if s.Step != 60 || s.Due != 6 {
		t.Fatalf("step %d, due %d", s.Step, s.Due)
	}
	want := metric.Series{Values: []float64{2.5, 8.5}, Min: []float64{0, 6}, Max: []float64{5, 11}, Count: []uint32{6, 6}}
	got := metric.Series{Values: s.Values, Min: s.Min, Max: s.Max, Count: s.Count}
	if d := cmp.Diff(want, got, cmpopts.IgnoreUnexported(metric.View{})); d != "" {
		t.Error(d)
	}
}

func TestFindGlobs(t *testing.T) {
	f := newFixture(t)
	for _, name := range []string{"a.b.c", "a.b.d", "a.x", "a.b", "host.web01.cpu", "host.web02.cpu", "t;k=v"} {
		f.put(name, metric.Gauge, start, 1)
	}
	f.put("a.time", metric.Distribution, start, 1)
	find := func(pattern string, want ...string) {
		t.Helper()
		nodes, err := f.Find(context.Background(), pattern, timerange.Range{})
		var got []string
		for _, n := range nodes {
			s := n.Path
			if n.Leaf {
				s += " leaf"
			}
			if n.Branch {
				s += " branch"
			}
			got = append(got, s)
		}
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%s: %v %s", pattern, err, d)
		}
	}
	find("*", "a branch", "host branch")
	find("a.*", "a.b leaf branch", "a.time branch", "a.x leaf")
	find("a.b.[!d]", "a.b.c leaf")
	find("host.web0[1-2].{cpu,mem}", "host.web01.cpu leaf", "host.web02.cpu leaf")
	find("a.{b.c,x}", "a.x leaf")
	find("a.{b,{x,y}}", "a.b leaf branch", "a.x leaf")
	find("a.time.p9?", "a.time.p90 leaf", "a.time.p95 leaf", "a.time.p99 leaf")
	find("t;k=v", "t;k=v leaf")
	find("nothing.*")
}

func newRand(seed int) *rand.Rand { return rand.New(rand.NewPCG(uint64(seed), 7)) }
