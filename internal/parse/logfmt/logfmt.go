// Package logfmt reads lines of key=value pairs, as many programs log them.
//
// Invariant: any text gives fields or is said not to be logfmt; a key occurs
// once, its last value counting. Values lie in the text but for those with
// escapes. It is strict, because it guesses: prose with an "=" in it is not
// logfmt.
package logfmt

import (
	"strconv"
	"strings"

	"patou/internal/entry"
)

// minPairs is how many pairs make a line logfmt.
const minPairs = 2

// Likely reports, at the cost of a glance, whether Parse may succeed.
func Likely(line string) bool {
	for i := 0; i < len(line) && i <= entry.MaxKey; i++ {
		if c := line[i]; c == '=' {
			return i > 0
		} else if !keyByte(c) {
			return false
		}
	}
	return false
}

// Parse appends the line's pairs to dst. It returns dst as it was and false
// unless the whole line is at least two pairs and nothing else.
func Parse(line string, dst []entry.Field) (fields []entry.Field, ok bool) {
	start := len(dst)
	rest := line
	for {
		if rest = strings.TrimLeft(rest, " "); rest == "" {
			break
		}
		key, after, ok := cutKey(rest)
		if !ok || len(dst)-start > entry.MaxFields {
			return dst[:start], false
		}
		value, after, ok := cutValue(after)
		if !ok {
			return dst[:start], false
		}
		dst = set(dst, start, key, value)
		rest = after
	}
	if len(dst)-start < minPairs {
		return dst[:start], false
	}
	return dst, true
}

// set puts a field behind those from start on, or in the place of its key.
func set(dst []entry.Field, start int, key, value string) []entry.Field {
	for i := start; i < len(dst); i++ {
		if dst[i].Key == key {
			dst[i].Value = value
			return dst
		}
	}
	return append(dst, entry.Field{Key: key, Value: value})
}

// cutKey is the key before the first "=".
func cutKey(s string) (key, rest string, ok bool) {
	for i := 0; i < len(s) && i <= entry.MaxKey; i++ {
		if s[i] == '=' {
			return s[:i], s[i+1:], i > 0
		}
		if !keyByte(s[i]) {
			break
		}
	}
	return "", "", false
}

func keyByte(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.' || c == '/' || c == '@'
}

// cutValue is the value at the start of s: in quotes, or up to a space.
func cutValue(s string) (value, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		value, rest, _ = strings.Cut(s, " ")
		return value, rest, strings.IndexByte(value, '"') < 0
	}
	escaped := false
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			escaped = true
			i++
		case '"':
			if rest = s[i+1:]; rest != "" && rest[0] != ' ' {
				return "", "", false
			}
			if value = s[1:i]; escaped {
				value = unquote(s[:i+1])
			}
			return value, rest, true
		}
	}
	return "", "", false
}

// unquote undoes Go's and JSON's escapes; what has others stays as it is.
func unquote(quoted string) string {
	if v, err := strconv.Unquote(quoted); err == nil {
		return v
	}
	return quoted[1 : len(quoted)-1]
}
