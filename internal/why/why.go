// Package why ranks what changed in a window of time: events, log patterns,
// fields, series, links and what became of hosts, each against its own past.
//
// Invariant: it reads only, the same question over the same data has the same
// answer in whatever order the stores give things, every row carries the
// numbers it rests on, and nothing is shown that its own past shows as often.
// What it reads is bounded by Options; a cancelled question ends within
// milliseconds. It fails with the error of a store or of the context, or with
// an *AskError where the question cannot be answered.
package why

import (
	"context"
	"fmt"
	"time"

	"patou/internal/clock"
	"patou/internal/query/graphite"
	"patou/internal/query/scope"
	"patou/internal/timerange"
)

// Options are what an engine reads and how much of it. A nil door leaves its
// kind of evidence out.
type Options struct {
	Series  Series
	Entries Entries
	Events  Events
	Herd    Herd
	// Known gives what entries were seen of, for the scope of series.
	Known     func() scope.Known
	Templates []scope.Template
	// Clock tells what an answer took.
	Clock clock.Clock

	// MaxSeries bounds the series compared: 20,000. MaxLines bounds the
	// entries looked at: 250,000. Workers is how many goroutines read series
	// at once: 2.
	MaxSeries, MaxLines, Workers int
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		to    *int
		value int
	}{{&o.MaxSeries, 20_000}, {&o.MaxLines, 250_000}, {&o.Workers, 2}} {
		if *d.to <= 0 {
			*d.to = d.value
		}
	}
	if o.Clock == nil {
		o.Clock = clock.Real{}
	}
	if o.Known == nil {
		o.Known = func() scope.Known { return scope.Known{} }
	}
	return o
}

// Engine answers why. It holds no state of questions and may be used by many
// goroutines at once.
type Engine struct {
	Options
	graphite *graphite.Engine // nil without series
}

// New makes an engine over its doors.
func New(o Options) *Engine {
	e := &Engine{Options: o.withDefaults()}
	if o.Series != nil {
		e.graphite = graphite.New(o.Series, graphite.Options{})
	}
	return e
}

// Ask is one question.
type Ask struct {
	// Targets are the graph that was looked at; Component and Host narrow or
	// replace them.
	Targets   []string
	Component string
	Host      string
	// Window is what stands out; Base what it is compared with, chosen when it
	// is empty.
	Window, Base timerange.Range
	// Onset is when it began, in ns; found when it is 0.
	Onset int64
	// Limit is the number of rows: 5.
	Limit int
	// Now is the moment to which the choice of archives relates.
	Now time.Time
}

// AskError says what is wrong with a question.
type AskError struct {
	// Parameter names what is wrong, Problem says how, and what would be right.
	Parameter, Problem string
}

// Error is the sentence.
func (e *AskError) Error() string { return e.Parameter + ": " + e.Problem }

// The bounds of a window. Shorter ones hold too few values, longer ones are a
// trend and no spike.
const (
	leastWindow = 5 * time.Second
	mostWindow  = 7 * 24 * time.Hour
	maxRows     = 50
)

func (a *Ask) check() error {
	w := a.Window.Duration()
	switch {
	case len(a.Targets) == 0 && a.Component == "" && a.Host == "":
		return &AskError{"target", "name what to explain: a target, a component or a host"}
	case w < leastWindow:
		return &AskError{"from", fmt.Sprintf("the window of %s is too short: select at least %s", w, leastWindow)}
	case w > mostWindow:
		return &AskError{"from", fmt.Sprintf("the window of %s is too long: select at most %s", w, mostWindow)}
	case a.Base.From > a.Base.Until:
		return &AskError{"base_from", "the baseline ends before it begins"}
	case a.Base != timerange.Range{} && a.Base.Until > a.Window.From:
		return &AskError{"base_until", "the baseline must end before the window begins"}
	}
	if a.Limit <= 0 {
		a.Limit = 5
	}
	a.Limit = min(a.Limit, maxRows)
	return nil
}

// Why answers a question.
func (e *Engine) Why(ctx context.Context, ask Ask) (*Reasons, error) {
	start := e.Clock.Now()
	if err := ask.check(); err != nil {
		return nil, err
	}
	q, err := e.newQuestion(ctx, ask)
	if err != nil {
		return nil, err
	}
	if err := q.gather(ctx); err != nil {
		return nil, err
	}
	a := q.answer()
	a.Compared.TookMS = e.Clock.Now().Sub(start).Milliseconds()
	return a, nil
}
