package ndjson

import (
	"encoding/binary"
	"encoding/json"
	"math/bits"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// scanner reads one JSON text. Its strings lie in that text; those with
// escapes lie in the arena, which many texts share.
type scanner struct {
	text  string
	pos   int
	arena []byte
}

// The character classes of 8 bytes at once: the high bit of a byte of the
// result is set where the byte is meant. Bytes behind the first that is set
// may be set wrongly, which does no harm, because only the first is used.
const (
	lows  = 0x0101010101010101
	highs = 0x8080808080808080
)

// plain is how many bytes of s, from i, are neither a quote nor a backslash
// nor a control character.
func plain(s string, i int) int {
	start := i
	for ; i+8 <= len(s); i += 8 {
		w := binary.LittleEndian.Uint64(unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(unsafe.StringData(s)), i)), 8))
		quote, slash := w^(lows*'"'), w^(lows*'\\')
		mark := (quote-lows)&^quote | (slash-lows)&^slash | (w-lows*' ')&^w
		if mark &= highs; mark != 0 {
			return i + bits.TrailingZeros64(mark)/8 - start
		}
	}
	for i < len(s) && s[i] != '"' && s[i] != '\\' && s[i] >= ' ' {
		i++
	}
	return i - start
}

// space skips white space and returns the next byte, 0 at the end.
func (s *scanner) space() byte {
	for s.pos < len(s.text) {
		switch c := s.text[s.pos]; c {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// str reads a string whose opening quote is next.
func (s *scanner) str() (string, error) {
	s.pos++
	start := s.pos
	s.pos += plain(s.text, s.pos)
	if s.pos < len(s.text) && s.text[s.pos] == '"' {
		s.pos++
		return s.text[start : s.pos-1], nil
	}
	return s.escaped(start)
}

// escaped reads on in a string that has something else than plain text.
func (s *scanner) escaped(start int) (string, error) {
	from := s.reserve(len(s.text) - start)
	for {
		s.arena = append(s.arena, s.text[start:s.pos]...)
		if s.pos >= len(s.text) {
			return "", Error("a string does not end")
		}
		switch c := s.text[s.pos]; {
		case c == '"':
			s.pos++
			b := s.arena[from:]
			return unsafe.String(unsafe.SliceData(b), len(b)), nil
		case c < ' ':
			return "", Error("a string has a control character that is not escaped")
		}
		if err := s.escape(); err != nil {
			return "", err
		}
		start = s.pos
		s.pos += plain(s.text, s.pos)
	}
}

// arenaChunk is how much memory for decoded strings is allocated at once,
// from the second chunk on.
const arenaChunk = 32 << 10

// reserve makes sure that a string which takes up to limit bytes in the text
// fits the arena, and returns where it will begin. A decoded string is never
// longer than its text, so one reservation serves the rest of the text too.
func (s *scanner) reserve(limit int) (from int) {
	if cap(s.arena)-len(s.arena) < limit {
		size := arenaChunk
		if s.arena == nil {
			size = 0
		}
		s.arena = make([]byte, 0, max(size, limit))
	}
	return len(s.arena)
}

// escape reads what follows a backslash, which is next.
func (s *scanner) escape() error {
	if s.pos+1 >= len(s.text) {
		return Error("a string does not end")
	}
	c := s.text[s.pos+1]
	s.pos += 2
	switch c {
	case '"', '\\', '/':
	case 'n':
		c = '\n'
	case 't':
		c = '\t'
	case 'r':
		c = '\r'
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'u':
		return s.unicode()
	default:
		return Error("a string has a backslash before what cannot be escaped")
	}
	s.arena = append(s.arena, c)
	return nil
}

// unicode reads the four digits of \u and, where they are half of a pair, the
// other half. A half alone becomes U+FFFD.
func (s *scanner) unicode() error {
	r, ok := s.hex4()
	if !ok {
		return Error("a string has a \\u without four hexadecimal digits")
	}
	if utf16.IsSurrogate(r) {
		pair := utf8.RuneError
		if strings.HasPrefix(s.text[s.pos:], `\u`) {
			back := s.pos
			s.pos += 2
			if low, ok := s.hex4(); ok {
				pair = utf16.DecodeRune(r, low)
			}
			if pair == utf8.RuneError {
				s.pos = back
			}
		}
		r = pair
	}
	s.arena = utf8.AppendRune(s.arena, r)
	return nil
}

func (s *scanner) hex4() (r rune, ok bool) {
	if s.pos+4 > len(s.text) {
		return 0, false
	}
	for _, c := range []byte(s.text[s.pos : s.pos+4]) {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	s.pos += 4
	return r, true
}

// word reads a number, true, false or null, as its text.
func (s *scanner) word() (string, error) {
	start := s.pos
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		if c == ',' || c == '}' || c == ']' || c <= ' ' {
			break
		}
		s.pos++
	}
	w := s.text[start:s.pos]
	if w == "true" || w == "false" || w == "null" || isNumber(w) {
		return w, nil
	}
	return "", Error("want a string, a number, true, false, null, an object or an array as value")
}

// isNumber reports whether w is a number as JSON writes them.
func isNumber(w string) bool {
	w = strings.TrimPrefix(w, "-")
	n := digitRun(w)
	if n == 0 || n > 1 && w[0] == '0' {
		return false
	}
	if w = w[n:]; w != "" && w[0] == '.' {
		if n = digitRun(w[1:]); n == 0 {
			return false
		}
		w = w[1+n:]
	}
	if w != "" && w[0]|0x20 == 'e' {
		if w = w[1:]; w != "" && (w[0] == '+' || w[0] == '-') {
			w = w[1:]
		}
		n = digitRun(w)
		return n > 0 && n == len(w)
	}
	return w == ""
}

func digitRun(s string) int {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return i
}

// nested reads an object or array whose bracket is next and returns its text.
func (s *scanner) nested() (string, error) {
	start, depth := s.pos, 0
	for s.pos < len(s.text) {
		switch s.text[s.pos] {
		case '"':
			if err := s.skipString(); err != nil {
				return "", err
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if s.pos++; depth == 0 {
			if text := s.text[start:s.pos]; json.Valid([]byte(text)) {
				return text, nil
			}
			return "", Error("an array or object is not JSON")
		}
	}
	return "", Error("an object or array does not end")
}

func (s *scanner) skipString() error {
	s.pos++
	for {
		s.pos += plain(s.text, s.pos)
		switch {
		case s.pos >= len(s.text):
			return Error("a string does not end")
		case s.text[s.pos] == '"':
			s.pos++
			return nil
		case s.text[s.pos] == '\\':
			s.pos += 2
		default:
			return Error("a string has a control character that is not escaped")
		}
	}
}
