package graphite

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Limits of a target's text, so that parsing and evaluating it are bounded.
const (
	MaxTarget = 64 << 10 // bytes
	MaxDepth  = 64       // calls within calls, and braces within braces
)

// SyntaxError says where a target cannot be read and what was expected there.
type SyntaxError struct {
	Target string
	Pos    int // byte in Target
	Want   string
}

// Error shows the text around the place.
func (e *SyntaxError) Error() string {
	rest := e.Target[min(e.Pos, len(e.Target)):]
	if rest == "" {
		return fmt.Sprintf("the target ends at character %d: expected %s", e.Pos+1, e.Want)
	}
	return fmt.Sprintf("cannot read the target at character %d, %.20q: expected %s", e.Pos+1, rest, e.Want)
}

// Parse reads one target. Unlike Graphite it reads all of the text: what
// follows a complete expression is an error and not ignored. Errors are
// *SyntaxError.
func Parse(target string) (*Expr, error) {
	if len(target) > MaxTarget {
		return nil, &SyntaxError{Target: target, Pos: MaxTarget, Want: "a target of at most 64 KiB"}
	}
	p := &parser{text: target}
	e := p.pipeline(0)
	p.space()
	if p.err == nil && p.pos < len(p.text) {
		p.fail(p.pos, "the end, or | and a function")
	}
	if p.err != nil {
		return nil, p.err
	}
	return e, nil
}

type parser struct {
	text string
	pos  int
	err  *SyntaxError
}

// fail keeps the first error. The parser returns non-nil expressions after
// it, so that its callers need no checks.
func (p *parser) fail(pos int, want string) *Expr {
	if p.err == nil {
		p.err = &SyntaxError{Target: p.text, Pos: pos, Want: want}
	}
	return &Expr{}
}

// space moves past spaces, which mean nothing between tokens.
func (p *parser) space() {
	for p.pos < len(p.text) && isSpace(p.text[p.pos]) {
		p.pos++
	}
}

func isSpace(c byte) bool { return c <= ' ' || c == 0x7f }

// peek is the next byte after spaces, 0 at the end.
func (p *parser) peek() byte {
	p.space()
	if p.pos == len(p.text) {
		return 0
	}
	return p.text[p.pos]
}

// pipeline reads (path | call) { "|" call }.
func (p *parser) pipeline(depth int) *Expr {
	e := p.expression(depth)
	for p.err == nil && p.peek() == '|' {
		p.pos++
		p.space()
		right := p.expression(depth)
		if p.err == nil && right.Kind != CallExpr {
			return p.fail(right.Pos, "a function call after |, such as alias('x')")
		}
		right.Args = append([]*Expr{e}, right.Args...)
		e = right
		// Each pipe nests the left side one deeper.
		if depth++; depth > MaxDepth {
			return p.fail(p.pos, fmt.Sprintf("at most %d functions within each other", MaxDepth))
		}
	}
	return e
}

// expression reads a call or a path. A word is a function's name only when a
// parenthesis follows.
func (p *parser) expression(depth int) *Expr {
	p.space()
	start := p.pos
	if depth > MaxDepth {
		return p.fail(start, fmt.Sprintf("at most %d functions within each other", MaxDepth))
	}
	if name := p.identifier(); name != "" && p.peek() == '(' {
		p.pos++
		e := &Expr{Kind: CallExpr, Text: name, Pos: start}
		p.arguments(e, depth+1)
		return e
	}
	p.pos = start
	return p.path()
}

// identifier takes the name of a function or argument, or nothing.
func (p *parser) identifier() string {
	start := p.pos
	for p.pos < len(p.text) && isWord(p.text[p.pos], p.pos > start) {
		p.pos++
	}
	return p.text[start:p.pos]
}

func isWord(c byte, digits bool) bool {
	return c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z' || digits && '0' <= c && c <= '9'
}

// arguments reads up to and with the closing parenthesis.
func (p *parser) arguments(e *Expr, depth int) {
	if p.peek() == ')' {
		p.pos++
		return
	}
	for p.err == nil {
		p.argument(e, depth)
		switch p.peek() {
		case ',':
			p.pos++
		case ')':
			p.pos++
			return
		default:
			p.fail(p.pos, "a comma or a closing parenthesis of "+e.Text+"(")
		}
	}
}

