package graphite

import (
	"strconv"
	"strings"
)

// expandTemplates replaces calls of template(expr, …): in expr, $1, $2 … stand
// for the arguments by position and $name for those by name, which overrides
// may replace.
func expandTemplates(x *Expr, overrides map[string]string) (*Expr, error) {
	if x.Kind != CallExpr {
		return x, nil
	}
	if x.Text == "template" {
		values, err := templateValues(x, overrides)
		if err != nil {
			return nil, err
		}
		return expandTemplates(substitute(x.Args[0], values), overrides)
	}
	c := *x
	c.Args, c.Named = make([]*Expr, len(x.Args)), make([]NamedArg, len(x.Named))
	var err error
	for i, a := range x.Args {
		if c.Args[i], err = expandTemplates(a, overrides); err != nil {
			return nil, err
		}
	}
	for i, a := range x.Named {
		c.Named[i].Name = a.Name
		if c.Named[i].Value, err = expandTemplates(a.Value, overrides); err != nil {
			return nil, err
		}
	}
	return &c, nil
}

// templateValues are the arguments by name; the first by position is $1.
func templateValues(x *Expr, overrides map[string]string) (map[string]*Expr, error) {
	wrong := &ArgumentError{Function: "template", Pos: x.Pos, Problem: "takes a target, then numbers and strings: template(a.$1.$x, 'b', x='c')"}
	if len(x.Args) == 0 {
		return nil, wrong
	}
	values := map[string]*Expr{}
	for i, a := range x.Args[1:] {
		values[strconv.Itoa(i+1)] = a
	}
	for _, a := range x.Named {
		values[a.Name] = a.Value
	}
	for _, v := range values {
		if v.Kind == Path || v.Kind == CallExpr {
			return nil, wrong
		}
	}
	for name, text := range overrides {
		values[name] = &Expr{Kind: String, Text: text, Quote: '"', Pos: x.Pos}
	}
	return values, nil
}

// substitute puts values into the paths of an expression. A path that is a
// variable alone becomes the value itself: a number, or a string argument.
func substitute(x *Expr, values map[string]*Expr) *Expr {
	c := *x
	if x.Kind == Path {
		if v, ok := values[strings.TrimPrefix(x.Text, "$")]; ok && strings.HasPrefix(x.Text, "$") {
			return whole(v, x.Pos)
		}
		c.Text = substituteText(x.Text, values)
		return &c
	}
	c.Args, c.Named = make([]*Expr, len(x.Args)), make([]NamedArg, len(x.Named))
	for i, a := range x.Args {
		c.Args[i] = substitute(a, values)
	}
	for i, a := range x.Named {
		c.Named[i] = NamedArg{Name: a.Name, Value: substitute(a.Value, values)}
	}
	return &c
}

// whole is a value that takes a path's place, a number where it reads as one.
func whole(v *Expr, pos int) *Expr {
	c := *v
	c.Pos = pos
	if n := parseLiteral(v.Text); v.Kind == String && n != nil && n.Kind == Number {
		c = *n
		c.Pos = pos
	}
	return &c
}

// substituteText replaces $name within a path, longer names first so that $10
// is not $1 and a 0.
func substituteText(path string, values map[string]*Expr) string {
	var b strings.Builder
	for i := 0; i < len(path) && b.Len() <= MaxTarget; {
		name := ""
		if path[i] == '$' {
			name = longestName(path[i+1:], values)
		}
		if name == "" {
			b.WriteByte(path[i])
			i++
			continue
		}
		b.WriteString(values[name].Text)
		i += 1 + len(name)
	}
	return b.String()
}

func longestName(rest string, values map[string]*Expr) string {
	best := ""
	for name := range values {
		if len(name) > len(best) && strings.HasPrefix(rest, name) {
			best = name
		}
	}
	return best
}
