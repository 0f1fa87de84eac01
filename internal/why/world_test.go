package why_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"patou/internal/entry"
	"patou/internal/event"
	"patou/internal/metric"
	"patou/internal/query/scope"
	"patou/internal/timerange"
	"patou/internal/why"
)

// The window of all questions here: two minutes, twenty before them.
func began() time.Time { return time.Date(2026, 11, 20, 14, 5, 0, 0, time.UTC) }

const testStep = 10

// world is a small system behind the doors of why: series of ten seconds, and
// entries, from an hour before until the window's end.
type world struct {
	series  map[string]*metric.Series
	order   []string // in which Fetch and Find give things
	entries map[string][]entry.Entry
	events  []event.Event
	kin     why.Kin
	known   scope.Known
	rng     *rand.Rand
}

func newWorld(seed uint64) *world {
	return &world{series: map[string]*metric.Series{}, entries: map[string][]entry.Entry{}, rng: rand.New(rand.NewPCG(seed, 1))}
}

// put makes a series of a function of the time since the window's begin.
func (w *world) put(name, aggregation string, f func(since time.Duration) float64) {
	start := began().Add(-time.Hour)
	s := &metric.Series{Name: name, Start: start.Unix(), Step: testStep, Aggregation: aggregation}
	for at := start; at.Before(began().Add(2 * time.Minute)); at = at.Add(testStep * time.Second) {
		s.Values = append(s.Values, f(at.Sub(began())))
	}
	w.series[name], w.order = s, append(w.order, name)
}

// noise is a level with one percent of noise, stepped to another in the window.
func (w *world) noise(level, inWindow float64) func(time.Duration) float64 {
	return func(since time.Duration) float64 {
		v := level
		if since >= 0 {
			v = inWindow
		}
		return v * (1 + 0.01*w.rng.NormFloat64())
	}
}

// say adds entries of a component, each gap apart, between two times since the
// window's begin.
func (w *world) say(c string, from, until, gap time.Duration, level entry.Level, message func(n int) string, fields ...entry.Field) {
	n := 0
	for at := from; at < until; at += gap {
		n++
		w.entries[c] = append(w.entries[c], entry.Entry{
			ID: entry.ID{Batch: 1, Row: uint32(len(w.entries[c]))}, Time: began().Add(at).UnixNano() + int64(n%7),
			Component: c, Host: "h1", Level: level, Message: message(n), Fields: fields,
		})
	}
}

func (w *world) Find(_ context.Context, pattern string, _ timerange.Range) ([]metric.Node, error) {
	var out []metric.Node
	seen := map[string]bool{}
	depth := strings.Count(pattern, ".") + 1
	for _, name := range w.order {
		nodes := strings.Split(name, ".")
		if !strings.Contains(pattern, "*") {
			if name == pattern {
				out = append(out, metric.Node{Path: name, Leaf: true})
			}
			continue
		}
		if path := strings.Join(nodes[:min(depth, len(nodes))], "."); len(nodes) >= depth && !seen[path] {
			seen[path] = true
			out = append(out, metric.Node{Path: path, Leaf: w.series[path] != nil, Branch: len(nodes) > depth})
		}
	}
	return out, nil
}

func (w *world) Fetch(ctx context.Context, names []string, r timerange.Range, _ time.Time) ([]metric.Series, error) {
	var out []metric.Series
	for _, name := range names {
		s := w.series[name]
		if s == nil {
			continue
		}
		lo := max(0, int((r.From/1e9-s.Start)/s.Step)+1)
		hi := min(len(s.Values), int((r.Until/1e9-s.Start)/s.Step)+1)
		if lo < hi && r.From/1e9 >= s.Start {
			c := *s
			c.Start, c.Values = s.Start+int64(lo)*s.Step, s.Values[lo:hi]
			out = append(out, c)
		}
	}
	return out, ctx.Err()
}

func (w *world) Runs(_ context.Context, l entry.Lookup) ([]entry.Run, func(), error) {
	var runs []entry.Run
	for name, list := range w.entries {
		runs = append(runs, entry.Run{Component: name, First: list[0].Time, Last: list[len(list)-1].Time, Rows: len(list),
			Open: func(context.Context) (entry.Columns, error) { return rows(list), nil }})
	}
	return runs, func() {}, nil
}

