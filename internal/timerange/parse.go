package timerange

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseError says which time could not be read, where, and what would be right.
type ParseError struct {
	// Text is what was given and Pos the byte in it that does not fit.
	Text string
	Pos  int
	// Want is what may stand there.
	Want string
}

// Error names the text, the place in it and what is expected.
func (e *ParseError) Error() string {
	return fmt.Sprintf("cannot read the time %q at character %d: expected %s", e.Text, e.Pos+1, e.Want)
}

// maxText bounds what is looked at; the longest sensible time is far shorter.
const maxText = 100

// wantTime lists the forms that begin a time.
const wantTime = "a time such as now, -1h, 5m, 14:05, 14:05_20261120, 2026-11-20T14:05:00Z or epoch seconds"

// ParseRange reads the two ends of a range; an empty from means a day before
// now and an empty until means now. Wall-clock times are those of now's zone.
// Ends in the wrong order are swapped, as Graphite does; equal ends are refused.
func ParseRange(from, until string, now time.Time) (Range, error) {
	if strings.TrimSpace(from) == "" {
		from = "-1d"
	}
	if strings.TrimSpace(until) == "" {
		until = "now"
	}
	f, err := Parse(from, now, now.Location())
	if err != nil {
		return Range{}, fmt.Errorf("from: %w", err)
	}
	u, err := Parse(until, now, now.Location())
	if err != nil {
		return Range{}, fmt.Errorf("until: %w", err)
	}
	if f.Equal(u) {
		return Range{}, fmt.Errorf("the range from %q until %q is empty: until must differ from from", from, until)
	}
	if f.After(u) {
		f, u = u, f
	}
	return Of(f, u), nil
}

// Parse reads a time as people and programs write it: Graphite's forms
// (-1h, now-5min, 14:05_20161120, noon+yesterday, epoch seconds), RFC 3339,
// and a bare duration, which lies in the past (5m and -5m are five minutes
// ago). Wall-clock times are in loc; now is what they relate to. A time it
// cannot read gives a *ParseError.
func Parse(s string, now time.Time, loc *time.Location) (time.Time, error) {
	if len(s) > maxText {
		return time.Time{}, &ParseError{Text: s[:maxText], Pos: maxText - 1, Want: "a shorter text"}
	}
	t, ok := parseISO(strings.TrimSpace(s), loc)
	if !ok {
		p := newParser(s, now.In(loc))
		t = p.time()
		if p.err != nil {
			return time.Time{}, p.err
		}
	}
	// Years outside these do not fit into nanoseconds.
	if t.Year() < 1678 || t.Year() > 2261 {
		return time.Time{}, &ParseError{Text: s, Want: "a time between the years 1678 and 2261"}
	}
	return t, nil
}

// isoLayouts returns the forms that contain dashes between digits, which the
// other grammar would take for offsets.
func isoLayouts() []string {
	return []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"}
}

func parseISO(s string, loc *time.Location) (time.Time, bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return time.Time{}, false
	}
	for _, layout := range isoLayouts() {
		if t, err := time.ParseInLocation(layout, strings.ToUpper(s), loc); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// parser walks over the text in lower case and without the characters that
// Graphite ignores; at remembers where each byte stood.
type parser struct {
	given string
	text  string
	at    []int
	pos   int
	now   time.Time
	err   error
}

func newParser(s string, now time.Time) *parser {
	p := &parser{given: s, now: now}
	text := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '_' || c == ',' || c == ' ' || c == '\t':
			continue
		case 'A' <= c && c <= 'Z':
			text = append(text, c+'a'-'A')
		default:
			text = append(text, c)
		}
		p.at = append(p.at, i)
	}
	p.text, p.at = string(text), append(p.at, len(s))
	return p
}

// fail keeps the first error; the parser goes on harmlessly after it.
func (p *parser) fail(pos int, want string) {
	if p.err == nil {
		p.err = &ParseError{Text: p.given, Pos: p.at[min(pos, len(p.at)-1)], Want: want}
	}
}

func (p *parser) rest() string { return p.text[p.pos:] }

// take moves past word when it comes next.
func (p *parser) take(word string) bool {
	if !strings.HasPrefix(p.rest(), word) {
		return false
	}
	p.pos += len(word)
	return true
}

// digits takes up to n digits.
func (p *parser) digits(n int) string {
	start := p.pos
	for p.pos < len(p.text) && p.pos-start < n && isDigit(p.text[p.pos]) {
		p.pos++
	}
	return p.text[start:p.pos]
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// time reads [reference][offset].
func (p *parser) time() time.Time {
	if p.text == "" {
		p.fail(0, wantTime)
		return p.now
	}
	if t, ok := p.epoch(); ok {
		return t
	}
	if isDuration(p.text) {
		return p.now.Add(-p.offset())
	}
	t := p.reference()
	for p.err == nil && p.pos < len(p.text) {
		switch {
		case p.take("+"):
			t = t.Add(p.offset())
		case p.take("-"):
			t = t.Add(-p.offset())
		default:
			p.fail(p.pos, "the end, or an offset such as -1h or +30min")
		}
	}
	return t
}

// isDuration tells "5m" and "1h30min" from "6am" and "14:05".
func isDuration(s string) bool {
	i := 0
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	if i == 0 || i == len(s) {
		return false
	}
	_, n := unit(s[i:])
	return n > 0
}

// epoch reads a text of digits alone; eight of them may be a date instead.
// Numbers too large for seconds are taken as ms, µs or ns.
func (p *parser) epoch() (time.Time, bool) {
	whole, fraction, _ := strings.Cut(p.text, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || !isDigit(whole[0]) || strings.Trim(fraction, "0123456789") != "" {
		return time.Time{}, false
	}
	if len(whole) == 8 && fraction == "" {
		if t, err := time.ParseInLocation("20060102", whole, p.now.Location()); err == nil && t.Year() > 1900 {
			return t, true
		}
	}
	p.pos = len(p.text)
	const seconds = 100_000_000_000 // 1e11 s is the year 5138
	switch {
	case n < seconds:
		nanos, _ := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
		return time.Unix(n, nanos).In(p.now.Location()), true
	case n < seconds*1000:
		return time.UnixMilli(n).In(p.now.Location()), true
	case n < seconds*1_000_000:
		return time.UnixMicro(n).In(p.now.Location()), true
	}
	return time.Unix(0, n).In(p.now.Location()), true
}
