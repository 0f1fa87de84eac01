package pattern

import (
	"cmp"
	"slices"
	"strings"
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
	// maxLooks bounds the groups that one text is compared with: those nearest
	// in the order of texts.
	maxLooks = 256
)

// cluster is shapes with the same number of tokens.
type cluster struct {
	shapes []*shape
	// tokens are what the shapes have in common, varies where they differ.
	tokens []uint32
	words  *words
}

// varies stands for tokens that differ.
const varies = ^uint32(0)

// words numbers tokens, so that comparing is cheap.
type words struct {
	ids   map[string]uint32
	texts []string
	// holes tells of each whether it is nothing but a hole and signs, bare
	// whether it is letters and signs alone.
	holes, bare []bool
}

func (w *words) number(t string) uint32 {
	if id, known := w.ids[t]; known {
		return id
	}
	id := uint32(len(w.texts))
	w.ids[t] = id
	w.texts = append(w.texts, t)
	core := strings.TrimFunc(t, isSign)
	w.holes = append(w.holes, core == "" && strings.Contains(t, Hole))
	w.bare = append(w.bare, core != "" && strings.IndexFunc(core, isSign) < 0 && !strings.ContainsAny(t, "0123456789*"))
	return id
}

func isSign(r rune) bool {
	return r < 0x80 && classes[r]&(isLetter|isDigit) == 0
}

// split cuts a text into tokens, each with the sign behind it: words, keys, and
// the columns of programs that put bars between them.
func (w *words) split(text string) []uint32 {
	var out []uint32
	start := 0
	for i := 0; i < len(text); i++ {
		if c := text[i]; c == ' ' || c == '=' || c == '|' {
			out = append(out, w.number(text[start:i+1]))
			start = i + 1
		}
		if len(out) == maxTokens {
			break
		}
	}
	if start < len(text) {
		out = append(out, w.number(text[start:]))
	}
	return out
}

// clusters divides shapes by what they say. Shapes are sorted first, so that
// nothing depends on the order in which they came.
func clusters(shapes []*shape) []*cluster {
	w := &words{ids: map[string]uint32{}}
	for _, s := range shapes {
		s.tokens = w.split(s.text)
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
		best := nearest(w, rough[max(first, len(rough)-maxLooks):], s)
		if best == nil {
			best = &cluster{tokens: slices.Clone(s.tokens), words: w}
			rough = append(rough, best)
		}
		best.add(s)
	}
	var fine []*cluster
	for _, c := range rough {
		fine = c.refine(make([]bool, len(c.tokens)), fine)
	}
	return fine
}

// nearest is the cluster most alike, nil where none is alike enough.
func nearest(w *words, among []*cluster, s *shape) *cluster {
	var best *cluster
	most := 0.0
	for _, c := range among {
		same, compared := 0, 0
		for i, t := range c.tokens {
			hole := t == varies || w.holes[t]
			switch {
			case hole && w.holes[s.tokens[i]]:
			case !hole && t == s.tokens[i]:
				same++
				compared++
			default:
				compared++
			}
		}
		if share := float64(same) / float64(max(compared, 1)); share > most {
			best, most = c, share
		}
	}
	if most < alike {
		return nil
	}
	return best
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
	values := map[uint32]struct{}{}
	named := 0
	for _, s := range c.shapes {
		t := s.tokens[place]
		if _, known := values[t]; known {
			continue
		}
		values[t] = struct{}{}
		if !c.words.bare[t] {
			named++
		}
		if len(values) > maxWords {
			return 0
		}
	}
	if 2*named >= len(values) || place > 0 && c.words.asks(c.tokens[place-1]) {
		return 0
	}
	return len(values)
}

// asks reports whether a token names what comes next.
func (w *words) asks(t uint32) bool {
	if t == varies {
		return false
	}
	key, is := strings.CutSuffix(w.texts[t], "=")
	return is && !speaks([]byte(key)) || w.texts[t] == "user "
}

// divide makes a cluster of each word at a place, in the order of the shapes.
func (c *cluster) divide(place int) []*cluster {
	var parts []*cluster
	by := map[uint32]*cluster{}
	for _, s := range c.shapes {
		part := by[s.tokens[place]]
		if part == nil {
			part = &cluster{tokens: slices.Clone(s.tokens), words: c.words}
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
	for i, t := range c.tokens {
		if t != varies {
			b.WriteString(c.words.texts[t])
			continue
		}
		before, after := c.signs(i)
		b.WriteString(before + Hole + after)
	}
	text := b.String()
	for _, list := range []string{" ", ", ", ","} {
		for strings.Contains(text, Hole+list+Hole) {
			text = strings.ReplaceAll(text, Hole+list+Hole, Hole)
		}
	}
	return text
}

// signs are what all tokens of a place begin and end with, letters aside.
func (c *cluster) signs(place int) (before, after string) {
	for i, s := range c.shapes {
		t := c.words.texts[s.tokens[place]]
		core := strings.ReplaceAll(t, Hole, "0")
		b, a := core[:len(core)-len(strings.TrimLeftFunc(core, isSign))], core[len(strings.TrimRightFunc(core, isSign)):]
		if i == 0 {
			before, after = b, a
			continue
		}
		for !strings.HasPrefix(b, before) {
			before = before[:len(before)-1]
		}
		for !strings.HasSuffix(a, after) {
			after = after[1:]
		}
	}
	return before, after
}
