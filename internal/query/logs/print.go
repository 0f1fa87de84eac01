package logs

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

type writer = *strings.Builder

func (all) write(b writer) { b.WriteByte('*') }

func (a and) write(b writer) {
	writeJoined(b, a, " ", func(e expr) bool { _, is := e.(or); return is })
}

func (o or) write(b writer) { writeJoined(b, o, " OR ", func(expr) bool { return false }) }

func writeJoined(b writer, of []expr, between string, grouped func(expr) bool) {
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

func writeGroup(b writer, e expr) {
	b.WriteByte('(')
	e.write(b)
	b.WriteByte(')')
}

func (n not) write(b writer) {
	b.WriteByte('-')
	switch n.of.(type) {
	case and, or, not:
		writeGroup(b, n.of)
	default:
		n.of.write(b)
	}
}

func (t text) write(b writer) {
	if len(t.parts) == 1 {
		writeText(b, t.parts[0])
		return
	}
	for i, part := range t.parts {
		if i > 0 {
			b.WriteByte('*')
		}
		writeEscaped(b, part)
	}
}

func (c cond) write(b writer) {
	if c.op == opRegexp && c.key == keyMessage {
		writeRegexp(b, c.value)
		return
	}
	writeName(b, c.key)
	b.WriteByte(':')
	switch c.op {
	case opPresent:
		b.WriteByte('*')
	case opRange:
		b.WriteString(c.value + ".." + c.until)
	case opGlob:
		writeGlob(b, c.value)
	case opRegexp:
		b.WriteByte('~')
		writeRegexp(b, c.value)
	default:
		b.WriteString(c.op.sign())
		writeText(b, c.value)
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

func (p *aggregatePipe) write(b writer) {
	for i, a := range p.of {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(a.fn)
		if a.field != "" {
			b.WriteByte(' ')
			writeName(b, a.field)
		}
		if a.named {
			b.WriteString(" as ")
			writeName(b, a.as)
		}
	}
	writeBy(b, p.by)
	if p.every > 0 {
		b.WriteString(" every " + formatDuration(p.every))
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

func (p *topPipe) write(b writer) {
	word := "top"
	if p.rare {
		word = "rare"
	}
	fmt.Fprintf(b, "%s %d ", word, p.n)
	writeNames(b, p.by)
}

func (p *extractPipe) write(b writer) {
	b.WriteString("extract ")
	if p.isRE {
		writeRegexp(b, p.source)
	} else {
		writeQuoted(b, p.source)
	}
	if p.from != keyMessage {
		b.WriteString(" from ")
		writeName(b, p.from)
	}
}

func (p *wherePipe) write(b writer) {
	b.WriteString("where ")
	p.filter.write(b)
}

func (p *sortPipe) write(b writer) {
	b.WriteString("sort ")
	for i, k := range p.by {
		if i > 0 {
			b.WriteString(", ")
		}
		writeName(b, k.name)
		if k.desc {
			b.WriteString(" desc")
		}
	}
}

func (p *limitPipe) write(b writer) { b.WriteString("limit " + strconv.Itoa(p.n)) }

func (p *fieldsPipe) write(b writer) {
	b.WriteString("fields ")
	writeNames(b, p.names)
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

type unit struct {
	name string
	size time.Duration
}

func units() []unit {
	const day = 24 * time.Hour
	return []unit{{"w", 7 * day}, {"d", day}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond}}
}
