package graphite

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"patou/internal/event"
	"patou/internal/timerange"
	"patou/test/shared"
)

// oracleNow is the moment at which graphite-web was asked.
const oracleNow = 1795206040

// answer is one line of what graphite-web answered.
type answer struct {
	Target string          `json:"target"`
	Hour   json.RawMessage `json:"from -1h"`
	Points json.RawMessage `json:"from -1h maxDataPoints 50"`
	Day    json.RawMessage `json:"from -26h"`
}

// different are targets where Patou means to answer otherwise, with the reason;
// docs/graphite.md tells it to users.
func different() map[string]string {
	const aligned = "series of different steps are brought to common times, not counted from each one's first value"
	return map[string]string{
		`aggregate(gaps.*,"sum",0.5)`:          aligned,
		`countSeries(gaps.*)|alias("n")`:       aligned,
		`xFilesFactor(gaps.*,0.9)|sumSeries()`: aligned,
		`delay(edge.step,0)`:                   "moving by nothing changes nothing, where Graphite answers an empty series",
		`timeStack(app.checkout.hits)`:         "a moved value stands exactly so much later, also where the other time is kept at a coarser step",
	}
}

func TestAnswersAreThoseOfGraphite(t *testing.T) {
	file, err := os.Open(shared.Path(t, "graphite-oracle/answers.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	plain, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	engine := New(oracleSeries(), Options{Events: marks{oracleNow - 1200, oracleNow - 600}})
	for lines := json.NewDecoder(plain); lines.More(); {
		var a answer
		if err := lines.Decode(&a); err != nil {
			t.Fatal(err)
		}
		t.Run(a.Target, func(t *testing.T) {
			if why := different()[a.Target]; why != "" {
				t.Skip("differs: " + why)
			}
			compareAnswer(t, engine, a.Target, "-1h", "now", 0, a.Hour)
			compareAnswer(t, engine, a.Target, "-1h", "now", 50, a.Points)
			// The data set says from=-26h alone; its stamps show the rest.
			compareAnswer(t, engine, a.Target, "-26h", "-2h", 100, a.Day)
		})
	}
}

func compareAnswer(t *testing.T, engine *Engine, target, from, until string, points int, want json.RawMessage) {
	t.Helper()
	if len(want) > 0 && want[0] == '"' {
		return // graphite-web failed
	}
	now := time.Unix(oracleNow, 0).UTC()
	r, err := timerange.ParseRange(from, until, now)
	if err != nil {
		t.Fatal(err)
	}
	result, err := engine.Render(t.Context(), Request{Targets: []string{target}, Now: now, Range: r})
	if err != nil {
		t.Fatal(err)
	}
	got := rendered(t, result.Series(), points)
	var expected []jsonSeries
	if err := json.Unmarshal(want, &expected); err != nil {
		t.Fatal(err)
	}
	if d := differ(expected, got); d != "" {
		t.Errorf("from %s, %d points: %s", from, points, d)
	}
}

func differ(want, got []jsonSeries) string {
	if len(want) != len(got) {
		return fmt.Sprintf("%d series, want %d", len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		switch {
		case w.Target != g.Target:
			return fmt.Sprintf("series %d is named %q, want %q", i, g.Target, w.Target)
		case fmt.Sprint(w.Tags) != fmt.Sprint(g.Tags):
			return fmt.Sprintf("%s: tags %v, want %v", w.Target, g.Tags, w.Tags)
		case len(w.Points) != len(g.Points):
			return fmt.Sprintf("%s: %d points, want %d", w.Target, len(g.Points), len(w.Points))
		}
		for k := range w.Points {
			if !same(w.Points[k][0], g.Points[k][0]) || *w.Points[k][1] != *g.Points[k][1] {
				return fmt.Sprintf("%s: point %d is %s, want %s", w.Target, k, point(g.Points[k]), point(w.Points[k]))
			}
		}
	}
	return ""
}

func point(p [2]*float64) string {
	if p[0] == nil {
		return fmt.Sprintf("null at %.0f", *p[1])
	}
	return fmt.Sprintf("%v at %.0f", *p[0], *p[1])
}

// same allows for sums in another order; values near zero are differences.
func same(a, b *float64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return math.Abs(*a-*b) <= 1e-9*max(math.Abs(*a), math.Abs(*b), 1e-3)
}

// marks are the times, in seconds, of events that carry any tag.
type marks []int64

// Events gives those within the range.
func (m marks) Events(_ context.Context, r timerange.Range, _ []string) ([]event.Event, error) {
	var all []event.Event
	for _, t := range m {
		if r.Contains(t * 1e9) {
			all = append(all, event.Event{Time: t * 1e9, What: "deploy"})
		}
	}
	return all, nil
}

// oracleSeries are the series that graphite-web read: the data set's program
// mkdata.py says how they are made.
func oracleSeries() memory {
	m := memory{}
	for _, s := range oracleDefinitions() {
		m[s.name] = s.write()
	}
	return m
}

// definition is one series: retentions as step and points, and its value as a
// function of the time, NaN for none.
type definition struct {
	name        string
	retentions  [][2]int64
	xff         float64
	aggregation string
	value       func(t int64) float64
}

func (d definition) write() *whisper {
	w := &whisper{xff: d.xff, aggregation: d.aggregation}
	for _, r := range d.retentions {
		w.archives = append(w.archives, newArchive(r[0], r[1]))
	}
	high := int64(oracleNow + 1)
	for k, a := range w.archives {
		low := max(oracleNow-a.step*a.points+a.step, oracleNow-15*86400)
		values := map[int64]float64{}
		for t := timerange.Floor(high-1, a.step); t >= low; t -= a.step {
			if v := d.value(t); !math.IsNaN(v) {
				values[t] = v
			}
		}
		w.write(k, values)
		high = min(high, low)
	}
	return w
}

func oracleDefinitions() []definition {
	fine, ten, minute := [][2]int64{{1, 1800}, {60, 1440}, {300, 210240}}, [][2]int64{{10, 2160}, {60, 10080}}, [][2]int64{{60, 10080}, {3600, 8760}}
	var all []definition
	add := func(name string, r [][2]int64, xff float64, agg string, f func(int64) float64) {
		all = append(all, definition{name, r, xff, agg, f})
	}
	for i, host := range []string{"web01", "web02", "web03", "db01"} {
		for j, m := range []string{"user", "system", "iowait"} {
			n := "servers." + host + ".cpu." + m
			add(n, ten, 0.5, "average", walk(n, 0, 60/float64(j+1), 0.3))
		}
		reset := int64(0)
		if i == 2 {
			reset = 7200
		}
		add("servers."+host+".requests.count", fine, 0.5, "max", counter(float64(3+i), reset))
		n := "servers." + host + ".disk.used"
		add(n, minute, 0.5, "last", walk(n, 100e9, 400e9, 0))
		add("servers."+host+".disk.total", minute, 0.5, "last", steady(500e9))
	}
	for _, n := range []string{"app.checkout", "app.login", "app.search"} {
		add(n+".latency.mean", fine, 0.5, "average", walk(n+"m", 5, 250, 0.3))
		add(n+".latency.upper_99", fine, 0, "max", walk(n+"u", 100, 900, 0.3))
		hits := walk(n+"h", 0, 40, 0.3)
		add(n+".hits", fine, 0, "sum", func(t int64) float64 { return math.Trunc(hits(t)) })
	}
	add("gaps.random", ten, 0.5, "average", unless01("rg", 60, .3, walk("gr", 0, 100, 0.3)))
	add("gaps.blocks", ten, 0.5, "average", unless01("bG", 1800, .3, walk("gb", 0, 100, 0.3)))
	add("gaps.periodic", ten, 0, "average", every(60, walk("gp", 10, 100, 0.3)))
	add("gaps.sparse", fine, 0.5, "average", every(300, walk("gs", 10, 100, 0.3)))
	add("gaps.sparse0", fine, 0, "average", every(300, walk("gs", 10, 100, 0.3)))
	add("gaps.stopped", ten, 0.5, "average", during(0, oracleNow-5400, walk("gx", 0, 100, 0.3)))
	add("gaps.started", ten, 0.5, "average", during(oracleNow-1200, oracleNow, walk("gy", 0, 100, 0.3)))
	add("gaps.empty", ten, 0.5, "average", steady(math.NaN()))
	add("edge.zero", ten, 0.5, "average", steady(0))
	add("edge.negative", ten, 0.5, "min", walk("en", -50, 50, 0.3))
	add("edge.tiny", ten, 0.5, "average", walk("et", 0, 1e-6, 0.3))
	add("edge.unit", ten, 0.5, "average", walk("eu", 0, 1, 0.3))
	add("edge.huge", ten, 0.5, "average", walk("eh", 1e15, 1e17, 0.3))
	add("edge.step", ten, 0.5, "last", func(t int64) float64 { return float64(t / 900 % 3) })
	add("edge.num10", minute, 0.5, "average", steady(10))
	add("edge.num9", minute, 0.5, "average", steady(9))
	for _, host := range []string{"web01", "web02", "db01"} {
		for _, dc := range []string{"ny", "ams"} {
			n := "disk.used;dc=" + dc + ";host=" + host
			add(n, ten, 0.5, "average", walk(n, 0, 1000, 0.3))
		}
	}
	add("cpu.load;dc=ny;host=web01", ten, 0.5, "average", walk("cpu.load;dc=ny;host=web01", 0, 8, 0.3))
	return all
}

func steady(v float64) func(int64) float64 { return func(int64) float64 { return v } }

// unless01 leaves out the periods whose chance is below share.
func unless01(name string, period int64, share float64, f func(int64) float64) func(int64) float64 {
	return func(t int64) float64 {
		if chance(name, t/period) < share {
			return math.NaN()
		}
		return f(t)
	}
}

func every(period int64, f func(int64) float64) func(int64) float64 {
	return func(t int64) float64 {
		if t%period != 0 {
			return math.NaN()
		}
		return f(t)
	}
}

func during(from, until int64, f func(int64) float64) func(int64) float64 {
	return func(t int64) float64 {
		if t < from || t > until {
			return math.NaN()
		}
		return f(t)
	}
}

// walk is a bounded pseudo-random walk with a season of a day.
func walk(name string, low, high, day float64) func(int64) float64 {
	return func(t int64) float64 {
		v := 0.5*noise(name, t, 3600) + 0.3*noise(name+"b", t, 600) + 0.2*noise(name+"c", t, 60)
		v = (1-day)*v + day*(0.5+0.5*math.Sin(2*math.Pi*float64(t)/86400))
		return roundTo(low+(high-low)*v, 4)
	}
}

func noise(name string, t, period int64) float64 {
	i, f := t/period, float64(t%period)
	return chance(name, i)*(1-f/float64(period)) + chance(name, i+1)*f/float64(period)
}

func counter(rate float64, reset int64) func(int64) float64 {
	return func(t int64) float64 {
		at := float64(t - 1700000000)
		if reset > 0 {
			at = float64(t % reset)
		}
		if at <= 40 {
			return math.Trunc(at * rate)
		}
		return math.Trunc(at*rate + 5*rate*math.Sin(at/7))
	}
}

// chance is a number from 0 to 1 that depends on its arguments alone.
func chance(name string, k int64) float64 {
	sum := blake2b6(fmt.Sprintf("%s|%d", name, k))
	n := uint64(0)
	for _, b := range sum {
		n = n<<8 | uint64(b)
	}
	return float64(n) / (1 << 48)
}

// jsonSeries is a series as a client reads it.
type jsonSeries struct {
	Target string            `json:"target"`
	Tags   map[string]string `json:"tags"`
	Points [][2]*float64     `json:"datapoints"`
}

func rendered(t *testing.T, list []*Series, points int) []jsonSeries {
	t.Helper()
	var text writeTo
	if err := WriteJSON(&text, list, JSONOptions{MaxDataPoints: points}); err != nil {
		t.Fatal(err)
	}
	var got []jsonSeries
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("%v in %.300s", err, text)
	}
	return slices.Clip(got)
}

type writeTo []byte

func (w *writeTo) Write(p []byte) (int, error) {
	*w = append(*w, p...)
	return len(p), nil
}
