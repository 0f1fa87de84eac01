package lang

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Parse reads a query. An empty one selects everything. The error is an *Error.
func Parse(src string) (q *Query, err error) {
	if len(src) > maxQuery {
		return nil, &Error{Column: maxQuery + 1, Problem: fmt.Sprintf("the query has more than %d bytes", maxQuery)}
	}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *Error:
			q, err = nil, r
		default:
			panic(r)
		}
	}()
	p := &parser{scanner{src: src}}
	p.checkText()
	q = &Query{Filter: p.filters()}
	q.Pipes = p.pipes()
	return q, nil
}

// parser reads the grammar, one function a rule, by looking at most one word
// ahead. Where a rule wants something else than stands there, it fails with
// what would be right.
type parser struct{ scanner }

// checkText refuses broken UTF-8 at once, so that columns count characters and
// what is found in a text is whole.
func (p *parser) checkText() {
	for i, r := range p.src {
		if r == utf8.RuneError && !strings.HasPrefix(p.src[i:], "\uFFFD") {
			p.fail(i, "this is not UTF-8", "")
		}
	}
}

// filters reads everything up to the first pipe.
func (p *parser) filters() Expr {
	p.skipSpace()
	if p.done() || p.at("|") {
		return All{}
	}
	e := p.or(grammar{primary: p.filter})
	if !p.done() && !p.at("|") {
		p.unknown(p.pos, "a filter, | or the end")
	}
	return e
}

// grammar is what AND, OR, NOT and parentheses connect in a place.
type grammar struct {
	// primary reads one filter that does not begin with a parenthesis.
	primary func() Expr
	// strict asks for AND and NOT as words.
	strict bool
}

// or reads alternatives. Those of an OR within are taken in: the tree of a
// query is the same however it was put in parentheses.
func (p *parser) or(g grammar) Expr {
	flat := Or{}
	for more := true; more; more = p.keyword("OR") {
		if e := p.and(g); isOr(e) {
			flat = append(flat, e.(Or)...)
		} else {
			flat = append(flat, e)
		}
	}
	if len(flat) == 1 {
		return flat[0]
	}
	return flat
}

// and reads what must hold together. AND may be left out between filters, but
// not within field:(…), where values stand.
func (p *parser) and(g grammar) Expr {
	flat := And{}
	for more := true; more; more = p.keyword("AND") || !g.strict && !p.filterEnds() {
		if e := p.unary(g); isAnd(e) {
			flat = append(flat, e.(And)...)
		} else {
			flat = append(flat, e)
		}
	}
	if len(flat) == 1 {
		return flat[0]
	}
	return flat
}

// unary reads a filter and what negates it. A NOT binds closer than AND.
func (p *parser) unary(g grammar) Expr {
	p.skipSpace()
	start := p.pos
	switch {
	case p.keyword("NOT") || !g.strict && p.minus():
		p.enter(start)
		defer p.leave()
		return Not{p.unary(g)}
	case p.at("("):
		return p.group(g)
	}
	return g.primary()
}

func isOr(e Expr) bool  { _, is := e.(Or); return is }
func isAnd(e Expr) bool { _, is := e.(And); return is }

// filterEnds reports whether no further filter of an AND follows.
func (p *parser) filterEnds() bool {
	p.skipSpace()
	if p.done() || p.at("|") || p.at(")") {
		return true
	}
	start := p.pos
	isOr := p.keyword("OR")
	p.pos = start
	return isOr
}

// minus skips a dash that negates what it touches.
func (p *parser) minus() bool {
	if !p.at("-") || p.pos+1 >= len(p.src) || strings.IndexByte(" \t\r\n|)", p.src[p.pos+1]) >= 0 {
		return false
	}
	p.pos++
	return true
}

// filter reads one filter without parentheses.
func (p *parser) filter() Expr {
	start := p.pos
	switch {
	case p.done() || p.at("|") || p.at(")") || p.atKeyword():
		p.unknown(start, "a filter such as component:NAME, level:>=warn, FIELD:VALUE, a word or /regexp/")
	case p.at(`"`):
		value := p.quoted()
		if p.take(":") {
			return p.field(start, value)
		}
		return p.text(start, []string{value})
	case p.at("/"):
		return p.regexp(KeyMessage)
	}
	if key := p.key(); key != "" {
		return p.field(start, key)
	}
	return p.text(start, splitWild(p.word()))
}

// atKeyword reports whether OR or AND stands here, where a filter must.
func (p *parser) atKeyword() bool {
	start := p.pos
	is := p.keyword("OR") || p.keyword("AND")
	p.pos = start
	return is
}

// group reads what is between parentheses; the scanner stands on the first.
func (p *parser) group(g grammar) Expr {
	start := p.pos
	p.enter(start)
	defer p.leave()
	p.pos++
	e := p.or(g)
	p.skipSpace()
	switch {
	case p.take(")"):
	case p.done():
		p.fail(start, "a parenthesis is opened here and never closed", ")")
	case g.strict:
		p.unknown(p.pos, "OR, AND or )")
	default:
		p.unknown(p.pos, "a filter, OR or )")
	}
	return e
}

// text makes a filter of the parts that a message must hold.
func (p *parser) text(start int, parts []string) Expr {
	if len(parts) == 1 && parts[0] == "" {
		p.fail(start, "an empty text is in every message", "some text, or * for everything")
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	if len(parts) == 0 {
		return All{}
	}
	return Text{parts}
}

// key reads a field's name and its colon; "" and nothing read where there is
// none, as in 10:15:32, std::string and http://host.
func (p *parser) key() string {
	i := p.pos
	for i < len(p.src) && isNameByte(p.src[i]) {
		i++
	}
	key, rest := p.src[p.pos:i], p.src[i:]
	if !isName(key) || !strings.HasPrefix(rest, ":") || strings.HasPrefix(rest, "::") || strings.HasPrefix(rest, "://") {
		return ""
	}
	p.pos = i + 1
	return key
}

// regexp reads /…/ as a filter of a key.
func (p *parser) regexp(key string) Expr {
	start := p.pos
	source := p.slashed()
	p.compileRegexp(start, source)
	return Cond{Key: key, Op: OpRegexp, Value: source}
}

// compileRegexp checks an expression that begins at start.
func (p *parser) compileRegexp(start int, source string) *regexp.Regexp {
	re, err := regexp.Compile(source)
	if err != nil {
		p.fail(start, "the regular expression does not compile ("+strings.TrimPrefix(err.Error(), "error parsing regexp: ")+")", "RE2 syntax")
	}
	return re
}

// keyword skips an upper-case word of the language where it stands.
func (p *parser) keyword(word string) bool {
	p.skipSpace()
	if !p.at(word) {
		return false
	}
	if end := p.pos + len(word); end < len(p.src) && !isSpace(p.src[end]) && !strings.ContainsRune("()|\"", rune(p.src[end])) {
		return false
	}
	p.pos += len(word)
	return true
}