func (w *world) Events(_ context.Context, q event.Query) ([]event.Event, error) {
	var out []event.Event
	for _, e := range w.events {
		if e.Time >= q.From && e.Time < q.Until {
			out = append(out, e)
		}
	}
	return out, nil
}

func (w *world) Kin() why.Kin { return w.kin }

// ask asks about targets in the window.
func (w *world) ask(t testing.TB, targets ...string) *why.Reasons {
	t.Helper()
	a, err := w.engine().Why(t.Context(), why.Ask{Targets: targets, Window: window(), Now: began().Add(3 * time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (w *world) engine() *why.Engine {
	return why.New(why.Options{Series: w, Entries: w, Events: w, Herd: w, Known: func() scope.Known { return w.known }})
}

func window() timerange.Range {
	return timerange.Range{From: began().UnixNano(), Until: began().Add(2 * time.Minute).UnixNano()}
}

// rows are entries as columns.
type rows []entry.Entry

func (r rows) Len() int { return len(r) }
func (r rows) Times() ([]int64, error) {
	return each(r, func(e *entry.Entry) int64 { return e.Time }), nil
}
func (r rows) Levels() ([]entry.Level, error) {
	return each(r, func(e *entry.Entry) entry.Level { return e.Level }), nil
}
func (r rows) IDs() ([]entry.ID, error) {
	return each(r, func(e *entry.Entry) entry.ID { return e.ID }), nil
}
func (r rows) Hosts() (entry.Strings, error) {
	return entry.Strings{Values: []string{"h1", "h9"}, Codes: make([]uint32, len(r))}, nil // h9 is another component's
}
func (r rows) Messages() (entry.Strings, error) {
	return entry.Strings{Values: each(r, func(e *entry.Entry) string { return e.Message })}, nil
}
func (r rows) Fields(row int) ([]entry.Field, error) { return r[row].Fields, nil }

func (r rows) Keys() ([]string, error) {
	var keys []string
	seen := map[string]bool{}
	for i := range r {
		for _, f := range r[i].Fields {
			if !seen[f.Key] {
				seen[f.Key], keys = true, append(keys, f.Key)
			}
		}
	}
	return keys, nil
}

func (r rows) Field(key string) (entry.Strings, error) {
	out := entry.Strings{Codes: make([]uint32, len(r))}
	codes := map[string]uint32{}
	for i := range r {
		v, ok := r[i].Field(key)
		if out.Codes[i] = entry.Absent; !ok {
			continue
		}
		if _, known := codes[v]; !known {
			codes[v] = uint32(len(out.Values))
			out.Values = append(out.Values, v)
		}
		out.Codes[i] = codes[v]
	}
	return out, nil
}

func each[V any](r rows, f func(*entry.Entry) V) []V {
	out := make([]V, len(r))
	for i := range r {
		out[i] = f(&r[i])
	}
	return out
}

// shop is a system of three: the edge asks the api, the api the db. Something
// makes the db slow in the window, and with it all that wait for it.
func shop(seed uint64) *world {
	w := newWorld(seed)
	w.known = scope.Known{Components: []string{"edge", "api", "db", "mail"}, Hosts: []string{"h1"}}
	w.kin.Links = []why.Link{{From: "edge", To: "api"}, {From: "api", To: "db"}}
	w.put("edge.latency", "average", w.noise(0.2, 0.9))
	w.put("api.latency", "average", w.noise(0.1, 0.8))
	w.put("db.latency", "average", w.noise(0.01, 0.7))
	w.put("mail.latency", "average", w.noise(3, 3))
	for _, c := range w.known.Components {
		w.put(c+".requests", "average", w.noise(500, 500))
		w.put(c+".constant", "average", func(time.Duration) float64 { return 7 })
		w.say(c, -time.Hour, 2*time.Minute, 3*time.Second, entry.Info, func(n int) string { return fmt.Sprintf("job %d of %s done in %d ms", n, c, n%90) })
	}
	return w
}

func nan() float64 { return math.NaN() }
