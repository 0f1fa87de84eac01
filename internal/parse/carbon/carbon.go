// Package carbon reads Graphite's plaintext lines: "path value timestamp".
//
// Invariant: any bytes give a sample or an Error that says why not, without
// allocating; a value is the float64 that strconv would read, bit for bit. NaN
// and infinities are never given.
package carbon

import (
	"bytes"
	"math"
	"strconv"
	"unsafe"

	"patou/internal/metric"
)

// Error is why a line was refused, in plain words.
type Error string

// Error is the reason itself.
func (e Error) Error() string { return string(e) }

// The reasons why a line is refused.
const (
	ErrFields      Error = "want three fields with spaces between: path value timestamp"
	ErrValue       Error = "the value is not a number"
	ErrNaN         Error = "the value is NaN: leave out the line when there is no value"
	ErrInf         Error = "the value is infinite"
	ErrTimestamp   Error = "the timestamp is not a number of seconds since 1970"
	ErrMillisecond Error = "the timestamp is past the year 5138: seconds are wanted, are these milliseconds?"
)

// maxStamp is the first second that is taken for a number of milliseconds.
const maxStamp = 100_000_000_000

// Parser reads the lines of one sender. It remembers the last timestamp, which
// the next line mostly repeats. The zero Parser is ready; it is for one
// goroutine.
type Parser struct {
	stamp  [10]byte
	millis int64 // what stamp means; 0 before the first line
}

// Parse reads one line without its newline. The sample's name lies in line and
// is valid only as long as that is. A timestamp of -1 is now, in ms since 1970.
func (p *Parser) Parse(line []byte, now int64) (metric.Sample, error) {
	end := bytes.IndexByte(line, ' ')
	if end <= 0 || bytes.IndexByte(line[:end], '\t') >= 0 {
		return p.parseSlowly(line, now)
	}
	value, rest, ok := scanDecimal(line[end+1:])
	if !ok {
		return p.parseSlowly(line, now)
	}
	millis, ok := p.fastStamp(rest)
	if !ok {
		return p.parseSlowly(line, now)
	}
	return metric.Sample{Name: text(line[:end]), Time: millis, Value: value}, nil
}

// fastStamp reads ten digits with at most a carriage return behind.
func (p *Parser) fastStamp(b []byte) (millis int64, ok bool) {
	if len(b) != 10 && (len(b) != 11 || b[10] != '\r') {
		return 0, false
	}
	digits := [10]byte(b)
	if digits == p.stamp && p.millis != 0 {
		return p.millis, true
	}
	var n int64
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	p.stamp, p.millis = digits, n*1000
	return p.millis, true
}

// parseSlowly reads what is valid but unusual, and finds the reason of what is
// not.
func (p *Parser) parseSlowly(line []byte, now int64) (metric.Sample, error) {
	name, rest := field(line)
	value, rest := field(rest)
	stamp, rest := field(rest)
	if more, _ := field(rest); len(stamp) == 0 || len(more) > 0 {
		return metric.Sample{}, ErrFields
	}
	v, err := parseValue(value)
	if err != nil {
		return metric.Sample{}, err
	}
	millis, err := parseStamp(stamp, now)
	if err != nil {
		return metric.Sample{}, err
	}
	return metric.Sample{Name: text(name), Time: millis, Value: v}, nil
}

// field is the next field of b and what follows it.
func field(b []byte) (f, rest []byte) {
	i := 0
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	j := i
	for j < len(b) && !isSpace(b[j]) {
		j++
	}
	return b[i:j], b[j:]
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// maxNumber is more than any sender needs to write a number; a longer one
// would let strconv work on a line's whole length.
const maxNumber = 400

func parseValue(b []byte) (float64, error) {
	if len(b) > maxNumber || !decimalOrWord(b) {
		return 0, ErrValue
	}
	v, err := strconv.ParseFloat(text(b), 64)
	switch {
	case math.IsNaN(v):
		return 0, ErrNaN
	case math.IsInf(v, 0):
		return 0, ErrInf
	case err != nil:
		return 0, ErrValue
	}
	return v, nil
}

// decimalOrWord leaves out what only Go's syntax takes: 0x1p-2 and 1_000.
func decimalOrWord(b []byte) bool {
	return bytes.IndexByte(b, '_') < 0 && bytes.IndexByte(b, 'x') < 0 && bytes.IndexByte(b, 'X') < 0
}

func parseStamp(b []byte, now int64) (millis int64, err error) {
	if v, rest, ok := scanDecimal(b); ok && len(rest) == 0 && v == -1 {
		return now, nil
	}
	v, err := parseValue(b)
	switch {
	case err != nil || v < 0:
		return 0, ErrTimestamp
	case v >= maxStamp:
		return 0, ErrMillisecond
	}
	return int64(math.Round(v * 1000)), nil
}

// text is b as a string that lives no longer than b.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
