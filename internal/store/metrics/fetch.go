package metrics

import (
	"context"
	"fmt"
	"math"
	"time"

	"patou/internal/metric"
	"patou/internal/timerange"
)

// fetchTogether is the number of series that see one moment of the store. It
// bounds how long the applier waits for their copies from the head.
const fetchTogether = 32

// Fetch reads series by their names, views of distributions included; names
// that are not known are left out. Each answer is of the finest archive that
// reaches back from now to the range's begin, as whisper chooses it, and holds
// the slots whose times t are from < t <= until, at least one; the range is cut
// to what is kept and to now.
func (s *Store) Fetch(ctx context.Context, names []string, r timerange.Range, now time.Time) ([]metric.Series, error) {
	out := make([]metric.Series, 0, len(names))
	for len(names) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("reading series: %w", err)
		}
		n := min(fetchTogether, len(names))
		out = s.fetch(out, names[:n], r, now.Unix())
		names = names[n:]
	}
	return out, nil
}

// fetching is one series of an answer.
type fetching struct {
	wanted
	name    string
	view    metric.View
	isView  bool
	archive int
	grid    extent // slots of the archive's step
}

func (s *Store) fetch(out []metric.Series, names []string, r timerange.Range, now int64) []metric.Series {
	var jobs []*fetching
	var series []*wanted
	from, until := int64(math.MaxInt64), int64(0)
	for _, name := range names {
		f := s.fetching(name)
		if f == nil || !f.choose(r, now) {
			continue
		}
		jobs, series = append(jobs, f), append(series, &f.wanted)
		step := f.plan.schema[f.archive].Step
		from, until = min(from, f.grid.from*step), max(until, f.grid.until*step)
	}
	if len(jobs) == 0 {
		return out
	}
	v := s.view(series, from, until)
	defer v.release()
	rd := newReader(v, true)
	for _, f := range jobs {
		out = append(out, rd.fetch(f))
	}
	return out
}

// fetching finds what a name stands for; nil when it is not known.
func (s *Store) fetching(name string) *fetching {
	f := &fetching{name: name}
	id, ok := s.index.lookup(name)
	if !ok || s.index.get(id).kind == metric.Distribution {
		dist, v, isView := metric.SplitView(name)
		if !isView {
			return nil
		}
		if id, ok = s.index.lookup(dist); !ok || s.index.get(id).kind != metric.Distribution {
			return nil
		}
		f.view, f.isView = v, true
	}
	ser := s.index.get(id)
	f.id, f.kind, f.plan = id, ser.kind, s.index.planOf(ser)
	f.steps = ser.rawSteps(f.plan)
	return f
}

// choose picks the archive and its slots; false when the range has none.
func (f *fetching) choose(r timerange.Range, now int64) bool {
	from, until := timerange.Floor(r.From, 1e9)/1e9, timerange.Floor(r.Until, 1e9)/1e9
	schema := f.plan.schema
	oldest := now - schema.reach()
	if from > until || from > now || until < oldest {
		return false
	}
	from, until = max(from, oldest), min(until, now)
	for f.archive < len(schema)-1 && schema[f.archive].Keep < now-from {
		f.archive++
	}
	step := schema[f.archive].Step
	f.grid = extent{timerange.Floor(from, step)/step + 1, timerange.Floor(until, step)/step + 1}
	if f.grid.from == f.grid.until {
		f.grid.until++
	}
	return true
}

func (r *reader) fetch(f *fetching) metric.Series {
	step := f.plan.schema[f.archive].Step
	out := metric.Series{
		Name: f.name, Start: f.grid.from * step, Step: step,
		Due: uint32(step / f.plan.schema[0].Step), Aggregation: f.plan.Method.consolidation(),
	}
	if f.archive == 0 {
		r.finest(&f.wanted, f.grid).into(&out)
	} else {
		c, _ := r.rolled(&f.wanted, step, f.grid.from, f.grid.until, f.steps, fresh(step))
		c.into(&out, f.plan.Aggregation)
	}
	if f.isView {
		if out.Distribution == nil {
			out.Distribution = make([]*metric.Sketch, f.grid.until-f.grid.from)
		}
		out.View = f.view
		out.Values = make([]float64, len(out.Distribution))
		for i, sk := range out.Distribution {
			out.Values[i] = f.view.Of(sk)
		}
	}
	return out
}

// fresh are the windows that have no effect in slots of a coarse step yet.
func fresh(step int64) source {
	return func(l *liveSegment, window uint32) bool { return !l.rolledInto(step, window) }
}

// finest reads slots of the plan's finest step. Slots of earlier epochs are
// resampled: finer ones are rolled up, a coarser gauge's value holds for all
// slots that it covered, a coarser sum or sketch counts once, in the first.
func (r *reader) finest(w *wanted, grid extent) *slots {
	step := w.steps[0]
	dst := makeSlots(w.kind, grid.from, int(grid.until-grid.from))
	for _, old := range w.steps[1:] {
		if old > step {
			r.coarser(w, old, &dst)
		}
	}
	if len(w.steps) > 1 {
		c, _ := r.rolled(w, step, grid.from, grid.until, w.steps[1:], fresh(step))
		for i := range c.cells {
			switch cell := &c.cells[i]; {
			case cell.n == 0:
			case cell.sketch != nil:
				dst.sketches[i] = cell.sketch
			default:
				dst.values[i] = cell.value(Aggregation{Method: w.plan.Method}, cell.n)
			}
		}
	}
	r.raw(w, step, &dst, all)
	return &dst
}

func (r *reader) coarser(w *wanted, old int64, dst *slots) {
	step := w.steps[0]
	from := dst.from * step / old
	until := timerange.Ceil((dst.from+int64(dst.len()))*step, old) / old
	src := makeSlots(w.kind, from, int(until-from))
	r.raw(w, old, &src, all)
	for i := range src.len() {
		if !src.has(i) {
			continue
		}
		first := timerange.Ceil((from+int64(i))*old, step)/step - dst.from
		last := timerange.Ceil((from+int64(i)+1)*old, step)/step - dst.from
		if w.kind != metric.Gauge {
			last = first + 1
		}
		for at := max(first, 0); at < min(last, int64(dst.len())); at++ {
			if dst.sketches != nil {
				dst.sketches[at] = src.sketches[i]
			} else {
				dst.values[at] = src.values[i]
			}
		}
	}
}

func (s *slots) into(out *metric.Series) {
	out.Values, out.Distribution = s.values, s.sketches
}

func (r *rolled) into(out *metric.Series, a Aggregation) {
	n := len(r.cells)
	out.Values, out.Min, out.Max = make([]float64, n), make([]float64, n), make([]float64, n)
	out.Count = make([]uint32, n)
	for i := range r.cells {
		c := &r.cells[i]
		if c.sketch != nil {
			if out.Distribution == nil {
				out.Distribution = make([]*metric.Sketch, n)
			}
			out.Distribution[i] = c.sketch
			out.Min[i], out.Max[i], out.Count[i] = c.sketch.Min(), c.sketch.Max(), uint32(min(c.sketch.Count(), math.MaxUint32))
			continue
		}
		out.Values[i], out.Min[i], out.Max[i], out.Count[i] = c.value(a, out.Due), math.NaN(), math.NaN(), c.n
		if c.n > 0 {
			out.Min[i], out.Max[i] = c.min, c.max
		}
	}
}
