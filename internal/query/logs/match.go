package logs

import (
	"regexp"
	"slices"
	"strings"

	"patou/internal/component"
	"patou/internal/entry"
	"patou/internal/query/logs/lang"
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

// columnOf finds the column of a key; what is no part of every entry is a
// field.
func columnOf(key string) column {
	kinds := [...]struct {
		key  string
		kind columnKind
	}{
		{lang.KeyComponent, columnComponent}, {lang.KeyLevel, columnLevel}, {lang.KeyHost, columnHost}, {lang.KeyID, columnID},
		{lang.KeyMessage, columnMessage}, {lang.KeyTime, columnTime},
	}
	for _, k := range kinds {
		if k.key == key {
			return column{kind: k.kind, key: key}
		}
	}
	return column{kind: columnField, key: key}
}

// compile makes a filter ready to run over entries and rows.
func compile(e lang.Expr) *node {
	leaves := 0
	return compileNode(e, &leaves)
}

// compileNode makes a filter ready and numbers its leaves from *leaves on.
func compileNode(e lang.Expr, leaves *int) *node {
	switch e := e.(type) {
	case lang.And:
		return compileKids(nodeAnd, e, leaves)
	case lang.Or:
		return compileKids(nodeOr, e, leaves)
	case lang.Not:
		return compileKids(nodeNot, []lang.Expr{e.Of}, leaves)
	case lang.Text:
		l := &leaf{column: columnOf(lang.KeyMessage), match: textMatcher(e.Parts), literals: textLiterals(e.Parts)}
		return leafNode(l, leaves)
	case lang.Cond:
		return leafNode(compileCond(e), leaves)
	}
	return &node{kind: nodeAll}
}

// leafNode numbers the leaves, so that what one finds out of a value can be
// kept in a table.
func leafNode(l *leaf, leaves *int) *node {
	l.number = *leaves
	*leaves++
	return &node{kind: nodeLeaf, leaf: l}
}

// compileKids puts cheap tests first; what they exclude is not tested again.
func compileKids(kind nodeKind, of []lang.Expr, leaves *int) *node {
	n := &node{kind: kind}
	for _, e := range of {
		n.kids = append(n.kids, compileNode(e, leaves))
	}
	slices.SortStableFunc(n.kids, func(a, b *node) int { return int(a.cost()) - int(b.cost()) })
	return n
}

// cost is that of the dearest column that must be read.
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

// compileCond relies on the parser's checks: nothing here can fail.
func compileCond(c lang.Cond) *leaf {
	l := &leaf{column: columnOf(c.Key)}
	switch l.column.kind {
	case columnLevel:
		l.levels = levelSet(c)
	case columnID:
		l.id, _ = entry.ParseID(c.Value) // the parser read it before
	case columnComponent:
		l.match = componentMatcher(c)
	case columnHost:
		match := valueMatcher(c)
		l.match = func(s string) bool { return match(lang.ASCIILower(s)) }
		if c.Op == lang.OpRegexp {
			l.match = match
		}
	default:
		l.match = valueMatcher(c)
		if c.Op == lang.OpRegexp && l.column.kind == columnMessage {
			l.literals = regexpLiterals(c.Value)
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

// componentMatcher takes component:web for web and all below it, which is what
// one asks for; = asks for web alone.
func componentMatcher(c lang.Cond) func(string) bool {
	switch c.Op {
	case lang.OpEquals, lang.OpGlob:
		return func(name string) bool { return component.Match(c.Value, name) }
	case lang.OpSame:
		return func(name string) bool { return name == c.Value }
	}
	return valueMatcher(c)
}

// valueMatcher compares texts that are there. The closures are made once a
// query and not once a value.
func valueMatcher(c lang.Cond) func(string) bool {
	switch c.Op {
	case lang.OpEquals:
		return func(s string) bool { return s == c.Value }
	case lang.OpPresent:
		return func(string) bool { return true }
	case lang.OpGlob:
		return globMatcher(c.Value)
	case lang.OpRegexp:
		return regexp.MustCompile(c.Value).MatchString // the parser compiled it before
	case lang.OpRange:
		return rangeMatcher(c)
	}
	return compareMatcher(c.Op, c.Value)
}

// rangeMatcher leaves out what is no number.
func rangeMatcher(c lang.Cond) func(string) bool {
	from, _ := lang.Number(c.Value)
	until, _ := lang.Number(c.Until)
	return func(s string) bool {
		n, ok := lang.Number(s)
		return ok && from <= n && n <= until
	}
}

// compareMatcher compares with a number as numbers, leaving out texts, and
// with any other text byte by byte.
func compareMatcher(o lang.Op, value string) func(string) bool {
	want, numeric := lang.Number(value)
	if !numeric {
		return func(s string) bool { return holds(o, strings.Compare(s, value)) }
	}
	return func(s string) bool {
		n, ok := lang.Number(s)
		switch {
		case !ok:
			return false
		case n < want:
			return holds(o, -1)
		case n > want:
			return holds(o, 1)
		}
		return holds(o, 0)
	}
}

// holds reports whether a comparison's result, as of strings.Compare, is what
// the sign asks for.
func holds(o lang.Op, result int) bool {
	switch o {
	case lang.OpSame:
		return result == 0
	case lang.OpAbove:
		return result > 0
	case lang.OpAtLeast:
		return result >= 0
	case lang.OpBelow:
		return result < 0
	}
	return result <= 0
}

// levelSet answers for each level beforehand. An entry without a level is in
// no comparison.
func levelSet(c lang.Cond) (set [entry.Levels]bool) {
	from, _ := entry.ParseLevel(c.Value)
	until, _ := entry.ParseLevel(c.Until)
	for l := range entry.Level(entry.Levels) {
		switch c.Op {
		case lang.OpEquals:
			set[l] = l == from
		case lang.OpPresent:
			set[l] = l != entry.LevelNone
		case lang.OpRange:
			set[l] = from <= l && l <= until
		default:
			set[l] = l != entry.LevelNone && holds(c.Op, int(l)-int(from))
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

// entry tests one entry of a live tail or a row, where there are no columns.
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
