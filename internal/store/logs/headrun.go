package logs

import (
	"context"
	"slices"

	"patou/internal/entry"
)

// headRun is a piece as a run: what was applied when it was asked for. It
// reads the generation's memory without a lock, which is sound because that
// only grows: the snapshot holds its own slices of what does not change.
type headRun struct {
	gen    generation // a snapshot: only what view and fieldsOf need
	rows   []uint32
	sorted bool
}

// snapshot copies the slices through which the generation's rows are read.
func (g *generation) snapshot() generation {
	return generation{
		texts: arena{chunks: g.texts.chunks},
		rows:  g.rows, pairs: g.pairs,
		hosts: numbered{texts: g.hosts.texts}, keys: numbered{texts: g.keys.texts},
	}
}

// run is the piece as it is now. Called under the store's lock.
func (p *piece) run(component string, snapshot generation) entry.Run {
	h := &headRun{gen: snapshot, rows: p.rows, sorted: p.sorted}
	return entry.Run{
		Component: component, First: p.first, Last: p.last, Rows: len(p.rows),
		Minutes: slices.Clone(p.minutes),
		Open: func(context.Context) (entry.Columns, error) {
			return h.open(), nil
		},
	}
}

// open sorts a copy where entries came out of order: others may read the same
// piece now.
func (h *headRun) open() *headColumns {
	rows := h.rows
	if !h.sorted {
		rows = h.gen.inOrder(slices.Clone(rows))
	}
	return &headColumns{gen: &h.gen, rows: rows}
}

// headColumns are the entries of a piece. They are in memory already, so the
// columns are made from rows when they are asked for and not kept.
type headColumns struct {
	gen  *generation
	rows []uint32
}

func (c *headColumns) Len() int { return len(c.rows) }

func (c *headColumns) row(i int) *row { return c.gen.row(c.rows[i]) }

func (c *headColumns) Times() ([]int64, error) {
	out := make([]int64, len(c.rows))
	for i := range out {
		out[i] = c.row(i).time
	}
	return out, nil
}

func (c *headColumns) Levels() ([]entry.Level, error) {
	out := make([]entry.Level, len(c.rows))
	for i := range out {
		out[i] = c.row(i).level
	}
	return out, nil
}

func (c *headColumns) IDs() ([]entry.ID, error) {
	out := make([]entry.ID, len(c.rows))
	for i := range out {
		r := c.row(i)
		out[i] = entry.ID{Batch: r.batch, Row: r.index}
	}
	return out, nil
}

func (c *headColumns) Hosts() (entry.Strings, error) {
	out := entry.Strings{Values: c.gen.hosts.texts, Codes: make([]uint32, len(c.rows))}
	for i := range out.Codes {
		out.Codes[i] = c.row(i).host
	}
	return out, nil
}

func (c *headColumns) Messages() (entry.Strings, error) {
	out := entry.Strings{Values: make([]string, len(c.rows))}
	for i := range out.Values {
		r := c.row(i)
		out.Values[i] = c.gen.texts.text(r.text, int(r.message))
	}
	return out, nil
}

func (c *headColumns) Keys() ([]string, error) {
	seen := make([]bool, len(c.gen.keys.texts))
	var out []string
	for i := range c.rows {
		for _, p := range c.gen.pairsOf(c.row(i)) {
			if !seen[p.key] {
				seen[p.key] = true
				out = append(out, c.gen.keys.texts[p.key])
			}
		}
	}
	return out, nil
}

// Field makes codes for the values at hand, so that a query tests each only
// once.
func (c *headColumns) Field(key string) (entry.Strings, error) {
	out := entry.Strings{Codes: make([]uint32, len(c.rows))}
	number := slices.Index(c.gen.keys.texts, key)
	codes := map[string]uint32{}
	for i := range c.rows {
		out.Codes[i] = entry.Absent
		for _, p := range c.gen.pairsOf(c.row(i)) {
			if int(p.key) == number {
				out.Codes[i] = codeOf(codes, &out.Values, c.gen.texts.text(p.text, int(p.value)))
				break
			}
		}
	}
	return out, nil
}

// codeOf is the code of a value, which is added to values when it is new.
func codeOf(codes map[string]uint32, values *[]string, value string) uint32 {
	c, ok := codes[value]
	if !ok {
		c = uint32(len(*values))
		codes[value] = c
		*values = append(*values, value)
	}
	return c
}

func (c *headColumns) Fields(i int) ([]entry.Field, error) {
	return c.gen.fieldsOf(nil, c.row(i)), nil
}
