package why

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"patou/internal/component"
	"patou/internal/entry"
	"patou/internal/query/graphite"
	"patou/internal/query/scope"
	"patou/internal/timerange"
	"patou/internal/why/shift"
)

// question is one question while it is answered.
type question struct {
	*Engine
	Ask
	grid  grid
	namer *scope.Namer
	kin   Kin
	// drawn are the stored series behind the targets, which explain nothing
	// of themselves; slowest is the field that they take a time from.
	drawn   map[string]bool
	slowest string
	// components and hosts are what the question is about.
	components, hosts []string
	// curve is the selected series on the grid, nil without one; name is its.
	curve []float64
	name  string
	// spoken is the first place of the grid at which each component said
	// anything: from there on, no requests are 0 requests.
	spoken map[string]int
	// out are the places of the grid that no baseline may use: it looked the
	// same there before.
	out []bool
	// moved is the selected series' own change, and how surprising.
	moved    shift.Change
	surprise float64
	how      string // of the onset

	series  *seriesFacts
	lines   *lineFacts
	events  []eventFact
	compare Compared
}

// newQuestion finds the scope, the baseline and the onset.
func (e *Engine) newQuestion(ctx context.Context, ask Ask) (*question, error) {
	q := &question{Engine: e, Ask: ask, drawn: map[string]bool{}}
	if e.Herd != nil {
		q.kin = e.Herd.Kin()
	}
	q.chooseBase()
	q.grid = newGrid(q.Base, q.Window)
	known := q.Known()
	q.namer = scope.NewNamer(known, q.Templates)
	if q.Component != "" {
		q.components = []string{component.Clean(q.Component)}
	}
	if q.Host != "" {
		q.hosts = []string{q.Host}
	}
	if err := q.findSpoken(ctx); err != nil {
		return nil, err
	}
	if err := q.selectSeries(ctx, known); err != nil {
		return nil, err
	}
	q.maskBase()
	q.findOnset()
	return q, nil
}

// chooseBase takes a baseline before the window: the shorter the window, the
// more of its lengths, so that there is always enough to know what is usual.
func (q *question) chooseBase() {
	if q.Base != (timerange.Range{}) {
		return
	}
	w := q.Window.Duration()
	times := 4.0
	switch {
	case w <= 10*time.Minute:
		times = 10
	case w <= time.Hour:
		times = 6
	}
	length := max(time.Duration(float64(w)*times), 5*time.Minute)
	until := q.Window.From - int64(w)/10 // a guard: the onset is rarely exact
	q.Base = timerange.Range{From: until - int64(length), Until: until}
}

// selectSeries finds what the targets draw: the stored series, what they are
// about, and the curve that changed most.
func (q *question) selectSeries(ctx context.Context, known scope.Known) error {
	targets := q.Targets
	if len(targets) == 0 {
		targets = q.ownTargets(known)
	}
	if len(targets) == 0 || q.graphite == nil {
		return nil
	}
	result, err := q.graphite.Render(ctx, graphite.Request{
		Targets: targets, Range: timerange.Range{From: q.Base.From, Until: q.Window.Until}, Now: q.Now,
	})
	if err != nil {
		return err
	}
	var drawn []scope.Drawn
	for _, t := range result.Targets {
		for _, s := range t.Series {
			drawn = append(drawn, scope.Drawn{Target: t.Target, Series: s.Sources})
			q.consider(s)
		}
	}
	if len(q.Targets) == 0 {
		return nil
	}
	for _, d := range drawn {
		for _, name := range d.Series {
			q.drawn[name] = true
		}
	}
	q.about(scope.Find(drawn, known, q.Templates, q.Window))
	return nil
}

// findSpoken asks the directory of entries since when each component speaks.
func (q *question) findSpoken(ctx context.Context) error {
	q.spoken = map[string]int{}
	if q.Entries == nil {
		return nil
	}
	runs, release, err := q.runs(ctx, entry.Lookup{From: q.Base.From, Until: q.Window.Until})
	if err != nil {
		return err
	}
	for i := range runs {
		at := int(max(runs[i].First-q.grid.start, 0) / q.grid.step)
		if known, ok := q.spoken[runs[i].Component]; !ok || at < known {
			q.spoken[runs[i].Component] = at
		}
	}
	release()
	return nil
}

// spokeFrom is the first place at which a component said anything.
func (q *question) spokeFrom(c string) int {
	if at, ok := q.spoken[c]; ok {
		return at
	}
	return q.grid.n
}

// about takes over what the targets are about, unless the question says.
func (q *question) about(found *scope.Scope) {
	q.slowest = found.Slowest
	if len(q.components) == 0 {
		for _, c := range found.Components {
			q.components = append(q.components, c.Name)
		}
	}
	if len(q.hosts) == 0 {
		for _, h := range found.Hosts {
			q.hosts = append(q.hosts, h.Name)
		}
	}
}

// ownTargets are the curves that stand for a component, what its requests say,
// and for a host, how full it is.
func (q *question) ownTargets(known scope.Known) []string {
	var out []string
	for _, h := range q.hosts {
		out = append(out, "host."+component.Node(h)+".saturation.*", "host."+component.Node(h)+".cpu.busy")
	}
	for _, c := range q.components {
		for _, k := range append([]string{c}, known.Components...) {
			if component.Within(k, c) && !slices.Contains(out, "logs."+k+".request_time.p99") && len(out) < 40 {
				out = append(out, "logs."+k+".request_time.p99", "logs."+k+".requests", "logs."+k+".status.5xx")
			}
		}
	}
	return out
}

