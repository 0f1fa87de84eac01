package ingest

import (
	"context"
	"sync"
)

// budget bounds the bytes that wait. A request larger than the whole budget is
// let in alone.
type budget struct {
	mu    sync.Mutex
	limit int64
	used  int64
	// freed is closed, and replaced, whenever bytes come back.
	freed chan struct{}
}

func newBudget(limit int64) *budget { return &budget{limit: limit, freed: make(chan struct{})} }

// take waits until n bytes are free, or fails with ErrBusy when ctx ends.
func (b *budget) take(ctx context.Context, n int64) (release func(), err error) {
	for {
		b.mu.Lock()
		if b.used == 0 || b.used+n <= b.limit {
			b.used += n
			b.mu.Unlock()
			return func() { b.give(n) }, nil
		}
		freed := b.freed
		b.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
			return nil, ErrBusy
		}
	}
}

func (b *budget) give(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	close(b.freed)
	b.freed = make(chan struct{})
}

// full reports that three quarters are used: time to refuse new requests.
func (b *budget) full() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used > b.limit/4*3
}
