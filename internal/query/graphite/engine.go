package graphite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"patou/internal/event"
	"patou/internal/metric"
	"patou/internal/timerange"
)

// Source is where series are read from.
type Source interface {
	// Find returns the nodes that match a pattern of path globs and have, or
	// lead to, a series with data in r, in any order.
	Find(ctx context.Context, pattern string, r timerange.Range) ([]metric.Node, error)
	// Fetch reads the series of these names from r.From (exclusive) until
	// r.Until (inclusive), in any order; names it does not know are absent.
	// The values may be shared and are not changed by the engine.
	Fetch(ctx context.Context, names []string, r timerange.Range, now time.Time) ([]metric.Series, error)
}

// TagSource is a Source that can also find series by their tags.
type TagSource interface {
	// FindTagged returns the names of the series that satisfy all expressions,
	// each of the form tag=value, tag!=value, tag=~regexp or tag!=~regexp.
	FindTagged(ctx context.Context, expressions []string, r timerange.Range) ([]string, error)
}

// EventSource is where the function events() reads from.
type EventSource interface {
	// Events returns the events of a range that carry all the tags.
	Events(ctx context.Context, r timerange.Range, tags []string) ([]event.Event, error)
}

// Limits bound what one request may cost. Zero means the default.
type Limits struct {
	// Series is the number of stored series that one request may read: 10,000.
	Series int
	// Points is the number of values it may read or make: 10 million. Functions
	// may hand on ten times as many in all.
	Points int
	// Calls is the number of functions it may apply, those that functions
	// apply in turn included: 10,000.
	Calls int
}

func (l Limits) withDefaults() Limits {
	def := func(n, d int) int {
		if n > 0 {
			return n
		}
		return d
	}
	return Limits{Series: def(l.Series, 10_000), Points: def(l.Points, 10_000_000), Calls: def(l.Calls, 10_000)}
}

// LimitError says that a request would cost more than it may.
type LimitError struct {
	// What is counted, how many are allowed, and where it was exceeded.
	What  string
	Limit int
	Where string
}

// Error says what to do about it.
func (e *LimitError) Error() string {
	return fmt.Sprintf("%s needs more than %d %s: ask for fewer series or a shorter range", e.Where, e.Limit, e.What)
}

// Options are what an Engine may be given beside its source.
type Options struct {
	// Events may be nil: events() is empty then.
	Events EventSource
	Limits Limits
}

// Engine evaluates targets. It holds no state of requests and may be used by
// many goroutines at once.
type Engine struct {
	source    Source
	events    EventSource
	limits    Limits
	functions map[string]*Function
}

// New makes an engine over a source.
func New(source Source, o Options) *Engine {
	e := &Engine{source: source, events: o.Events, limits: o.Limits.withDefaults(), functions: map[string]*Function{}}
	for _, f := range Functions() {
		e.functions[f.Name] = &f
	}
	return e
}

// Request is what /render asks.
type Request struct {
	Targets []string
	Range   timerange.Range
	// Now is the moment that relative times and the choice of archive relate to.
	Now time.Time
	// Location is the zone of days and weeks; UTC when nil.
	Location *time.Location
	// XFilesFactor is put on every series that is read.
	XFilesFactor float64
	// Template overrides the arguments of template().
	Template map[string]string
}

// Result is the answer to a request, by target.
type Result struct {
	Targets []TargetResult
}

// TargetResult is what one target draws.
type TargetResult struct {
	Target string
	Series []*Series
}

// Series are the drawn series of all targets in order.
func (r *Result) Series() []*Series {
	var all []*Series
	for _, t := range r.Targets {
		all = append(all, t.Series...)
	}
	return all
}

// Render evaluates a request. Targets that are empty text are left out.
func (e *Engine) Render(ctx context.Context, q Request) (*Result, error) {
	if q.Range.From >= q.Range.Until {
		return nil, errors.New("the range is empty: until must be after from")
	}
	exprs, err := parseTargets(q)
	if err != nil {
		return nil, err
	}
	run := newRun(ctx, e, q)
	result := &Result{}
	for i, x := range exprs {
		if x == nil {
			continue
		}
		series, err := run.eval(x, run.window)
		if err != nil {
			return nil, fmt.Errorf("target %#q: %w", shorten(q.Targets[i]), err)
		}
		result.Targets = append(result.Targets, TargetResult{Target: q.Targets[i], Series: series})
	}
	return result, nil
}

// parseTargets reads all targets, so that none is evaluated when one is wrong.
func parseTargets(q Request) ([]*Expr, error) {
	exprs := make([]*Expr, len(q.Targets))
	for i, target := range q.Targets {
		if blank(target) {
			continue
		}
		x, err := Parse(target)
		if err == nil {
			x, err = expandTemplates(x, q.Template)
		}
		if err != nil {
			return nil, fmt.Errorf("target %#q: %w", shorten(target), err)
		}
		exprs[i] = x
	}
	return exprs, nil
}

// blank reports whether a text is nothing but spaces.
func blank(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isSpace(s[i]) {
			return false
		}
	}
	return true
}

// shorten keeps messages about long targets readable.
func shorten(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}

// Origin names the stored series behind one drawn series.
type Origin struct {
	Target string
	// Name is the drawn series', as a legend shows it.
	Name string
	// Sources are the stored series' names, at most MaxSources.
	Sources []string
}

// Origins evaluates targets and says which stored series each drawn one is
// made of: where a graph's scope starts from.
func (e *Engine) Origins(ctx context.Context, targets []string, r timerange.Range, now time.Time) ([]Origin, error) {
	result, err := e.Render(ctx, Request{Targets: targets, Range: r, Now: now})
	if err != nil {
		return nil, err
	}
	var all []Origin
	for _, t := range result.Targets {
		for _, s := range t.Series {
			all = append(all, Origin{Target: t.Target, Name: s.Name, Sources: s.Sources})
		}
	}
	return all, nil
}
