package why

import (
	"context"
	"fmt"
	"math"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"patou/internal/metric"
	"patou/internal/timerange"
	"patou/internal/why/shift"
)

// seriesFacts is what the series say.
type seriesFacts struct {
	changes []*change
	// nulls are the pasts of a sample of all series: what changes are like
	// when nothing is asked.
	nulls [][]float64
	// seen counts the series with values, by whom they are about.
	seen map[place]int
	// traffic are the counts of requests, changed or not.
	traffic []*change
	// hints are the largest changes, by whom they are about, even those that
	// are no finding: they rank what is left.
	hints map[place]float64
	// last is the last place of the grid at which any series has a value.
	last int
}

// place is whom something is about: a component, or a host.
type place struct{ component, host string }

// change is one series that may have changed.
type change struct {
	name            string
	component, host string
	values          []float64 // on the grid
	shift.Change
	null []float64
	// state is "", or "new" or "gone" for series that began or ended.
	state string
	// rate is set where values are a counter's increase a second.
	rate bool
	// counted is over how many seconds each value counted, 0 for values that
	// are no counts.
	counted float64
	onset   int // place of the grid
	p, q    float64
	// alike is how much it moves like the selected curve.
	alike float64
	// similar are the names of changes that this one stands for.
	similar []string
}

// maxDepth is how many nodes down the tree of names is walked.
const maxDepth = 32

// names lists all series with data in the range, sorted, those of the scope
// first where there are too many.
func (q *question) names(ctx context.Context) ([]string, error) {
	r := timerange.Range{From: q.Base.From, Until: q.Window.Until}
	var names []string
	pattern := "*"
	for range maxDepth {
		nodes, err := q.Series.Find(ctx, pattern, r)
		if err != nil {
			return nil, err
		}
		deeper := false
		for _, n := range nodes {
			deeper = deeper || n.Branch
			if n.Leaf && q.mayCause(n.Path) {
				names = append(names, n.Path)
			}
		}
		if !deeper {
			break
		}
		pattern += ".*"
	}
	slices.Sort(names)
	return q.nearest(slices.Compact(names)), nil
}

// mayCause leaves out what says nothing: Patou's own counters, which asking
// moves, and views of a distribution beside the few that tell it all.
func (q *question) mayCause(name string) bool {
	if strings.HasPrefix(name, "patou.") && !slices.Contains(q.components, "patou") {
		return false
	}
	i := strings.LastIndexByte(name, '.')
	if i < 0 || !strings.Contains(name[:i], ".request_time") {
		return true
	}
	node := name[i+1:]
	return !isView(node) || node == "p50" || node == "p99"
}

// nearest keeps as many names as may be compared, those in scope before others.
func (q *question) nearest(names []string) []string {
	if len(names) <= q.MaxSeries {
		return names
	}
	var near, far []string
	for _, n := range names {
		c, h := q.namer.Of(n)
		if q.inScope(c, h) {
			near = append(near, n)
		} else {
			far = append(far, n)
		}
	}
	near = append(near, far...)[:q.MaxSeries]
	slices.Sort(near)
	return near
}

// fetchTogether is how many series are read and compared at a time: what a
// worker holds.
const fetchTogether = 64

// readSeries reads and screens all series, several workers at once.
func (q *question) readSeries(ctx context.Context) error {
	q.series = &seriesFacts{seen: map[place]int{}, hints: map[place]float64{}}
	if q.Series == nil {
		return nil
	}
	names, err := q.names(ctx)
	if err != nil {
		return err
	}
	parts := make([]seriesFacts, (len(names)+fetchTogether-1)/fetchTogether)
	errs := make([]error, q.Workers)
	var workers sync.WaitGroup
	for w := range q.Workers {
		workers.Go(func() {
			defer caught(&errs[w])
			s := screen{question: q}
			for i := w; i < len(parts) && errs[w] == nil; i += q.Workers {
				some := names[i*fetchTogether : min((i+1)*fetchTogether, len(names))]
				errs[w] = s.read(ctx, some, &parts[i])
			}
		})
	}
	workers.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	for i := range parts {
		q.series.add(&parts[i])
	}
	for _, n := range q.series.seen {
		q.compare.Series += n
	}
	return nil
}

