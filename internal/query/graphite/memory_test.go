package graphite

import (
	"context"
	"math"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"patou/internal/metric"
	"patou/internal/timerange"
)

// memory is a Source that keeps values in maps, with archives as whisper has
// them.
type memory map[string]*whisper

// whisper is a series with its archives, finest first.
type whisper struct {
	xff         float64
	aggregation string
	archives    []archive
	// sketches, by time, make the series a view of a distribution.
	sketches map[int64]*metric.Sketch
	view     metric.View
	max      map[int64]float64
}

type archive struct {
	step, points int64
	values       map[int64]float64
}

func newArchive(step, points int64) archive {
	return archive{step, points, map[int64]float64{}}
}

// Find matches globs node by node; it knows no tags.
func (m memory) Find(_ context.Context, pattern string, _ timerange.Range) ([]metric.Node, error) {
	seen := map[string]metric.Node{}
	for _, p := range braces(pattern) {
		want := strings.Split(p, ".")
		for name := range m {
			nodes := strings.Split(name, ".")
			if len(nodes) < len(want) || strings.Contains(name, ";") != strings.Contains(pattern, ";") {
				continue
			}
			ok := true
			for i := range want {
				match, err := path.Match(strings.ReplaceAll(want[i], "[!", "[^"), nodes[i])
				ok = ok && match && err == nil
			}
			if ok {
				n := seen[strings.Join(nodes[:len(want)], ".")]
				n.Path = strings.Join(nodes[:len(want)], ".")
				n.Leaf = n.Leaf || len(nodes) == len(want)
				n.Branch = n.Branch || len(nodes) > len(want)
				seen[n.Path] = n
			}
		}
	}
	var all []metric.Node
	for _, n := range seen {
		all = append(all, n)
	}
	return all, nil
}

// braces expands {a,b}, also within each other.
func braces(s string) []string {
	open, depth, from := strings.IndexByte(s, '{'), 0, 0
	if open < 0 {
		return []string{s}
	}
	var parts []string
	for i := open; i < len(s); i++ {
		switch {
		case s[i] == '{':
			if depth++; depth == 1 {
				from = i + 1
			}
		case s[i] == ',' && depth == 1:
			parts, from = append(parts, s[from:i]), i+1
		case s[i] == '}':
			if depth--; depth == 0 {
				var all []string
				for _, p := range append(parts, s[from:i]) {
					all = append(all, braces(s[:open]+p+s[i+1:])...)
				}
				return all
			}
		}
	}
	return []string{s}
}

// FindTagged knows tag=value, and tag=~.+ as any value.
func (m memory) FindTagged(_ context.Context, expressions []string, _ timerange.Range) ([]string, error) {
	var names []string
	for name := range m {
		tags := tagsOf(name)
		if !slices.ContainsFunc(expressions, func(e string) bool {
			k, v, _ := strings.Cut(e, "=")
			return v == "~.+" && tags[k] == "" || v != "~.+" && tags[k] != v
		}) {
			names = append(names, name)
		}
	}
	return names, nil
}

// Fetch answers from the one archive that whisper would choose.
func (m memory) Fetch(_ context.Context, names []string, r timerange.Range, now time.Time) ([]metric.Series, error) {
	var all []metric.Series
	from, until := floorDiv(r.From, 1e9), floorDiv(r.Until, 1e9)
	for _, name := range names {
		if w := m[name]; w != nil {
			all = append(all, w.fetch(name, from, until, now.Unix()))
		}
	}
	return all, nil
}

func (w *whisper) fetch(name string, from, until, now int64) metric.Series {
	a := w.archives[len(w.archives)-1]
	for _, finer := range w.archives {
		if finer.step*finer.points >= now-from {
			a = finer
			break
		}
	}
	start, stop := timerange.Floor(from, a.step)+a.step, timerange.Floor(until, a.step)+a.step
	if stop == start {
		stop += a.step
	}
	s := metric.Series{Name: name, Start: start, Step: a.step, Aggregation: "average", View: w.view}
	for t := start; t < stop; t += a.step {
		v, ok := a.values[t]
		if !ok {
			v = math.NaN()
		}
		s.Values = append(s.Values, v)
		if w.sketches != nil {
			s.Distribution = append(s.Distribution, w.sketches[t])
		}
		if w.max != nil {
			s.Max, s.Min = append(s.Max, w.max[t]), append(s.Min, v)
		}
	}
	return s
}

// write puts values into an archive and rolls them up as whisper does: a
// coarser slot is written when enough of the finer ones are known, else its
// old value stays.
func (w *whisper) write(k int, values map[int64]float64) {
	changed := values
	for t, v := range values {
		w.archives[k].values[t] = v
	}
	for lower := k + 1; lower < len(w.archives) && len(changed) > 0; lower++ {
		slots := map[int64]float64{}
		for t := range values {
			slots[timerange.Floor(t, w.archives[lower].step)] = 0
		}
		changed = map[int64]float64{}
		for t := range slots {
			if v, ok := w.rollup(lower, t); ok {
				w.archives[lower].values[t], changed[t] = v, v
			}
		}
	}
}

func (w *whisper) rollup(lower int, t int64) (float64, bool) {
	finer, step := w.archives[lower-1], w.archives[lower].step
	var known []float64
	for at := t; at < t+step; at += finer.step {
		if v, ok := finer.values[at]; ok {
			known = append(known, v)
		}
	}
	if len(known) == 0 || float64(len(known))/float64(step/finer.step) < w.xff {
		return 0, false
	}
	return aggregator(w.aggregation)(known), true
}

func TestMemoryFindsAsGraphiteDoes(t *testing.T) {
	m := memory{"a.b.c": {}, "a.b.d": {}, "a.x": {}, "z": {}}
	f := func(pattern string, want ...string) {
		t.Helper()
		nodes, _ := m.Find(t.Context(), pattern, timerange.Range{})
		var got []string
		for _, n := range merged(nodes) {
			got = append(got, n.Path)
		}
		if !slices.Equal(got, want) {
			t.Errorf("Find(%q) = %v, want %v", pattern, got, want)
		}
	}
	f("a.*", "a.b", "a.x")
	f("a.{b.{c,d},x}", "a.b.c", "a.b.d", "a.x")
	f("*", "a", "z")
	f("a.b.[!c]", "a.b.d")
}
