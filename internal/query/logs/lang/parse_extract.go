package lang

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// extract reads a pattern, "took <ms> ms", or an expression with named groups,
// and where the text comes from.
func (p *parser) extract() Pipe {
	p.skipSpace()
	start := p.pos
	e := &ExtractPipe{From: KeyMessage}
	switch {
	case p.at(`"`):
		e.source = p.quoted()
		p.extractPattern(e, start)
	case p.at("/"):
		e.source = p.slashed()
		e.Regexp = p.compileRegexp(start, e.source)
		e.Names = groupNames(e.Regexp)
	default:
		p.unknown(start, `a pattern such as "took <ms> ms", or /took (?P<ms>\d+)/`)
	}
	p.checkExtracted(e, start)
	if p.peek() == "from" {
		p.bare()
		e.From = p.name("a field's name")
	}
	return e
}

// groupNames are the named groups in the order of their values; groups without
// a name only group.
func groupNames(re *regexp.Regexp) []string {
	return slices.DeleteFunc(slices.Clone(re.SubexpNames()), func(s string) bool { return s == "" })
}

// checkExtracted refuses patterns that make no field, or not a new one.
func (p *parser) checkExtracted(e *ExtractPipe, start int) {
	if len(e.Names) == 0 {
		wanted := "<NAME> where the value stands"
		if e.Regexp != nil {
			wanted = "(?P<NAME>…) round the value"
		}
		p.fail(start, "the pattern names no field", wanted)
	}
	if len(e.Names) > maxNames {
		p.fail(start, fmt.Sprintf("more than %d names", maxNames), "")
	}
	for i, name := range e.Names {
		switch name {
		case KeyTime, KeyComponent, KeyHost, KeyLevel, KeyMessage, KeyID:
			p.fail(start, fmt.Sprintf("%q is part of every entry", name), "another name")
		}
		if slices.Contains(e.Names[:i], name) {
			p.fail(start, fmt.Sprintf("%q is named twice", name), "another name, or <_> for what is not kept")
		}
	}
}

// extractPattern takes a pattern apart at its <names>. A backslash before <
// makes it a plain character.
func (p *parser) extractPattern(e *ExtractPipe, start int) {
	var literal strings.Builder
	rest := e.source
	for rest != "" {
		if strings.HasPrefix(rest, `\<`) {
			literal.WriteByte('<')
			rest = rest[2:]
			continue
		}
		name, length := placeholder(rest)
		if length == 0 {
			literal.WriteByte(rest[0])
			rest = rest[1:]
			continue
		}
		if literal.Len() == 0 && len(e.Parts) > 0 {
			p.fail(start, fmt.Sprintf("nothing stands before <%s> to tell where it begins", name), "some text between two names")
		}
		part := ExtractPart{Literal: literal.String(), Field: -1, Skip: true}
		if name != "_" {
			part.Field = len(e.Names)
			e.Names = append(e.Names, name)
		}
		e.Parts = append(e.Parts, part)
		literal.Reset()
		rest = rest[length:]
	}
	e.Parts = append(e.Parts, ExtractPart{Literal: literal.String(), Field: -1})
}

// placeholder reads <name> at the start of a pattern; length 0 where none is.
func placeholder(s string) (name string, length int) {
	end := strings.IndexByte(s, '>')
	if s[0] != '<' || end < 0 {
		return "", 0
	}
	if name = s[1:end]; !isName(name) {
		return "", 0
	}
	return name, end + 1
}
