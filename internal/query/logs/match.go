package logs

import (
	"regexp"
	"slices"
	"strings"

	"patou/internal/component"
	"patou/internal/entry"
)

// node is a filter made ready to run.
type node struct {
	kind nodeKind
	kids []*node
	leaf *leaf
}

type nodeKind uint8

const (
	nodeAll nodeKind = iota
	nodeAnd
	nodeOr
	nodeNot
	nodeLeaf
)

// leaf is one test of one column.
type leaf struct {
	number int // among the leaves of the query
	column column
	// match tests a text that is there; what is absent does not match.
	match func(string) bool
	// levels says which levels match, for columnLevel.
	levels [entry.Levels]bool
	id     entry.ID
	// literals are in each text that matches, byte for byte.
	literals []string
}

// column is one value of entries.
type column struct {
	kind columnKind
	key  string // of a columnField
}

type columnKind uint8

// The kinds of columns, from the cheapest to test to the dearest.
const (
	columnComponent columnKind = iota
	columnLevel
	columnHost
	columnID
	columnField
	columnMessage
	columnTime
)

func columnOf(key string) column {
	kinds := [...]struct {
		key  string
		kind columnKind
	}{
		{keyComponent, columnComponent}, {keyLevel, columnLevel}, {keyHost, columnHost}, {keyID, columnID},
		{keyMessage, columnMessage}, {keyTime, columnTime},
	}
	for _, k := range kinds {
		if k.key == key {
			return column{kind: k.kind, key: key}
		}
	}
	return column{kind: columnField, key: key}
}

// compile makes a filter ready to run and counts its leaves.
func compile(e expr) (n *node, leaves int) {
	n = compileNode(e, &leaves)
	return n, leaves
}

func compileNode(e expr, leaves *int) *node {
	switch e := e.(type) {
	case and:
		return compileKids(nodeAnd, e, leaves)
	case or:
		return compileKids(nodeOr, e, leaves)
	case not:
		return compileKids(nodeNot, []expr{e.of}, leaves)
	case text:
		l := &leaf{column: columnOf(keyMessage), match: textMatcher(e.parts), literals: textLiterals(e.parts)}
		return leafNode(l, leaves)
	case cond:
		return leafNode(compileCond(e), leaves)
	}
	return &node{kind: nodeAll}
}

func leafNode(l *leaf, leaves *int) *node {
	l.number = *leaves
	*leaves++
	return &node{kind: nodeLeaf, leaf: l}
}

// compileKids puts cheap tests first; what they exclude is not tested again.
func compileKids(kind nodeKind, of []expr, leaves *int) *node {
	n := &node{kind: kind}
	for _, e := range of {
		n.kids = append(n.kids, compileNode(e, leaves))
	}
	slices.SortStableFunc(n.kids, func(a, b *node) int { return int(a.cost()) - int(b.cost()) })
	return n
}

func (n *node) cost() columnKind {
	if n.kind == nodeLeaf {
		return n.leaf.column.kind
	}
	var most columnKind
	for _, kid := range n.kids {
		most = max(most, kid.cost())
	}
	return most
}

func compileCond(c cond) *leaf {
	l := &leaf{column: columnOf(c.key)}
	switch l.column.kind {
	case columnLevel:
		l.levels = levelSet(c)
	case columnID:
		l.id, _ = entry.ParseID(c.value) // the parser read it before
	case columnComponent:
		l.match = componentMatcher(c)
	case columnHost:
		match := valueMatcher(c)
		l.match = func(s string) bool { return match(asciiLower(s)) }
		if c.op == opRegexp {
			l.match = match
		}
	default:
		l.match = valueMatcher(c)
		if c.op == opRegexp && l.column.kind == columnMessage {
			l.literals = regexpLiterals(c.value)
			l.match = guarded(l.match, l.literals)
		}
	}
	return l
}

// guarded tests for literals before the dearer match.
func guarded(match func(string) bool, literals []string) func(string) bool {
	if len(literals) == 0 {
		return match
	}
	longest := slices.MaxFunc(literals, func(a, b string) int { return len(a) - len(b) })
	return func(s string) bool { return strings.Contains(s, longest) && match(s) }
}

func componentMatcher(c cond) func(string) bool {
	switch c.op {
	case opEquals, opGlob:
		return func(name string) bool { return component.Match(c.value, name) }
	case opSame:
		return func(name string) bool { return name == c.value }
	}
	return valueMatcher(c)
}

func valueMatcher(c cond) func(string) bool {
	switch c.op {
	case opEquals:
		return func(s string) bool { return s == c.value }
	case opPresent:
		return func(string) bool { return true }
	case opGlob:
		return globMatcher(c.value)
	case opRegexp:
		return regexp.MustCompile(c.value).MatchString // the parser compiled it before
	case opRange:
		return rangeMatcher(c)
	}
	return compareMatcher(c.op, c.value)
}

func rangeMatcher(c cond) func(string) bool {
	from, _ := number(c.value)
	until, _ := number(c.until)
	return func(s string) bool {
		n, ok := number(s)
		return ok && from <= n && n <= until
	}
}

// compareMatcher compares with a number as numbers, leaving out texts, and
// with any other text byte by byte.
func compareMatcher(o op, value string) func(string) bool {
	want, numeric := number(value)
	if !numeric {
		return func(s string) bool { return o.holds(strings.Compare(s, value)) }
	}
	return func(s string) bool {
		n, ok := number(s)
		switch {
		case !ok:
			return false
		case n < want:
			return o.holds(-1)
		case n > want:
			return o.holds(1)
		}
		return o.holds(0)
	}
}

// holds reports whether a comparison's result, as of strings.Compare, is what
// the sign asks for.
func (o op) holds(result int) bool {
	switch o {
	case opSame:
		return result == 0
	case opAbove:
		return result > 0
	case opAtLeast:
		return result >= 0
	case opBelow:
		return result < 0
	}
	return result <= 0
}

func levelSet(c cond) (set [entry.Levels]bool) {
	from, _ := entry.ParseLevel(c.value)
	until, _ := entry.ParseLevel(c.until)
	for l := range entry.Level(entry.Levels) {
		switch c.op {
		case opEquals:
			set[l] = l == from
		case opPresent:
			set[l] = l != entry.LevelNone
		case opRange:
			set[l] = from <= l && l <= until
		default:
			set[l] = l != entry.LevelNone && c.op.holds(int(l)-int(from))
		}
	}
	return set
}

// entry tests one entry.
func (n *node) entry(e *entry.Entry) bool {
	switch n.kind {
	case nodeAnd:
		return !slices.ContainsFunc(n.kids, func(kid *node) bool { return !kid.entry(e) })
	case nodeOr:
		return slices.ContainsFunc(n.kids, func(kid *node) bool { return kid.entry(e) })
	case nodeNot:
		return !n.kids[0].entry(e)
	case nodeLeaf:
		return n.leaf.entry(e)
	}
	return true
}

func (l *leaf) entry(e *entry.Entry) bool {
	switch l.column.kind {
	case columnComponent:
		return l.match(e.Component)
	case columnLevel:
		return int(e.Level) < len(l.levels) && l.levels[e.Level]
	case columnHost:
		return e.Host != "" && l.match(e.Host)
	case columnID:
		return e.ID == l.id
	case columnMessage:
		return l.match(e.Message)
	}
	value, ok := e.Field(l.column.key)
	return ok && l.match(value)
}
