package logs

import (
	"context"
	"sort"

	"patou/internal/entry"
)

// pace notices a cancelled context between pieces of work that take some
// milliseconds at most.
type pace struct {
	ctx  context.Context
	left int
}

// paceBytes is how much text is looked at between two looks at the context.
const paceBytes = 256 << 10

// step accounts for one row and the bytes looked at for it.
func (p *pace) step(bytes int) error {
	if p.left -= bytes + 64; p.left > 0 {
		return nil
	}
	p.left = paceBytes
	return p.ctx.Err()
}

// texts is a column of texts of the window that begins at row base.
type texts struct {
	entry.Strings
	base int
	// same is set where each row has the first value.
	same bool
}

// code is the place of a row's text among the values; entry.Absent for none.
func (t *texts) code(row int) uint32 {
	switch {
	case t.same:
		return 0
	case t.Codes != nil:
		return t.Codes[row-t.base]
	case row-t.base < len(t.Values):
		return uint32(row - t.base)
	}
	return entry.Absent
}

// at is the text of a row, where it has one.
func (t *texts) at(row int) (string, bool) {
	c := t.code(row)
	if c == entry.Absent {
		return "", false
	}
	return t.Values[c], true
}

// scan is the evaluation of one opened run.
type scan struct {
	run  *entry.Run
	cols entry.Columns
	pace *pace
	// known holds, by leaf, what was found out of each distinct value: 0 for
	// nothing yet, else a verdict.
	known [][]verdict
	// extra are the fields made by extract in the window at hand, by key.
	extra map[string]*texts
}

// openScan opens a run. What the tests find out of a value is kept as long as
// it is open.
func openScan(ctx context.Context, run *entry.Run, pc *pace, leaves int) (*scan, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	cols, err := run.Open(ctx)
	if err != nil {
		return nil, err
	}
	return &scan{run: run, cols: cols, pace: pc, known: make([][]verdict, leaves)}, nil
}

// between is the window of the rows in a half-open range of time.
func (s *scan) between(from, until int64) (lo, hi int, err error) {
	n := s.cols.Len()
	if from <= s.run.First && s.run.Last < until {
		return 0, n, nil
	}
	times, err := s.cols.Times()
	if err != nil {
		return 0, 0, err
	}
	lo = sort.Search(n, func(i int) bool { return times[i] >= from })
	hi = sort.Search(n, func(i int) bool { return times[i] >= until })
	return lo, max(lo, hi), nil
}

// texts is a column as texts. Components and levels become columns of names.
func (s *scan) texts(c column) (*texts, error) {
	var t texts
	var err error
	switch c.kind {
	case columnComponent:
		t = texts{Strings: entry.Strings{Values: []string{s.run.Component}}, same: true}
	case columnLevel:
		t.Strings, err = s.levelNames()
	case columnHost:
		t.Strings, err = s.hosts()
	case columnMessage:
		t.Strings, err = s.cols.Messages()
	case columnID:
		t.Strings, err = s.idNames()
	default:
		if made := s.extra[c.key]; made != nil {
			return made, nil
		}
		t.Strings, err = s.cols.Field(c.key)
	}
	return &t, err
}

// hosts is the column of hosts, absent where a sender gave none.
func (s *scan) hosts() (entry.Strings, error) {
	hosts, err := s.cols.Hosts()
	if err != nil {
		return hosts, err
	}
	codes := make([]uint32, s.cols.Len())
	for i := range codes {
		codes[i] = entry.Absent
		if hosts.Codes != nil {
			codes[i] = hosts.Codes[i]
		} else if i < len(hosts.Values) {
			codes[i] = uint32(i)
		}
		if codes[i] != entry.Absent && hosts.Values[codes[i]] == "" {
			codes[i] = entry.Absent
		}
	}
	return entry.Strings{Values: hosts.Values, Codes: codes}, nil
}

// levelNames gives levels the shape of any other column of texts, for grouping
// and sorting by them.
func (s *scan) levelNames() (entry.Strings, error) {
	levels, err := s.cols.Levels()
	if err != nil {
		return entry.Strings{}, err
	}
	out := entry.Strings{Values: make([]string, entry.Levels), Codes: make([]uint32, len(levels))}
	for l := range out.Values {
		out.Values[l] = entry.Level(l).String()
	}
	for i, l := range levels {
		out.Codes[i] = uint32(l)
	}
	return out, nil
}

// idNames writes out ids, each of which occurs once.
func (s *scan) idNames() (entry.Strings, error) {
	ids, err := s.cols.IDs()
	if err != nil {
		return entry.Strings{}, err
	}
	out := entry.Strings{Values: make([]string, len(ids))}
	for i, id := range ids {
		out.Values[i] = id.String()
	}
	return out, nil
}

