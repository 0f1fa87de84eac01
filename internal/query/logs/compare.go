package logs

import (
	"cmp"
	"context"
	"math"
	"slices"

	"patou/internal/entry"
	"patou/internal/query/logs/lang"
)

// State says how a template's share of a window differs from the time before.
type State string

// The states.
const (
	New   State = "new"   // it did not occur before
	Gone  State = "gone"  // it occurs no more, and by chance it would hardly be missing
	More  State = "more"  // it is at least twice as frequent, and not by chance
	Less  State = "less"  // it is at most half as frequent, and not by chance
	Usual State = "usual" // none of these
)

// Windows are the ranges of time that a comparison is of, half-open, in ns.
type Windows struct {
	From, Until         int64
	BaseFrom, BaseUntil int64
}

// Comparison is what a window's messages say beside those of another time.
type Comparison struct {
	// Patterns are what is new, more, gone, less and usual, in this order, the
	// most frequent of each first.
	Patterns []Pattern
	// Scanned is how many entries were looked at.
	Scanned int
	// SparkFrom is when the first span of a Pattern's Spark begins, SparkStep
	// their length.
	SparkFrom, SparkStep int64
}

// Pattern is a template in one component.
type Pattern struct {
	// ID is a hash of Text.
	ID        uint64
	Text      string
	Component string
	// Count is how many entries of the window have it, Base how many of the time
	// compared with.
	Count, Base uint64
	State       State
	// Levels counts those of the window by level.
	Levels [entry.Levels]uint64
	// First and Last are the times of the window's first and last one; of the
	// other time's where the window has none. Example is the last one's message.
	First, Last int64
	Example     string
	// Spark counts entries by spans of time: from the begin of what is compared
	// with to the end of the window where they follow each other, else of the
	// window alone.
	Spark []uint32
}

// sparkSpans is how many spans a spark has.
const sparkSpans = 30

// Compare mines the templates of the entries that a query's filters select, by
// component, and compares how frequent they are in two windows. Pipes other than
// where and extract are left out. Base may be empty: then all are new.
func Compare(ctx context.Context, src Source, q *Query, w Windows) (*Comparison, error) {
	o := Options{From: w.From, Until: w.Until}.withDefaults()
	c := &Comparison{SparkFrom: w.From}
	if w.BaseUntil <= w.From && w.BaseUntil >= w.From-(w.Until-w.From) && w.BaseFrom < w.BaseUntil {
		c.SparkFrom = w.BaseFrom
	}
	c.SparkStep = max(1, (w.Until-c.SparkFrom+sparkSpans-1)/sparkSpans)
	g := newSightings(lang.KeyMessage, []string{lang.KeyComponent}, &budget{maxGroups: o.MaxGroups, maxBytes: o.MaxMemory})
	g.watch = &watch{from: c.SparkFrom, step: c.SparkStep, buckets: sparkSpans, begun: map[string]int64{}}
	for _, base := range []bool{false, true} {
		g.watch.base = base
		if base {
			o.From, o.Until = w.BaseFrom, w.BaseUntil
		}
		stage := &patternStage{stage: &lastStage{}, sightings: g}
		p := newPlan(&Query{Query: lang.Query{Filter: q.Filter, Pipes: q.rowPipes()}}, o, nil)
		p.first, p.whole = &quiet{stage}, &quiet{stage}
		if err := p.run(ctx, src); err != nil {
			return nil, err
		}
		c.Scanned += p.stats.Rows
	}
	for _, one := range g.finish() {
		c.add(&one, w.since(g.watch.begun[one.keys[0].text]))
	}
	slices.SortStableFunc(c.Patterns, func(a, b Pattern) int { return cmp.Compare(rank(a.State), rank(b.State)) })
	return c, nil
}

// since leaves out the begin of what is compared with, where a component said
// nothing yet for a quarter of it or more: it was not there, or the server was
// not.
func (w Windows) since(begun int64) Windows {
	if begun-w.BaseFrom >= (w.BaseUntil-w.BaseFrom)/4 {
		w.BaseFrom = begun
	}
	return w
}

// quiet takes in entries and says nothing at the end: there is more to come.
type quiet struct{ *patternStage }

func (quiet) end() error { return nil }

func rank(s State) int { return slices.Index([]State{New, More, Gone, Less, Usual}, s) }

func (c *Comparison) add(one *found, w Windows) {
	p := Pattern{
		ID: one.template.ID, Text: one.template.Text, Component: one.keys[0].String(), Count: one.n, Base: one.base,
		Levels: one.levels, First: one.first, Last: one.last, Example: one.example, Spark: one.spark,
	}
	p.State = judge(p.Count, p.Base, float64(w.Until-w.From), float64(w.BaseUntil-w.BaseFrom), c.unrest(one.spark, w))
	c.Patterns = append(c.Patterns, p)
}

// What is more or less than usual: a change by this factor that happens by
// chance to one template of a thousand.
const (
	factor = 2
	unlike = 10.83
)

// judge compares two counts of windows of some lengths. Unrest is how much more
// than by chance the counts differ in quiet times already.
func judge(n, base uint64, length, baseLength, unrest float64) State {
	if base == 0 {
		return New
	}
	expected := float64(base) * length / baseLength
	rate := float64(n+base) / (length + baseLength)
	g := 2 * (surprise(float64(n), rate*length) + surprise(float64(base), rate*baseLength)) / unrest
	switch {
	case g < unlike:
	case n == 0:
		return Gone
	case float64(n) >= factor*expected:
		return More
	case factor*float64(n) <= expected:
		return Less
	}
	return Usual
}

func surprise(seen, expected float64) float64 {
	if seen == 0 {
		return 0
	}
	return seen * math.Log(seen/expected)
}

// unrest is the variance of the counts before the window over their mean, 1 at
// least: lines that come in bursts are in more of them than usual at any time.
func (c *Comparison) unrest(spark []uint32, w Windows) float64 {
	var n, sum, squares float64
	for i, count := range spark {
		if start := c.SparkFrom + int64(i)*c.SparkStep; start+c.SparkStep <= w.From && start >= w.BaseFrom {
			n++
			sum += float64(count)
			squares += float64(count) * float64(count)
		}
	}
	if n < 4 || sum == 0 {
		return 1
	}
	mean := sum / n
	return max(1, (squares-n*mean*mean)/(n-1)/mean)
}
