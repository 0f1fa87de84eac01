package logs

import (
	"context"
	"errors"
	"time"

	"patou/internal/entry"
	"patou/internal/timerange"
)

// Stats say what an answer took.
type Stats struct {
	// Runs is the number of runs the store gave, Opened how many were read.
	Runs, Opened int
	// Rows is the number of entries whose columns were looked at.
	Rows int
	// Sent is the number of rows answered.
	Sent int
}

// Execute runs a query and calls emit for each row of its answer, in order,
// from the calling goroutine. An error of emit ends the query and is returned.
func Execute(ctx context.Context, src Source, q *Query, o Options, emit func(*Row) error) (Stats, error) {
	last := &lastStage{emit: emit}
	p := newPlan(q, o.withDefaults(), last)
	err := p.run(ctx, src)
	p.stats.Sent = last.sent
	return p.stats, err
}

// run asks the store and feeds what it gives to the first stage. The runs are
// released when the last row has been handed on: until then texts point into
// them.
func (p *plan) run(ctx context.Context, src Source) error {
	if p.from >= p.until {
		return p.first.end()
	}
	runs, release, err := src.Runs(ctx, p.lookup())
	if err != nil {
		return err
	}
	if release != nil {
		defer release()
	}
	p.stats.Runs = len(runs)
	if p.whole != nil {
		err = p.wholeRuns(ctx, runs)
	} else {
		err = p.inOrder(ctx, runs)
	}
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := p.first.end(); !errors.Is(err, errEnough) {
		return err
	}
	return nil
}

// opener opens runs for one query, which all share its patience with a
// cancelled context.
func (p *plan) opener(ctx context.Context) func(*entry.Run) (*scan, error) {
	pc := &pace{ctx: ctx, left: paceBytes}
	return func(run *entry.Run) (*scan, error) {
		p.stats.Opened++
		return openScan(ctx, run, pc, p.leaves)
	}
}

// inOrder gives entries in order of time, for queries that answer entries:
// with a limit they end long before the runs do.
func (p *plan) inOrder(ctx context.Context, runs []entry.Run) error {
	needed := runs[:0:0]
	for i := range runs {
		if p.needs(&runs[i]) {
			needed = append(needed, runs[i])
		}
	}
	return newMerge(needed, p, p.opener(ctx)).each(ctx, func(e *entry.Entry) error {
		return p.first.push(&Row{Entry: e})
	})
}

// wholeRuns gives each run to a stage that takes columns in any order. Where
// the directory's counts answer, a run is not opened at all.
func (p *plan) wholeRuns(ctx context.Context, runs []entry.Run) error {
	open, counts := p.opener(ctx), p.countable()
	for i := range runs {
		run := &runs[i]
		if err := ctx.Err(); err != nil {
			return err
		}
		if !p.needs(run) {
			continue
		}
		if counts != nil && p.decided(run) {
			if err := p.count(counts, run); err != nil {
				return err
			}
			// What the directory cannot tell are cut minutes at either end.
			if err := p.edges(open, run); err != nil {
				return err
			}
			continue
		}
		if err := p.openPart(open, run, p.from, p.until); err != nil {
			return err
		}
	}
	return nil
}

// openPart feeds the selected rows of a range of time to the first stage.
func (p *plan) openPart(open func(*entry.Run) (*scan, error), run *entry.Run, from, until int64) error {
	s, err := open(run)
	if err != nil {
		return err
	}
	return p.part(s, from, until)
}

// part does so for a run that is open.
func (p *plan) part(s *scan, from, until int64) error {
	lo, hi, err := s.between(from, until)
	if err != nil || lo == hi {
		return err
	}
	rows, err := p.selectRows(s, lo, hi)
	if err != nil || rows.empty() {
		return err
	}
	return p.whole.scan(s, rows)
}

const minute = int64(time.Minute)

// needs reports whether a run can hold an entry that is asked for.
func (p *plan) needs(run *entry.Run) bool {
	if run.Rows == 0 || run.Last < p.from || run.First >= p.until {
		return false
	}
	switch p.filter.decide(run.Component, anyLevel) {
	case no:
		return false
	case yes:
		return true
	}
	for l, there := range p.present(run) {
		if there && p.filter.decide(run.Component, l) != no {
			return true
		}
	}
	return false
}

// present is which levels the run has in the range of time, minutes that are
// cut by its ends included.
func (p *plan) present(run *entry.Run) (there [entry.Levels]bool) {
	for i := range run.Minutes {
		m := &run.Minutes[i]
		if !p.touches(m.Minute) {
			continue
		}
		for l, n := range m.Counts {
			there[l] = there[l] || n > 0
		}
	}
	return there
}

// touches reports whether a minute, in minutes since 1970, has an instant in
// the range asked for.
func (p *plan) touches(m int64) bool {
	return (m+1)*minute > p.from && m*minute < p.until
}

// decided reports whether component and level alone tell which entries of a
// run are selected.
func (p *plan) decided(run *entry.Run) bool {
	for l, there := range p.present(run) {
		if there && p.filter.decide(run.Component, l) == maybe {
			return false
		}
	}
	return true
}

// count adds the counts of a run's whole minutes.
func (p *plan) count(g *groups, run *entry.Run) error {
	var selected [entry.Levels]bool
	for l := range selected {
		selected[l] = p.filter.decide(run.Component, l) == yes
	}
	from, until := p.cutEnds(run)
	for i := range run.Minutes {
		m := &run.Minutes[i]
		if t := m.Minute * minute; t < from || t >= until {
			continue
		}
		for l, n := range m.Counts {
			if n == 0 || !selected[l] {
				continue
			}
			if err := g.addCount(run.Component, entry.Level(l), m.Minute*minute, uint64(n)); err != nil {
				return err
			}
		}
	}
	return nil
}

// cutEnds is the range of a run's minutes of which all entries are asked for:
// a minute cut by From or Until is left out where the run has entries on both
// sides of the cut.
func (p *plan) cutEnds(run *entry.Run) (from, until int64) {
	from, until = timerange.Floor(max(p.from, run.First), minute), timerange.Floor(min(p.until-1, run.Last), minute)+minute
	if run.First < p.from && from < p.from {
		from += minute
	}
	if run.Last >= p.until && until > p.until {
		until -= minute
	}
	return from, until
}

// edges opens a run for the minutes that cutEnds leaves out.
func (p *plan) edges(open func(*entry.Run) (*scan, error), run *entry.Run) error {
	from, until := p.cutEnds(run)
	before, after := p.from < from && run.First < p.from, until < p.until && run.Last >= p.until
	if !before && !after {
		return nil
	}
	if from >= until {
		return p.openPart(open, run, p.from, p.until)
	}
	if before && !has(run, from/minute-1) {
		before = false
	}
	if after && !has(run, until/minute) {
		after = false
	}
	if !before && !after {
		return nil
	}
	s, err := open(run)
	if err == nil && before {
		err = p.part(s, p.from, from)
	}
	if err == nil && after {
		err = p.part(s, until, p.until)
	}
	return err
}

// has reports whether the run has entries in a minute.
func has(run *entry.Run, m int64) bool {
	for i := range run.Minutes {
		if run.Minutes[i].Minute == m {
			return true
		}
	}
	return false
}
