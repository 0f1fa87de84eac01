// Package event is the marked moment: a deploy, a maintenance, a reboot. It is
// Graphite's event with its origin.
//
// Invariant: an event that passed Clean has a name and is within the limits. It
// fails with a sentence that says what to send instead.
package event

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// Limits of one event.
const (
	MaxWhat = 256      // bytes of What
	MaxData = 64 << 10 // bytes of Data
	MaxTags = 32       // tags of an event
	MaxTag  = 128      // bytes of a tag
)

// ErrUnknown is returned for an id that no event has.
var ErrUnknown = errors.New("there is no such event")

// Event is one marked moment.
type Event struct {
	// ID is given by the store; it only rises.
	ID int64
	// Time is when it happened, in nanoseconds since 1970 UTC.
	Time int64
	// What is its name in a few words: "deploy webapp 8.2.0".
	What string
	// Tags classify it: "deploy", "component:webapp.backend.git", "host:web01".
	Tags []string
	// Data is free text about it.
	Data string
}

// Keyed is an event that is kept once by its key.
type Keyed struct {
	Event
	Key string
}

// Clean checks an event from outside and cuts what is too long to its limit.
func Clean(e Event) (Event, error) {
	e.What = strings.TrimSpace(cut(e.What, MaxWhat))
	if e.What == "" {
		return e, errors.New(`an event needs a name: {"what": "deploy webapp 8.2.0"}`)
	}
	e.Data = cut(e.Data, MaxData)
	tags := make([]string, 0, len(e.Tags))
	for _, t := range e.Tags {
		if t = strings.TrimSpace(cut(t, MaxTag)); t != "" && len(tags) < MaxTags {
			tags = append(tags, t)
		}
	}
	e.Tags = tags
	return e, nil
}

// Component is the component that the event is tagged with, "" for none.
func (e *Event) Component() string { return e.tagged("component:") }

// Host is the host that the event is tagged with, "" for none.
func (e *Event) Host() string { return e.tagged("host:") }

func (e *Event) tagged(prefix string) string {
	for _, t := range e.Tags {
		if v, ok := strings.CutPrefix(t, prefix); ok {
			return v
		}
	}
	return ""
}

func cut(s string, n int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
