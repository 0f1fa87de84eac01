package graphite

import (
	"strings"
)

// Kind says what an Expr is.
type Kind uint8

// The kinds of expressions. String, Number, Bool and None are literals and
// stand only as arguments.
const (
	Path Kind = iota
	CallExpr
	String
	Number
	Bool
	None
)

// Expr is one node of a parsed target.
type Expr struct {
	Kind Kind
	// Text is a path or number as written, the name of a called function, or
	// the text of a string without its quotes. Backslashes in it are the
	// user's: a regular expression such as \d needs no doubling.
	Text string
	// Quote is the quote that a String was written with.
	Quote byte
	// Num is a Number's value; Int tells 5 from 5.0. Bool is a Bool's.
	Num  float64
	Int  bool
	Bool bool
	// Args are a call's arguments by position; Named come after them.
	Args  []*Expr
	Named []NamedArg
	// Pos is the byte of the target at which the expression begins.
	Pos int
}

// NamedArg is an argument given as name=value.
type NamedArg struct {
	Name  string
	Value *Expr
}

// String is the expression in its canonical form: pipes become arguments and
// spaces between arguments vanish. Parsing it gives an equal expression.
func (e *Expr) String() string {
	var b strings.Builder
	e.write(&b)
	return b.String()
}

func (e *Expr) write(b *strings.Builder) {
	switch e.Kind {
	case CallExpr:
		e.writeCall(b)
	case String:
		b.WriteByte(e.Quote)
		b.WriteString(e.Text)
		b.WriteByte(e.Quote)
	default:
		b.WriteString(e.Text)
	}
}

func (e *Expr) writeCall(b *strings.Builder) {
	b.WriteString(e.Text)
	b.WriteByte('(')
	for i, a := range e.Args {
		if i > 0 {
			b.WriteByte(',')
		}
		a.write(b)
	}
	for i, a := range e.Named {
		if i > 0 || len(e.Args) > 0 {
			b.WriteByte(',')
		}
		b.WriteString(a.Name)
		b.WriteByte('=')
		a.Value.write(b)
	}
	b.WriteByte(')')
}
