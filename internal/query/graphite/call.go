package graphite

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"patou/internal/timerange"
)

// ArgumentError says what is wrong with a function's name or arguments.
type ArgumentError struct {
	Function string
	// Pos is the byte of the target that the function or argument begins at.
	Pos     int
	Problem string
}

// Error names the function and the problem.
func (e *ArgumentError) Error() string {
	return fmt.Sprintf("%s at character %d: %s", e.Function, e.Pos+1, e.Problem)
}

// Call is one application of a function: its arguments by parameter, and the
// window to evaluate them in.
type Call struct {
	run    *run
	fn     *Function
	expr   *Expr
	window window
	// args has one list a parameter; it is empty where none was given.
	args [][]*Expr
}

// newCall fits arguments to parameters: by position, what is left over to the
// last one when it takes several, then by name.
func newCall(r *run, f *Function, x *Expr, w window) (*Call, error) {
	c := &Call{run: r, fn: f, expr: x, window: w, args: make([][]*Expr, len(f.Params))}
	for i, a := range x.Args {
		p := min(i, len(f.Params)-1)
		if p < 0 || i > p && !f.Params[p].Multiple {
			return nil, c.fail(a.Pos, fmt.Sprintf("takes at most %d arguments: %s", len(f.Params), f.Usage()))
		}
		c.args[p] = append(c.args[p], a)
	}
	for _, n := range x.Named {
		p := f.param(n.Name)
		if p < 0 || len(c.args[p]) > 0 {
			return nil, c.fail(n.Value.Pos, fmt.Sprintf("does not take %s here: %s", n.Name, f.Usage()))
		}
		c.args[p] = append(c.args[p], n.Value)
	}
	return c, c.check()
}

// check holds the arguments against the parameters, so that nothing is read
// for a call that is wrong.
func (c *Call) check() error {
	for i := range c.fn.Params {
		p := &c.fn.Params[i]
		c.args[i] = dropNone(c.args[i])
		if p.Required && len(c.args[i]) == 0 {
			return c.fail(c.expr.Pos, fmt.Sprintf("needs %s: %s", p.Name, c.fn.Usage()))
		}
		for _, a := range c.args[i] {
			if want := p.mismatch(a); want != "" {
				return c.fail(a.Pos, fmt.Sprintf("%s must be %s, not %s: %s", p.Name, want, shorten(a.String()), c.fn.Usage()))
			}
		}
	}
	return nil
}

// dropNone takes an argument None for one that was left out.
func dropNone(args []*Expr) []*Expr {
	if len(args) == 1 && args[0].Kind == None {
		return nil
	}
	return args
}

// fail is an error about the argument that begins at a place.
func (c *Call) fail(pos int, problem string) error {
	return &ArgumentError{Function: c.fn.Name, Pos: pos, Problem: problem}
}

// refuse is fail for what is found out while evaluating.
func (c *Call) refuse(format string, args ...any) error {
	return c.fail(c.expr.Pos, fmt.Sprintf(format, args...))
}

// apply evaluates the function.
func (c *Call) apply() ([]*Series, error) { return c.fn.Eval(c) }

// Usage is the function's signature as documentation shows it.
func (f *Function) Usage() string {
	parts := make([]string, len(f.Params))
	for i, p := range f.Params {
		parts[i] = p.usage()
	}
	return f.Name + "(" + strings.Join(parts, ", ") + ")"
}

// usage writes a parameter as Python would.
func (p *Param) usage() string {
	s := p.Name
	if p.Multiple {
		s = "*" + s
	}
	switch {
	case p.Default != "":
		return s + "=" + p.Default
	case !p.Required && !p.Multiple:
		return s + "=None"
	}
	return s
}

// param is the place of a parameter, -1 for none.
func (f *Function) param(name string) int {
	for i := range f.Params {
		if f.Params[i].Name == name {
			return i
		}
	}
	return -1
}

// mismatch says what a parameter wants when an argument is not that.
func (p *Param) mismatch(a *Expr) string {
	literal := a.Kind == String || a.Kind == Number || a.Kind == Bool
	switch p.Type {
	case TypeSeries, TypeSeriesLists:
		return unless(a.Kind == Path || a.Kind == CallExpr, "series")
	case TypeInteger:
		return unless(isInteger(a), "a whole number")
	case TypeFloat:
		_, ok := numberOf(a)
		return unless(ok, "a number")
	case TypeBoolean:
		_, ok := boolOf(a)
		return unless(ok, "true or false")
	case TypeInterval:
		return unless(isInterval(a), "a length of time in quotes such as '1h' or '5min'")
	case TypeIntOrInterval:
		return unless(isInteger(a) || isInterval(a), "a number of points, or a length of time in quotes such as '5min'")
	case TypeIntOrInf:
		return unless(isInteger(a) || a.Kind == Number && math.IsInf(a.Num, 1), "a whole number or inf")
	case TypeAgg:
		return unless(a.Kind == String && isAggregation(a.Text), "one of "+strings.Join(aggregationNames(), ", ")+", in quotes")
	case TypeNode:
		return unless(isInteger(a), "a node's number, counted from 0 or back from -1")
	case TypeNodeOrTag:
		return unless(a.Kind == Number && a.Int || a.Kind == String, "a node's number, or a tag in quotes")
	case TypeAny:
		return ""
	}
	return unless(literal, "text in quotes")
}

