package logs

import (
	"fmt"
	"slices"

	"patou/internal/entry"
)

// fieldColumns are the fields of a block: which lists of keys there are, which
// each entry has, and a column of values for each key.
type fieldColumns struct {
	columns []*column // in order of their numbers
	shapes  [][]uint32
	codes   []uint32 // the shape of each row
	values  []*entry.Strings
}

// getFields reads the keys of the block. Where they are lost, no entry has
// fields. Called with b.mu held.
func (b *openBlock) getFields() *fieldColumns {
	if b.fields != nil {
		return b.fields
	}
	b.fields = &fieldColumns{}
	c := b.column(columnShapes)
	if c == nil {
		return b.fields
	}
	f := &fieldColumns{}
	for i := range b.table {
		if b.table[i].kind == columnField {
			f.columns = append(f.columns, &b.table[i])
		}
	}
	f.values = make([]*entry.Strings, len(f.columns))
	raw, err := b.load(c)
	if err == nil {
		f.shapes, f.codes, err = readShapes(raw, b.info.rows, len(f.columns))
	}
	if err != nil {
		b.lost(c, "the fields", err)
		return b.fields
	}
	b.fields = f
	return f
}

// column gives the values of a column by row. Called with b.mu held.
func (b *openBlock) fieldColumn(f *fieldColumns, number int) *entry.Strings {
	if f.values[number] == nil {
		values, err := b.readField(f, number)
		if err != nil {
			c := f.columns[number]
			b.lost(c, fmt.Sprintf("the values of field %q", c.key), err)
			values = entry.Strings{Codes: absentCodes(b.info.rows)}
		}
		f.values[number] = &values
	}
	return f.values[number]
}

func (b *openBlock) readField(f *fieldColumns, number int) (entry.Strings, error) {
	c := f.columns[number]
	raw, err := b.load(c)
	if err != nil {
		return entry.Strings{}, err
	}
	packed, err := readDictionary(raw, c.encoding, b.info.rows)
	if err != nil {
		return entry.Strings{}, err
	}
	return f.spread(packed, number)
}

// spread gives the values to the rows that have the field.
func (f *fieldColumns) spread(packed entry.Strings, number int) (entry.Strings, error) {
	has := make([]bool, len(f.shapes))
	for i, shape := range f.shapes {
		has[i] = slices.Contains(shape, uint32(number))
	}
	codes, next := make([]uint32, len(f.codes)), 0
	for i, shape := range f.codes {
		codes[i] = entry.Absent
		if has[shape] {
			if next == len(packed.Codes) {
				return entry.Strings{}, fmt.Errorf("more entries than values: %w", errDamaged)
			}
			codes[i] = packed.Codes[next]
			next++
		}
	}
	if next != len(packed.Codes) {
		return entry.Strings{}, fmt.Errorf("%d values for %d entries: %w", len(packed.Codes), next, errDamaged)
	}
	return entry.Strings{Values: packed.Values, Codes: codes}, nil
}

// blockColumns are the rows of one run in an open block.
type blockColumns struct {
	b        *openBlock
	from, to int
}

func (c *blockColumns) Len() int                       { return c.to - c.from }
func (c *blockColumns) Times() ([]int64, error)        { return c.b.times[c.from:c.to], nil }
func (c *blockColumns) Levels() ([]entry.Level, error) { return c.b.levels[c.from:c.to], nil }
func (c *blockColumns) IDs() ([]entry.ID, error)       { return c.b.ids[c.from:c.to], nil }

func (c *blockColumns) Hosts() (entry.Strings, error) { return c.cut(c.b.getHosts()), nil }

func (c *blockColumns) Messages() (entry.Strings, error) { return c.cut(c.b.getMessages()), nil }

// cut is the run's part of a column of the block.
func (c *blockColumns) cut(s entry.Strings) entry.Strings {
	if s.Codes == nil {
		return entry.Strings{Values: s.Values[c.from:c.to]}
	}
	return entry.Strings{Values: s.Values, Codes: s.Codes[c.from:c.to]}
}

// Keys are those of the run's own entries: other runs of the block may have
// others.
func (c *blockColumns) Keys() ([]string, error) {
	c.b.mu.Lock()
	defer c.b.mu.Unlock()
	f := c.b.getFields()
	seen := make([]bool, len(f.shapes))
	var out []string
	for _, code := range f.codes[min(c.from, len(f.codes)):min(c.to, len(f.codes))] {
		if seen[code] {
			continue
		}
		seen[code] = true
		for _, number := range f.shapes[code] {
			if key := f.columns[number].key; !slices.Contains(out, key) {
				out = append(out, key)
			}
		}
	}
	return out, nil
}

// Field is all absent where no entry of the block has the key, as the contract
// wants.
func (c *blockColumns) Field(key string) (entry.Strings, error) {
	c.b.mu.Lock()
	defer c.b.mu.Unlock()
	f := c.b.getFields()
	for number := range f.columns {
		if f.columns[number].key == key {
			return c.cut(*c.b.fieldColumn(f, number)), nil
		}
	}
	return entry.Strings{Codes: absentCodes(c.Len())}, nil
}

// Fields are in the order in which the entry had them.
func (c *blockColumns) Fields(row int) ([]entry.Field, error) {
	c.b.mu.Lock()
	defer c.b.mu.Unlock()
	f := c.b.getFields()
	if len(f.codes) == 0 {
		return nil, nil
	}
	shape := f.shapes[f.codes[c.from+row]]
	out := make([]entry.Field, 0, len(shape))
	for _, number := range shape {
		if value, ok := c.b.fieldColumn(f, int(number)).At(c.from + row); ok {
			out = append(out, entry.Field{Key: f.columns[number].key, Value: value})
		}
	}
	return out, nil
}
