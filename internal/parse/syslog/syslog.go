// Package syslog reads syslog messages as real senders write them: RFC 5424,
// RFC 3164 and the usual deviations from both.
//
// Invariant: any text gives an entry or an Error that says why not, and the
// entry's strings lie in that text but for those with escapes. What has a
// priority is taken as far as it can be understood, the rest being its
// message; what has neither priority nor time is no syslog and is refused.
package syslog

import (
	"strings"
	"time"

	"patou/internal/component"
	"patou/internal/entry"
)

// Error is why a message was refused, in plain words.
type Error string

// Error is the reason itself.
func (e Error) Error() string { return string(e) }

// The reasons why a message is refused.
const (
	ErrEmpty       Error = "the message is empty"
	ErrNoPriority  Error = "want <PRI> or a time at the start; a message of several lines needs octet counting"
	ErrPriority    Error = "the priority is not a number from 0 to 191"
	ErrShortHeader Error = "the header ends early: want <PRI>1 TIME HOST APP PROCID MSGID DATA MESSAGE"
)

// Parser reads the messages of one sender. It is for one goroutine; New makes
// it.
type Parser struct {
	zone *time.Location
	// app and component are the last app-name and what Clean made of it.
	app, component string
	hour           hourMemo
	// arena is where fields are put, one entry's after the other's. A full
	// one is left to its entries.
	arena []entry.Field
	// keys are the names of fields made of structured data.
	keys map[[2]string]string
}

// New is a parser that takes times without a zone as being in zone; nil is UTC.
func New(zone *time.Location) *Parser {
	if zone == nil {
		zone = time.UTC
	}
	return &Parser{zone: zone}
}

// Parse reads one message into e, all of whose parts it sets. Time stays 0 and
// Host "" where the message has none. Now, in ns, gives the year that RFC 3164
// leaves out.
func (p *Parser) Parse(text string, now int64, e *entry.Entry) error {
	*e = entry.Entry{Component: component.Unknown}
	text = strings.TrimRight(text, "\r\n\x00")
	if text == "" {
		return ErrEmpty
	}
	m := message{entry: e, now: now, parser: p}
	rest, err := m.priority(text)
	if err != nil {
		return err
	}
	if version, after := digits(rest, 3); m.hasPriority && version != "" && strings.HasPrefix(after, " ") && version[0] != '0' {
		if done, err := m.structured(after[1:]); done || err != nil {
			return err
		}
	}
	if !m.traditional(rest) && !m.hasPriority {
		return ErrNoPriority
	}
	return nil
}

// message is one message being read.
type message struct {
	entry       *entry.Entry
	parser      *Parser
	now         int64
	hasPriority bool
	iso         bool // the time is in the form of ISO 8601
}

// priority reads "<PRI>". A message without one has neither level nor
// facility.
func (m *message) priority(text string) (rest string, err error) {
	if text[0] != '<' {
		return text, nil
	}
	number, rest := digits(text[1:], 4)
	if number == "" || rest == "" || rest[0] != '>' {
		return "", ErrPriority
	}
	pri := 0
	for _, c := range []byte(number) {
		pri = pri*10 + int(c-'0')
	}
	if pri > 191 {
		return "", ErrPriority
	}
	m.hasPriority = true
	m.entry.Level = entry.FromSyslog(uint8(pri & 7))
	m.add("facility", facility(pri>>3))
	return rest[1:], nil
}

func facility(n int) string {
	return [24]string{
		"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news",
		"uucp", "cron", "authpriv", "ftp", "ntp", "audit", "alert", "clock",
		"local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
	}[n]
}

// digits is the run of up to limit digits at the start of s.
func digits(s string, limit int) (run, rest string) {
	i := 0
	for i < len(s) && i < limit && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return s[:i], s[i:]
}

// setApp files the message under the program's name. A path is that of the
// program's file.
func (m *message) setApp(app string) {
	if app == "" || app == "-" {
		return
	}
	p := m.parser
	if app != p.app {
		name := app
		if name[0] == '/' {
			name = name[strings.LastIndexByte(name, '/')+1:]
		}
		p.app, p.component = strings.Clone(app), strings.Clone(component.Clean(name))
	}
	m.entry.Component = p.component
}

// fieldChunk is how many fields are allocated at once.
const fieldChunk = 128

// add appends a field that is not empty. A key that is there already gets the
// second value too, behind a comma.
func (m *message) add(key, value string) {
	if value == "" || value == "-" || len(m.entry.Fields) >= entry.MaxFields {
		return
	}
	for i := range m.entry.Fields {
		if f := &m.entry.Fields[i]; f.Key == key {
			f.Value = joinValues(f.Value, value)
			return
		}
	}
	p := m.parser
	if len(p.arena) == cap(p.arena) {
		size := max(fieldChunk, 2*len(m.entry.Fields))
		p.arena = append(make([]entry.Field, 0, size), m.entry.Fields...)
	}
	p.arena = append(p.arena, entry.Field{Key: key, Value: value})
	end := len(p.arena)
	m.entry.Fields = p.arena[end-len(m.entry.Fields)-1 : end : end]
}

// joinValues stops at the limit of a value, so that a key repeated often costs
// no more than that each time.
func joinValues(a, b string) string {
	if len(a) >= entry.MaxValue {
		return a
	}
	return a + "," + b
}