// filter is the rows of a set that a filter selects.
func (s *scan) filter(n *node, in rowSet) (rowSet, error) {
	switch n.kind {
	case nodeAnd:
		out := in
		for _, kid := range n.kids {
			var err error
			if out, err = s.filter(kid, out); err != nil || out.empty() {
				return out, err
			}
		}
		return out, nil
	case nodeOr:
		return s.any(n.kids, in)
	case nodeNot:
		out, err := s.filter(n.kids[0], in)
		return in.without(out), err
	case nodeLeaf:
		return s.leaf(n.leaf, in)
	}
	return in, nil
}

// any looks for each alternative among the rows that no other has selected.
func (s *scan) any(kids []*node, in rowSet) (rowSet, error) {
	out := noRows(in.lo, in.hi)
	for _, kid := range kids {
		found, err := s.filter(kid, in)
		if err != nil {
			return out, err
		}
		out.include(found)
		if in = in.without(found); in.empty() {
			break
		}
	}
	return out, nil
}

// leaf tests one column of the rows that are still in question. A component is
// the same for the whole run.
func (s *scan) leaf(l *leaf, in rowSet) (rowSet, error) {
	switch l.column.kind {
	case columnComponent:
		if l.match(s.run.Component) {
			return in, nil
		}
		return noRows(in.lo, in.hi), nil
	case columnLevel:
		return s.levels(l, in)
	case columnID:
		return s.ids(l, in)
	case columnHost:
		hosts, err := s.cols.Hosts()
		if err != nil {
			return in, err
		}
		match := func(host string) bool { return host != "" && l.match(host) }
		return s.match(l.number, match, &texts{Strings: hosts}, in)
	}
	values, err := s.texts(l.column)
	if err != nil {
		return in, err
	}
	return s.match(l.number, l.match, values, in)
}

func (s *scan) levels(l *leaf, in rowSet) (rowSet, error) {
	out := noRows(in.lo, in.hi)
	levels, err := s.cols.Levels()
	if err != nil {
		return out, err
	}
	err = in.each(func(row int) error {
		if l.levels[levels[row]] {
			out.add(row)
		}
		return nil
	})
	return out, err
}

func (s *scan) ids(l *leaf, in rowSet) (rowSet, error) {
	out := noRows(in.lo, in.hi)
	ids, err := s.cols.IDs()
	if err != nil {
		return out, err
	}
	err = in.each(func(row int) error {
		if ids[row] == l.id {
			out.add(row)
		}
		return nil
	})
	return out, err
}

// match tests each distinct value once.
func (s *scan) match(number int, match func(string) bool, values *texts, in rowSet) (rowSet, error) {
	out := noRows(in.lo, in.hi)
	if len(values.Values) == 0 {
		return out, nil
	}
	known := s.known[number]
	if values.Codes != nil && known == nil {
		known = make([]verdict, len(values.Values))
		s.known[number] = known
	}
	err := in.each(func(row int) error {
		c := values.code(row)
		if c == entry.Absent {
			return nil
		}
		if known != nil && known[c] != maybe {
			if known[c] == yes {
				out.add(row)
			}
			return nil
		}
		value := values.Values[c]
		is := match(value)
		if is {
			out.add(row)
		}
		if known != nil {
			known[c] = verdictOf(is)
		}
		return s.pace.step(len(value))
	})
	return out, err
}

// entry makes the entry of a row, with what extract made of it. Its texts are
// valid as long as the run.
func (s *scan) entry(row int) (*entry.Entry, error) {
	e := &entry.Entry{Component: s.run.Component}
	times, err := s.cols.Times()
	if err != nil {
		return nil, err
	}
	levels, err := s.cols.Levels()
	if err != nil {
		return nil, err
	}
	ids, err := s.cols.IDs()
	if err != nil {
		return nil, err
	}
	hosts, err := s.cols.Hosts()
	if err != nil {
		return nil, err
	}
	messages, err := s.cols.Messages()
	if err != nil {
		return nil, err
	}
	e.Time, e.Level, e.ID = times[row], levels[row], ids[row]
	e.Host, _ = hosts.At(row)
	e.Message, _ = messages.At(row)
	e.Fields, err = s.fields(row)
	return e, err
}

// fields are the fields of a row, those that extract made included.
func (s *scan) fields(row int) ([]entry.Field, error) {
	stored, err := s.cols.Fields(row)
	if err != nil || len(s.extra) == 0 {
		return stored, err
	}
	fields := append([]entry.Field(nil), stored...)
	for _, key := range sortedKeys(s.extra) {
		if value, ok := s.extra[key].at(row); ok {
			fields = setField(fields, key, value)
		}
	}
	return fields, nil
}
