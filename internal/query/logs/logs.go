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
	"strings"

	"patou/internal/entry"
)

// Source is what a store offers to queries.
type Source interface {
	// Runs returns at least the runs that hold an entry asked for, newest
	// Last first. What they give is valid until release is called.
	Runs(ctx context.Context, l entry.Lookup) (runs []entry.Run, release func(), err error)
}

// Query is a query that was read and checked. It never changes and is safe for
// use by several goroutines.
type Query struct {
	filter expr
	pipes  []pipe
	match  *node
	leaves int
}

// String is the query in its plain form: reading it again gives an equal query.
func (q *Query) String() string {
	var b strings.Builder
	if _, every := q.filter.(all); !every || len(q.pipes) == 0 {
		q.filter.write(&b)
	}
	for _, p := range q.pipes {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString("| ")
		p.write(&b)
	}
	return b.String()
}

// Match reports whether the query's filters select an entry, whatever its
// pipes make of it.
func (q *Query) Match(e *entry.Entry) bool { return q.match.entry(e) }

// Aggregates reports whether the answer is rows of named values rather than
// entries.
func (q *Query) Aggregates() bool {
	for _, p := range q.pipes {
		switch p.(type) {
		case *aggregatePipe, *topPipe:
			return true
		}
	}
	return false
}
