package lang

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Bounds of a query's text.
const (
	maxQuery = 16 << 10 // bytes
	maxDepth = 64       // parentheses and negations within each other
)

// Error says where a query cannot be read and what would be right.
type Error struct {
	// Column counts characters, from 1.
	Column int
	// Problem is what stands there, as a clause.
	Problem string
	// Wanted is what was expected; "" where the problem says it all.
	Wanted string
}

// Error is the whole sentence, as column 58: "evry" is not known here: wanted …
func (e *Error) Error() string {
	if e.Wanted == "" {
		return fmt.Sprintf("column %d: %s", e.Column, e.Problem)
	}
	return fmt.Sprintf("column %d: %s: wanted %s", e.Column, e.Problem, e.Wanted)
}

// scanner walks over a query's text. Errors leave it by panic(*Error),
// which Parse recovers; nothing else in the package does that.
type scanner struct {
	src   string
	pos   int
	depth int
}

// fail ends the reading. It panics, so that none of the grammar's functions,
// which nest deeply, must hand an error up; Parse makes it an error again.
func (s *scanner) fail(pos int, problem, wanted string) {
	column := utf8.RuneCountInString(s.src[:pos]) + 1
	panic(&Error{Column: column, Problem: problem, Wanted: wanted})
}

// unknown fails at what stands at pos.
func (s *scanner) unknown(pos int, wanted string) {
	if pos >= len(s.src) {
		s.fail(len(s.src), "the query ends here", wanted)
	}
	if isSpace(s.src[pos]) {
		s.fail(pos, "a space stands here", wanted)
	}
	s.fail(pos, fmt.Sprintf("%q is not known here", s.wordAt(pos)), wanted)
}

// wordAt is what a reader would call the word at pos.
func (s *scanner) wordAt(pos int) string {
	rest := s.src[pos:]
	end := strings.IndexFunc(rest, func(r rune) bool { return r < 0x80 && (isSpace(byte(r)) || strings.ContainsRune(`|(),"`, r)) })
	switch {
	case end < 0:
		end = len(rest)
	case end == 0:
		end = 1
	}
	if word := rest[:end]; utf8.RuneCountInString(word) <= 40 {
		return word
	}
	return string([]rune(rest[:end])[:40]) + "…"
}

// enter counts a level of nesting and leave ends it. The bound keeps a text of
// parentheses from using up the stack, here and in evaluation.
func (s *scanner) enter(pos int) {
	if s.depth++; s.depth > maxDepth {
		s.fail(pos, fmt.Sprintf("more than %d levels of parentheses and NOT", maxDepth), "")
	}
}

func (s *scanner) leave() { s.depth-- }

// skipSpace is called before what may have space before it. Space inside a
// filter, as after its colon, means something else.
func (s *scanner) skipSpace() {
	for s.pos < len(s.src) && isSpace(s.src[s.pos]) {
		s.pos++
	}
}

// at reports whether the text goes on with a prefix.
func (s *scanner) at(prefix string) bool { return strings.HasPrefix(s.src[s.pos:], prefix) }

// take skips a prefix where the text goes on with it.
func (s *scanner) take(prefix string) bool {
	if s.at(prefix) {
		s.pos += len(prefix)
		return true
	}
	return false
}

// done reports whether the text has ended.
func (s *scanner) done() bool { return s.pos >= len(s.src) }

// quoted reads a text in double quotes; the scanner stands on the first.
func (s *scanner) quoted() string {
	start := s.pos
	var b strings.Builder
	for s.pos++; s.pos < len(s.src); s.pos++ {
		switch c := s.src[s.pos]; c {
		case '"':
			s.pos++
			return b.String()
		case '\\':
			b.WriteByte(s.escape())
		default:
			b.WriteByte(c)
		}
	}
	s.fail(start, "a quote is opened here and never closed", `"`)
	return ""
}

// escape reads the character after a backslash within quotes.
func (s *scanner) escape() byte {
	if s.pos++; s.pos < len(s.src) {
		switch c := s.src[s.pos]; c {
		case '"', '\\':
			return c
		case 'n':
			return '\n'
		case 'r':
			return '\r'
		case 't':
			return '\t'
		}
	}
	s.fail(s.pos-1, "a backslash within quotes stands before nothing it can escape", `\" \\ \n \r or \t; write \\ for a backslash`)
	return 0
}

