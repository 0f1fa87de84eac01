package metrics

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"patou/internal/metric"
	"patou/internal/record"
	"patou/internal/timerange"
)

func (f *fixture) maintain() {
	f.t.Helper()
	if err := f.Maintain(context.Background()); err != nil {
		f.t.Fatalf("maintaining: %v", err)
	}
}

func TestANewFinestStepBeginsAnEpoch(t *testing.T) {
	f := newFixture(t)
	step := int64(10)
	f.opt.Schemas = func(string) Schema { return Schema{{step, 86400}, {60, 10 * 86400}} }
	f.restart()
	f.put("a", metric.Gauge, start, 1)
	f.put("a", metric.Gauge, start+10, 2)
	f.put("a.sum", metric.Sum, start, 4)
	f.flush()

	step = 5 // old slots hold for all that they covered; sums count once
	f.restart()
	f.clock.Advance(time.Hour)
	f.wantValues("a", start-1, start+19, 1, 1, 2, 2)
	f.wantValues("a.sum", start-1, start+9, 4, gap)
	f.put("a", metric.Gauge, start+20, 3)
	f.put("a.sum", metric.Sum, start+5, 1)
	f.wantValues("a", start-1, start+29, 1, 1, 2, 2, 3, gap)
	f.flush()
	f.restart()
	f.wantValues("a", start-1, start+29, 1, 1, 2, 2, 3, gap)
	f.wantValues("a.sum", start-1, start+9, 4, 1)

	step = 20 // old slots are rolled up
	f.restart()
	f.wantValues("a", start-1, start+39, 1.5, 3)
	f.wantValues("a.sum", start-1, start+19, 5)
	f.maintain()
	f.wantValues("a", start-1, start+39, 1.5, 3)
	f.clock.Advance(2 * 86400 * time.Second)
	f.maintain()
	f.wantValues("a", start-1, start+59, 2)
	f.clean()
}

func TestRetentionBySizeKeepsTheCoarserView(t *testing.T) {
	f := newFixture(t)
	f.opt.Size = 60_000
	f.restart()
	for hour := range int64(40) {
		b := &record.Batch{}
		for n := range 10 {
			id, _ := f.Resolve(fmt.Sprintf("a%d", n), metric.Gauge)
			for i := range int64(360) {
				b.Points = append(b.Points, metric.Point{Series: id, Time: (start + hour*3600 + i*10) * 1000, Value: math.Sin(float64(i * int64(n)))})
			}
		}
		f.clock.Advance(time.Hour)
		f.apply(b)
		f.log = nil
		f.flush()
		f.maintain()
	}
	if n := f.DiskBytes(); n > f.opt.Size*2 {
		t.Errorf("%d bytes on disk, the cap is %d", n, f.opt.Size)
	}
	s := f.fetch("a3", start, start+86400)
	if s.Step != 10 || s.Values[0] == s.Values[0] {
		t.Errorf("the oldest raw slots of step %d are still there: %v", s.Step, s.Values[0])
	}
	if got := f.opt.Telemetry.Counter("metrics.dropped_for_size").Value(); got == 0 {
		t.Error("nothing is counted")
	}
	f.clean()
}

func TestNamesAndLastSamplesSurvive(t *testing.T) {
	f := newFixture(t)
	f.opt.Schemas = func(string) Schema { return Schema{{10, 86400}} }
	f.restart()
	for i := range int64(2*manyNames + 5) {
		f.clock.Advance(10 * time.Minute)
		f.put(fmt.Sprintf("a.b%d", i), metric.Kind(i%3), start+i*600, 1)
		f.log = f.log[:0]
		f.flush()
		f.maintain()
	}
	if n := len(f.man.Names); n > manyNames+1 {
		t.Errorf("%d names files", n)
	}
	before := f.Len()
	f.restart()
	if got := f.Len(); got != before {
		t.Errorf("%d series after a restart, want %d", got, before)
	}
	late := timerange.Range{From: (start + 20*600) * 1e9, Until: (start + 90*600) * 1e9}
	nodes, err := f.Find(context.Background(), "a.b*", late)
	if err != nil || len(nodes) >= before || len(nodes) < 10 {
		t.Errorf("%d of %d series were alive late, error %v", len(nodes), before, err)
	}
	id, err := f.Resolve("a.new", metric.Gauge)
	if err != nil || int(id) != before+1 {
		t.Errorf("a new series has ID %d, error %v", id, err)
	}
	f.clean()
}

func TestWhatIsRefused(t *testing.T) {
	f := newFixture(t)
	f.opt.MaxSeries, f.opt.MaxNew = 5, 3
	f.restart()
	a := f.NewAppender()
	refuse := func(name string, kind metric.Kind, want error) {
		t.Helper()
		if _, err := a.Resolve(name, kind); !errors.Is(err, want) {
			t.Errorf("resolving %.40q gives %v, want %v", name, err, want)
		}
	}
	refuse("a b", metric.Gauge, ErrName)
	refuse("", metric.Gauge, ErrName)
	refuse(strings.Repeat("x", 2000), metric.Gauge, ErrName)
	refuse("a", metric.Gauge, nil)
	refuse("a", metric.Sum, ErrKind)
	refuse("t", metric.Distribution, nil)
	refuse("t.p99", metric.Gauge, ErrKind)
	refuse("b", metric.Gauge, nil)
	refuse("c", metric.Gauge, ErrTooFast)
	f.clock.Advance(time.Minute)
	refuse("c", metric.Gauge, nil)
	refuse("d", metric.Gauge, nil)
	refuse("e", metric.Gauge, ErrTooMany)
	refuse("d", metric.Gauge, nil)
	if got := f.opt.Telemetry.Counter("metrics.refused_series").Value(); got != 7 {
		t.Errorf("%d refused, want 7", got)
	}
}

