package logs

import (
	"patou/internal/entry"
	"patou/internal/query/logs/lang"
)

// columnar adds the selected rows of a run to groups, column by column, so
// that a value that occurs often is looked up once.
type columnar struct {
	to     *groups
	codes  []texts  // of the grouping columns
	fields []*reads // of the aggregates; nil for count
	// local numbers the combinations of codes of several columns.
	local map[uint64]uint32
	// found are the groups by local number, valid for the bucket of stamp.
	found []slot
	stamp uint32
	keys  []Value
}

// slot is a group found for a combination, of the span of time that its stamp
// tells. A stamp forgets all slots at once when the next span begins.
type slot struct {
	stamp uint32
	group *group
}

// reads is a column whose values are read as numbers once each.
type reads struct {
	texts
	numbers []float64
	known   []verdict
}

// addScan takes in the selected rows of a run.
func (g *groups) addScan(s *scan, rows rowSet) error {
	if rows.empty() {
		return nil
	}
	c := &columnar{to: g, keys: make([]Value, len(g.pipe.By)), local: map[uint64]uint32{}}
	if err := c.open(s); err != nil {
		return err
	}
	var times []int64
	if g.pipe.Every > 0 {
		var err error
		if times, err = s.cols.Times(); err != nil {
			return err
		}
	}
	return c.add(s, rows, times)
}

// open reads the columns that the aggregation names, and no others.
func (c *columnar) open(s *scan) error {
	for _, name := range c.to.pipe.By {
		t, err := s.texts(columnOf(name))
		if err != nil {
			return err
		}
		c.codes = append(c.codes, *t)
	}
	for _, a := range c.to.pipe.Of {
		if a.Func == "count" {
			c.fields = append(c.fields, nil)
			continue
		}
		t, err := s.texts(columnOf(a.Field))
		if err != nil {
			return err
		}
		c.fields = append(c.fields, &reads{texts: *t})
	}
	return nil
}

// add goes down the rows. Times ascend, so that a span of time needs to be
// computed only when the last one has ended.
func (c *columnar) add(s *scan, rows rowSet, times []int64) error {
	c.stamp = 1
	bucket, end := int64(0), int64(0)
	if times == nil {
		end = 1
	}
	return rows.each(func(row int) error {
		if times != nil && (times[row] >= end || end == 0) {
			bucket = c.to.bucket(times[row])
			end = bucket + int64(c.to.pipe.Every)
			c.stamp++
		}
		to, err := c.group(row, bucket)
		if err != nil || to == nil {
			return err
		}
		to.n++
		for i, f := range c.fields {
			if f == nil {
				continue
			}
			if err := f.add(&to.tally[i], &c.to.pipe.Of[i], row, c.to.budget); err != nil {
				return err
			}
		}
		return s.pace.step(0)
	})
}

// group is the group of a row.
func (c *columnar) group(row int, bucket int64) (*group, error) {
	n := c.number(row)
	for int(n) >= len(c.found) {
		c.found = append(c.found, slot{})
	}
	if at := &c.found[n]; at.stamp == c.stamp {
		return at.group, nil
	}
	found, err := c.to.find(bucket, c.of(row))
	c.found[n] = slot{c.stamp, found}
	return found, err
}

// of are the grouping values of a row, valid until the next call.
func (c *columnar) of(row int) []Value {
	for i := range c.codes {
		c.keys[i] = textValue(c.codes[i].at(row))
	}
	return c.keys
}

// number is a small number for the row's combination of values.
func (c *columnar) number(row int) uint32 {
	n := uint32(0)
	for i := range c.codes {
		code := c.codes[i].code(row) + 1 // absent becomes 0
		if i == 0 {
			n = code
			continue
		}
		pair := uint64(n)<<32 | uint64(code)
		known, ok := c.local[pair]
		if !ok {
			known = uint32(len(c.local))
			c.local[pair] = known
		}
		n = known
	}
	return n
}

// add takes in a row's value; what is absent or no number counts for nothing,
// as SQL has it.
func (f *reads) add(t *tally, a *lang.Aggregate, row int, b *budget) error {
	c := f.code(row)
	if c == entry.Absent {
		return nil
	}
	if a.Func == "distinct" {
		return t.addText(f.Values[c], b)
	}
	if n, ok := f.number(c); ok {
		return t.addNumber(n, a.Share > 0, b)
	}
	return nil
}

// number is the value of a code as a number.
func (f *reads) number(c uint32) (float64, bool) {
	if f.Codes == nil {
		return lang.Number(f.Values[c])
	}
	if f.known == nil {
		f.known, f.numbers = make([]verdict, len(f.Values)), make([]float64, len(f.Values))
	}
	if f.known[c] == maybe {
		n, ok := lang.Number(f.Values[c])
		f.known[c], f.numbers[c] = verdictOf(ok), n
	}
	return f.numbers[c], f.known[c] == yes
}
