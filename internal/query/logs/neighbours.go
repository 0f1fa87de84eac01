package logs

import (
	"context"
	"errors"
	"math"
	"slices"

	"patou/internal/entry"
	"patou/internal/query/logs/lang"
)

// ErrNotFound says that no entry has an ID: it was never given, or the entry
// is older than what is kept.
var ErrNotFound = errors.New("there is no entry with this id: it may be older than what is kept")

// Neighbours are an entry and those around it in time, of the same component
// and host, each part ascending by time.
type Neighbours struct {
	Before []entry.Entry
	Entry  entry.Entry
	After  []entry.Entry
}

// Context finds an entry by its ID and at most so many of its neighbours. It
// fails with ErrNotFound where the entry is not kept.
func Context(ctx context.Context, src Source, id entry.ID, before, after int) (*Neighbours, error) {
	found, err := take(ctx, src, lang.Cond{Key: lang.KeyID, Op: lang.OpEquals, Value: id.String()}, Options{From: math.MinInt64}, 1, nil)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, ErrNotFound
	}
	n := &Neighbours{Entry: found[0]}
	same := sameOrigin(&n.Entry)
	older := func(e *entry.Entry) bool { return compareEntries(e, &n.Entry) < 0 }
	o := Options{From: math.MinInt64, Until: after1(n.Entry.Time)}
	if n.Before, err = take(ctx, src, same, o, before, older); err != nil {
		return nil, err
	}
	slices.Reverse(n.Before)
	newer := func(e *entry.Entry) bool { return compareEntries(e, &n.Entry) > 0 }
	n.After, err = take(ctx, src, same, Options{From: n.Entry.Time, Order: OldestFirst}, after, newer)
	return n, err
}

// after1 is the next instant, where there is one.
func after1(t int64) int64 { return max(t, t+1) }

// sameOrigin selects the entries of the same component and host; without a
// host those that have none either.
func sameOrigin(e *entry.Entry) lang.Expr {
	component := lang.Cond{Key: lang.KeyComponent, Op: lang.OpSame, Value: e.Component}
	if e.Host == "" {
		return lang.And{component, lang.Not{Of: lang.Cond{Key: lang.KeyHost, Op: lang.OpPresent}}}
	}
	return lang.And{component, lang.Cond{Key: lang.KeyHost, Op: lang.OpEquals, Value: lang.ASCIILower(e.Host)}}
}

// take gives the first n entries that a filter and a function select.
func take(ctx context.Context, src Source, filter lang.Expr, o Options, n int, want func(*entry.Entry) bool) ([]entry.Entry, error) {
	var out []entry.Entry
	if n <= 0 {
		return nil, nil
	}
	o.Limit = math.MaxInt
	_, err := Execute(ctx, src, &Query{Query: lang.Query{Filter: filter}}, o, func(r *Row) error {
		if want != nil && !want(r.Entry) {
			return nil
		}
		if out = append(out, *cloneEntry(r.Entry)); len(out) == n {
			return errEnough
		}
		return nil
	})
	return out, err
}
