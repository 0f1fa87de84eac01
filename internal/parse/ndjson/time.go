package ndjson

import (
	"strings"
	"time"
)

// The magnitudes that tell the unit of a number of time: each is the year 5138
// in its unit, and 1973 in the next finer one.
const (
	maxSeconds = 1e11
	maxMillis  = 1e14
	maxMicros  = 1e17
)

// ParseTime reads a time as senders write it in JSON: RFC 3339, or the number
// of seconds, ms, µs or ns since 1970 by its magnitude. Times before 1970 and
// after 2261 are refused: their ns would not fit.
func ParseTime(s string) (ns int64, ok bool) {
	if len(s) > 0 && len(s) < 32 && isNumber(s) {
		return numberTime(s)
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() < 1970 || t.Year() > 2261 {
		return 0, false
	}
	return t.UnixNano(), true
}

// numberTime reads a decimal without losing a digit to a float.
func numberTime(s string) (ns int64, ok bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	if len(whole) > 19 || strings.ContainsAny(s, "-eE") {
		return 0, false
	}
	var n uint64
	for i := 0; i < len(whole); i++ {
		n = n*10 + uint64(whole[i]-'0')
	}
	unit := uint64(1)
	switch {
	case n < maxSeconds:
		unit = 1e9
	case n < maxMillis:
		unit = 1e6
	case n < maxMicros:
		unit = 1e3
	}
	const last = 9_223_372_036 * 1e9 // seconds whose ns fit int64
	if n > last/unit {
		return 0, false
	}
	n *= unit
	for i := 0; i < len(fraction); i++ {
		unit /= 10
		n += unit * uint64(fraction[i]-'0')
	}
	return int64(n), true
}
