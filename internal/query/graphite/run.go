package graphite

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"patou/internal/timerange"
)

// window is the range that an expression is evaluated for; functions that look
// back or shift evaluate their arguments in another one.
type window struct {
	from, until int64 // seconds; from is exclusive for stored values, until inclusive
}

func (w window) shifted(by int64) window { return window{w.from + by, w.until + by} }

// farthest keeps shifted windows within the nanoseconds of an int64.
const farthest = 9_000_000_000

func (w window) timerange() timerange.Range {
	clamp := func(t int64) int64 { return min(max(t, -farthest), farthest) * int64(time.Second) }
	return timerange.Range{From: clamp(w.from), Until: clamp(w.until)}
}

// run is the evaluation of one request: its budget and what it has read.
type run struct {
	ctx    context.Context
	engine *Engine
	req    Request
	window window
	loc    *time.Location
	// reads are kept so that a path that several functions look at is read
	// once a window.
	reads map[readKey][]*Series
	// what is left of the limits; work are values handed from one expression to
	// the next.
	series, points, calls, work int
	// stacks are the running totals of stacked() by name.
	stacks map[string][]float64
}

type readKey struct {
	path string
	window
}

func newRun(ctx context.Context, e *Engine, q Request) *run {
	r := &run{
		ctx: ctx, engine: e, req: q, loc: q.Location, reads: map[readKey][]*Series{}, stacks: map[string][]float64{},
		series: e.limits.Series, points: e.limits.Points, calls: e.limits.Calls, work: workFactor * e.limits.Points,
		window: window{floorDiv(q.Range.From, int64(time.Second)), floorDiv(q.Range.Until, int64(time.Second))},
	}
	if r.loc == nil {
		r.loc = time.UTC
	}
	if r.window.until == r.window.from {
		r.window.until++
	}
	return r
}

func floorDiv(a, b int64) int64 { return timerange.Floor(a, b) / b }

// workFactor is how many values functions may hand on for each that may be
// read.
const workFactor = 10

// eval gives the series of an expression in a window. What an expression gives
// is counted, so that repeating one in a target does not come for nothing.
func (r *run) eval(x *Expr, w window) ([]*Series, error) {
	if err := r.ctx.Err(); err != nil {
		return nil, err
	}
	list, err := r.evalAny(x, w)
	for _, s := range list {
		r.work -= len(s.Values) + 1
	}
	if err == nil && r.work < 0 {
		return nil, &LimitError{What: "values between functions", Limit: workFactor * r.engine.limits.Points, Where: shorten(x.String())}
	}
	return list, err
}

func (r *run) evalAny(x *Expr, w window) ([]*Series, error) {
	switch x.Kind {
	case Path:
		return r.read(x.Text, w)
	case CallExpr:
		c, err := r.bind(x, w)
		if err != nil {
			return nil, err
		}
		return c.apply()
	}
	return nil, fmt.Errorf("%s is a value where a series is needed, at character %d", x, x.Pos+1)
}

// bind finds a call's function and fits its arguments to the parameters.
func (r *run) bind(x *Expr, w window) (*Call, error) {
	f := r.engine.functions[x.Text]
	if f == nil {
		return nil, r.unknown(x)
	}
	if r.calls--; r.calls < 0 {
		return nil, &LimitError{What: "function calls", Limit: r.engine.limits.Calls, Where: f.Name}
	}
	return newCall(r, f, x, w)
}

// unknown names a function whose name differs in case alone, if there is one.
func (r *run) unknown(x *Expr) error {
	err := &ArgumentError{Function: x.Text, Pos: x.Pos, Problem: "no such function; /functions lists them"}
	for name := range r.engine.functions {
		if strings.EqualFold(name, x.Text) {
			err.Problem = "no such function; did you mean " + name + "?"
		}
	}
	return err
}

// read finds and fetches a path's series, sorted by name.
func (r *run) read(path string, w window) ([]*Series, error) {
	key := readKey{path, w}
	if list, ok := r.reads[key]; ok {
		return list, nil
	}
	nodes, err := r.engine.source.Find(r.ctx, unescape(path), w.timerange())
	if err != nil {
		return nil, fmt.Errorf("finding %s: %w", path, err)
	}
	var leaves []string
	for _, n := range nodes {
		if n.Leaf {
			leaves = append(leaves, n.Path)
		}
	}
	list, err := r.fetch(leaves, path, w)
	if err == nil {
		r.reads[key] = list
	}
	return list, err
}

// unescape takes the backslashes off that let a path hold the grammar's signs.
func unescape(path string) string {
	if !strings.Contains(path, `\`) {
		return path
	}
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] == '\\' && i+1 < len(path) {
			i++
		}
		b.WriteByte(path[i])
	}
	return b.String()
}

// fetchBatch is how many series are read before the points are counted: it
// bounds how far a request can exceed its limit.
const fetchBatch = 256

func (r *run) fetch(names []string, path string, w window) ([]*Series, error) {
	slices.Sort(names)
	names = slices.Compact(names)
	if r.series -= len(names); r.series < 0 {
		return nil, &LimitError{What: "series", Limit: r.engine.limits.Series, Where: path}
	}
	list := make([]*Series, 0, len(names))
	for batch := range slices.Chunk(names, fetchBatch) {
		got, err := r.engine.source.Fetch(r.ctx, batch, w.timerange(), r.req.Now)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", path, err)
		}
		for i := range got {
			if err := r.spend(len(got[i].Values), path); err != nil {
				return nil, err
			}
			list = append(list, stored(&got[i], path, r.req.XFilesFactor))
		}
	}
	slices.SortStableFunc(list, func(a, b *Series) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// spend takes points off the budget before they are made, or once a batch of
// them has been read.
func (r *run) spend(points int, where string) error {
	if r.points -= points; r.points < 0 || points < 0 {
		return &LimitError{What: "points", Limit: r.engine.limits.Points, Where: where}
	}
	return nil
}

// tagged finds and fetches series by their tags.
func (r *run) tagged(source TagSource, expressions []string, path string, w window) ([]*Series, error) {
	names, err := source.FindTagged(r.ctx, expressions, w.timerange())
	if err != nil {
		return nil, fmt.Errorf("finding %s: %w", path, err)
	}
	return r.fetch(names, path, w)
}