// consider keeps the drawn series that changed most as the curve.
func (q *question) consider(s *graphite.Series) {
	from := q.grid.n
	for _, name := range s.Sources {
		c, _ := q.namer.Of(name)
		from = min(from, q.spokeFrom(c))
	}
	values := q.grid.spread(s.Start, s.Step, s.Values, s.Consolidation == "sum", from)
	c := shift.NewPast(values, nil).Compare(q.grid.base, q.grid.window, q.grid.guard)
	if q.curve == nil || c.Size() > q.moved.Size() {
		q.curve, q.moved, q.name = values, c, s.Name
	}
}

// mostMasked is the greatest share of the baseline that is left out for looking
// like the window.
const mostMasked = 0.4

// maskBase leaves those places out of the baseline in which the selected curve
// was as far off as it is in the window: the last time it happened must not
// count as usual.
func (q *question) maskBase() {
	if q.curve == nil || !q.moved.Passes() || math.Abs(q.moved.Z) < 3 {
		return
	}
	sorted := shift.Sorted(q.curve[q.grid.base.From:q.grid.base.Until])
	middle, spread := shift.Quantile(sorted, 0.5), shift.Spread(sorted)
	limit := max(0.5*math.Abs(q.moved.After-middle), 2*spread)
	out, n := make([]bool, len(q.curve)), 0
	for i := q.grid.base.From; i < q.grid.base.Until; i++ {
		d := q.curve[i] - middle
		if math.Abs(d) < limit || (d > 0) != (q.moved.Z > 0) {
			continue
		}
		for j := max(i-q.grid.guard, q.grid.base.From); j < min(i+q.grid.guard+1, q.grid.base.Until); j++ {
			out[j] = true
		}
	}
	for _, is := range out {
		if is {
			n++
		}
	}
	if n == 0 || float64(n) > mostMasked*float64(q.grid.base.Until-q.grid.base.From) {
		return
	}
	q.out = out
	q.moved = shift.NewPast(q.curve, out).Compare(q.grid.base, q.grid.window, q.grid.guard)
}

// findOnset finds when it began: where the curve parts best into before and
// after, near the window.
func (q *question) findOnset() {
	q.judgeCurve()
	switch {
	case q.Onset != 0:
		q.how = "You set it."
		return
	case q.curve == nil || !q.moved.Passes():
		q.Onset, q.how = q.Window.From, "No curve says more: it is where the window begins."
		return
	}
	near := shift.Stretch{From: q.grid.window.From - 2*q.grid.guard, Until: q.grid.window.Until}
	if at, ok := shift.Split(q.firstHalf(), q.moved.Before, q.moved.After, near); ok {
		q.Onset = q.grid.time(at)
		q.how = fmt.Sprintf("It is where %s parts best into a before and an after.", q.name)
		return
	}
	q.Onset, q.how = q.Window.From, "There are too few values to tell: it is where the window begins."
}

// judgeCurve says how surprising the selected curve's change is, by itself.
func (q *question) judgeCurve() {
	if q.curve == nil || !q.moved.Passes() {
		return
	}
	null := shift.NewPast(q.curve, q.out).Null(q.grid.base, q.grid.length(), q.grid.guard)
	q.surprise = shift.Surprise(shift.NewTail([][]float64{null}).Chance(q.moved.Size(), null))
}

// firstHalf is the curve with as much before the window as there is in it, up
// to its greatest deviation: what comes down again must not hide the rise.
func (q *question) firstHalf() []float64 {
	w := q.grid.window
	peak, most := w.Until-1, 0.0
	for i := w.From; i < w.Until; i++ {
		if d := math.Abs(q.curve[i] - q.moved.Before); d > most {
			peak, most = i, d
		}
	}
	values := make([]float64, len(q.curve))
	from := max(w.From-4*(w.Until-w.From), q.grid.base.From)
	for i := range values {
		values[i] = math.NaN()
		// One stretch as long as half the window behind the peak shows that
		// it was no single value.
		if i >= from && i < min(peak+1+(w.Until-w.From)/2, w.Until) && (q.out == nil || !q.out[i]) {
			values[i] = q.curve[i]
		}
	}
	return values
}

// isDrawn reports whether a series is one of those selected, or another view of
// the same distribution.
func (q *question) isDrawn(name string) bool {
	if q.drawn[name] {
		return true
	}
	i := strings.LastIndexByte(name, '.')
	if i < 0 || !isView(name[i+1:]) {
		return false
	}
	for other := range q.drawn {
		j := strings.LastIndexByte(other, '.')
		if j == i && other[:j] == name[:i] && isView(other[j+1:]) {
			return true
		}
	}
	return false
}

// isView reports whether the last node of a name is a view of a distribution.
func isView(node string) bool {
	switch node {
	case "count", "sum", "min", "max", "avg", "mean":
		return true
	}
	return len(node) > 1 && node[0] == 'p' && strings.Trim(node[1:], "0123456789_") == ""
}
