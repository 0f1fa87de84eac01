package vitals

import (
	"bytes"
	"math"
)

// nextLine is the first line of b and what follows it.
func nextLine(b []byte) (line, rest []byte) {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return b[:i], b[i+1:]
	}
	return b, nil
}

// nextField is the first word of a line and what follows it.
func nextField(b []byte) (field, rest []byte) {
	i := 0
	for i < len(b) && (b[i] == ' ' || b[i] == '\t') {
		i++
	}
	j := i
	for j < len(b) && b[j] != ' ' && b[j] != '\t' {
		j++
	}
	return b[i:j], b[j:]
}

// numbers reads whole numbers from a line into dst and returns how many there
// were.
func numbers(line []byte, dst []uint64) (n int) {
	for n < len(dst) {
		var f []byte
		if f, line = nextField(line); len(f) == 0 {
			return n
		}
		v, ok := number(f)
		if !ok {
			return n
		}
		dst[n] = v
		n++
	}
	return n
}

// first is the number that a line begins with.
func first(line []byte) (v uint64, ok bool) {
	f, _ := nextField(line)
	return number(f)
}

// number is a whole number of 64 bits.
func number(b []byte) (v uint64, ok bool) {
	if len(b) == 0 || len(b) > 20 {
		return 0, false
	}
	for _, c := range b {
		digit := uint64(c - '0')
		if digit > 9 || v > (math.MaxUint64-digit)/10 {
			return 0, false
		}
		v = v*10 + digit
	}
	return v, true
}

// hexadecimal is a whole number of 32 bits, as the kernel writes some.
func hexadecimal(b []byte) (v uint64, ok bool) {
	if len(b) == 0 || len(b) > 8 {
		return 0, false
	}
	for _, c := range b {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		default:
			return 0, false
		}
		v = v<<4 | uint64(c)
	}
	return v, true
}

// decimal is a number with a point, and neither sign nor exponent.
func decimal(b []byte) (v float64, ok bool) {
	whole, fraction, dotted := bytes.Cut(b, []byte{'.'})
	n, ok := number(whole)
	if !ok || !dotted {
		return float64(n), ok
	}
	f, ok := number(fraction)
	return float64(n) + float64(f)/math.Pow10(len(fraction)), ok
}

// numberOf is the number that follows a key within a line: 5 for "tw" in
// "TCP: inuse 1 tw 5".
func numberOf(line []byte, key string) (v uint64, ok bool) {
	for len(line) > 0 {
		var f []byte
		f, line = nextField(line)
		if string(f) == key {
			f, _ = nextField(line)
			return number(f)
		}
	}
	return 0, false
}
