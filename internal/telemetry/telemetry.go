// Package telemetry counts what Patou does, so that it can watch itself: each
// counter is a series under patou.
//
// Invariant: a name has one counter, made on first use, whose value never goes
// down; gauges are read when asked for. It cannot fail.
package telemetry

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// Set holds the counters and gauges of one server. It is safe for use by
// several goroutines; the zero Set is ready.
type Set struct {
	mu       sync.RWMutex
	counters map[string]*Counter
	gauges   map[string]func() float64
}

// Counter is a number that only rises.
type Counter struct{ n atomic.Int64 }

// Add raises the counter.
func (c *Counter) Add(n int) { c.n.Add(int64(n)) }

// Inc raises the counter by one.
func (c *Counter) Inc() { c.n.Add(1) }

// Value is the counter's number now.
func (c *Counter) Value() int64 { return c.n.Load() }

// Counter returns the counter of a dotted name such as "ingest.carbon.rejected".
func (s *Set) Counter(name string) *Counter {
	s.mu.RLock()
	c := s.counters[name]
	s.mu.RUnlock()
	if c != nil {
		return c
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counters == nil {
		s.counters = map[string]*Counter{}
	}
	if s.counters[name] == nil {
		s.counters[name] = &Counter{}
	}
	return s.counters[name]
}

// Gauge registers a number that is read when asked for. The function must be
// quick and safe to call from any goroutine.
func (s *Set) Gauge(name string, read func() float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gauges == nil {
		s.gauges = map[string]func() float64{}
	}
	s.gauges[name] = read
}

// Reading is one number and its name.
type Reading struct {
	Name    string
	Value   float64
	Counter bool // it only rises
}

// Read is all numbers now, in order of name.
func (s *Set) Read() []Reading {
	s.mu.RLock()
	counters, gauges := maps.Clone(s.counters), maps.Clone(s.gauges)
	s.mu.RUnlock()
	out := make([]Reading, 0, len(counters)+len(gauges))
	for name, c := range counters {
		out = append(out, Reading{name, float64(c.Value()), true})
	}
	for name, read := range gauges {
		out = append(out, Reading{name, read(), false})
	}
	slices.SortFunc(out, func(a, b Reading) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return out
}