// unless gives what is wanted when it is not there.
func unless(ok bool, want string) string {
	if ok {
		return ""
	}
	return want
}

// numberOf takes numbers, and strings that hold one, as Graphite does.
func numberOf(a *Expr) (float64, bool) {
	if a.Kind == Number {
		return a.Num, true
	}
	if a.Kind != String {
		return 0, false
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(a.Text), 64)
	return v, err == nil && !math.IsNaN(v)
}

// isInteger bounds whole numbers to what any of them can sensibly be, so that
// sums of them do not overflow.
func isInteger(a *Expr) bool {
	v, ok := numberOf(a)
	return ok && v == math.Trunc(v) && math.Abs(v) < 1<<40
}

// isInterval reports whether an argument is a length of time.
func isInterval(a *Expr) bool {
	if a.Kind != String {
		return false
	}
	_, err := timerange.ParseInterval(a.Text)
	return err == nil
}

// boolOf takes true and false, also as strings and as 1 and 0.
func boolOf(a *Expr) (value, ok bool) {
	switch {
	case a.Kind == Bool:
		return a.Bool, true
	case a.Kind == String && strings.EqualFold(a.Text, "true"):
		return true, true
	case a.Kind == String && strings.EqualFold(a.Text, "false"):
		return false, true
	case a.Kind == Number && (a.Num == 0 || a.Num == 1):
		return a.Num == 1, true
	}
	return false, false
}

// given reports whether parameter i was given.
func (c *Call) given(i int) bool { return len(c.args[i]) > 0 }

// series evaluates parameter i, all of it when it takes several.
func (c *Call) series(i int) ([]*Series, error) { return c.seriesIn(i, c.window) }

// seriesIn evaluates parameter i in another window.
func (c *Call) seriesIn(i int, w window) ([]*Series, error) {
	var all []*Series
	for _, a := range c.args[i] {
		list, err := c.run.eval(a, w)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

// num is parameter i as a number, its default when it was left out.
func (c *Call) num(i int) float64 {
	if !c.given(i) {
		v, _ := strconv.ParseFloat(c.fn.Params[i].Default, 64)
		return v
	}
	v, _ := numberOf(c.args[i][0])
	return v
}

// int is num for whole numbers.
func (c *Call) int(i int) int { return int(c.num(i)) }

// bool is parameter i, false when it was left out and has no default.
func (c *Call) bool(i int) bool {
	if !c.given(i) {
		return c.fn.Params[i].Default == "true"
	}
	v, _ := boolOf(c.args[i][0])
	return v
}

// text is parameter i as text.
func (c *Call) text(i int) string {
	if !c.given(i) {
		return c.fn.Params[i].Default
	}
	return c.args[i][0].Text
}

// texts is parameter i as a list.
func (c *Call) texts(i int) []string {
	all := make([]string, len(c.args[i]))
	for k, a := range c.args[i] {
		all[k] = a.Text
	}
	return all
}

// interval is parameter i in seconds.
func (c *Call) interval(i int) int64 {
	d, _ := timerange.ParseInterval(c.text(i))
	return int64(d / time.Second)
}

// positive is interval, refused when it is not at least a second.
func (c *Call) positive(i int) (int64, error) {
	d := c.interval(i)
	if d < 0 {
		d = -d
	}
	if d == 0 {
		return 0, c.fail(c.argPos(i), c.fn.Params[i].Name+" must be at least a second")
	}
	return d, nil
}

// argPos is where a parameter was given, for messages.
func (c *Call) argPos(i int) int {
	if c.given(i) {
		return c.args[i][0].Pos
	}
	return c.expr.Pos
}

// date is parameter i as seconds since 1970, otherwise when it was left out.
func (c *Call) date(i int, otherwise int64) (int64, error) {
	if !c.given(i) && c.fn.Params[i].Default == "" {
		return otherwise, nil
	}
	t, err := timerange.Parse(c.text(i), c.run.req.Now, c.run.loc)
	if err != nil {
		return 0, c.fail(c.argPos(i), err.Error())
	}
	return t.Unix(), nil
}

// nodes is parameter i as a list of node numbers and tags.
func (c *Call) nodes(i int) []node {
	all := make([]node, len(c.args[i]))
	for k, a := range c.args[i] {
		if a.Kind == Number {
			all[k] = node{index: int(a.Num)}
		} else {
			all[k] = node{tag: a.Text, isTag: true}
		}
	}
	return all
}
