package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"

	"patou/internal/timerange"
	"patou/internal/why"
	"patou/internal/why/shift"
)

// incident is one labelled case.
type incident struct {
	name, set, fault string
	// cause is the component at fault.
	cause string
	// first is set for the half with which constants were set.
	first bool
	world *world
	ask   why.Ask
}

// method ranks the components of a case.
type method struct {
	name string
	rank func(context.Context, *incident) (names, shown []string, err error)
}

func methods() []method {
	return []method{
		{"why", byWhy},
		{"n-sigma", func(_ context.Context, c *incident) (names, shown []string, err error) {
			return c.bySeries(sigma), nil, nil
		}},
		{"KS", func(_ context.Context, c *incident) (names, shown []string, err error) {
			return c.bySeries(ks), nil, nil
		}},
	}
}

// byWhy ranks by what speaks for each component. What was selected is the
// symptom and no answer.
func byWhy(ctx context.Context, c *incident) (names, shown []string, err error) {
	a, err := c.world.engine().Why(ctx, c.ask)
	if err != nil {
		return nil, nil, err
	}
	for _, r := range a.Rows {
		shown = append(shown, r.Component)
	}
	var out []string
	for _, r := range a.Components {
		out = append(out, r.Name)
	}
	return c.withoutSymptom(out), shown, nil
}

func (c *incident) withoutSymptom(names []string) []string {
	symptom := componentOf(c.ask.Targets[0])
	return slices.DeleteFunc(names, func(n string) bool { return n == symptom })
}

func componentOf(series string) string {
	for i := range series {
		if series[i] == '.' {
			return series[:i]
		}
	}
	return series
}

// bySeries ranks components by their series of the greatest size.
func (c *incident) bySeries(size func(base, window []float64) float64) []string {
	best := map[string]float64{}
	for _, name := range sortedKeys(c.world.series) {
		s := c.world.series[name]
		base, window := cut(s.Start, s.Step, s.Values, c.ask.Base), cut(s.Start, s.Step, s.Values, c.ask.Window)
		if len(base) < 6 || len(window) == 0 {
			continue
		}
		of := componentOf(name)
		best[of] = max(best[of], size(base, window))
	}
	names := sortedKeys(best)
	slices.SortStableFunc(names, func(a, b string) int {
		switch {
		case best[a] > best[b]:
			return -1
		case best[a] < best[b]:
			return 1
		}
		return 0
	})
	return c.withoutSymptom(slices.DeleteFunc(names, func(n string) bool { return best[n] == 0 }))
}

// cut is the sorted values of a range.
func cut(start, step int64, values []float64, r timerange.Range) []float64 {
	lo := min(max(0, int((r.From/1e9-start+step-1)/step)), len(values))
	hi := max(min(len(values), int((r.Until/1e9-start+step-1)/step)), lo)
	return shift.Sorted(values[lo:hi])
}

// sigma is the greatest deviation from the baseline's mean in units of its
// standard deviation.
func sigma(base, window []float64) float64 {
	mean, sq := 0.0, 0.0
	for _, v := range base {
		mean += v / float64(len(base))
	}
	for _, v := range base {
		sq += (v - mean) * (v - mean) / float64(len(base))
	}
	if sq == 0 {
		sq = 1e-12
	}
	return max(math.Abs(window[0]-mean), math.Abs(window[len(window)-1]-mean)) / math.Sqrt(sq)
}

func ks(base, window []float64) float64 { return shift.Compare(base, window).D }

// tally is how often the cause was found.
type tally struct {
	n, top1, top3, top5, silent, shown int
	random                             float64 // of the first
}

type table struct {
	methods []method
	of      []map[string]*tally // by method, by set and fault
}

func newTable() *table {
	t := &table{methods: methods()}
	for range t.methods {
		t.of = append(t.of, map[string]*tally{})
	}
	return t
}

func (t *table) ask(ctx context.Context, c *incident, verbose bool) error {
	components := map[string]bool{}
	for name := range c.world.series {
		components[componentOf(name)] = true
	}
	for i, m := range t.methods {
		names, shown, err := m.rank(ctx, c)
		if err != nil {
			return err
		}
		rank := slices.Index(names, c.cause) + 1
		if verbose && i == 0 {
			fmt.Printf("%-46s %-14s rank %2d of %d  %s: %v\n", c.name, c.fault, rank, len(components)-1, c.cause, names[:min(4, len(names))])
		}
		for _, key := range []string{c.set + "\x00" + c.fault, "~all\x00"} {
			t.count(i, key, rank, len(shown) == 0, slices.Contains(shown, c.cause), len(components)-1)
		}
	}
	return nil
}

func (t *table) count(method int, key string, rank int, silent, shown bool, of int) {
	y := t.of[method][key]
	if y == nil {
		y = &tally{}
		t.of[method][key] = y
	}
	y.n++
	y.random += 1 / float64(of)
	if silent {
		y.silent++
	}
	if shown {
		y.shown++
	}
	for _, top := range []struct {
		to *int
		k  int
	}{{&y.top1, 1}, {&y.top3, 3}, {&y.top5, 5}} {
		if rank > 0 && rank <= top.k {
			*top.to++
		}
	}
}

func (t *table) print(out io.Writer) {
	fmt.Fprint(out, "| data, fault | cases |")
	for _, m := range t.methods {
		fmt.Fprintf(out, " %s top 1/3/5 |", m.name)
	}
	fmt.Fprint(out, " random order 1/3/5 | among the rows shown | no row |\n|---|---|---|---|---|---|---|---|\n")
	for _, key := range sortedKeys(t.of[0]) {
		y := t.of[0][key]
		set, kind := key[:slices.Index([]byte(key), 0)], key[slices.Index([]byte(key), 0)+1:]
		fmt.Fprintf(out, "| %s %s | %d |", set, kind, y.n)
		for i := range t.methods {
			y := t.of[i][key]
			fmt.Fprintf(out, " %s/%s/%s |", share(y.top1, y.n), share(y.top3, y.n), share(y.top5, y.n))
		}
		r := y.random / float64(y.n)
		fmt.Fprintf(out, " %.2f/%.2f/%.2f | %s | %d |\n", r, 3*r, 5*r, share(y.shown, y.n), y.silent)
	}
}

func share(n, of int) string { return fmt.Sprintf("%.2f", float64(n)/float64(of)) }
