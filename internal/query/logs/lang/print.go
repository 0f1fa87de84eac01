package lang

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// writer is what the tree writes itself to. It cannot fail, so that no error
// needs to be handed up.
type writer = *strings.Builder

// String is the query in its plain form: reading it again gives an equal query.
func (q *Query) String() string {
	var b strings.Builder
	if _, every := q.Filter.(All); !every || len(q.Pipes) == 0 {
		q.Filter.write(&b)
	}
	for _, p := range q.Pipes {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString("| ")
		p.write(&b)
	}
	return b.String()
}

func (All) write(b writer) { b.WriteByte('*') }

// write puts alternatives in parentheses: without them a part of them would go
// to the AND.
func (a And) write(b writer) {
	writeJoined(b, a, " ", func(e Expr) bool { _, is := e.(Or); return is })
}

func (o Or) write(b writer) { writeJoined(b, o, " OR ", func(Expr) bool { return false }) }

func writeJoined(b writer, of []Expr, between string, grouped func(Expr) bool) {
	for i, e := range of {
		if i > 0 {
			b.WriteString(between)
		}
		if grouped(e) {
			writeGroup(b, e)
		} else {
			e.write(b)
		}
	}
}

// writeGroup writes what must not be taken apart by what stands around it.
func writeGroup(b writer, e Expr) {
	b.WriteByte('(')
	e.write(b)
	b.WriteByte(')')
}

func (n Not) write(b writer) {
	b.WriteByte('-')
	switch n.Of.(type) {
	case And, Or, Not:
		writeGroup(b, n.Of)
	default:
		n.Of.write(b)
	}
}

func (t Text) write(b writer) {
	if len(t.Parts) == 1 {
		writeText(b, t.Parts[0])
		return
	}
	for i, part := range t.Parts {
		if i > 0 {
			b.WriteByte('*')
		}
		writeEscaped(b, part)
	}
}

// write makes the shortest form that is read back as this condition: an
// expression on the message needs no key.
func (c Cond) write(b writer) {
	if c.Op == OpRegexp && c.Key == KeyMessage {
		writeRegexp(b, c.Value)
		return
	}
	writeName(b, c.Key)
	b.WriteByte(':')
	switch c.Op {
	case OpPresent:
		b.WriteByte('*')
	case OpRange:
		b.WriteString(c.Value + ".." + c.Until)
	case OpGlob:
		writeGlob(b, c.Value)
	case OpRegexp:
		b.WriteByte('~')
		writeRegexp(b, c.Value)
	default:
		b.WriteString(c.Op.sign())
		writeText(b, c.Value)
	}
}

// writeText writes a text so that it is read as one word or quoted.
func writeText(b writer, s string) {
	if isPlain(s) {
		b.WriteString(s)
		return
	}
	writeQuoted(b, s)
}

// writeName quotes what would be read as something else than a name.
func writeName(b writer, s string) {
	if isName(s) && !isPipeWord(s) {
		b.WriteString(s)
		return
	}
	writeQuoted(b, s)
}

// isPlain reports whether a text means itself wherever a word or value stands.
func isPlain(s string) bool {
	if s == "" || isKeyword(s) || strings.Contains(s, "..") || s[0] == '-' || s[0] == '.' {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; !isAlnum(c) && c != '_' && c != '.' && c != '-' && c < 0x80 {
			return false
		}
	}
	return true
}

// writeQuoted is the reverse of scanner.quoted.
func writeQuoted(b writer, s string) {
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '"', '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
}

// writeEscaped writes a part of a word with stars, where quotes would take the
// stars' meaning away.
func writeEscaped(b writer, s string) {
	for i := 0; i < len(s); i++ {
		if isEscapable(s[i]) {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
}

// writeGlob writes a pattern in which a backslash stands before each character
// that means itself.
func writeGlob(b writer, pattern string) {
	for i := 0; i < len(pattern); i++ {
		c := pattern[i]
		if c == '\\' {
			i++
			c = pattern[i]
		} else if c == '*' || c == '?' {
			b.WriteByte(c)
			continue
		}
		writeEscaped(b, string([]byte{c}))
	}
}

// writeRegexp escapes slashes that are not, so that the expression ends where
// it should. A flag i was made part of the expression when it was read.
func writeRegexp(b writer, source string) {
	b.WriteByte('/')
	escaped := false
	for i := 0; i < len(source); i++ {
		c := source[i]
		if c == '/' && !escaped {
			b.WriteByte('\\')
		}
		escaped = c == '\\' && !escaped
		b.WriteByte(c)
	}
	b.WriteByte('/')
}

// write leaves out names that reading would give by itself.
func (p *AggregatePipe) write(b writer) {
	for i, a := range p.Of {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(a.Func)
		if a.Field != "" {
			b.WriteByte(' ')
			writeName(b, a.Field)
		}
		if a.named {
			b.WriteString(" as ")
			writeName(b, a.As)
		}
	}
	writeBy(b, p.By)
	if p.Every > 0 {
		b.WriteString(" every " + formatDuration(p.Every))
	}
}

func writeBy(b writer, by []string) {
	if len(by) > 0 {
		b.WriteString(" by ")
		writeNames(b, by)
	}
}

func writeNames(b writer, names []string) {
	for i, name := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		writeName(b, name)
	}
}

func (p *TopPipe) write(b writer) {
	word := "top"
	if p.Rare {
		word = "rare"
	}
	fmt.Fprintf(b, "%s %d ", word, p.N)
	writeNames(b, p.By)
	if p.As != countName {
		b.WriteString(" as ")
		writeName(b, p.As)
	}
}

func (p *PatternsPipe) write(b writer) {
	b.WriteString("patterns")
	if p.From != KeyMessage {
		b.WriteString(" from ")
		writeName(b, p.From)
	}
	writeBy(b, p.By)
}

func (p *ExtractPipe) write(b writer) {
	b.WriteString("extract ")
	if p.Regexp != nil {
		writeRegexp(b, p.source)
	} else {
		writeQuoted(b, p.source)
	}
	if p.From != KeyMessage {
		b.WriteString(" from ")
		writeName(b, p.From)
	}
}

func (p *WherePipe) write(b writer) {
	b.WriteString("where ")
	p.Filter.write(b)
}

func (p *SortPipe) write(b writer) {
	b.WriteString("sort ")
	for i, k := range p.By {
		if i > 0 {
			b.WriteString(", ")
		}
		writeName(b, k.Name)
		if k.Desc {
			b.WriteString(" desc")
		}
	}
}

func (p *LimitPipe) write(b writer) { b.WriteString("limit " + strconv.Itoa(p.N)) }

func (p *FieldsPipe) write(b writer) {
	b.WriteString("fields ")
	writeNames(b, p.Names)
}

// formatDuration writes the largest unit that divides a span.
func formatDuration(d time.Duration) string {
	for _, u := range units() {
		if d%u.size == 0 {
			return strconv.FormatInt(int64(d/u.size), 10) + u.name
		}
	}
	return d.String()
}

// unit is a span that durations are written in.
type unit struct {
	name string
	size time.Duration
}

// units are those that are understood, the longest first.
func units() []unit {
	const day = 24 * time.Hour
	return []unit{{"w", 7 * day}, {"d", day}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond}}
}
