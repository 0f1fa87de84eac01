package lang

import (
	"math"
	"strconv"
	"strings"
)

// Number reads a text that is a decimal number as a whole, as 12, -0.5 or 1e3.
func Number(s string) (float64, bool) {
	if s == "" || len(s) > 40 {
		return 0, false
	}
	if n, ok := smallNumber(s); ok {
		return n, true
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; !isDigit(c) && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return 0, false
		}
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil && !math.IsInf(n, 0)
}

// smallNumber reads up to 15 digits, the most common case, quickly.
func smallNumber(s string) (float64, bool) {
	if len(s) > 15 {
		return 0, false
	}
	n := int64(0)
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return float64(n), true
}

// ASCIILower lowers A to Z and allocates nothing where there are none.
func ASCIILower(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= 'A' && s[i] <= 'Z' {
			return strings.Map(func(r rune) rune {
				if r >= 'A' && r <= 'Z' {
					r += 'a' - 'A'
				}
				return r
			}, s)
		}
	}
	return s
}
