// Package lang is the log query language itself: its words, its grammar and
// the tree that a query is read into.
//
// Invariant: Parse is total and takes time and memory in proportion to the
// text, which is bounded; what it accepts has been checked, so that evaluation
// cannot fail over it, and String of the tree reads back as an equal tree. It
// fails with an *Error, which says where and what was expected.
package lang

import (
	"regexp"
	"time"
)

// The names that are no fields but parts of every entry.
const (
	KeyTime      = "time"
	KeyComponent = "component"
	KeyHost      = "host"
	KeyLevel     = "level"
	KeyMessage   = "message"
	KeyID        = "id"
)

// Query is a query as it was read: a filter, then pipes.
type Query struct {
	Filter Expr
	Pipes  []Pipe
}

// Expr is a filter: All, And, Or, Not, Text or Cond.
type Expr interface{ write(b writer) }

// All selects every entry.
type All struct{}

// And selects what all of at least two filters do; none is an And itself.
type And []Expr

// Or selects what any of at least two filters does; none is an Or itself.
type Or []Expr

// Not selects what a filter does not.
type Not struct{ Of Expr }

// Text selects messages that hold all parts, one after the other.
type Text struct{ Parts []string }

// Cond compares one value of the entry.
type Cond struct {
	Key string
	Op  Op
	// Value is the text compared with; a pattern for OpGlob and OpRegexp.
	Value string
	// Until is the end of an OpRange.
	Until string
}

// Op is how a value is compared.
type Op uint8

// The comparisons.
const (
	OpEquals  Op = iota // the same text; a component's subtree
	OpGlob              // * and ? stand for others, a backslash before what does not
	OpPresent           // there is a value
	OpRegexp            // RE2, anywhere in the value
	OpSame              // "=": equal as numbers where both are, never a pattern
	OpAbove
	OpAtLeast
	OpBelow
	OpAtMost
	OpRange // both ends included
)

// sign is what comparisons look like in a query.
func (o Op) sign() string {
	switch o {
	case OpSame:
		return "="
	case OpAbove:
		return ">"
	case OpAtLeast:
		return ">="
	case OpBelow:
		return "<"
	case OpAtMost:
		return "<="
	}
	return ""
}

// Pipe is one step after the filter: a pointer to one of the types below.
type Pipe interface{ write(b writer) }

// AggregatePipe computes numbers by groups and spans of time.
type AggregatePipe struct {
	Of    []Aggregate
	By    []string
	Every time.Duration // 0: no spans
}

// Aggregate is one number of a group.
type Aggregate struct {
	// Func is count, sum, avg, min, max, distinct or a percentile such as p99.
	Func string
	// Share is that of a percentile: 0.99 for p99; 0 for the others.
	Share float64
	Field string // "" for count
	// As is the column's name, named where it was written.
	As    string
	named bool
}

// TopPipe lists the N most frequent values, or the least frequent when Rare,
// and how often they occur in a column named As.
type TopPipe struct {
	N    int
	By   []string
	Rare bool
	As   string
}

// PatternsPipe lists the templates of a text, those of most rows first.
type PatternsPipe struct {
	// From is the key of the text.
	From string
	// By are the names that each combination of has templates of its own.
	By []string
}

// ExtractPipe makes fields of a text by a pattern.
type ExtractPipe struct {
	// From is the key of the text.
	From string
	// source is the pattern as it was written, without quotes or slashes.
	source string
	// Regexp has named groups; nil where the pattern is made of Parts.
	Regexp *regexp.Regexp
	Parts  []ExtractPart
	// Names are the fields it makes, in order.
	Names []string
}

// ExtractPart is a literal and what follows it.
type ExtractPart struct {
	Literal string
	// Field is the index of the name of what follows, -1 for none.
	Field int
	// Skip is set where something follows, named or not, as by <_>.
	Skip bool
}

// WherePipe keeps the rows that a filter selects.
type WherePipe struct{ Filter Expr }

// SortPipe orders rows by keys, the first before the next.
type SortPipe struct{ By []SortKey }

// SortKey is one key of an order.
type SortKey struct {
	Name string
	Desc bool
}

// LimitPipe keeps the first N rows.
type LimitPipe struct{ N int }

// FieldsPipe keeps the named values of each row.
type FieldsPipe struct{ Names []string }
