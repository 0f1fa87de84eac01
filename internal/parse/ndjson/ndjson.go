// Package ndjson reads JSON objects, one a line, as entries: the body of POST
// /api/logs, and log lines that are JSON.
//
// Invariant: any bytes give an entry or an Error that says why not, with
// memory bounded by their length; objects become dotted keys, arrays their JSON
// text, and a key occurs once, its last value counting. Strings lie in the
// text that was given, but for those with escapes.
package ndjson

import (
	"strings"

	"patou/internal/entry"
)

// Error is why a line was refused, in plain words.
type Error string

// Error is the reason itself.
func (e Error) Error() string { return string(e) }

// The reasons why a line is refused, beside those about a part of it.
const (
	ErrNotObject Error = "want a JSON object on each line"
	ErrNothing   Error = "the object has neither a message nor fields"
	ErrTime      Error = "time: want RFC 3339, or seconds, ms, µs or ns since 1970 as a number"
	ErrTrailing  Error = "there is text after the object"
)

// maxDepth is how many objects within objects become dotted keys. Deeper ones
// are kept as JSON text.
const maxDepth = 6

// Decoder reads lines. It keeps memory for the fields and decoded strings of
// many; it never uses again what it gave. The zero Decoder is ready; it is for
// one goroutine.
type Decoder struct {
	scanner
	entry  *entry.Entry
	api    bool // the keys of POST /api/logs set the entry's parts
	arena  []entry.Field
	seen   uint64 // one bit for each key of the entry, by a small hash
	keys   map[string]string
	prefix []byte
}

// Decode reads each line of a body in turn. Numbers of lines begin with 1;
// blank lines are passed over. The entry is valid during the call of accept,
// but its fields and strings stay.
func (d *Decoder) Decode(body string, accept func(line int, e *entry.Entry), reject func(line int, raw string, reason error)) {
	var e entry.Entry
	for line := 1; body != ""; line++ {
		text, rest, _ := strings.Cut(body, "\n")
		body = rest
		if isBlank(text) {
			continue
		}
		if err := d.Entry(text, &e); err != nil {
			reject(line, text, err)
			continue
		}
		accept(line, &e)
	}
}

func isBlank(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] > ' ' {
			return false
		}
	}
	return true
}

// Entry reads one line of POST /api/logs into e, all of whose parts it sets:
// time, component, host, level and message from the keys of these names,
// fields from all others. Time is 0 and the component "" where the line has
// none.
func (d *Decoder) Entry(line string, e *entry.Entry) error {
	*e = entry.Entry{}
	d.api = true
	if err := d.object(line, e); err != nil {
		return err
	}
	if e.Message == "" && len(e.Fields) == 0 {
		return ErrNothing
	}
	return nil
}

// Fields appends the flat keys and values of a log line that is a JSON object
// to the fields of e, of which it changes nothing else.
func (d *Decoder) Fields(line string, e *entry.Entry) error {
	d.api = false
	return d.object(line, e)
}

func (d *Decoder) object(line string, e *entry.Entry) error {
	d.text, d.pos, d.entry, d.seen = line, 0, e, 0
	d.prefix = d.prefix[:0]
	for _, f := range e.Fields {
		d.seen |= keyBit(f.Key)
	}
	if d.space() != '{' {
		return ErrNotObject
	}
	if err := d.members(0); err != nil {
		return err
	}
	if d.space() != 0 || d.pos < len(d.text) {
		return ErrTrailing
	}
	return nil
}

// members reads an object whose brace is next.
func (d *Decoder) members(depth int) error {
	d.pos++
	if d.space() == '}' {
		d.pos++
		return nil
	}
	for {
		if d.space() != '"' {
			return Error("want a key in quotes")
		}
		key, err := d.str()
		if err != nil {
			return err
		}
		if d.space() != ':' {
			return Error("want a colon after the key")
		}
		d.pos++
		if err = d.value(key, depth); err != nil {
			return err
		}
		switch d.space() {
		case ',':
			d.pos++
		case '}':
			d.pos++
			return nil
		default:
			return Error("want a comma or a closing brace after a value")
		}
	}
}

