package logs

import (
	"errors"
	"slices"
	"strings"

	"patou/internal/entry"
	"patou/internal/query/logs/lang"
)

// sortStage keeps the first n rows of an order in a heap whose root is the
// last of them.
type sortStage struct {
	stage
	by     []lang.SortKey
	n      int
	strict bool // more than n rows are an error
	budget *budget
	heap   []sorted
	seen   int
}

// sorted is a row with what it is compared by, read once.
type sorted struct {
	by   []order
	seq  int // of arrival
	row  *Row
	size int
}

// compare orders rows; equal ones newest first where they are entries, else as
// they came.
func (s *sortStage) compare(a, b *sorted) int {
	for i, k := range s.by {
		if c := a.by[i].compare(b.by[i], k.Desc); c != 0 {
			return c
		}
	}
	if a.row.Entry != nil && b.row.Entry != nil {
		return compareEntries(b.row.Entry, a.row.Entry)
	}
	return a.seq - b.seq
}

// compareEntries orders entries by time, then by ID.
func compareEntries(a, b *entry.Entry) int {
	switch {
	case a.Time != b.Time:
		if a.Time < b.Time {
			return -1
		}
		return 1
	case a.ID.Less(b.ID):
		return -1
	case b.ID.Less(a.ID):
		return 1
	}
	return 0
}

// push takes in a row that was made by a pipe before.
func (s *sortStage) push(r *Row) error {
	one := sorted{by: make([]order, len(s.by)), row: r}
	for i, k := range s.by {
		one.by[i] = orderOf(k.Name, r.Value(k.Name))
	}
	return s.add(one)
}

// wants reports whether an entry with these values is among the first n so far.
func (s *sortStage) wants(by []order, time int64, id entry.ID) bool {
	if len(s.heap) < s.n {
		return true
	}
	worst := &s.heap[0]
	for i, k := range s.by {
		if c := by[i].compare(worst.by[i], k.Desc); c != 0 {
			return c < 0
		}
	}
	return compareEntries(&entry.Entry{Time: time, ID: id}, worst.row.Entry) > 0
}

// add keeps a row if it is among the first n. Kept rows are cloned: their
// texts are valid only during the call.
func (s *sortStage) add(one sorted) error {
	one.seq = s.seen
	s.seen++
	full := len(s.heap) == s.n
	if full && s.strict {
		return &BudgetError{What: "rows sorted", Limit: int64(s.n), Advice: "add limit after sort"}
	}
	if full && s.compare(&one, &s.heap[0]) > 0 {
		return nil
	}
	one.row = cloneRow(one.row)
	for i := range one.by {
		one.by[i].text = strings.Clone(one.by[i].text)
	}
	one.size = rowSize(one.row)
	if full {
		s.budget.give(s.heap[0].size)
		s.heap[0] = one
		s.down(0)
	} else {
		s.heap = append(s.heap, one)
		s.up(len(s.heap) - 1)
	}
	return s.budget.take(one.size)
}

func (s *sortStage) up(i int) {
	for i > 0 && s.compare(&s.heap[i], &s.heap[(i-1)/2]) > 0 {
		s.heap[i], s.heap[(i-1)/2] = s.heap[(i-1)/2], s.heap[i]
		i = (i - 1) / 2
	}
}

func (s *sortStage) down(i int) {
	for {
		last := i
		for _, kid := range []int{2*i + 1, 2*i + 2} {
			if kid < len(s.heap) && s.compare(&s.heap[kid], &s.heap[last]) > 0 {
				last = kid
			}
		}
		if last == i {
			return
		}
		s.heap[i], s.heap[last] = s.heap[last], s.heap[i]
		i = last
	}
}

// end hands the kept rows on in their order.
func (s *sortStage) end() error {
	slices.SortFunc(s.heap, func(a, b sorted) int { return s.compare(&a, &b) })
	for i := range s.heap {
		if err := s.stage.push(s.heap[i].row); errors.Is(err, errEnough) {
			break
		} else if err != nil {
			return err
		}
	}
	return s.stage.end()
}

// scan takes in the selected rows of a run and makes entries only of those
// that might stay.
func (s *sortStage) scan(sc *scan, rows rowSet) error {
	columns := make([]*sortColumn, len(s.by))
	for i, k := range s.by {
		var err error
		if columns[i], err = newSortColumn(sc, k.Name); err != nil {
			return err
		}
	}
	times, err := sc.cols.Times()
	if err != nil {
		return err
	}
	ids, err := sc.cols.IDs()
	if err != nil {
		return err
	}
	by := make([]order, len(s.by))
	return rows.each(func(row int) error {
		for i, c := range columns {
			by[i] = c.order(row)
		}
		if err := sc.pace.step(0); err != nil || !s.wants(by, times[row], ids[row]) {
			return err
		}
		e, err := sc.entry(row)
		if err != nil {
			return err
		}
		return s.add(sorted{by: slices.Clone(by), row: &Row{Entry: e}})
	})
}

// sortColumn gives the order of a column's rows, read once a distinct value.
type sortColumn struct {
	name   string
	times  []int64
	values *texts
	known  []order
	have   []bool
}

// newSortColumn reads a column once a run.
func newSortColumn(sc *scan, name string) (*sortColumn, error) {
	c := &sortColumn{name: name}
	var err error
	if name == lang.KeyTime {
		c.times, err = sc.cols.Times()
		return c, err
	}
	c.values, err = sc.texts(columnOf(name))
	if err == nil && c.values.Codes != nil {
		c.known, c.have = make([]order, len(c.values.Values)), make([]bool, len(c.values.Values))
	}
	return c, err
}

func (c *sortColumn) order(row int) order {
	if c.times != nil {
		return order{ns: c.times[row]}
	}
	code := c.values.code(row)
	switch {
	case code == entry.Absent:
		return order{rank: rankNone}
	case c.known == nil:
		return orderOf(c.name, textValue(c.values.Values[code], true))
	case !c.have[code]:
		c.have[code], c.known[code] = true, orderOf(c.name, textValue(c.values.Values[code], true))
	}
	return c.known[code]
}

// cloneRow copies the texts too, which point into a run.
func cloneRow(r *Row) *Row {
	if r.Entry != nil {
		return &Row{Entry: cloneEntry(r.Entry)}
	}
	cells := slices.Clone(r.Cells)
	for i := range cells {
		cells[i].Value.text = strings.Clone(cells[i].Value.text)
	}
	return &Row{Cells: cells}
}

func cloneEntry(e *entry.Entry) *entry.Entry {
	c := *e
	c.Component, c.Host, c.Message = strings.Clone(e.Component), strings.Clone(e.Host), strings.Clone(e.Message)
	c.Fields = slices.Clone(e.Fields)
	for i, f := range c.Fields {
		c.Fields[i] = entry.Field{Key: strings.Clone(f.Key), Value: strings.Clone(f.Value)}
	}
	return &c
}

// rowSize estimates what a row takes in memory.
func rowSize(r *Row) int {
	n := 256
	for _, c := range r.Cells {
		n += 80 + len(c.Value.text)
	}
	if r.Entry != nil {
		n += len(r.Entry.Component) + len(r.Entry.Host) + len(r.Entry.Message)
		for _, f := range r.Entry.Fields {
			n += 32 + len(f.Key) + len(f.Value)
		}
	}
	return n
}
