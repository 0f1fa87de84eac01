// Package timerange holds ranges of time and the grammar people write times in.
//
// Invariant: ranges are half-open, and alignment to a step is the same
// everywhere. A time that cannot be read is refused with what would be right.
package timerange

import "time"

// Range is a half-open range of time, in nanoseconds since 1970 UTC.
type Range struct{ From, Until int64 }

// Of is the range between two times.
func Of(from, until time.Time) Range { return Range{from.UnixNano(), until.UnixNano()} }

// Contains reports whether t, in ns, is within the range.
func (r Range) Contains(t int64) bool { return r.From <= t && t < r.Until }

// Duration is the range's length.
func (r Range) Duration() time.Duration { return time.Duration(r.Until - r.From) }

// Floor is the greatest multiple of step that is at most t; step > 0, in t's
// unit. It rounds down for times before 1970 too.
func Floor(t, step int64) int64 {
	m := t % step
	if m < 0 {
		m += step
	}
	return t - m
}

// Ceil is the least multiple of step that is at least t.
func Ceil(t, step int64) int64 { return -Floor(-t, step) }