// slashed reads a regular expression; the scanner stands on the first slash.
func (s *scanner) slashed() string {
	start := s.pos
	var b strings.Builder
	for s.pos++; s.pos < len(s.src); s.pos++ {
		c := s.src[s.pos]
		if c == '/' {
			s.pos++
			return s.flagged(start, b.String())
		}
		if c == '\\' && s.pos+1 < len(s.src) {
			if s.pos++; s.src[s.pos] != '/' {
				b.WriteByte('\\')
			}
			c = s.src[s.pos]
		}
		b.WriteByte(c)
	}
	s.fail(start, "a regular expression is opened here and never closed", `/ (put a text that begins with / in quotes)`)
	return ""
}

// flagged reads the flag i after a regular expression, and what must follow.
func (s *scanner) flagged(start int, source string) string {
	if s.take("i") {
		source = "(?i)" + source
	}
	if !s.done() && !isSpace(s.src[s.pos]) && !strings.ContainsRune("()|", rune(s.src[s.pos])) {
		s.fail(s.pos, "the regular expression that begins at column "+fmt.Sprint(utf8.RuneCountInString(s.src[:start])+1)+" has ended here",
			`a space, ), | or the end (put a path in quotes: "/var/log")`)
	}
	return source
}

// word reads up to a space, a parenthesis, a bar or a quote, escapes included.
func (s *scanner) word() string {
	start := s.pos
	for s.pos < len(s.src) {
		c := s.src[s.pos]
		if c == '\\' && s.pos+1 < len(s.src) && isEscapable(s.src[s.pos+1]) {
			s.pos += 2
			continue
		}
		if isSpace(c) || c == '(' || c == ')' || c == '|' || c == '"' {
			break
		}
		s.pos++
	}
	return s.src[start:s.pos]
}

// splitWild takes a word apart at its unescaped stars and resolves escapes.
func splitWild(raw string) []string {
	var parts []string
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '\\' && i+1 < len(raw) && isEscapable(raw[i+1]):
			i++
			b.WriteByte(raw[i])
		case c == '*':
			parts = append(parts, b.String())
			b.Reset()
		default:
			b.WriteByte(c)
		}
	}
	return append(parts, b.String())
}

// globOf turns a raw value into the pattern of OpGlob, and into its text when
// it holds no wildcard.
func globOf(raw string) (pattern, plain string, wild bool) {
	var p, t strings.Builder
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		literal := c == '\\'
		if c == '\\' && i+1 < len(raw) && isEscapable(raw[i+1]) {
			i++
			c = raw[i]
			literal = c == '*' || c == '?' || c == '\\'
		} else if c == '*' || c == '?' {
			wild = true
		}
		if literal {
			p.WriteByte('\\')
		}
		p.WriteByte(c)
		t.WriteByte(c)
	}
	return p.String(), t.String(), wild
}

// isEscapable reports whether a backslash in a word takes a byte's meaning
// away. Before letters and digits it stands for itself, as in C:\temp.
func isEscapable(c byte) bool { return c < 0x80 && c > ' ' && !isAlnum(c) || c == ' ' }

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func isAlnum(c byte) bool { return isLetter(c) || isDigit(c) }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// isNameByte reports whether a byte may stand in a name without quotes: those
// of JSON keys, paths and Java packages as logs have them.
func isNameByte(c byte) bool {
	return isAlnum(c) || c == '_' || c == '.' || c == '@' || c == '$' || c == '/' || c == '-'
}

// isName reports whether a key can be written without quotes.
func isName(s string) bool {
	if s == "" || !isLetter(s[0]) && s[0] != '_' && s[0] != '@' {
		return false
	}
	for i := 0; i < len(s); i++ {
		if !isNameByte(s[i]) {
			return false
		}
	}
	return true
}

// isKeyword reports whether a word connects filters. Only upper case does:
// "and" is a word that messages hold.
func isKeyword(s string) bool { return s == "AND" || s == "OR" || s == "NOT" }

// isPipeWord reports whether a name must be quoted because pipes use the word.
func isPipeWord(s string) bool {
	switch s {
	case "by", "every", "as", "asc", "desc", "from":
		return true
	}
	return isKeyword(s)
}
