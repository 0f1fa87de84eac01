package syslog

import "strings"

// traditional reads what follows the priority in RFC 3164 and in what senders
// took it for: TIME HOST TAG[PID]: MESSAGE, each part of which may be missing.
// It reports whether there was a time.
func (m *message) traditional(text string) (timed bool) {
	rest := strings.TrimLeft(text, " ")
	if m.hasPriority {
		rest = skipSequence(rest)
	}
	ns, rest, timed := m.stamp(rest)
	m.entry.Time = ns
	if timed {
		rest = m.host(rest)
	}
	m.entry.Message = m.tag(rest, timed && m.iso && m.entry.Host != "")
	return timed
}

// skipSequence leaves out the "29: " or "000123: *" that routers count with.
func skipSequence(s string) string {
	number, rest := digits(s, 10)
	if number != "" && strings.HasPrefix(rest, ": ") {
		s = rest[2:]
	}
	if s != "" && (s[0] == '*' || s[0] == '.') {
		if _, _, ok := month(s[1:]); ok {
			return s[1:]
		}
	}
	return s
}

// stamp reads the time at the start of s, "Nov  3 09:23:38" or ISO 8601.
func (m *message) stamp(s string) (ns int64, rest string, ok bool) {
	if ns, rest, ok = m.parser.monthTime(s, m.now); ok {
		return ns, rest, true
	}
	token, rest, _ := strings.Cut(s, " ")
	if ns, ok = m.parser.isoTime(token); ok {
		m.iso = true
		return ns, rest, true
	}
	return 0, s, false
}

// host takes the first word where it looks like a host and not like the tag.
func (m *message) host(s string) string {
	token, rest, _ := strings.Cut(s, " ")
	if token == "" || len(token) > 255 || token[len(token)-1] == ':' {
		return s
	}
	for i := 0; i < len(token); i++ {
		if c := token[i] | 0x20; (c < 'a' || c > 'z') && (token[i] < '-' || token[i] > ':') && token[i] != '_' && token[i] < 0x80 {
			return s
		}
	}
	if token != "-" {
		m.entry.Host = token
	}
	return strings.TrimLeft(rest, " ")
}

// maxTag is longer than the 32 characters of RFC 3164 because programs' names
// are.
const maxTag = 128

// tag reads "name[pid]: " and returns the message behind it; without such a
// tag all of s is the message. A bare tag is a word alone: rsyslog forwards
// what came by RFC 5424 so, with its own form of time.
func (m *message) tag(s string, bare bool) string {
	end := strings.IndexAny(s[:min(len(s), maxTag)], " :[")
	if end <= 0 || strings.HasPrefix(s[end:], "://") {
		return s
	}
	if s[end] == ' ' {
		if bare {
			m.setApp(s[:end])
			return strings.TrimLeft(s[end:], " ")
		}
		return s
	}
	name, rest := s[:end], s[end:]
	if n, _ := digits(name, len(name)); n == name {
		return s
	}
	if rest[0] == '[' {
		pid, after, ok := strings.Cut(rest[1:], "]")
		if !ok || len(pid) > maxTag || strings.IndexByte(pid, ' ') >= 0 {
			return s
		}
		m.add("pid", pid)
		rest = strings.TrimPrefix(after, ":")
	} else {
		rest = rest[1:]
	}
	m.setTag(name)
	return strings.TrimLeft(rest, " ")
}

// setTag files the message under its tag. Of %PIX-7-710005 the facility is the
// program and the whole the message's id; sshd(pam_unix) is sshd's.
func (m *message) setTag(name string) {
	if id, ok := strings.CutPrefix(name, "%"); ok {
		m.add("msgid", id)
		name, _, _ = strings.Cut(id, "-")
	}
	if i := strings.IndexByte(name, '('); i > 0 {
		name = name[:i]
	}
	m.setApp(name)
}
