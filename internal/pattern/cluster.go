package pattern

import (
	"cmp"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// What decides whether texts are one template. The numbers were set with a view
// to docs/log-patterns.md's table and belong together.
const (
	// alike is the share of equal words at which two texts are compared more
	// closely.
	alike = 0.65
	// maxWords is how many different words may stand at one place, each being
	// part of what is said: opened and closed, but not everybody's name.
	maxWords = 5
	// maxLooks bounds the groups that one text is compared with, those nearest in
	// the order of texts, and maxCompared the tokens that are.
	maxLooks    = 256
	maxCompared = 4096
)

// cluster is shapes with the same number of tokens.
type cluster struct {
	shapes []*shape
	// tokens are what the shapes have in common, varies where they differ.
	tokens []token
}

// token is a hash of a piece of text, with what kind it is of in its lowest
// bits, so that comparing is cheap and nothing needs to be looked up.
type token uint64

// The kinds of tokens.
const (
	onlyHole token = 1 << iota // nothing but holes and signs
	bareWord                   // letters, and signs round them
	asksNext                   // names what comes next
	kindBits = 3
)

// varies stands for tokens that differ.
const varies token = 0

func tokenOf(text string) token {
	t := token(xxhash.Sum64String(text)|1) << kindBits
	words, within, plain := 0, false, true
	for i := 0; i < len(text); i++ {
		k := classes[text[i]]
		in := k&(isLetter|isDigit) != 0
		if in && !within {
			words++
		}
		within = in
		plain = plain && k&isDigit == 0 && text[i] != '*'
	}
	switch {
	case words == 0 && !plain && strings.Contains(text, Hole):
		t |= onlyHole
	case words == 1 && plain:
		t |= bareWord
	}
	if key, is := strings.CutSuffix(text, "="); is && !speaks([]byte(key)) || text == "user " {
		t |= asksNext
	}
	return t
}

func isSign(r rune) bool {
	return r < 0x80 && classes[r]&(isLetter|isDigit) == 0
}

// cut gives a text in pieces, each with the sign behind it: words, keys, the
// columns of programs that put bars between them, and the values of JSON. The last one is the rest of a
// text that is too long.
func cut(text string, to func(piece string)) {
	start, n := 0, 0
	for i := 0; i < len(text) && n < maxTokens; i++ {
		if ends(text, i) {
			to(text[start : i+1])
			start = i + 1
			n++
		}
	}
	if start < len(text) {
		to(text[start:])
	}
}

// ends reports whether a piece ends with the sign at i.
func ends(text string, i int) bool {
	switch text[i] {
	case ' ', '=', '|':
		return true
	case ',': // between two members of JSON
		return i+1 < len(text) && text[i+1] == '"'
	case ':': // behind a key of JSON
		return i > 0 && text[i-1] == '"'
	}
	return false
}

func tokens(text string) []token {
	out := make([]token, 0, 16)
	cut(text, func(piece string) { out = append(out, tokenOf(piece)) })
	return out
}

// clusters divides shapes by what they say. Shapes are sorted first, so that
// nothing depends on the order in which they came.
func clusters(shapes []*shape) []*cluster {
	for _, s := range shapes {
		s.tokens = tokens(s.text)
	}
	slices.SortFunc(shapes, func(a, b *shape) int {
		return cmp.Or(cmp.Compare(len(a.tokens), len(b.tokens)), cmp.Compare(a.text, b.text))
	})
	var rough []*cluster
	first := 0 // of those with as many tokens
	for i, s := range shapes {
		if i > 0 && len(s.tokens) != len(shapes[i-1].tokens) {
			first = len(rough)
		}
		looks := min(maxLooks, maxCompared/max(1, len(s.tokens)))
		best := nearest(rough[max(first, len(rough)-looks):], s)
		if best == nil {
			best = &cluster{tokens: slices.Clone(s.tokens)}
			rough = append(rough, best)
		}
		best.add(s)
	}
	var fine []*cluster
	for _, c := range rough {
		fine = c.refine(make([]bool, len(c.tokens)), fine)
	}
	for _, s := range shapes {
		s.tokens = nil
	}
	return fine
}

// nearest is the cluster most alike, nil where none is alike enough.
func nearest(among []*cluster, s *shape) *cluster {
	var best *cluster
	most := 0.0
	for _, c := range among {
		if share := c.like(s); share > most {
			best, most = c, share
		}
	}
	if most < alike {
		return nil
	}
	return best
}

// like is the share of equal tokens, holes at the same place aside; 0 as soon as
// it is clear that it is less than alike.
func (c *cluster) like(s *shape) float64 {
	same, other := 0, 0
	most := int((1 - alike) * float64(len(c.tokens)))
	for i, t := range c.tokens {
		switch hole := t == varies || t&onlyHole != 0; {
		case hole && s.tokens[i]&onlyHole != 0:
		case !hole && t == s.tokens[i]:
			same++
		default:
			if other++; other > most {
				return 0
			}
		}
	}
	return float64(same) / float64(max(1, same+other))
}

func (c *cluster) add(s *shape) {
	for i := range c.tokens {
		if c.tokens[i] != s.tokens[i] {
			c.tokens[i] = varies
		}
	}
	c.shapes = append(c.shapes, s)
}

// refine divides a cluster where few different words stand at one place, and
// appends what comes of it. Open are the places known to hold anything.
func (c *cluster) refine(open []bool, to []*cluster) []*cluster {
	open = slices.Clone(open)
	place, fewest := -1, 0
	for i, t := range c.tokens {
		if t != varies || open[i] {
			continue
		}
		n := c.choices(i)
		if n == 0 {
			open[i] = true
		} else if place < 0 || n < fewest {
			place, fewest = i, n
		}
	}
	if place < 0 {
		return append(to, c)
	}
	for _, part := range c.divide(place) {
		to = part.refine(open, to)
	}
	return to
}

// choices is how many words are said at a place, 0 where anything may stand:
// too many words, names of things, or the value of a key.
func (c *cluster) choices(place int) int {
	values := map[token]struct{}{}
	named := 0
	for _, s := range c.shapes {
		t := s.tokens[place]
		if _, known := values[t]; known {
			continue
		}
		values[t] = struct{}{}
		if t&bareWord == 0 {
			named++
		}
		if len(values) > maxWords {
			return 0
		}
	}
	if 2*named >= len(values) || place > 0 && c.tokens[place-1]&asksNext != 0 {
		return 0
	}
	return len(values)
}

// divide makes a cluster of each word at a place, in the order of the shapes.
func (c *cluster) divide(place int) []*cluster {
	var parts []*cluster
	by := map[token]*cluster{}
	for _, s := range c.shapes {
		part := by[s.tokens[place]]
		if part == nil {
			part = &cluster{tokens: slices.Clone(s.tokens)}
			by[s.tokens[place]] = part
			parts = append(parts, part)
		}
		part.add(s)
	}
	return parts
}

// text is the template: what the shapes have in common, and a hole with the
// signs round it that all of them have.
func (c *cluster) text() string {
	if len(c.shapes) == 1 {
		return c.shapes[0].text
	}
	var b strings.Builder
	around, i := c.signs(), 0
	cut(c.shapes[0].text, func(piece string) {
		if c.tokens[i] != varies {
			b.WriteString(piece)
		} else {
			b.WriteString(around[i].before + Hole + around[i].after)
		}
		i++
	})
	text := b.String()
	for _, list := range []string{" ", ", ", ","} {
		for strings.Contains(text, Hole+list+Hole) {
			text = strings.ReplaceAll(text, Hole+list+Hole, Hole)
		}
	}
	return text
}

// signs stand round a hole.
type signs struct {
	before, after string
	known         bool
}

// signs are what all pieces of each place that varies begin and end with,
// letters aside.
func (c *cluster) signs() []signs {
	all := make([]signs, len(c.tokens))
	for _, s := range c.shapes {
		i := 0
		cut(s.text, func(piece string) {
			if c.tokens[i] == varies {
				all[i].narrow(strings.ReplaceAll(piece, Hole, "0"))
			}
			i++
		})
	}
	return all
}

// narrow keeps what one more piece has too.
func (s *signs) narrow(piece string) {
	before := piece[:len(piece)-len(strings.TrimLeftFunc(piece, isSign))]
	after := piece[len(strings.TrimRightFunc(piece, isSign)):]
	if !s.known {
		s.before, s.after, s.known = before, after, true
	}
	for !strings.HasPrefix(before, s.before) {
		s.before = s.before[:len(s.before)-1]
	}
	for !strings.HasSuffix(after, s.after) {
		s.after = s.after[1:]
	}
}
