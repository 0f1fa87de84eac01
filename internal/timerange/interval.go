package timerange

import (
	"strconv"
	"strings"
	"time"
)

// maxOffset keeps sums of offsets within a time.Duration.
const maxOffset = 250 * 365 * 24 * time.Hour

const wantOffset = "a number and a unit: s, min, h, d, w, mon or y"

// ParseInterval reads a length of time as Graphite's functions take it: "1h",
// "-1d", "10min", "1h30min". A sign belongs to the whole. Fractions are not
// known; m alone means minutes.
func ParseInterval(s string) (time.Duration, error) {
	p := newParser(s, time.Time{})
	negative := p.take("-")
	if !negative {
		p.take("+")
	}
	d := p.offset()
	if p.err == nil && p.pos < len(p.text) {
		p.fail(p.pos, wantOffset)
	}
	if p.err != nil {
		return 0, p.err
	}
	if negative {
		d = -d
	}
	return d, nil
}

// offset reads one or more of number and unit.
func (p *parser) offset() time.Duration {
	var sum time.Duration
	for first := true; p.err == nil && (first || p.pos < len(p.text) && isDigit(p.text[p.pos])); first = false {
		start := p.pos
		n, err := strconv.ParseInt(p.digits(12), 10, 64)
		if err != nil {
			p.fail(start, wantOffset)
			return 0
		}
		u, width := unit(p.rest())
		if width == 0 {
			p.fail(p.pos, wantOffset)
			return 0
		}
		p.pos += width
		if n > int64((maxOffset-sum)/u) {
			p.fail(start, "an offset of less than 250 years")
			return 0
		}
		sum += time.Duration(n) * u
	}
	return sum
}

// unit finds the unit that s begins with and how many letters spell it; 0 for
// none. Graphite looks at the first letters alone, so "hours" and "hrs" are
// both hours; am and pm are not units.
func unit(s string) (u time.Duration, width int) {
	for width < len(s) && 'a' <= s[width] && s[width] <= 'z' {
		width++
	}
	word := s[:width]
	switch {
	case word == "ms":
		return time.Millisecond, width
	case strings.HasPrefix(word, "s"):
		return time.Second, width
	case word == "m" || strings.HasPrefix(word, "min"):
		return time.Minute, width
	case strings.HasPrefix(word, "mon"):
		return 30 * 24 * time.Hour, width
	case strings.HasPrefix(word, "h"):
		return time.Hour, width
	case strings.HasPrefix(word, "d"):
		return 24 * time.Hour, width
	case strings.HasPrefix(word, "w"):
		return 7 * 24 * time.Hour, width
	case strings.HasPrefix(word, "y"):
		return 365 * 24 * time.Hour, width
	}
	return 0, 0
}
