package why

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"patou/internal/timerange"
	"patou/internal/why/shift"
)

// gather reads all that there is to read: entries and series side by side.
func (q *question) gather(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var linesErr error
	var reading sync.WaitGroup
	reading.Go(func() {
		defer caught(&linesErr)
		if linesErr = q.readLines(ctx); linesErr == nil {
			linesErr = q.recall(ctx)
		}
	})
	err := q.readEvents(ctx)
	if err == nil {
		err = q.readSeries(ctx)
	}
	if err != nil {
		cancel()
	}
	reading.Wait()
	if err == nil {
		err = linesErr
	}
	if err == nil {
		err = q.yesterday(ctx)
	}
	return err
}

// maxJudged bounds the changes that are looked at a second time.
const maxJudged = 300

// yesterday looks whether the same happened at the same time a day before,
// which makes it usual.
func (q *question) yesterday(ctx context.Context) error {
	if q.Series == nil || q.Window.Duration() > 12*time.Hour {
		return nil
	}
	q.sortChanges()
	some := q.series.changes[:min(len(q.series.changes), maxJudged)]
	byName := map[string]*change{}
	var names []string
	for _, c := range some {
		if c.state == "" {
			byName[c.name], names = c, append(names, c.name)
		}
	}
	day := int64(24 * time.Hour)
	r := timerange.Range{From: q.grid.start - 1 - day, Until: q.Window.Until - 1 - day}
	all, err := q.Series.Fetch(ctx, names, r, q.Now)
	if err != nil {
		return err
	}
	for i := range all {
		m, c := &all[i], byName[all[i].Name]
		values := q.grid.spread(m.Start+day/1e9, m.Step, m.Values, m.Aggregation == "sum", q.grid.n)
		if c.rate {
			values = rates(values, q.grid.step)
		}
		then := shift.NewPast(values, nil).Compare(q.grid.base, q.grid.window, q.grid.guard)
		if then.Passes() && then.Z > 0 == (c.Z > 0) {
			c.null = append(c.null, then.Size(), then.Size())
		}
	}
	return nil
}

// sortChanges puts the largest first; ties by name, so that the order in which
// they were read does not matter.
func (q *question) sortChanges() {
	slices.SortFunc(q.series.changes, func(a, b *change) int {
		if a.Size() != b.Size() {
			return cmp.Compare(b.Size(), a.Size())
		}
		return strings.Compare(a.name, b.name)
	})
}

// Chances above these are no finding. In scope few series are compared and the
// user has reason to suspect them; outside, many are.
const (
	nearChance = 0.02
	farChance  = 0.01
)

// judge gives each change its chance, over all series of its nearness, and
// keeps those that chance does not explain.
func (q *question) judge(near func(c, host string) bool) []*change {
	tail := shift.NewTail(append(q.series.nulls, q.pasts()...))
	q.sortChanges()
	var kept []*change
	for _, is := range []bool{true, false} {
		var some []*change
		var p []float64
		for _, c := range q.series.changes {
			if near(c.component, c.host) != is {
				continue
			}
			c.p = q.chanceOf(c, tail)
			some, p = append(some, c), append(p, c.p)
		}
		limit := nearChance
		if !is {
			limit = farChance
		}
		for i, adjusted := range shift.Adjust(p, q.seenNear(near, is)) {
			if some[i].q = adjusted; adjusted <= limit {
				kept = append(kept, some[i])
			}
		}
	}
	return q.finish(kept)
}

// seenNear is how many series were compared at one nearness.
func (q *question) seenNear(near func(c, host string) bool, is bool) int {
	n := 0
	for p, seen := range q.series.seen {
		if near(p.component, p.host) == is {
			n += seen
		}
	}
	return n
}

// pasts are the nulls of the changes, those not sampled already: a question
// over few series has no other.
func (q *question) pasts() [][]float64 {
	var out [][]float64
	for _, c := range q.series.changes {
		if len(c.null) > 0 && hash(c.name)%sampled != 0 {
			out = append(out, c.null)
		}
		if len(out) == maxJudged {
			break
		}
	}
	return out
}

// chanceOf is the chance of one change before the number of comparisons counts.
func (q *question) chanceOf(c *change, tail *shift.Tail) float64 {
	switch c.state {
	case "new":
		return 1e-3
	case "gone":
		return q.goneChance(c)
	}
	if !c.Passes() {
		return 1
	}
	return tail.Chance(c.Size(), c.null)
}

// goneChance judges a silence against the holes that the series had before.
func (q *question) goneChance(c *change) float64 {
	_, last := ends(c.values)
	if q.series.last-last < 3 { // all end here: it is the store's end
		return 1
	}
	longest, hole := 0, 0
	for _, v := range c.values[:last+1] {
		if hole++; !math.IsNaN(v) {
			longest, hole = max(longest, hole-1), 0
		}
	}
	if 2*longest >= q.series.last-last {
		return 1
	}
	return 1e-4
}

// finish sets what rows tell of a change: when it began, and how much it moves
// like what was selected.
func (q *question) finish(kept []*change) []*change {
	for _, c := range kept {
		c.onset = q.grid.window.From
		near := shift.Stretch{From: q.grid.window.From - 2*q.grid.guard, Until: q.grid.window.Until}
		if at, ok := shift.Split(c.values, c.Before, c.After, near); ok {
			c.onset = at
		}
		if c.state == "gone" {
			_, last := ends(c.values)
			c.onset = last + 1
		}
		if q.curve != nil {
			c.alike = shift.Alike(c.values, q.curve)
		}
	}
	return kept
}
