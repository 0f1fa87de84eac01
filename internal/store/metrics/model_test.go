package metrics

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"patou/internal/fsx"
	"patou/internal/metric"
	"patou/internal/record"
	"patou/internal/timerange"
)

// model is what a store must answer: each series' finest slots, kept for ever.
type model struct {
	values   map[string]map[int64]float64
	sketches map[string]map[int64]*metric.Sketch
}

func (m *model) put(name string, kind metric.Kind, slot int64, v float64) {
	if kind == metric.Distribution {
		if m.sketches[name] == nil {
			m.sketches[name] = map[int64]*metric.Sketch{}
		}
		if m.sketches[name][slot] == nil {
			m.sketches[name][slot] = &metric.Sketch{}
		}
		m.sketches[name][slot].Observe(v)
		return
	}
	if m.values[name] == nil {
		m.values[name] = map[int64]float64{}
	}
	if kind == metric.Sum {
		v += m.values[name][slot]
	}
	m.values[name][slot] = v
}

// cell folds the finest slots of the seconds from until until.
func (m *model) cell(name string, from, until, step int64) (c cell) {
	for t := from; t < until; t += step {
		if v, ok := m.values[name][t/step]; ok {
			c.add(v)
		}
		if sk := m.sketches[name][t/step]; sk != nil {
			c.addSketch(sk)
		}
	}
	return c
}

// The schema of the model's tests is short, so that a few operations go through
// all of its life: windows of 12 slots.
func modelSchema(string) Schema { return Schema{{10, 3600}, {60, 6 * 3600}, {300, 48 * 3600}} }

// modelSeries are the series of the model's tests. Sums are of whole numbers:
// the order of adding does not matter to them.
func modelSeries() map[string]metric.Kind {
	return map[string]metric.Kind{"g.avg": metric.Gauge, "g.last": metric.Gauge, "g.max": metric.Gauge, "s.sum": metric.Sum, "d.time": metric.Distribution}
}

func modelMethod(name string) Aggregation {
	switch name {
	case "g.last":
		return Aggregation{Method: Last}
	case "g.max":
		return Aggregation{Method: Max, XFilesFactor: 0.5}
	}
	return Aggregation{}
}

// machine lets rapid drive a store and its model.
type machine struct {
	*fixture
	model
	t    *rapid.T
	puts []int64 // when
}

func (m *machine) now() int64 { return m.clock.Now().Unix() }

// Put applies a batch. A gauge's sample is late by no more than the finest
// archive keeps, since what is older than that is mixed with what it replaces.
func (m *machine) Put(t *rapid.T) {
	b := &record.Batch{}
	for name, kind := range modelSeries() {
		reach := int64(3600 - 600)
		if kind != metric.Gauge {
			reach = 47 * 3600
		}
		var late int64
		switch rapid.IntRange(0, 6).Draw(t, "how late") {
		case 0:
			late = rapid.Int64Range(0, reach).Draw(t, "late")
		case 5, 6: // where there was something before
			if late = m.now() - rapid.SampledFrom(append(m.puts, m.now())).Draw(t, "again"); late > reach {
				continue
			}
		case 1, 2, 3:
			late = rapid.Int64Range(0, 60).Draw(t, "a little late")
		case 4:
			continue
		}
		id, err := m.Resolve(name, kind)
		if err != nil {
			t.Fatal(err)
		}
		for i := range rapid.Int64Range(1, 20).Draw(t, "samples") {
			at := m.now() - late + i*7
			v := float64(rapid.Int64Range(0, 1000).Draw(t, "value"))
			b.Points = append(b.Points, metric.Point{Series: id, Time: at * 1000, Value: v})
			m.model.put(name, kind, at/10, v)
		}
	}
	m.apply(b)
	m.puts = append(m.puts, m.now())
}

func (m *machine) Wait(t *rapid.T) {
	m.clock.Advance(time.Duration(rapid.SampledFrom([]int{10, 60, 300, 1800, 7200}).Draw(t, "seconds")) * time.Second)
}

func (m *machine) Flush(*rapid.T) { m.flush() }

func (m *machine) Freeze(*rapid.T) { m.fixture.Freeze(m.lsn) }