func (f *seriesFacts) add(o *seriesFacts) {
	f.changes = append(f.changes, o.changes...)
	f.nulls = append(f.nulls, o.nulls...)
	f.traffic = append(f.traffic, o.traffic...)
	for p, n := range o.seen {
		f.seen[p] += n
	}
	for p, size := range o.hints {
		f.hints[p] = max(f.hints[p], size)
	}
	f.last = max(f.last, o.last)
}

// caught makes a panic an error of the question: one that cannot be answered
// must not end the server, and no caller's recover sees this goroutine.
func caught(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("comparing went wrong: %v at %s", p, debug.Stack())
	}
}

// screen reads and compares series for one worker.
type screen struct {
	*question
	sides shift.Sides
}

// sampled is how many series pass between two whose past goes into the common
// tail though they did not change.
const sampled = 16

func (s *screen) read(ctx context.Context, names []string, to *seriesFacts) error {
	to.seen, to.hints = map[place]int{}, map[place]float64{}
	r := timerange.Range{From: s.grid.start - 1, Until: s.Window.Until - 1}
	all, err := s.Series.Fetch(ctx, names, r, s.Now)
	if err != nil {
		return err
	}
	for i := range all {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.look(&all[i], to)
	}
	return nil
}

// look keeps a series if it changed.
func (s *screen) look(m *metric.Series, to *seriesFacts) {
	c := &change{name: m.Name}
	c.component, c.host = s.namer.Of(m.Name)
	c.values = s.grid.spread(m.Start, m.Step, m.Values, m.Aggregation == "sum", s.spokeFrom(c.component))
	if m.Aggregation == "sum" {
		c.counted = max(float64(m.Step), float64(s.grid.step)/1e9)
	}
	first, last := ends(c.values)
	if first < 0 {
		return
	}
	to.last = max(to.last, last)
	to.seen[place{c.component, c.host}]++
	if constant(c.values) {
		return
	}
	if isCounter(m.Name, c.values) {
		c.values, c.rate = rates(c.values, s.grid.step), true
	}
	c.Change = s.sides.Compare(c.values, s.out, s.grid.base, s.grid.window, s.grid.guard)
	c.state = s.life(c.values, m.Step)
	if !s.isDrawn(c.name) {
		of := place{c.component, c.host}
		to.hints[of] = max(to.hints[of], c.Size())
	}
	if s.inScope(c.component, c.host) && isTraffic(m.Name) {
		to.traffic = append(to.traffic, c)
	}
	sample := hash(m.Name)%sampled == 0
	if c.Passes() || sample {
		c.null = shift.NewPast(c.values, s.out).Null(s.grid.base, s.grid.length(), s.grid.guard)
	}
	if sample && len(c.null) > 0 {
		to.nulls = append(to.nulls, c.null)
	}
	if c.Passes() || c.state != "" {
		to.changes = append(to.changes, c)
	}
}

// life says whether a series began in the window or ended in it.
func (s *screen) life(values []float64, step int64) string {
	w, base := s.grid.window, s.grid.base
	every := max(int(step*1e9/s.grid.step), 1)
	before, in := count(values[base.From:w.From]), count(values[w.From:w.Until])
	switch {
	case before == 0 && in*every >= max(3, (w.Until-w.From)/4):
		return "new"
	case before*every >= (w.From-base.From)*9/10 && in*every <= (w.Until-w.From)/2:
		if _, last := ends(values); w.Until-1-last >= max(3*every, (w.Until-w.From)/3) {
			return "gone"
		}
	}
	return ""
}

// ends are the first and the last place with a value, -1 without any.
func ends(values []float64) (first, last int) {
	first, last = -1, -1
	for i, v := range values {
		if !math.IsNaN(v) {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	return first, last
}

func count(values []float64) int {
	n := 0
	for _, v := range values {
		if !math.IsNaN(v) {
			n++
		}
	}
	return n
}

// constant reports whether all places have the same value: nothing began,
// changed or ended.
func constant(values []float64) bool {
	for _, v := range values {
		if v != values[0] { // NaN differs from itself: a hole is a difference
			return false
		}
	}
	return true
}

// hash spreads names evenly; it must never change between two questions.
func hash(s string) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h ^ h>>15
}
