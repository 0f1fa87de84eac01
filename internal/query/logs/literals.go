package logs

import (
	"regexp/syntax"
	"strings"

	"patou/internal/entry"
)

// minLiteral is the shortest literal worth asking a store for.
const minLiteral = 3

// textLiterals are the pieces of a text filter that each matching message
// holds, the case of ASCII letters aside: all of it, but where case is ignored
// beyond ASCII: then what has no case.
func textLiterals(parts []string) []string {
	if !foldsCase(parts) || isASCII(strings.Join(parts, "")) {
		return longOnes(parts)
	}
	var out []string
	for _, part := range parts {
		pieces := strings.FieldsFunc(part, func(r rune) bool {
			return r >= 0x80 || isLetter(byte(r))
		})
		out = append(out, longOnes(pieces)...)
	}
	return out
}

// longOnes leaves out texts so short that nearly every block has them.
func longOnes(texts []string) []string {
	var out []string
	for _, s := range texts {
		if len(s) >= minLiteral {
			out = append(out, s)
		}
	}
	return out
}

// regexpLiterals are texts without which an expression cannot match.
func regexpLiterals(source string) []string {
	re, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		return nil
	}
	return longOnes(requiredOf(re.Simplify()))
}

// requiredOf collects literals that each match holds. Of alternatives and
// repetitions none is certain; leaving one out is never wrong, only slower.
func requiredOf(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase == 0 {
			return []string{string(re.Rune)}
		}
	case syntax.OpCapture, syntax.OpPlus:
		return requiredOf(re.Sub[0])
	case syntax.OpConcat:
		var out []string
		for _, sub := range re.Sub {
			out = append(out, requiredOf(sub)...)
		}
		return out
	}
	return nil
}

// required are the literals that each entry's message holds.
func (n *node) required() []string {
	switch n.kind {
	case nodeLeaf:
		return n.leaf.literals
	case nodeAnd:
		var out []string
		for _, kid := range n.kids {
			out = append(out, kid.required()...)
		}
		return out
	}
	return nil
}

// requiredID is the one entry that a filter asks for; zero where it may be any.
func (n *node) requiredID() entry.ID {
	switch n.kind {
	case nodeLeaf:
		return n.leaf.id
	case nodeAnd:
		for _, kid := range n.kids {
			if id := kid.requiredID(); !id.IsZero() {
				return id
			}
		}
	}
	return entry.ID{}
}

// verdict is what is known of a filter before its columns are read.
type verdict uint8

const (
	maybe verdict = iota
	yes
	no
)

// anyLevel asks decide for what holds at every level.
const anyLevel = -1

// decide tells what a filter says of the entries of a component at a level,
// or at any level, without reading more of them.
func (n *node) decide(component string, level int) verdict {
	switch n.kind {
	case nodeAll:
		return yes
	case nodeLeaf:
		return n.leaf.decide(component, level)
	case nodeNot:
		switch n.kids[0].decide(component, level) {
		case yes:
			return no
		case no:
			return yes
		}
		return maybe
	}
	// AND is settled by one no, OR by one yes; otherwise all must agree.
	settling, result := no, yes
	if n.kind == nodeOr {
		settling, result = yes, no
	}
	for _, kid := range n.kids {
		switch kid.decide(component, level) {
		case settling:
			return settling
		case maybe:
			result = maybe
		}
	}
	return result
}

// decide knows only what a store's directory does: component and level.
func (l *leaf) decide(component string, level int) verdict {
	switch {
	case l.column.kind == columnComponent:
		return verdictOf(l.match(component))
	case l.column.kind == columnLevel && level != anyLevel:
		return verdictOf(l.levels[level])
	}
	return maybe
}

func verdictOf(is bool) verdict {
	if is {
		return yes
	}
	return no
}
