package metrics

import (
	"context"
	"errors"
	"maps"
	"slices"

	"patou/internal/metric"
	"patou/internal/timerange"
)

// rollJob rolls the raw slots of one step up to those of a coarser one.
type rollJob struct {
	store     *Store
	raw, step int64
	now       int64 // a window whose coarse slots end by then is closed

	live []liveSegment
	read *reader
	out  blockWriter
}

// errNothing tells that no block came of a job.
var errNothing = errors.New("nothing to write")

// limit is the number of the first window, of a length in seconds, that is not
// closed.
func (j *rollJob) limit(span int64) uint32 {
	w := uint32(max(j.now, 0) / span)
	for w > 0 && timerange.Ceil(int64(w)*span, j.step) > j.now {
		w--
	}
	return w
}

// due reports whether the segment has closed windows without effect in the
// coarse slots.
func (j *rollJob) due(l *liveSegment) bool {
	first := max(l.state.Rolled[j.step], l.dir[0].window)
	return l.classStep == classStep{classRaw, j.raw} && first <= l.lastWindow() && first < j.limit(l.span())
}

// fresh are the windows that the job rolls up.
func (j *rollJob) fresh(l *liveSegment, window uint32) bool {
	return !l.rolledInto(j.step, window) && window < j.limit(l.span())
}

func (j *rollJob) run(ctx context.Context) error {
	s := j.store
	j.live = s.liveNow()
	if !slices.ContainsFunc(j.live, func(l liveSegment) bool { return j.due(&l) }) {
		return nil
	}
	v := s.view(nil, 0, 0)
	defer v.release()
	j.read = newReader(v, false)
	c := commit{store: s, man: s.nextManifest()}
	err := c.segment(ctx, classStep{classRolled, j.step}, nil, func(w *segmentWriter) error { return j.write(ctx, w) })
	switch {
	case errors.Is(err, errNothing):
		if err := c.abandon(nil); err != nil {
			return err
		}
	case err != nil:
		return c.abandon(err)
	}
	return c.replace(append(j.marked(), c.added...))
}

// marked are the live segments with what the job does to them.
func (j *rollJob) marked() []liveSegment {
	out := slices.Clone(j.live)
	for i := range out {
		if l := &out[i]; j.due(l) {
			l.state.Rolled = maps.Clone(l.state.Rolled)
			if l.state.Rolled == nil {
				l.state.Rolled = map[int64]uint32{}
			}
			l.state.Rolled[j.step] = j.limit(l.span())
		}
	}
	return out
}

// write adds the coarse slots' blocks, coarse window by coarse window.
func (j *rollJob) write(ctx context.Context, w *segmentWriter) error {
	length := j.store.opt.window * j.step
	spans := j.spans()
	for _, window := range slices.Sorted(maps.Keys(spans)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		e := spans[window]
		first := int64(window) * j.store.opt.window
		from := max(timerange.Floor(e.from, j.step)/j.step, first)
		until := min(timerange.Ceil(e.until, j.step)/j.step, first+j.store.opt.window)
		for _, id := range j.series(int64(window)*length, int64(window+1)*length) {
			if block := j.block(id, first, from, until); block != nil {
				if err := w.add(window, id, block); err != nil {
					return err
				}
			}
		}
	}
	if w.blocks == 0 {
		return errNothing
	}
	return nil
}

// spans are the seconds that fresh windows cover, by coarse window.
func (j *rollJob) spans() map[uint32]extent {
	length := j.store.opt.window * j.step
	out := map[uint32]extent{}
	for i := range j.live {
		l := &j.live[i]
		if !j.due(l) {
			continue
		}
		l.windows(func(window uint32, _ int64) {
			if !j.fresh(l, window) || l.dropped(window) {
				return
			}
			from, until := int64(window)*l.span(), int64(window+1)*l.span()
			from, until = timerange.Floor(from, j.step), timerange.Ceil(until, j.step)
			for c := from / length; c*length < until; c++ {
				part := extent{max(from, c*length), min(until, (c+1)*length)}
				if have, ok := out[uint32(c)]; ok {
					part = extent{min(part.from, have.from), max(part.until, have.until)}
				}
				out[uint32(c)] = part
			}
		})
	}
	return out
}

// series are those with fresh blocks that touch the seconds from until until
// and that want the coarse step.
func (j *rollJob) series(from, until int64) []metric.ID {
	var ids []metric.ID
	j.read.each(classStep{classRaw, j.raw}, timerange.Floor(from, j.step), timerange.Ceil(until, j.step), j.fresh, func(l *liveSegment, window uint32) {
		for i, end := l.chunksOf(window); i < end; i++ {
			entries, err := l.chunk(i)
			if err != nil {
				j.read.hurt(l.segment, l.dir[i].index, err)
			}
			for _, e := range entries {
				ids = append(ids, e.id)
			}
		}
	})
	slices.Sort(ids)
	return slices.DeleteFunc(slices.Compact(ids), func(id metric.ID) bool {
		ser := j.store.index.get(id)
		return ser == nil || !j.store.index.planOf(ser).has(j.step)
	})
}

// block is the series' block of a coarse window that begins at slot first, with
// the slots from until until that were touched.
func (j *rollJob) block(id metric.ID, first, from, until int64) []byte {
	ser := j.store.index.get(id)
	plan := j.store.index.planOf(ser)
	w := &wanted{id: id, kind: ser.kind, plan: plan, steps: ser.rawSteps(plan)}
	r, touched := j.read.rolled(w, j.step, from, until, w.steps, j.fresh)
	for i := range r.cells {
		if !touched[i] {
			r.cells[i] = cell{}
		}
	}
	if ser.kind == metric.Distribution {
		s := slots{from: first, sketches: make([]*metric.Sketch, j.store.opt.window)}
		for i := range r.cells {
			s.sketches[from-first+int64(i)] = r.cells[i].sketch
		}
		return j.out.slots(&s)
	}
	return j.out.rolled(r, first)
}
