package lang

import (
	"fmt"
	"slices"
)

// patterns reads what templates are made of and by what they are told apart, in
// any order.
func (p *parser) patterns() Pipe {
	made := &PatternsPipe{From: KeyMessage}
	from := false
	for {
		p.skipSpace()
		start := p.pos
		switch word := p.peek(); {
		case word == "by" && made.By == nil:
			p.bare()
			made.By = p.groupNames("a field's name, component, host or level")
			for _, name := range made.By {
				if slices.Contains(PatternColumns(), name) {
					p.fail(start, fmt.Sprintf("two columns would be named %q", name), "")
				}
			}
		case word == "from" && !from:
			p.bare()
			made.From, from = p.name("the name of a field to take the templates of"), true
		default:
			return made
		}
	}
}

// PatternColumns are the columns that patterns makes.
func PatternColumns() []string { return []string{"pattern", "count", "first", "last", "example"} }
