package syslog

import (
	"strings"

	"patou/internal/entry"
)

// structured reads what follows "<PRI>VERSION " in RFC 5424. Done is false
// when there is no time of that form, so that it must be something older that
// begins with a number.
func (m *message) structured(text string) (done bool, err error) {
	stamp, rest, more := strings.Cut(text, " ")
	if stamp != "-" {
		ns, ok := m.parser.isoTime(stamp)
		if !ok {
			return false, nil
		}
		m.entry.Time = ns
	}
	var part [4]string
	for i := range part {
		if !more {
			return false, ErrShortHeader
		}
		part[i], rest, more = strings.Cut(rest, " ")
	}
	if !more || rest == "" {
		return false, ErrShortHeader
	}
	if part[0] != "-" {
		m.entry.Host = part[0]
	}
	m.setApp(part[1])
	m.add("pid", part[2])
	m.add("msgid", part[3])
	// rsyslog forwards the space that its local sockets' messages begin with.
	m.entry.Message = strings.TrimPrefix(strings.TrimPrefix(m.data(rest), "\uFEFF"), " ")
	return true, nil
}

// data reads the structured data and returns the message behind it. Where the
// data is broken or missing, all of it is the message.
func (m *message) data(text string) string {
	if text == "-" || strings.HasPrefix(text, "- ") {
		return strings.TrimPrefix(text[1:], " ")
	}
	fields := m.entry.Fields
	rest := text
	for strings.HasPrefix(rest, "[") {
		var ok bool
		if rest, ok = m.element(rest[1:]); !ok {
			m.entry.Fields = fields[:len(fields):len(fields)]
			m.parser.arena = m.parser.arena[:len(m.parser.arena):len(m.parser.arena)]
			return text
		}
	}
	return strings.TrimPrefix(rest, " ")
}

// element reads one element of structured data after its "[" to behind its
// "]". Its parameters become fields "id.name"; the enterprise number is left
// out of the id. An element without parameters is the field id=true.
func (m *message) element(s string) (rest string, ok bool) {
	end := strings.IndexAny(s, " ]")
	if end <= 0 || strings.IndexByte(s[:end], '"') >= 0 {
		return "", false
	}
	id, _, _ := strings.Cut(s[:end], "@")
	s = s[end:]
	if s[0] == ']' {
		m.add(limitKey(id), "true")
		return s[1:], true
	}
	for {
		s = strings.TrimLeft(s, " ")
		if strings.HasPrefix(s, "]") {
			return s[1:], true
		}
		eq := strings.IndexByte(s, '=')
		if eq <= 0 || eq+1 >= len(s) || s[eq+1] != '"' || strings.IndexByte(s[:eq], ' ') >= 0 {
			return "", false
		}
		value, after, ok := quoted(s[eq+2:])
		if !ok {
			return "", false
		}
		m.add(m.parser.key(id, s[:eq]), value)
		s = after
	}
}

// quoted reads a value up to its closing quote, with its escapes undone.
func quoted(s string) (value, rest string, ok bool) {
	escaped := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			if value = s[:i]; escaped {
				value = unescape(value)
			}
			return value, s[i+1:], true
		case '\\':
			escaped = true
			i++
		}
	}
	return "", "", false
}

// unescape undoes \" \\ and \]; a backslash before anything else is itself.
func unescape(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`"\]`, s[i+1]) >= 0 {
			i++
		}
		b = append(b, s[i])
	}
	return string(b)
}

// maxKeys bounds the keys that a parser remembers.
const maxKeys = 256

// key is id.name, made once for those that come again and again.
func (p *Parser) key(id, name string) string {
	id, name = limitKey(id), limitKey(name)
	pair := [2]string{id, name}
	if k, ok := p.keys[pair]; ok {
		return k
	}
	if p.keys == nil || len(p.keys) >= maxKeys {
		p.keys = map[[2]string]string{}
	}
	k := limitKey(id + "." + name)
	p.keys[[2]string{strings.Clone(id), strings.Clone(name)}] = k
	return k
}

func limitKey(s string) string { return s[:min(len(s), entry.MaxKey)] }