// argument reads name=value or value. a.b;k=v is a path, since a name cannot
// hold a dot.
func (p *parser) argument(e *Expr, depth int) {
	p.space()
	start := p.pos
	if name := p.identifier(); name != "" && p.peek() == '=' {
		p.pos++
		e.Named = append(e.Named, NamedArg{Name: name, Value: p.value(depth)})
		return
	}
	p.pos = start
	if len(e.Named) > 0 {
		p.fail(start, "name=value, because a named argument comes before")
		return
	}
	e.Args = append(e.Args, p.value(depth))
}

// value reads a string, a literal or an expression.
func (p *parser) value(depth int) *Expr {
	c := p.peek()
	if c == '"' || c == '\'' {
		return p.quoted(c)
	}
	if e := p.literal(); e != nil {
		return e
	}
	return p.pipeline(depth)
}

// quoted reads a string. A backslash keeps the next character from ending it
// and stays in the text.
func (p *parser) quoted(quote byte) *Expr {
	start := p.pos
	for p.pos++; p.pos < len(p.text); p.pos++ {
		switch p.text[p.pos] {
		case '\\':
			p.pos++
		case quote:
			p.pos++
			return &Expr{Kind: String, Text: p.text[start+1 : p.pos-1], Quote: quote, Pos: start}
		}
	}
	p.pos = len(p.text)
	return p.fail(start, "a closing "+string(quote)+" of the string that begins here")
}

// literal reads a number, true, false, none or inf. They need a comma or
// parenthesis behind them: 1min and 10.foo are paths.
func (p *parser) literal() *Expr {
	start, end := p.pos, p.pos
	for end < len(p.text) && strings.IndexByte(",()|{}'\"\\", p.text[end]) < 0 && !isSpace(p.text[end]) {
		end++
	}
	word := p.text[start:end]
	p.pos = end
	if c := p.peek(); c == ',' || c == ')' || c == 0 {
		if e := parseLiteral(word); e != nil {
			e.Pos = start
			return e
		}
	}
	p.pos = start
	return nil
}

// parseLiteral is nil for what is no literal. A number's text is kept: names show
// it as it was written.
func parseLiteral(word string) *Expr {
	switch strings.ToLower(word) {
	case "true", "false":
		return &Expr{Kind: Bool, Text: word, Bool: len(word) == len("true")}
	case "none":
		return &Expr{Kind: None, Text: word}
	case "inf":
		return &Expr{Kind: Number, Text: word, Num: math.Inf(1)}
	}
	if strings.Trim(word, "+-0123456789.eE") != "" {
		return nil
	}
	v, err := strconv.ParseFloat(word, 64)
	if err != nil {
		return nil
	}
	return &Expr{Kind: Number, Text: word, Num: v, Int: !strings.ContainsAny(word, ".eE")}
}

// path reads the name of a series with its globs. Braces may hold commas.
func (p *parser) path() *Expr {
	start, open := p.pos, []int{}
	for ; p.pos < len(p.text); p.pos++ {
		c := p.text[p.pos]
		switch {
		case c == '{':
			open = append(open, p.pos)
		case c == '}' && len(open) > 0:
			open = open[:len(open)-1]
		case c == ',' && len(open) > 0:
		case c == '\\' && p.pos+1 < len(p.text) && !isSpace(p.text[p.pos+1]):
			p.pos++
		case isSpace(c) || strings.IndexByte("(){},'\"\\|", c) >= 0:
			return p.endPath(start, open)
		}
		if len(open) > MaxDepth {
			return p.fail(p.pos, fmt.Sprintf("at most %d braces within each other", MaxDepth))
		}
	}
	return p.endPath(start, open)
}

// endPath refuses open braces and nothing at all.
func (p *parser) endPath(start int, open []int) *Expr {
	switch {
	case len(open) > 0:
		return p.fail(open[len(open)-1], "a closing } of the brace that opens here")
	case p.pos == start:
		return p.fail(start, "a series such as a.*.c, or a function call")
	}
	return &Expr{Kind: Path, Text: p.text[start:p.pos], Pos: start}
}
