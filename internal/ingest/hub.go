package ingest

import (
	"sync"
	"sync/atomic"

	"patou/internal/entry"
)

// hubQueue is how many matching entries wait for a slow follower before the
// next ones are dropped, with a count.
const hubQueue = 1024

// Hub hands entries to those who follow, as they are applied. It never waits
// for a follower. The zero Hub is ready.
type Hub struct {
	mu        sync.RWMutex
	followers map[*Follower]struct{}
}

// Follower receives the entries that match, until it is closed.
type Follower struct {
	hub     *Hub
	match   func(*entry.Entry) bool
	c       chan entry.Entry
	dropped atomic.Int64
}

// Follow begins to hand over the entries for which match is true. match is
// called by the committing goroutine and must be quick.
func (h *Hub) Follow(match func(*entry.Entry) bool) *Follower {
	f := &Follower{hub: h, match: match, c: make(chan entry.Entry, hubQueue)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.followers == nil {
		h.followers = map[*Follower]struct{}{}
	}
	h.followers[f] = struct{}{}
	return f
}

// Entries is where the entries arrive. It is never closed: a follower stops when
// its own context ends, and then calls Close.
func (f *Follower) Entries() <-chan entry.Entry { return f.c }

// Dropped is the number of entries that were left out since the last call,
// because the follower was slow.
func (f *Follower) Dropped() int64 { return f.dropped.Swap(0) }

// Close ends the following.
func (f *Follower) Close() {
	f.hub.mu.Lock()
	defer f.hub.mu.Unlock()
	delete(f.hub.followers, f)
}

// Publish hands entries over. It is called with each batch as it is applied.
func (h *Hub) Publish(entries []entry.Entry) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for f := range h.followers {
		for i := range entries {
			f.offer(&entries[i])
		}
	}
}

func (f *Follower) offer(e *entry.Entry) {
	if !f.match(e) {
		return
	}
	select {
	case f.c <- *e:
	default:
		f.dropped.Add(1)
	}
}