func (m *machine) Maintain(t *rapid.T) {
	if err := m.fixture.Maintain(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func (m *machine) Restart(*rapid.T) { m.restart() }

func (m *machine) Crash(t *rapid.T) {
	seed := rapid.Uint64().Draw(t, "seed")
	m.fs = m.fs.CrashClone(rand.New(rand.NewPCG(seed, 1)))
	for _, d := range m.open() {
		t.Fatalf("a crash left damage: %v", d)
	}
}

// Read compares a range of each series with the model, or, as rapid calls the
// empty name, the last hour after each step.
func (m *machine) Read(t *rapid.T) {
	from := m.now() - rapid.Int64Range(1, 50*3600).Draw(t, "from")
	m.compare(t, from, from+rapid.Int64Range(0, 6*3600).Draw(t, "length"))
}

func (m *machine) Check(t *rapid.T) { m.compare(t, m.now()-1800, m.now()+60) }

func (m *machine) compare(t *rapid.T, from, until int64) {
	for name, kind := range modelSeries() {
		read := name
		if kind == metric.Distribution {
			read += ".p99"
		}
		all, err := m.Fetch(context.Background(), []string{read}, timerange.Range{From: from * 1e9, Until: until * 1e9}, m.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range all {
			m.compareSeries(t, name, kind, &s)
		}
	}
}

func (m *machine) compareSeries(t *rapid.T, name string, kind metric.Kind, s *metric.Series) {
	agg := modelMethod(name)
	if kind != metric.Gauge {
		agg.Method = Sum
	}
	for i, got := range s.Values {
		at := s.Start + int64(i)*s.Step
		c := m.cell(name, at, at+s.Step, 10)
		c.finish(agg.Method)
		want := c.value(agg, s.Due)
		if s.Step == 10 {
			want = c.value(Aggregation{Method: agg.Method}, 1)
		}
		if kind == metric.Distribution {
			v, _ := metric.ParseView("p99")
			want = v.Of(c.sketch)
		}
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Fatalf("%s at %d (now-%d) of step %d is %v, want %v", name, at, m.now()-at, s.Step, got, want)
		}
		if s.Count != nil && kind == metric.Gauge && (s.Count[i] != c.n || c.n > 0 && (s.Min[i] != c.min || s.Max[i] != c.max)) {
			t.Fatalf("%s at %d has n %d, %v to %v, want %d, %v to %v", name, at, s.Count[i], s.Min[i], s.Max[i], c.n, c.min, c.max)
		}
	}
}

func TestStoreAnswersAsItsModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &machine{fixture: &fixture{t: t, fs: fsx.NewMem(), clock: newManual()}, t: rt}
		m.opt = Options{Clock: m.clock, Schemas: modelSchema, Aggregations: modelMethod, window: 12}
		m.open()
		m.model = model{map[string]map[int64]float64{}, map[string]map[int64]*metric.Sketch{}}
		rt.Repeat(map[string]func(*rapid.T){
			"put": m.Put, "put again": m.Put, "wait": m.Wait, "flush": m.Flush, "freeze": m.Freeze,
			"maintain": m.Maintain, "restart": m.Restart, "crash": m.Crash, "read": m.Read, "": m.Check,
		})
		m.clean()
	})
}

// clean closes the store and checks its directory.
func (f *fixture) clean() {
	f.t.Helper()
	if err := f.Close(); err != nil {
		f.t.Fatalf("closing: %v", err)
	}
	for _, d := range Check(f.fs, "m") {
		f.t.Errorf("check: %v", d)
	}
}

// A day of one sender, with maintenance as the server runs it, in the shape of
// the files that it leaves.
func TestADayLeavesFewFiles(t *testing.T) {
	f := newFixture(t)
	f.opt.Schemas = func(string) Schema { return Schema{{10, 6 * 3600}, {60, 48 * 3600}} }
	f.restart()
	for i := range int64(24 * 60) {
		f.clock.Advance(time.Minute)
		b := &record.Batch{}
		for n := range 3 {
			id, _ := f.Resolve(fmt.Sprintf("host%d.load", n), metric.Gauge)
			for j := range int64(6) {
				b.Points = append(b.Points, metric.Point{Series: id, Time: (start + i*60 + j*10) * 1000, Value: float64(n)})
			}
		}
		f.apply(b)
		f.log = nil // the log is cut after each flush
		f.flush()
		if err := f.Maintain(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(f.live); n > 20 {
		t.Errorf("%d segments after a day", n)
	}
	s := f.fetch("host2.load", start+3600, start+23*3600)
	for i, v := range s.Values {
		if v != 2 || s.Count[i] != 6 {
			t.Fatalf("slot %d holds %v of %d", i, v, s.Count[i])
		}
	}
	f.clean()
}