func (d *Decoder) value(key string, depth int) error {
	var text string
	var err error
	switch d.space() {
	case '"':
		text, err = d.str()
	case '{':
		if depth < maxDepth {
			return d.within(key, depth)
		}
		text, err = d.nested()
	case '[':
		text, err = d.nested()
	default:
		if text, err = d.word(); text == "null" {
			return err
		}
	}
	if err != nil {
		return err
	}
	if depth > 0 {
		key = d.dotted(key)
	} else if d.api {
		if done, err := d.known(key, text); done || err != nil {
			return err
		}
	}
	d.add(key, text)
	return nil
}

// within reads an object as keys below key.
func (d *Decoder) within(key string, depth int) error {
	length := len(d.prefix)
	// A key of any length is cut here: what is longer is no key of a field.
	d.prefix = append(append(d.prefix, key[:min(len(key), entry.MaxKey)]...), '.')
	err := d.members(depth + 1)
	d.prefix = d.prefix[:length]
	return err
}

// maxKeys bounds the dotted keys that a decoder remembers.
const maxKeys = 1024

// dotted is key below the objects that are open, made once for those that
// come again and again.
func (d *Decoder) dotted(key string) string {
	length := len(d.prefix)
	d.prefix = append(d.prefix, key[:min(len(key), entry.MaxKey)]...)
	full, ok := d.keys[string(d.prefix)]
	if !ok {
		if d.keys == nil || len(d.keys) >= maxKeys {
			d.keys = map[string]string{}
		}
		full = string(d.prefix[:min(len(d.prefix), entry.MaxKey)])
		d.keys[string(d.prefix)] = full
	}
	d.prefix = d.prefix[:length]
	return full
}

// known sets the part of the entry that a key of POST /api/logs stands for.
func (d *Decoder) known(key, text string) (done bool, err error) {
	e := d.entry
	switch key {
	case "message":
		e.Message = text
	case "time":
		ns, ok := ParseTime(text)
		if !ok {
			return false, ErrTime
		}
		e.Time = ns
	case "level":
		// A level of an unknown name is kept as a field rather than lost.
		e.Level, done = entry.FromSender(text)
		return done, nil
	case "component":
		e.Component = text
	case "host":
		e.Host = text
	default:
		return false, nil
	}
	return true, nil
}

// fieldChunk is how many fields are allocated at once, from the second time
// on.
const fieldChunk = 512

// add sets a field. One more than the limit is kept, so that Clean sees that
// there were too many.
func (d *Decoder) add(key, value string) {
	e, bit := d.entry, keyBit(key)
	if d.seen&bit != 0 {
		for i := range e.Fields {
			if e.Fields[i].Key == key {
				e.Fields[i].Value = value
				return
			}
		}
	}
	d.seen |= bit
	if len(e.Fields) > entry.MaxFields {
		return
	}
	n := len(e.Fields)
	if len(d.arena) == cap(d.arena) || !d.continues(e.Fields) {
		d.grow(e.Fields)
	}
	d.arena = append(d.arena, entry.Field{Key: key, Value: value})
	end := len(d.arena)
	e.Fields = d.arena[end-n-1 : end : end]
}

// continues reports whether fields are the last ones of the arena.
func (d *Decoder) continues(fields []entry.Field) bool {
	n := len(fields)
	return n == 0 || len(d.arena) >= n && &d.arena[len(d.arena)-n] == &fields[0]
}

// grow makes sure that the arena ends with fields and has room for more.
func (d *Decoder) grow(fields []entry.Field) {
	if cap(d.arena)-len(d.arena) <= len(fields) {
		size := fieldChunk
		if d.arena == nil {
			size = 16
		}
		d.arena = make([]entry.Field, 0, max(size, 2*len(fields)+1))
	}
	d.arena = append(d.arena, fields...)
}

// keyBit is a key's bit of 64, by its length and ends.
func keyBit(key string) uint64 {
	if key == "" {
		return 1
	}
	n := len(key)
	return 1 << ((uint(n)*31 + uint(key[0])*7 + uint(key[n-1])*13 + uint(key[n/2])) & 63)
}