func TestPointsThatAreDroppedAreCounted(t *testing.T) {
	f := newFixture(t)
	id, _ := f.Resolve("a", metric.Gauge)
	drop := func(at int64, v float64, want error, counter string) {
		t.Helper()
		p := metric.Point{Series: id, Time: at * 1000, Value: v}
		if err := f.Admit(p); !errors.Is(err, want) {
			t.Errorf("admitting %v at %d gives %v, want %v", v, at, err, want)
		}
		f.apply(&record.Batch{Points: []metric.Point{p}})
		if want != nil && f.opt.Telemetry.Counter("metrics."+counter).Value() != 1 {
			t.Errorf("%v at %d is not counted as %s", v, at, counter)
		}
	}
	drop(start, math.NaN(), ErrNotNumber, "not_a_number")
	drop(start+2*86400, 1, ErrTooNew, "too_new")
	drop(start-800*86400, 1, ErrTooOld, "too_old")
	drop(start-700*86400, 7, nil, "")
	drop(start+3600, 8, nil, "")
	f.apply(&record.Batch{Points: []metric.Point{{Series: 99, Time: start * 1000, Value: 1}}})
	if f.opt.Telemetry.Counter("metrics.unknown_series").Value() != 1 {
		t.Error("a point of an unknown series is not counted")
	}
	f.flush()
	f.maintain()
	if s := f.fetch("a", start-700*86400-600, start-700*86400); s.Values[0] != 7 || s.Step != 600 {
		t.Errorf("what was 700 days late reads %v of step %d", s.Values, s.Step)
	}
	f.clean()
}

func TestAnAppenderFollowsItsSender(t *testing.T) {
	f := newFixture(t)
	a, b := f.NewAppender(), f.NewAppender()
	names := []string{"x.a", "x..b", "x.c;v=1;k=2", "x.d"}
	var first []metric.ID
	for round := range 4 {
		for i := range names {
			at := i
			if round == 2 {
				at = len(names) - 1 - i // another order
			}
			id, err := a.Resolve(names[at], metric.Gauge)
			other, err2 := b.Resolve(strings.Clone(names[at]), metric.Gauge)
			if err != nil || err2 != nil || id != other {
				t.Fatalf("%q is %d and %d, errors %v, %v", names[at], id, other, err, err2)
			}
			if round == 0 {
				first = append(first, id)
			} else if id != first[at] {
				t.Fatalf("%q is %d, was %d", names[at], id, first[at])
			}
		}
	}
	if f.Len() != len(names) {
		t.Errorf("%d series of %d names", f.Len(), len(names))
	}
	buf := []byte("x.a")
	if id, _ := a.Resolve(string(buf), metric.Gauge); id != first[0] {
		t.Errorf("a name in a buffer is %d", id)
	}
}

func TestSchemasThatCarbonRefuses(t *testing.T) {
	f := func(ok bool, archives ...Archive) {
		t.Helper()
		if err := Schema(archives).Validate(); (err == nil) != ok {
			t.Errorf("%v: %v", archives, err)
		}
	}
	f(true, Archive{10, 60}, Archive{60, 3600})
	f(false)
	f(false, Archive{0, 60})
	f(false, Archive{10, 5})
	f(false, Archive{10, 60}, Archive{10, 600})
	f(false, Archive{10, 60}, Archive{25, 600})
	f(false, Archive{10, 60}, Archive{20, 60})
	f(false, Archive{10, 30}, Archive{60, 600})
	for _, name := range []string{"host.a.cpu", "b"} {
		if err := DefaultSchema(name).Validate(); err != nil {
			t.Errorf("the default of %s: %v", name, err)
		}
	}
}

func FuzzBlock(f *testing.F) {
	p, err := newPacker()
	if err != nil {
		f.Fatal(err)
	}
	var w blockWriter
	s := makeSlots(metric.Gauge, 0, 720)
	s.values[3], s.values[9] = 1.5, 1e300
	f.Add(w.slots(&s))
	f.Add(w.rolled(&rolled{cells: []cell{{n: 1}, {sum: 3, min: 1, max: 2, n: 2}}}, 0))
	d := makeSlots(metric.Distribution, 0, 720)
	d.sketches[7] = &metric.Sketch{}
	d.sketches[7].Observe(3)
	f.Add(w.slots(&d))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := blockReader{packer: p}
		for kind := range metric.Kind(3) {
			s := makeSlots(kind, 0, 720)
			_ = r.slots(&s, kind, b, 0, 720)
			c := rolled{cells: make([]cell, 720)}
			_ = r.rolled(&c, kind, b, 0, 720)
		}
	})
}

func FuzzNames(f *testing.F) {
	f.Add(namesPart([]naming{{metric.Def{ID: 1, Name: "a.b"}, 10}, {metric.Def{ID: 1}, 20}})[8:])
	f.Fuzz(func(t *testing.T, b []byte) { _ = readNamesPart(b, func(naming) {}) })
}

func FuzzGlob(f *testing.F) {
	f.Add("a.{b,c*}[!x-z]?", "cdef")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		globs, err := splitPattern(pattern)
		if err != nil {
			return
		}
		for i := range globs {
			globs[i].match(name)
		}
	})
}
