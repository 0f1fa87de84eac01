package logs

import (
	"context"
	"slices"

	"patou/internal/entry"
)

// merge gives the selected entries of many runs in order of time. A run is
// opened only when its nearest end is next, and read in windows that grow, so
// that the newest few entries cost little.
type merge struct {
	oldest bool
	heap   []*cursor
	open   func(*entry.Run) (*scan, error)
	plan   *plan
}

// cursor is one run on the way.
type cursor struct {
	run  *entry.Run
	scan *scan // nil until it is opened
	// lo and hi bound the rows not looked at yet.
	lo, hi int
	window int
	// rows are those selected in the last window, in order of emission.
	rows []int
	time int64 // of the next row, or a bound of it before the run is opened
	id   entry.ID
}

// firstWindow is the number of rows of a run looked at first.
const firstWindow = 256

// newMerge orders runs by the nearest time that they might give.
func newMerge(runs []entry.Run, p *plan, open func(*entry.Run) (*scan, error)) *merge {
	m := &merge{oldest: p.oldest, open: open, plan: p}
	for i := range runs {
		c := &cursor{run: &runs[i], time: min(runs[i].Last, p.until-1), window: p.window}
		if p.oldest {
			c.time = max(runs[i].First, p.from)
		}
		m.heap = append(m.heap, c)
	}
	for i := len(m.heap)/2 - 1; i >= 0; i-- {
		m.down(i)
	}
	return m
}

// each calls f for each entry until it fails.
func (m *merge) each(ctx context.Context, f func(*entry.Entry) error) error {
	for len(m.heap) > 0 {
		c := m.heap[0]
		if len(c.rows) == 0 {
			if err := m.advance(ctx, c); err != nil {
				return err
			}
			continue
		}
		e, err := c.scan.entry(c.rows[0])
		if err != nil {
			return err
		}
		if err := f(e); err != nil {
			return err
		}
		if c.rows = c.rows[1:]; len(c.rows) > 0 {
			err = m.settle(c)
		} else {
			err = m.bound(c)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// settle puts the root, which has rows, in its place.
func (m *merge) settle(c *cursor) error {
	times, err := c.scan.cols.Times()
	if err != nil {
		return err
	}
	ids, err := c.scan.cols.IDs()
	if err != nil {
		return err
	}
	c.time, c.id = times[c.rows[0]], ids[c.rows[0]]
	m.down(0)
	return nil
}

// advance looks at the root's next window, or drops the run when it has ended.
func (m *merge) advance(ctx context.Context, c *cursor) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.scan == nil {
		if c.scan, err = m.open(c.run); err != nil {
			return err
		}
		if c.lo, c.hi, err = c.scan.between(m.plan.from, m.plan.until); err != nil {
			return err
		}
	}
	if c.lo >= c.hi {
		m.heap[0] = m.heap[len(m.heap)-1]
		m.heap = m.heap[:len(m.heap)-1]
		m.down(0)
		return nil
	}
	lo, hi := c.next(m.oldest)
	found, err := m.plan.selectRows(c.scan, lo, hi)
	if err != nil {
		return err
	}
	c.rows = c.rows[:0]
	_ = found.each(func(row int) error { c.rows = append(c.rows, row); return nil })
	if !m.oldest {
		slices.Reverse(c.rows)
	}
	if len(c.rows) > 0 {
		return m.settle(c)
	}
	return m.bound(c)
}

// bound moves an opened run without rows to the time of what is left of it.
func (m *merge) bound(c *cursor) error {
	if c.lo >= c.hi {
		return nil
	}
	times, err := c.scan.cols.Times()
	if err != nil {
		return err
	}
	c.id = entry.ID{}
	c.time = times[c.hi-1]
	if m.oldest {
		c.time = times[c.lo]
	}
	m.down(0)
	return nil
}

// next takes the window that comes next from the rows not looked at.
func (c *cursor) next(oldest bool) (lo, hi int) {
	n := min(c.window, c.hi-c.lo)
	c.window *= 4
	if oldest {
		c.lo += n
		return c.lo - n, c.lo
	}
	c.hi -= n
	return c.hi, c.hi + n
}

// before reports whether a comes before b. One whose next row is not known yet
// comes before all others of its time.
func (m *merge) before(a, b *cursor) bool {
	switch {
	case a.time != b.time:
		return a.time < b.time == m.oldest
	case len(a.rows) == 0 || len(b.rows) == 0:
		return len(a.rows) == 0 && len(b.rows) > 0
	}
	return a.id.Less(b.id) == m.oldest
}

// down restores the heap's order below i.
func (m *merge) down(i int) {
	for {
		first := i
		for _, kid := range []int{2*i + 1, 2*i + 2} {
			if kid < len(m.heap) && m.before(m.heap[kid], m.heap[first]) {
				first = kid
			}
		}
		if first == i {
			return
		}
		m.heap[i], m.heap[first] = m.heap[first], m.heap[i]
		i = first
	}
}
