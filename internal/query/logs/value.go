package logs

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"patou/internal/entry"
	"patou/internal/query/logs/lang"
)

// Value is one cell of an answer: nothing, a text, a number or a time.
type Value struct {
	kind   valueKind
	text   string
	number float64
	ns     int64
}

type valueKind uint8

const (
	valueNone valueKind = iota
	valueText
	valueNumber
	valueTime
)

// textValue is none where ok is false, which fits the results of look-ups.
func textValue(s string, ok bool) Value {
	if !ok {
		return Value{}
	}
	return Value{kind: valueText, text: s}
}

func numberValue(n float64) Value { return Value{kind: valueNumber, number: n} }

func timeValue(ns int64) Value { return Value{kind: valueTime, ns: ns} }

// IsNone reports whether there is no value: null in JSON.
func (v Value) IsNone() bool { return v.kind == valueNone }

// Number is the value as a number, where it is one.
func (v Value) Number() (n float64, ok bool) {
	switch v.kind {
	case valueNumber:
		return v.number, true
	case valueText:
		return lang.Number(v.text)
	}
	return 0, false
}

// Time is the value as nanoseconds since 1970 UTC, where it is a time.
func (v Value) Time() (ns int64, ok bool) { return v.ns, v.kind == valueTime }

// String is the value as text: numbers in their shortest form, times as RFC
// 3339 with nanoseconds in UTC, "" for none.
func (v Value) String() string {
	switch v.kind {
	case valueText:
		return v.text
	case valueNumber:
		return strconv.FormatFloat(v.number, 'f', -1, 64)
	case valueTime:
		return formatTime(v.ns)
	}
	return ""
}

// formatTime always writes nine digits, so that times sort as texts too.
func formatTime(ns int64) string {
	return time.Unix(0, ns).UTC().Format("2006-01-02T15:04:05.000000000Z")
}

// order is a value as sort compares it: times and numbers before texts before
// nothing, whatever the direction.
type order struct {
	rank   uint8
	number float64
	ns     int64
	text   string
}

const (
	rankNumber uint8 = iota
	rankText
	rankNone
)

// orderOf is a value's order. Levels are ordered by severity.
func orderOf(name string, v Value) order {
	switch v.kind {
	case valueNone:
		return order{rank: rankNone}
	case valueTime:
		return order{ns: v.ns}
	case valueNumber:
		return order{number: v.number}
	}
	if name == lang.KeyLevel {
		if l, ok := entry.ParseLevel(v.text); ok {
			return order{number: float64(l)}
		}
	}
	return orderOfText(v.text)
}

func orderOfText(s string) order {
	if n, ok := lang.Number(s); ok {
		return order{number: n}
	}
	return order{rank: rankText, text: s}
}

// compare gives the direction to numbers and texts alone: what is missing
// comes last whichever way one sorts.
func (o order) compare(p order, desc bool) int {
	if o.rank != p.rank {
		return int(o.rank) - int(p.rank)
	}
	c := cmp.Compare(o.ns, p.ns)
	if c == 0 {
		c = cmp.Compare(o.number, p.number)
	}
	if c == 0 {
		c = strings.Compare(o.text, p.text)
	}
	if desc {
		return -c
	}
	return c
}

// Row is one line of an answer. It is valid during the call that gave it.
type Row struct {
	// Entry is the entry, nil where the query aggregates or picks fields.
	Entry *entry.Entry
	// Cells are the named values of a row that is no entry, in order.
	Cells []Cell
}

// Cell is one named value.
type Cell struct {
	Name  string
	Value Value
}

// Value is the value of a name: a column, or a part or field of the entry.
func (r *Row) Value(name string) Value {
	if r.Entry == nil {
		for i := range r.Cells {
			if r.Cells[i].Name == name {
				return r.Cells[i].Value
			}
		}
		return Value{}
	}
	if name == lang.KeyTime {
		return timeValue(r.Entry.Time)
	}
	return textValue(textOf(r.Entry, name))
}

// textOf is a part or field of an entry as text.
func textOf(e *entry.Entry, name string) (string, bool) {
	switch name {
	case lang.KeyTime:
		return formatTime(e.Time), true
	case lang.KeyComponent:
		return e.Component, true
	case lang.KeyHost:
		return e.Host, e.Host != ""
	case lang.KeyLevel:
		return e.Level.String(), true
	case lang.KeyMessage:
		return e.Message, true
	case lang.KeyID:
		return e.ID.String(), true
	}
	return e.Field(name)
}

// row tests a row of an answer: an entry, or the values of an aggregation.
func (n *node) row(r *Row) bool {
	if r.Entry != nil {
		return n.entry(r.Entry)
	}
	switch n.kind {
	case nodeAnd:
		for _, kid := range n.kids {
			if !kid.row(r) {
				return false
			}
		}
		return true
	case nodeOr:
		for _, kid := range n.kids {
			if kid.row(r) {
				return true
			}
		}
		return false
	case nodeNot:
		return !n.kids[0].row(r)
	case nodeLeaf:
		return n.leaf.value(r.Value(n.leaf.column.key))
	}
	return true
}

func (l *leaf) value(v Value) bool {
	if v.IsNone() {
		return false
	}
	switch l.column.kind {
	case columnLevel:
		level, ok := entry.ParseLevel(v.text)
		return ok && l.levels[level]
	case columnID:
		return v.String() == l.id.String()
	}
	return l.match(v.String())
}
