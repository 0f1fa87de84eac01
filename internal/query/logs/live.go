package logs

import (
	"errors"

	"patou/internal/entry"
	"patou/internal/query/logs/lang"
)

// ErrNotLive says that a query cannot be followed.
var ErrNotLive = errors.New("a live tail shows entries as they come: it takes filters, extract, where and fields, but nothing that needs all entries first")

// Live gives a function that tells what a query makes of one entry as it
// comes, nil where it is not selected. The function is for one goroutine; its
// row is valid until the next call. A query that counts, sorts or limits fails
// with ErrNotLive.
func (q *Query) Live() (func(*entry.Entry) *Row, error) {
	keep := &keepStage{}
	next := stage(keep)
	for i := len(q.Pipes) - 1; i >= 0; i-- {
		switch p := q.Pipes[i].(type) {
		case *lang.WherePipe, *lang.ExtractPipe, *lang.FieldsPipe:
			next = newStage(p, nil, Options{}, false, nil, next)
		default:
			return nil, ErrNotLive
		}
	}
	return func(e *entry.Entry) *Row {
		keep.row = nil
		if q.Match(e) {
			_ = next.push(&Row{Entry: e}) // these stages cannot fail
		}
		return keep.row
	}, nil
}

// keepStage remembers the last row.
type keepStage struct{ row *Row }

func (k *keepStage) push(r *Row) error {
	k.row = r
	return nil
}

func (k *keepStage) end() error { return nil }
