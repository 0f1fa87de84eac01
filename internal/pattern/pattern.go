// Package pattern finds the templates of log messages: "took <*> for <*>" of a
// thousand lines that differ in their numbers and names alone.
//
// Invariant: what a Miner says depends on the messages and how often each was
// added, not on their order, as long as it holds them all; its memory is
// bounded by Options, and past that rare messages are counted as "<*>". The ID
// of a template is a hash of its text, so that equal ones are known again
// whoever mined them. Any bytes are a message. It cannot fail.
package pattern

import (
	"cmp"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// Hole stands in a template for what differs.
const Hole = "<*>"

// Options bound a Miner. Zero values are replaced by the defaults.
type Options struct {
	// MaxTemplates is how many templates are told apart: 2,000 by default.
	MaxTemplates int
	// MaxShapes is how many messages without their numbers are held before
	// they are condensed to templates: 20,000 by default, of 8 MiB together.
	MaxShapes int
}

// The bounds of what is held.
const (
	defaultTemplates = 2000
	defaultShapes    = 20_000
	maxHeld          = 8 << 20
	// maxRefs bounds the references, 8 bytes each. Further texts that are new
	// are counted as rare ones.
	maxRefs = 1 << 20
)

// Ref names what Add was given among what one Miner was given. A question that
// counts by window, component or minute counts references first, and asks
// Result.Of for the template of each at the end.
type Ref uint32

// Miner collects messages. It is for one goroutine.
type Miner struct {
	o      Options
	masker masker
	index  map[string]*shape
	shapes []*shape
	held   int // bytes of the shapes' texts
	// forward leads from references to shapes.
	forward []*shape
	// other stands for all that is rare; it is the first of shapes.
	other *shape
}

// shape is a message without its numbers and the like.
type shape struct {
	text   string
	ref    Ref
	count  uint64
	tokens []token // while they are compared
	// into is the shape that has taken this one in.
	into *shape
}

// Template is what many messages have in common.
type Template struct {
	// ID is a hash of Text.
	ID uint64
	// Text is the messages' text with a Hole for each part that differs.
	Text string
	// Count is how many messages were added.
	Count uint64
}

// Result is what was found at one time.
type Result struct {
	// Templates are the most frequent ones first, equal ones by their text.
	Templates []Template
	of        []uint32
}

// Of is the place of the template among Templates that a reference belongs to.
func (r *Result) Of(ref Ref) int { return int(r.of[ref]) }

// New is a miner that has seen nothing.
func New(o Options) *Miner {
	if o.MaxTemplates <= 0 {
		o.MaxTemplates = defaultTemplates
	}
	if o.MaxShapes <= 0 {
		o.MaxShapes = defaultShapes
	}
	m := &Miner{o: o, index: map[string]*shape{}}
	m.other = m.add(Hole)
	return m
}

// Add takes in a message. The reference stays valid as long as the miner.
func (m *Miner) Add(message string) Ref { return m.AddMany(message, 1) }

// Settled is the reference that stands for another since similar messages were
// condensed; whoever keeps something for each reference can join it.
func (m *Miner) Settled(ref Ref) Ref { return m.forward[ref].ref }

// AddMany takes in a message that occurs n times.
func (m *Miner) AddMany(message string, n uint64) Ref {
	text := m.masker.mask(message)
	s := m.index[string(text)]
	if s == nil {
		if len(m.forward) == maxRefs {
			s = m.other
		} else {
			s = m.add(string(text))
		}
	}
	s.count += n
	ref := s.ref
	if len(m.shapes) > m.o.MaxShapes || m.held > maxHeld {
		m.condense()
	}
	return ref
}

func (m *Miner) add(text string) *shape {
	s := &shape{text: text, ref: Ref(len(m.forward))}
	m.forward = append(m.forward, s)
	m.keep(s)
	return s
}

func (m *Miner) keep(s *shape) {
	m.index[s.text] = s
	m.shapes = append(m.shapes, s)
	m.held += len(s.text)
}

// condense replaces the shapes by what they have in common, and forgets the
// rarest of that where it would still be too much.
func (m *Miner) condense() {
	kept := joined(m.shapes[1:]) // without other, which is the first
	room, bytes := m.o.MaxShapes/2, maxHeld/2
	m.shapes, m.held = nil, 0
	clear(m.index)
	m.keep(m.other)
	for _, s := range kept {
		if len(m.shapes) >= room || m.held+len(s.text) > bytes {
			m.take(s)
		} else {
			m.keep(s)
		}
	}
	for ref, s := range m.forward { // those that were taken in can be forgotten
		m.forward[ref] = s.last()
	}
}

// take gives a shape's count to the one that stands for all that is rare.
func (m *Miner) take(s *shape) {
	m.other.count += s.count
	s.into = m.other
}

// joined puts shapes of one template together: the shapes that stand for them
// are returned, the most frequent first.
func joined(shapes []*shape) []*shape {
	byText := map[string]*shape{}
	var kept []*shape
	for _, c := range clusters(shapes) {
		text := c.text()
		to := byText[text]
		if to == nil {
			to = c.shapes[0]
			to.text = text
			byText[text] = to
			kept = append(kept, to)
		}
		for _, s := range c.shapes {
			if s != to {
				to.count += s.count
				s.into = to
			}
		}
	}
	slices.SortFunc(kept, func(a, b *shape) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.text, b.text))
	})
	return kept
}

// Result is the templates of all that was added up to now. The miner goes on
// from where it was.
func (m *Miner) Result() *Result {
	copies := make(map[*shape]*shape, len(m.shapes))
	work := make([]*shape, 0, len(m.shapes))
	for _, s := range m.shapes {
		if s.count > 0 {
			copies[s] = &shape{text: s.text, count: s.count}
			work = append(work, copies[s])
		}
	}
	r := &Result{}
	places := r.fill(joined(work), m.o.MaxTemplates)
	r.of = make([]uint32, len(m.forward))
	for ref, s := range m.forward {
		if c := copies[s]; c != nil {
			r.of[ref] = places[c.last()]
		}
	}
	return r
}

// last is the shape that has taken in this one and all between.
func (s *shape) last() *shape {
	for s.into != nil {
		s = s.into
	}
	return s
}

// fill makes templates of shapes and tells where each went. What is past the
// limit is one template, the one that is nothing but a hole.
func (r *Result) fill(kept []*shape, limit int) map[*shape]uint32 {
	places := make(map[*shape]uint32, len(kept))
	var rest []*shape
	for _, s := range kept {
		if len(r.Templates) >= limit-1 && len(kept) > limit || s.text == Hole {
			rest = append(rest, s)
			continue
		}
		places[s] = uint32(len(r.Templates))
		r.Templates = append(r.Templates, Template{ID: ID(s.text), Text: s.text, Count: s.count})
	}
	if len(rest) == 0 {
		return places
	}
	other := Template{ID: ID(Hole), Text: Hole}
	for _, s := range rest {
		other.Count += s.count
		places[s] = uint32(len(r.Templates))
	}
	r.Templates = append(r.Templates, other)
	return places
}

// ID is the identity of a template's text.
func ID(text string) uint64 { return xxhash.Sum64String(text) }
