package pattern

import (
	"bytes"
	"strings"
)

// Bounds of what is looked at of a message.
const (
	maxBytes  = 2048
	maxTokens = 160
	maxQuoted = 1024 // bytes between two quotes
)

// The kinds of bytes.
const (
	isDigit = 1 << iota
	isHex   // a letter of a hexadecimal number
	isLetter
	isSpace
	isDelimiter // ends a word and stands for itself
	isQuote
	isJoint // stands between the parts of a word
)

// classes are the kinds of each byte. It never changes.
var classes = classify()

func classify() (c [256]uint8) {
	for b := range 256 {
		switch {
		case b >= '0' && b <= '9':
			c[b] = isDigit
		case b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F':
			c[b] = isLetter | isHex
		case b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= 0x80:
			c[b] = isLetter
		case b <= ' ':
			c[b] = isSpace
		case strings.IndexByte("=,;()[]{}<>|", byte(b)) >= 0:
			c[b] = isDelimiter
		case strings.IndexByte("\"'`", byte(b)) >= 0:
			c[b] = isQuote
		default:
			c[b] = isJoint
		}
	}
	return c
}

// masker turns a message into its shape: the message with a hole for each
// number, address, path, identifier and quoted value.
type masker struct {
	out []byte
	// within is the quote that the text being read stands in, 0 for none.
	within byte
}

// mask is the shape of a message, valid until the next call.
func (m *masker) mask(s string) []byte {
	m.out, m.within = m.out[:0], 0
	s, cut := firstLine(s)
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case classes[c]&isSpace != 0:
			if n := len(m.out); n > 0 && m.out[n-1] != ' ' {
				m.out = append(m.out, ' ')
			}
			i++
		case classes[c]&isQuote != 0:
			i = m.quote(s, i)
		case c == '<' && strings.HasPrefix(s[i:], Hole):
			m.hole()
			i += len(Hole)
		case compares(s, i):
			i++ // less than a number is one
		case classes[c]&isDelimiter != 0:
			if c == '[' {
				m.client()
			}
			m.out = append(m.out, c)
			i++
		default:
			i = m.word(s, i)
		}
	}
	if n := len(m.out); n > 0 && m.out[n-1] == ' ' {
		m.out = m.out[:n-1]
	}
	if cut {
		m.out = append(m.out, ' ')
		m.hole()
	}
	return m.out
}

// compares reports whether the sign at i compares with the number behind it. The
// priority of syslog, <13>, is not compared.
func compares(s string, i int) bool {
	if s[i] != '<' && s[i] != '>' {
		return false
	}
	j := i + 1
	for j < len(s) && classes[s[j]]&isDigit != 0 {
		j++
	}
	return j > i+1 && (j == len(s) || s[j] != '>')
}

// firstLine is the part of a message that is looked at. The rest of a long line
// is cut between words.
func firstLine(s string) (line string, cut bool) {
	s = strings.TrimLeft(s[:min(len(s), 2*maxBytes)], " \t\r\n")
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		s = s[:i]
	}
	if len(s) <= maxBytes {
		return s, false
	}
	if i := strings.LastIndexByte(s[:maxBytes], ' '); i > 0 {
		return s[:i], true
	}
	return s[:maxBytes], true
}

// hole writes one, and takes those before it into it: a list of values of any
// length has one shape.
func (m *masker) hole() {
	n := len(m.out)
	switch {
	case n >= 4 && classes[m.out[n-1]]&isJoint != 0 && string(m.out[n-4:n-1]) == Hole:
		m.out = m.out[:n-1]
		return
	case n >= 4 && m.out[n-1] == ',' && string(m.out[n-4:n-1]) == Hole:
		m.out = m.out[:n-1]
		return
	case n >= 5 && m.out[n-1] == ' ' && m.out[n-2] == ',' && string(m.out[n-5:n-2]) == Hole:
		m.out = m.out[:n-2]
		return
	case n >= 4 && m.out[n-1] == ' ' && string(m.out[n-4:n-1]) == Hole:
		m.out = m.out[:n-1]
		return
	case n >= 3 && string(m.out[n-3:n]) == Hole:
		return
	}
	m.date()
	m.out = append(m.out, Hole...)
}

