package logs

import (
	"math"
	"time"

	"patou/internal/entry"
	"patou/internal/query/logs/lang"
)

// Order is the order of entries that a query does not sort itself.
type Order uint8

// The orders of time.
const (
	NewestFirst Order = iota
	OldestFirst
)

// Options bound a query. Zero values mean the defaults named.
type Options struct {
	// From and Until are the range of time, half-open, in ns since 1970 UTC;
	// an Until of 0 means no end.
	From, Until int64
	// Limit is the most entries answered by a query that says no limit itself,
	// 1,000 by default. Rows of an aggregation are bounded by MaxGroups.
	Limit int
	Order Order
	// MaxGroups bounds the groups of aggregations: 50,000.
	MaxGroups int
	// MaxSorted bounds the rows that a sort without limit keeps: 100,000.
	MaxSorted int
	// MaxMemory bounds what groups and sorted rows hold, in bytes: 64 MiB.
	MaxMemory int64
	// window is the number of rows of a run looked at first, for tests.
	window int
}

func (o Options) withDefaults() Options {
	if o.Until == 0 {
		o.Until = math.MaxInt64
	}
	if o.Limit <= 0 {
		o.Limit = 1000
	}
	if o.MaxGroups <= 0 {
		o.MaxGroups = 50_000
	}
	if o.MaxSorted <= 0 {
		o.MaxSorted = 100_000
	}
	if o.MaxMemory <= 0 {
		o.MaxMemory = 64 << 20
	}
	if o.window <= 0 {
		o.window = firstWindow
	}
	return o
}

// plan is how a query is run: what is done with columns, then what with rows.
type plan struct {
	from, until int64
	oldest      bool
	window      int
	filter      *node
	// filterLeaves have numbers below it; what they say of a value holds for
	// the whole run, while fields made by extract differ by window.
	filterLeaves, leaves int
	steps                []step
	first                stage
	// whole is first where it takes whole runs in any order, else nil.
	whole wholeStage
	stats Stats
}

// step is a pipe that works on columns.
type step struct {
	where   *node
	extract *lang.ExtractPipe
}

// wholeStage takes the selected rows of a run as columns.
type wholeStage interface {
	stage
	scan(s *scan, rows rowSet) error
}

// newPlan moves as much as it can to columns: leading wheres join the filter,
// so that they too can rule out whole runs; the next pipes work on windows of
// columns; only the rest sees rows.
func newPlan(q *Query, o Options, last stage) *plan {
	p := &plan{from: o.From, until: o.Until, oldest: o.Order == OldestFirst, window: o.window}
	filter, rest := lang.And{q.Filter}, q.Pipes
	for len(rest) > 0 {
		where, is := rest[0].(*lang.WherePipe)
		if !is {
			break
		}
		filter, rest = append(filter, where.Filter), rest[1:]
	}
	p.filter = compileNode(filter, &p.leaves)
	p.filterLeaves = p.leaves
	for len(rest) > 0 && p.addStep(rest[0]) {
		rest = rest[1:]
	}
	p.first = chain(rest, o, q.Aggregates() || q.limits(), last)
	p.whole, _ = p.first.(wholeStage)
	return p
}

// addStep takes a pipe that can work on columns, or refuses it and all after
// it.
func (p *plan) addStep(one lang.Pipe) bool {
	switch one := one.(type) {
	case *lang.WherePipe:
		p.steps = append(p.steps, step{where: compileNode(one.Filter, &p.leaves)})
	case *lang.ExtractPipe:
		p.steps = append(p.steps, step{extract: one})
	default:
		return false
	}
	return true
}

// chain makes the stages of pipes, from the last to the first. The query is
// bounded where its own pipes say how many rows it answers.
func chain(pipes []lang.Pipe, o Options, bounded bool, last stage) stage {
	b := &budget{maxGroups: o.MaxGroups, maxBytes: o.MaxMemory}
	next := last
	if !bounded {
		next = &limitStage{next, o.Limit}
	}
	for i := len(pipes) - 1; i >= 0; i-- {
		next = newStage(pipes[i], pipes[i+1:], o, bounded, b, next)
	}
	return next
}

// newStage makes one pipe's stage; after are the pipes behind it, which tell a
// sort how many rows it must keep.
func newStage(one lang.Pipe, after []lang.Pipe, o Options, bounded bool, b *budget, next stage) stage {
	switch one := one.(type) {
	case *lang.AggregatePipe:
		return &aggregateStage{stage: next, groups: newGroups(one, b)}
	case *lang.TopPipe:
		count := &lang.AggregatePipe{Of: []lang.Aggregate{{Func: "count", As: one.As}}, By: one.By}
		g := newGroups(count, b)
		g.whole = true
		return &aggregateStage{stage: next, groups: g, top: one}
	case *lang.PatternsPipe:
		return &patternStage{stage: next, sightings: newSightings(one.From, one.By, b)}
	case *lang.SortPipe:
		n, strict := sortedRows(after, o, bounded)
		return &sortStage{stage: next, by: one.By, n: n, strict: strict, budget: b}
	case *lang.WherePipe:
		return &whereStage{next, compile(one.Filter)}
	case *lang.ExtractPipe:
		return &extractStage{next, one}
	case *lang.FieldsPipe:
		return &fieldsStage{next, one.Names}
	case *lang.LimitPipe:
		return &limitStage{next, one.N}
	}
	return next
}

// sortedRows is how many rows a sort must keep, by the pipes after it; strict
// where more rows than that would make the answer wrong.
func sortedRows(after []lang.Pipe, o Options, bounded bool) (n int, strict bool) {
	for _, one := range after {
		switch one := one.(type) {
		case *lang.LimitPipe:
			return one.N, false
		case *lang.FieldsPipe, *lang.ExtractPipe:
			continue
		}
		return o.MaxSorted, true
	}
	if bounded {
		return o.MaxSorted, true
	}
	return o.Limit, false
}

// lookup is what the store is asked for.
func (p *plan) lookup() entry.Lookup {
	return entry.Lookup{
		From:      p.from,
		Until:     p.until,
		Component: func(name string) bool { return p.filter.decide(name, anyLevel) != no },
		Literals:  p.filter.required(),
		ID:        p.filter.requiredID(),
	}
}

// selectRows is the rows of a window that the query selects.
func (p *plan) selectRows(s *scan, lo, hi int) (rowSet, error) {
	s.extra = nil
	clear(s.known[p.filterLeaves:])
	p.stats.Rows += hi - lo
	rows, err := s.filter(p.filter, allRows(lo, hi))
	for _, one := range p.steps {
		switch {
		case err != nil || rows.empty():
			return rows, err
		case one.where != nil:
			rows, err = s.filter(one.where, rows)
		default:
			err = s.extract(one.extract, rows)
		}
	}
	return rows, err
}

// countable is the aggregation, where it can be answered from the counts by
// minute and level that a store's directory holds.
func (p *plan) countable() *groups {
	a, is := p.first.(*aggregateStage)
	if !is || len(p.steps) > 0 || a.groups.pipe.Every%time.Minute != 0 {
		return nil
	}
	for _, one := range a.groups.pipe.Of {
		if one.Func != "count" {
			return nil
		}
	}
	for _, name := range a.groups.pipe.By {
		if name != lang.KeyComponent && name != lang.KeyLevel {
			return nil
		}
	}
	return a.groups
}
