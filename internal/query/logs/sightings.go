package logs

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"

	"patou/internal/entry"
	"patou/internal/pattern"
	"patou/internal/query/logs/lang"
)

// sightings counts texts by what they say while templates are mined. Numbers are
// kept by the miner's references, and joined by template when all are in.
type sightings struct {
	from   string
	by     []string
	budget *budget
	miner  *pattern.Miner
	index  map[string]*sighting
	key    []byte
	// watch, if not nil, is what else is counted.
	watch *watch
}

// sighting is what was seen of one reference beside the same values.
type sighting struct {
	ref  pattern.Ref
	keys []Value
	// n counts those of the window, base those of the time compared with.
	n, base uint64
	// first and last are the times of the window's, timed tells whether they are
	// known; example is the last one's text.
	first, last int64
	timed       bool
	example     string
	levels      [entry.Levels]uint64
	spark       []uint32
}

// watch is what a comparison counts beside the rows of a window.
type watch struct {
	// base is set while the time compared with is scanned.
	base bool
	// from and step are the spans of spark, buckets their number.
	from, step int64
	buckets    int
	// begun is the time of the first entry compared with, by component.
	begun map[string]int64
}

// What one sighting is taken to hold, for the budget.
const (
	sightingBytes = 360
	maxExample    = 2048
)

func newSightings(from string, by []string, b *budget) *sightings {
	return &sightings{from: from, by: by, budget: b, miner: pattern.New(pattern.Options{}), index: map[string]*sighting{}}
}

// find is the sighting of a reference and values, made when it is new.
func (g *sightings) find(ref pattern.Ref, keys []Value) (*sighting, error) {
	g.setKey(uint64(ref), keys)
	if found := g.index[string(g.key)]; found != nil {
		return found, nil
	}
	size := sightingBytes + len(g.key)
	if g.watch != nil {
		size += 4 * g.watch.buckets
	}
	if err := g.budget.group(size); err != nil {
		return nil, err
	}
	made := &sighting{ref: ref, keys: slices.Clone(keys)}
	for i := range made.keys {
		made.keys[i].text = strings.Clone(made.keys[i].text)
	}
	if g.watch != nil {
		made.spark = make([]uint32, g.watch.buckets)
	}
	g.index[string(g.key)] = made
	return made, nil
}

func (g *sightings) setKey(n uint64, keys []Value) {
	g.key = binary.AppendUvarint(g.key[:0], n)
	for _, k := range keys {
		if k.IsNone() {
			g.key = append(g.key, 0)
			continue
		}
		text := k.String()
		g.key = binary.AppendUvarint(append(g.key, 1), uint64(len(text)))
		g.key = append(g.key, text...)
	}
}

// settle joins what the miner has joined, where there is much of it, so that
// what is held stays bounded like the miner itself.
func (g *sightings) settle() {
	if len(g.index) < g.budget.maxGroups/2 {
		return
	}
	old := g.index
	g.index = make(map[string]*sighting, len(old))
	for _, one := range old {
		one.ref = g.miner.Settled(one.ref)
		g.setKey(uint64(one.ref), one.keys)
		if to := g.index[string(g.key)]; to != nil {
			to.join(one)
			g.budget.groups--
			g.budget.give(sightingBytes + len(g.key) + 4*len(one.spark) + len(one.example))
			continue
		}
		g.index[string(g.key)] = one
	}
}

// join adds what was seen of another. Times and examples are the window's as
// long as it has any.
func (a *sighting) join(b *sighting) {
	switch {
	case a.n == 0 && b.n > 0:
		a.first, a.last, a.timed, a.example = b.first, b.last, b.timed, b.example
	case a.n > 0 && b.n == 0 || !b.timed:
	default:
		a.see(b.last, b.example)
		a.first = min(a.first, b.first)
	}
	a.n += b.n
	a.base += b.base
	for i, n := range b.levels {
		a.levels[i] += n
	}
	for i, n := range b.spark {
		a.spark[i] += n
	}
}

// see takes in a time and the text seen then. Of texts of one time the greatest
// is the example, so that an answer is the same each time.
func (a *sighting) see(t int64, text string) {
	if !a.timed || t > a.last || t == a.last && text > a.example {
		a.example = text
	}
	if !a.timed {
		a.first, a.last, a.timed = t, t, true
	}
	a.first, a.last = min(a.first, t), max(a.last, t)
}

// addRow takes in one row of an answer.
func (g *sightings) addRow(r *Row) error {
	v := r.Value(g.from)
	if v.IsNone() {
		return nil
	}
	g.settle()
	keys := make([]Value, len(g.by))
	for i, name := range g.by {
		keys[i] = r.Value(name)
	}
	to, err := g.find(g.miner.Add(v.String()), keys)
	if err != nil {
		return err
	}
	to.n++
	if t, ok := r.Value(lang.KeyTime).Time(); ok {
		return g.note(to, t, v.String())
	}
	return nil
}

// note keeps the text as the example where it is one.
func (g *sightings) note(to *sighting, t int64, text string) error {
	if to.timed && t < to.last {
		to.first = min(to.first, t)
		return nil
	}
	before := len(to.example)
	to.see(t, cutExample(text))
	if len(to.example) > before {
		return g.budget.take(len(to.example) - before)
	}
	return nil
}

// cutExample clones a text, which is only valid as long as its run.
func cutExample(text string) string {
	if len(text) > maxExample {
		text = text[:maxExample]
		for !utf8.ValidString(text) && len(text) > maxExample-utf8.UTFMax {
			text = text[:len(text)-1]
		}
	}
	return strings.Clone(text)
}

// found is a template and all that was seen of it beside the same values.
type found struct {
	*sighting
	template *pattern.Template
}

// finish joins what was seen by template, the most frequent first.
func (g *sightings) finish() []found {
	r := g.miner.Result()
	byTemplate := map[string]int{}
	var all []found
	for _, one := range g.index {
		at := r.Of(one.ref)
		g.setKey(uint64(at), one.keys)
		if i, known := byTemplate[string(g.key)]; known {
			all[i].join(one)
			continue
		}
		byTemplate[string(g.key)] = len(all)
		all = append(all, found{one, &r.Templates[at]})
	}
	slices.SortFunc(all, func(a, b found) int {
		return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(b.base, a.base), strings.Compare(a.template.Text, b.template.Text), slices.CompareFunc(a.keys, b.keys, compareTexts))
	})
	return all
}

func compareTexts(a, b Value) int { return strings.Compare(a.String(), b.String()) }
