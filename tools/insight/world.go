package main

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"patou/internal/entry"
	"patou/internal/metric"
	"patou/internal/query/scope"
	"patou/internal/timerange"
	"patou/internal/why"
)

// world is a system in memory, behind the doors of why.
type world struct {
	series     map[string]*metric.Series
	components []string
	links      []why.Link
	entries    map[string][]entry.Entry // by component, in order of time
}

func newWorld() *world {
	return &world{series: map[string]*metric.Series{}, entries: map[string][]entry.Entry{}}
}

// put adds values of a series from a time on, in seconds; what lies between
// them and those there are is unknown.
func (w *world) put(name string, at, step int64, v float64) {
	s := w.series[name]
	if s == nil {
		s = &metric.Series{Name: name, Start: at, Step: step, Aggregation: "average"}
		w.series[name] = s
	}
	i := int((at - s.Start) / step)
	if i < 0 {
		return
	}
	for len(s.Values) <= i {
		s.Values = append(s.Values, math.NaN())
	}
	s.Values[i] = v
}

// Find knows patterns of stars, a level each, and exact names.
func (w *world) Find(_ context.Context, pattern string, _ timerange.Range) ([]metric.Node, error) {
	if !strings.Contains(pattern, "*") {
		if w.series[pattern] != nil {
			return []metric.Node{{Path: pattern, Leaf: true}}, nil
		}
		return nil, nil
	}
	depth := strings.Count(pattern, ".") + 1
	found := map[string]*metric.Node{}
	for name := range w.series {
		nodes := strings.Split(name, ".")
		if len(nodes) < depth {
			continue
		}
		path := strings.Join(nodes[:depth], ".")
		n := found[path]
		if n == nil {
			n = &metric.Node{Path: path}
			found[path] = n
		}
		n.Leaf, n.Branch = n.Leaf || len(nodes) == depth, n.Branch || len(nodes) > depth
	}
	var out []metric.Node
	for _, n := range found {
		out = append(out, *n)
	}
	return out, nil
}

// Fetch cuts what there is to the range.
func (w *world) Fetch(_ context.Context, names []string, r timerange.Range, _ time.Time) ([]metric.Series, error) {
	var out []metric.Series
	for _, name := range names {
		s := w.series[name]
		if s == nil {
			continue
		}
		lo := max(0, int((r.From/1e9-s.Start)/s.Step)+1)
		hi := min(len(s.Values), int((r.Until/1e9-s.Start)/s.Step)+1)
		if r.From/1e9 < s.Start {
			lo = 0
		}
		if lo >= hi {
			continue
		}
		c := *s
		c.Start, c.Values = s.Start+int64(lo)*s.Step, s.Values[lo:hi]
		out = append(out, c)
	}
	return out, nil
}

// Runs gives each component's entries as one run.
func (w *world) Runs(_ context.Context, l entry.Lookup) ([]entry.Run, func(), error) {
	var runs []entry.Run
	for name, list := range w.entries {
		if l.Component != nil && !l.Component(name) || len(list) == 0 {
			continue
		}
		first, last := list[0].Time, list[len(list)-1].Time
		if last < l.From || first >= l.Until {
			continue
		}
		runs = append(runs, entry.Run{Component: name, First: first, Last: last, Rows: len(list), Open: func(context.Context) (entry.Columns, error) {
			return rows(list), nil
		}})
	}
	return runs, func() {}, nil
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
	return entry.Strings{Values: each(r, func(e *entry.Entry) string { return e.Host })}, nil
}

func (r rows) Messages() (entry.Strings, error) {
	return entry.Strings{Values: each(r, func(e *entry.Entry) string { return e.Message })}, nil
}

func (r rows) Keys() ([]string, error) { return nil, nil }

func (r rows) Field(string) (entry.Strings, error) {
	codes := make([]uint32, len(r))
	for i := range codes {
		codes[i] = entry.Absent
	}
	return entry.Strings{Codes: codes}, nil
}

func (r rows) Fields(row int) ([]entry.Field, error) { return r[row].Fields, nil }

func each[V any](r rows, f func(*entry.Entry) V) []V {
	out := make([]V, len(r))
	for i := range r {
		out[i] = f(&r[i])
	}
	return out
}

// Kin knows no groups; the links are the data's.
func (w *world) Kin() why.Kin { return why.Kin{Links: w.links} }

// engine asks this world.
func (w *world) engine() *why.Engine {
	slices.Sort(w.components)
	w.components = slices.Compact(w.components)
	return why.New(why.Options{
		Series: w, Entries: w, Herd: w, Workers: 1,
		Known: func() scope.Known { return scope.Known{Components: w.components} },
	})
}
