package logs

import (
	"encoding/binary"
	"slices"
	"strings"

	"patou/internal/entry"
	"patou/internal/query/logs/lang"
	"patou/internal/timerange"
)

// groups holds the rows of an aggregation while it is computed.
type groups struct {
	pipe   *lang.AggregatePipe
	budget *budget
	// whole leaves out rows that lack one of the grouping fields.
	whole bool
	index map[string]*group
	list  []*group
	key   []byte
	few   [2]Value // reused by addCount
}

// group is the entries with the same values in the same span of time.
type group struct {
	bucket int64
	keys   []Value
	n      uint64
	tally  []tally
}

// newGroups makes none yet. All groups of a query share its budget.
func newGroups(p *lang.AggregatePipe, b *budget) *groups {
	return &groups{pipe: p, budget: b, index: map[string]*group{}}
}

// bucket is the start of the span of time that t is in.
func (g *groups) bucket(t int64) int64 {
	if g.pipe.Every == 0 {
		return 0
	}
	return timerange.Floor(t, int64(g.pipe.Every))
}

// groupOverhead estimates what a group takes beside its texts.
const groupOverhead = 160

// find is the group of these values, made when it is new; nil where the values
// are left out.
func (g *groups) find(bucket int64, keys []Value) (*group, error) {
	g.key = binary.BigEndian.AppendUint64(g.key[:0], uint64(bucket))
	for _, k := range keys {
		if k.IsNone() {
			if g.whole {
				return nil, nil
			}
			g.key = append(g.key, 0)
			continue
		}
		text := k.String()
		g.key = binary.AppendUvarint(append(g.key, 1), uint64(len(text)))
		g.key = append(g.key, text...)
	}
	if found := g.index[string(g.key)]; found != nil {
		return found, nil
	}
	return g.make(bucket, keys)
}

// make adds a group. Its texts are cloned: those of the rows are valid only as
// long as their run.
func (g *groups) make(bucket int64, keys []Value) (*group, error) {
	size := groupOverhead + 2*len(g.key) + 120*len(g.pipe.Of)
	if err := g.budget.group(size); err != nil {
		return nil, err
	}
	made := &group{bucket: bucket, keys: slices.Clone(keys), tally: make([]tally, len(g.pipe.Of))}
	for i := range made.keys {
		made.keys[i].text = strings.Clone(made.keys[i].text)
	}
	g.index[string(g.key)] = made
	g.list = append(g.list, made)
	return made, nil
}

// addRow takes in one row of an answer.
func (g *groups) addRow(r *Row) error {
	keys := make([]Value, len(g.pipe.By))
	for i, name := range g.pipe.By {
		keys[i] = r.Value(name)
	}
	t, _ := r.Value(lang.KeyTime).Time()
	to, err := g.find(g.bucket(t), keys)
	if err != nil || to == nil {
		return err
	}
	to.n++
	for i := range g.pipe.Of {
		a := &g.pipe.Of[i]
		if a.Func == "count" {
			continue
		}
		if err := to.tally[i].add(a, r.Value(a.Field), g.budget); err != nil {
			return err
		}
	}
	return nil
}

// addCount takes in entries of which only component, level and minute are
// known; t is when the minute begins.
func (g *groups) addCount(component string, level entry.Level, t int64, n uint64) error {
	keys := g.few[:0]
	for _, name := range g.pipe.By {
		if name == lang.KeyComponent {
			keys = append(keys, textValue(component, true))
		} else {
			keys = append(keys, textValue(level.String(), true))
		}
	}
	to, err := g.find(g.bucket(t), keys)
	if err == nil {
		to.n += n
	}
	return err
}

// add takes in a value of a row; see reads.add for the same by columns.
func (t *tally) add(a *lang.Aggregate, v Value, b *budget) error {
	if a.Func == "distinct" {
		if v.IsNone() {
			return nil
		}
		return t.addText(v.String(), b)
	}
	if n, ok := v.Number(); ok {
		return t.addNumber(n, a.Share > 0, b)
	}
	return nil
}

// rows gives the finished rows in the order they are in.
func (g *groups) rows(emit func(*Row) error) error {
	for _, one := range g.list {
		if err := emit(g.row(one)); err != nil {
			return err
		}
	}
	return nil
}

// sort puts the groups in order of time, then of their values.
func (g *groups) sort() { slices.SortFunc(g.list, g.compare) }

// none makes the one row that an aggregation without groups always has.
func (g *groups) none() {
	if len(g.list) == 0 && len(g.pipe.By) == 0 && g.pipe.Every == 0 {
		g.list = append(g.list, &group{tally: make([]tally, len(g.pipe.Of))})
	}
}

// compare orders groups by time, then by their values as sort would, so that
// an answer is the same each time.
func (g *groups) compare(a, b *group) int {
	if a.bucket != b.bucket {
		if a.bucket < b.bucket {
			return -1
		}
		return 1
	}
	for i, name := range g.pipe.By {
		if c := orderOf(name, a.keys[i]).compare(orderOf(name, b.keys[i]), false); c != 0 {
			return c
		}
		if c := strings.Compare(a.keys[i].text, b.keys[i].text); c != 0 { // 1 and 1.0
			return c
		}
	}
	return 0
}

// row makes the columns in the order that the query names them, time first.
func (g *groups) row(one *group) *Row {
	cells := make([]Cell, 0, 1+len(one.keys)+len(g.pipe.Of))
	if g.pipe.Every > 0 {
		cells = append(cells, Cell{lang.KeyTime, timeValue(one.bucket)})
	}
	for i, k := range one.keys {
		cells = append(cells, Cell{g.pipe.By[i], k})
	}
	for i := range g.pipe.Of {
		a := &g.pipe.Of[i]
		v := numberValue(float64(one.n))
		if a.Func != "count" {
			v = one.tally[i].value(a)
		}
		cells = append(cells, Cell{a.As, v})
	}
	return &Row{Cells: cells}
}

// most keeps the n groups with the highest counts, or the lowest when rare,
// in that order, equal counts by their values.
func (g *groups) most(n int, rare bool) {
	slices.SortFunc(g.list, func(a, b *group) int {
		switch {
		case a.n == b.n:
			return g.compare(a, b)
		case a.n > b.n != rare:
			return -1
		}
		return 1
	})
	g.list = g.list[:min(n, len(g.list))]
}
