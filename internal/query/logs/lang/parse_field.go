package lang

import (
	"fmt"
	"strings"

	"patou/internal/entry"
)

// field reads what is asked of a key, after its colon.
func (p *parser) field(start int, key string) Expr {
	switch {
	case key == "":
		p.fail(start, "a field has no name", "a name before the colon")
	case key == KeyTime:
		p.fail(start, "the time is given beside the query", "from and until")
	case p.at("("):
		return p.group(grammar{strict: true, primary: func() Expr {
			if p.atKeyword() {
				p.unknown(p.pos, "a value of "+key)
			}
			return p.value(key)
		}})
	}
	return p.value(key)
}

// value reads one value of a key and makes its filter.
func (p *parser) value(key string) Expr {
	start := p.pos
	for _, o := range []Op{OpAtLeast, OpAtMost, OpAbove, OpBelow, OpSame} {
		if p.take(o.sign()) {
			return p.compare(key, o, start)
		}
	}
	switch {
	case p.take("~"):
		return p.fieldRegexp(key)
	case p.at(`"`):
		return p.equals(key, start, p.quoted())
	}
	raw := p.word()
	if raw == "" {
		p.unknown(start, fmt.Sprintf("a value right after %s: (in quotes where it has spaces)", key))
	}
	if raw == "*" {
		return p.present(key)
	}
	if from, until, isRange := strings.Cut(raw, ".."); isRange && p.isRange(key, from, until, start) {
		return p.makeRange(key, from, until, start)
	}
	if key == KeyMessage {
		return p.text(start, splitWild(raw))
	}
	if pattern, plain, wild := globOf(raw); !wild {
		return p.equals(key, start, plain)
	} else if key == KeyLevel || key == KeyID {
		p.fail(start, fmt.Sprintf("%s takes no wildcard", key), p.example(key))
		return nil
	} else {
		return Cond{Key: key, Op: OpGlob, Value: lowerName(key, pattern)}
	}
}

// present is key:*. What every entry has selects all, so that evaluation need
// not read its column.
func (p *parser) present(key string) Expr {
	switch key {
	case KeyMessage, KeyComponent, KeyID:
		return All{}
	}
	return Cond{Key: key, Op: OpPresent}
}

// fieldRegexp reads what follows ~: an expression in slashes, or in quotes
// where it is full of slashes itself.
func (p *parser) fieldRegexp(key string) Expr {
	start := p.pos
	switch {
	case key == KeyLevel || key == KeyID:
		p.fail(start-1, fmt.Sprintf("%s takes no regular expression", key), p.example(key))
	case p.at("/"):
		return p.regexp(key)
	case p.at(`"`):
		source := p.quoted()
		p.compileRegexp(start, source)
		return Cond{Key: key, Op: OpRegexp, Value: source}
	}
	p.unknown(start, "/regexp/")
	return nil
}

// equals is key:value with a value that holds no pattern.
func (p *parser) equals(key string, start int, value string) Expr {
	switch key {
	case KeyMessage:
		return p.text(start, []string{value})
	case KeyLevel:
		return Cond{Key: key, Op: OpEquals, Value: p.level(start, value)}
	case KeyID:
		id, err := entry.ParseID(value)
		if err != nil {
			p.fail(start, fmt.Sprintf("%q is no id of an entry", value), "two base-36 numbers with a dash, as in 2s-1f")
		}
		value = id.String()
	}
	return Cond{Key: key, Op: OpEquals, Value: lowerName(key, value)}
}

// lowerName is a value in the case that names of its key are kept in.
func lowerName(key, value string) string {
	if key == KeyComponent || key == KeyHost {
		return ASCIILower(value)
	}
	return value
}

// compare reads the value after a sign such as >=.
func (p *parser) compare(key string, o Op, start int) Expr {
	at := p.pos
	var value string
	if p.at(`"`) {
		value = p.quoted()
	} else if raw := p.word(); raw != "" {
		_, value, _ = globOf(raw)
	} else {
		p.unknown(at, fmt.Sprintf("a value right after %s", o.sign()))
	}
	return p.comparison(key, o, start, at, value)
}

// comparison checks that a key can be compared so.
func (p *parser) comparison(key string, o Op, start, at int, value string) Expr {
	switch key {
	case KeyLevel:
		value = p.level(at, value)
		if o == OpSame {
			o = OpEquals
		}
	case KeyComponent, KeyID:
		if o != OpSame {
			p.fail(start, key+" has no order", p.example(key))
		}
		if key == KeyID {
			return p.equals(key, at, value)
		}
	}
	return Cond{Key: key, Op: o, Value: lowerName(key, value)}
}

// example shows how a key that cannot do what was asked is asked rightly.
func (p *parser) example(key string) string {
	switch key {
	case KeyLevel:
		return "level:NAME, level:>=NAME or level:NAME..NAME"
	case KeyID:
		return "id:2s-1f"
	}
	return key + ":NAME or " + key + ":NAME*"
}

// isRange reports whether from..until is meant as a range rather than as a
// text with two dots, and fails where it is half of one.
func (p *parser) isRange(key, from, until string, start int) bool {
	if key == KeyLevel {
		return true
	}
	_, first := Number(from)
	_, last := Number(until)
	if first && !last {
		p.fail(start+len(from)+2, fmt.Sprintf("%q is no number", until), "a number after .. (put the value in quotes if it is a text)")
	}
	return first && last
}

// makeRange is a range with both ends in it; levels are put in their plain
// form.
func (p *parser) makeRange(key, from, until string, start int) Expr {
	if key == KeyLevel {
		from, until = p.level(start, from), p.level(start+len(from)+2, until)
	}
	return Cond{Key: key, Op: OpRange, Value: from, Until: until}
}

// level reads a level's name and gives its plain form.
func (p *parser) level(start int, name string) string {
	l, ok := entry.ParseLevel(name)
	if !ok {
		p.fail(start, fmt.Sprintf("%q is no level", name), "trace, debug, info, notice, warn, error, critical, alert or emergency")
	}
	return l.String()
}
