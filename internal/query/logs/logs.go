// Package logs is the language that asks for log entries, and its evaluation
// over the runs of a store: filters, then pipes.
//
// Invariant: an answer is what a slice of all entries and a filter would give,
// whatever runs they are kept in and however few of them were opened. Limits
// are hard, memory is bounded by Options, and a cancelled query ends within
// milliseconds. It fails with a *SyntaxError, which says where and what was
// expected, with a *BudgetError, which says what was too much, or with the
// error of the store, the context or the receiver of the rows.
package logs

import (
	"context"
	"slices"

	"patou/internal/entry"
	"patou/internal/query/logs/lang"
)

// Source is what a store offers to queries.
type Source interface {
	// Runs returns at least the runs that hold an entry asked for, newest
	// Last first. What they give is valid until release is called.
	Runs(ctx context.Context, l entry.Lookup) (runs []entry.Run, release func(), err error)
}

// SyntaxError says where a query cannot be read and what would be right.
type SyntaxError = lang.Error

// Query is a query that was read and checked. It never changes and is safe for
// use by several goroutines.
type Query struct {
	lang.Query
	match *node
}

// Parse reads a query. An empty one selects everything. The error is a
// *SyntaxError.
func Parse(src string) (*Query, error) {
	t, err := lang.Parse(src)
	if err != nil {
		return nil, err
	}
	return &Query{Query: *t, match: compile(t.Filter)}, nil
}

// Match reports whether the query's filters select an entry, whatever its
// pipes make of it.
func (q *Query) Match(e *entry.Entry) bool { return q.match.entry(e) }

// limits reports whether the query says how many rows it wants.
func (q *Query) limits() bool {
	return slices.ContainsFunc(q.Pipes, func(p lang.Pipe) bool {
		_, is := p.(*lang.LimitPipe)
		return is
	})
}

// Aggregates reports whether the answer is rows of named values rather than
// entries.
func (q *Query) Aggregates() bool {
	for _, p := range q.Pipes {
		switch p.(type) {
		case *lang.AggregatePipe, *lang.TopPipe, *lang.PatternsPipe:
			return true
		}
	}
	return false
}
