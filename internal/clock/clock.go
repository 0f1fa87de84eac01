// Package clock is where time comes in. Code that decides by time takes a
// Clock, so that a test can set the hour and move it without waiting.
//
// Invariant: nothing below cmd and app calls time.Now or starts a timer of its
// own. It cannot fail.
package clock

import "time"

// Clock tells the time and wakes its users.
type Clock interface {
	// Now is the current time.
	Now() time.Time
	// NewTicker ticks every d, d > 0, until it is stopped. A slow reader
	// misses ticks; it never receives a backlog.
	NewTicker(d time.Duration) Ticker
	// After sends the time once, when d has passed; at once when d <= 0.
	After(d time.Duration) <-chan time.Time
}

// Ticker delivers the time at a fixed interval.
type Ticker interface {
	// C is the channel that the ticks arrive on.
	C() <-chan time.Time
	// Stop ends the ticks; it does not close C.
	Stop()
}

// Real is the clock of the machine.
type Real struct{}

// Now is the machine's time.
func (Real) Now() time.Time { return time.Now() }

// NewTicker ticks by the machine's monotonic clock.
func (Real) NewTicker(d time.Duration) Ticker { return realTicker{time.NewTicker(d)} }

// After waits by the machine's monotonic clock.
func (Real) After(d time.Duration) <-chan time.Time { return time.After(d) }

type realTicker struct{ t *time.Ticker }

func (r realTicker) C() <-chan time.Time { return r.t.C }
func (r realTicker) Stop()               { r.t.Stop() }
