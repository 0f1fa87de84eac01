package httpapi

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"
)

// gate lets a bounded number of queries run and a bounded number wait, so that
// a page with many graphs, or many pages, slow each other down instead of taking
// all memory.
type gate struct {
	running chan struct{}
	waiting atomic.Int64
	most    int64
}

func newGate(running, waiting int) *gate {
	return &gate{running: make(chan struct{}, running), most: int64(waiting)}
}

// enter waits for a turn. The context ends after the time that a query has; done
// gives the turn back.
func (g *gate) enter(ctx context.Context, limit time.Duration) (_ context.Context, done func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	select {
	case g.running <- struct{}{}:
	default:
		if err := g.wait(ctx); err != nil {
			cancel()
			return nil, nil, err
		}
	}
	return ctx, func() { cancel(); <-g.running }, nil
}

func (g *gate) wait(ctx context.Context) error {
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > g.most {
		return &failure{Status: http.StatusTooManyRequests, retry: time.Second, why: "queries_refused",
			Text: "too many queries are waiting for their turn: try again in a second"}
	}
	select {
	case g.running <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// maxStreams bounds the streams that are open; each holds a queue of entries.
const maxStreams = 200

// budget bounds what all requests hold together: bytes of bodies, streams.
type budget struct {
	used atomic.Int64
	most int64
}

func newBudget(most int64) *budget { return &budget{most: most} }

// take reserves n more, or reports that there is no room.
func (b *budget) take(n int64) bool {
	if b.used.Add(n) > b.most {
		b.used.Add(-n)
		return false
	}
	return true
}

func (b *budget) give(n int64) { b.used.Add(-n) }
