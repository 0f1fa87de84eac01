package clock

import (
	"slices"
	"sync"
	"time"
)

// Manual is a clock that stands still until a test moves it. It is safe for
// use by several goroutines.
type Manual struct {
	mu      sync.Mutex
	now     time.Time
	waiters []*waiter
}

type waiter struct {
	at    time.Time
	every time.Duration // 0: once
	c     chan time.Time
}

// NewManual returns a clock that stands at now.
func NewManual(now time.Time) *Manual { return &Manual{now: now} }

// Now is where the clock stands.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// Advance moves the clock forward by d and wakes, in order of time, all that
// waited for a moment up to the new one.
func (m *Manual) Advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	until := m.now.Add(d)
	for {
		w := m.nextDue(until)
		if w == nil {
			break
		}
		m.now = w.at
		m.fire(w)
	}
	m.now = until
}

// NewTicker ticks each time that Advance passes a multiple of d from now.
func (m *Manual) NewTicker(d time.Duration) Ticker {
	return &manualTicker{m: m, w: m.add(d, d)}
}

// After sends once Advance has passed d from now.
func (m *Manual) After(d time.Duration) <-chan time.Time { return m.add(d, 0).c }

// Waiting is the number of tickers and timers that wait. A test uses it to know
// that a goroutine has reached its wait.
func (m *Manual) Waiting() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.waiters)
}

func (m *Manual) add(d, every time.Duration) *waiter {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := &waiter{at: m.now.Add(d), every: every, c: make(chan time.Time, 1)}
	if d <= 0 {
		w.c <- m.now
		return w
	}
	m.waiters = append(m.waiters, w)
	return w
}

func (m *Manual) nextDue(until time.Time) *waiter {
	var next *waiter
	for _, w := range m.waiters {
		if !w.at.After(until) && (next == nil || w.at.Before(next.at)) {
			next = w
		}
	}
	return next
}

func (m *Manual) fire(w *waiter) {
	select {
	case w.c <- m.now:
	default: // a slow reader misses ticks
	}
	if w.every > 0 {
		w.at = w.at.Add(w.every)
		return
	}
	m.remove(w)
}

func (m *Manual) remove(w *waiter) {
	m.waiters = slices.DeleteFunc(m.waiters, func(o *waiter) bool { return o == w })
}

type manualTicker struct {
	m *Manual
	w *waiter
}

func (t *manualTicker) C() <-chan time.Time { return t.w.c }

func (t *manualTicker) Stop() {
	t.m.mu.Lock()
	defer t.m.mu.Unlock()
	t.m.remove(t.w)
}