// date drops the names of days and months before a number: they are part of it.
func (m *masker) date() {
	for n := len(m.out); n >= 4 && m.out[n-1] == ' ' && isCalendar(m.out[n-4:n-1]) && (n == 4 || m.out[n-5] == ' '); n = len(m.out) {
		m.out = m.out[:n-4]
	}
}

func isCalendar(w []byte) bool {
	switch string(w) {
	case "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec":
		return true
	}
	return false
}

// client makes a hole of the user's name in a line of an access log, which
// begins with address, "-", user and the time in brackets.
func (m *masker) client() {
	const start = Hole + " - "
	if n := len(m.out); n > len(start)+1 && m.out[n-1] == ' ' && string(m.out[:len(start)]) == start && bytes.IndexByte(m.out[len(start):], ' ') == n-1-len(start) {
		m.out = append(append(m.out[:len(start)], Hole...), ' ')
	}
}

// quote reads a quotation mark at i, and what it encloses: a name or value, of
// which a hole is left, unless the text is what the line has to say: the value
// of msg=, several words, or what follows the bracket of klog's lines.
func (m *masker) quote(s string, i int) (next int) {
	q := s[i]
	if q == m.within {
		m.within = 0
		m.out = append(m.out, q)
		return i + 1
	}
	end := closing(s, i)
	if end < 0 || m.within != 0 {
		m.out = append(m.out, q)
		return i + 1
	}
	inner := s[i+1 : end]
	switch {
	case inner == "":
		m.out = append(m.out, q, q)
		return end + 1
	case end+1 < len(s) && s[end+1] == ':' && isKey(inner): // of JSON
		m.out = append(m.out, s[i:end+1]...)
		return end + 1
	case isAgent(inner):
	case speaks(m.key()) || strings.Count(inner, " ") > 1 || bytes.HasSuffix(m.out, []byte("] ")):
		m.within = q
		m.out = append(m.out, q)
		return i + 1
	}
	m.out = append(m.out, q)
	m.out = append(m.out, Hole...)
	m.out = append(m.out, q)
	return end + 1
}

// isAgent reports whether a text begins like the name of a web client, as
// "curl/8.5" and what browsers send.
func isAgent(s string) bool {
	i := strings.IndexByte(s, '/')
	return i > 0 && i+1 < len(s) && classes[s[i+1]]&isDigit != 0 && isKey(s[:i])
}

// closing is where the quotation that begins at i ends, -1 where it does not
// or where it is an apostrophe.
func closing(s string, i int) int {
	q := s[i]
	if q != '"' && i > 0 && classes[s[i-1]]&(isLetter|isDigit) != 0 {
		return -1
	}
	for j := i + 1; j < len(s) && j <= i+maxQuoted; j++ {
		switch {
		case s[j] == '\\':
			j++
		case s[j] == q && (q == '"' || j+1 == len(s) || classes[s[j+1]]&(isLetter|isDigit) == 0):
			return j
		}
	}
	return -1
}

func isKey(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; classes[c]&(isLetter|isDigit) == 0 && c != '_' && c != '-' && c != '.' && c != '@' {
			return false
		}
	}
	return true
}

// key is the name whose value comes next, as of msg= and "msg": .
func (m *masker) key() []byte {
	end := len(m.out)
	for end > 0 && m.out[end-1] == ' ' {
		end--
	}
	if end == 0 || m.out[end-1] != '=' && m.out[end-1] != ':' {
		return nil
	}
	end--
	if end > 0 && m.out[end-1] == '"' {
		end--
	}
	start := end
	for start > 0 && classes[m.out[start-1]]&isLetter != 0 {
		start--
	}
	return m.out[start:end]
}

// speaks reports whether the values of a key are part of what is said.
func speaks(key []byte) bool {
	switch string(key) {
	case "msg", "message", "MESSAGE", "log", "text", "event", "err", "error", "reason", "level", "lvl", "severity", "method", "state", "type", "logger", "caller":
		return true
	}
	return false
}
