package metrics

import (
	"math"

	"patou/internal/timerange"
)

// rollup computes rolled-up slots of one series at a coarse step: those that
// segments hold, and in their place those under which there are raw slots that
// have no effect in them yet.
type rollup struct {
	*reader
	w    *wanted
	step int64 // the coarse one
	out  *rolled
	// fresh says which raw windows have no effect in rolled-up slots yet. The
	// memory never has.
	fresh source
	// touched are the slots that were computed here.
	touched []bool // in reader's memory
	late    []cell // what came for slots whose raw slots are gone
}

// rolled are the cells of a step in the slots from until until. The second
// result tells those that no segment holds as they are. Both are valid until
// the next call.
func (r *reader) rolled(w *wanted, step, from, until int64, raw []int64, fresh source) (*rolled, []bool) {
	u := rollup{
		reader: r, w: w, step: step, fresh: fresh,
	}
	r.cells, r.touched = grown(r.cells, int(until-from)), grown(r.touched, int(until-from))
	u.out, u.touched = &rolled{from: from, cells: r.cells}, r.touched
	if r.memory || u.expired(raw) {
		u.stored() // what maintenance computes anew it need not read
	}
	again := u.mark(raw)
	for i := range again {
		if u.touched[i] && !again[i] {
			u.out.cells[i].finish(w.plan.Method)
		}
	}
	u.compute(raw, again)
	for i := range u.late {
		u.late[i].finish(w.plan.Method)
		u.out.cells[i].patch(w.kind, &u.late[i])
		u.touched[i] = u.touched[i] || u.late[i].n > 0
	}
	return u.out, u.touched
}

// expired reports whether raw slots may be gone under some of the slots.
func (u *rollup) expired(raw []int64) bool {
	from, _ := u.seconds()
	for _, step := range raw {
		if from < u.view.expired[step] {
			return true
		}
	}
	return false
}

func (u *rollup) seconds() (from, until int64) {
	return u.out.from * u.step, (u.out.from + int64(len(u.out.cells))) * u.step
}

// stored reads what segments hold.
func (u *rollup) stored() {
	from, until := u.seconds()
	u.each(classStep{classRolled, u.step}, from, until, all, func(l *liveSegment, window uint32) {
		b := u.block(l.segment, window, u.w.id)
		if b == nil {
			return
		}
		if err := u.blocks.rolled(u.out, u.w.kind, b, int64(window)*l.slots, int(l.slots)); err != nil {
			u.hurt(l.segment, int64(window)*l.span(), err)
		}
	})
}

// mark finds the slots that fresh raw slots touch. Those whose raw slots are
// all still there are computed again from them; for the others, what came late
// is gathered.
func (u *rollup) mark(raw []int64) (again []bool) {
	from, until := u.seconds()
	again = make([]bool, len(u.out.cells))
	for _, step := range raw {
		if step > u.step {
			continue
		}
		for _, e := range u.extents(u.w, step, from, until, u.fresh) {
			fresh := u.slots(u.w.kind, e.from, int(e.until-e.from))
			u.raw(u.w, step, &fresh, u.fresh)
			u.markExtent(step, &fresh, again, len(raw) == 1 && u.allFresh(step, e))
		}
	}
	return again
}

// allFresh reports whether no raw slot under the coarse slots of an extent has
// its effect in them yet: then what is fresh is all there is.
func (u *rollup) allFresh(step int64, e extent) bool {
	from, until := timerange.Floor(e.from*step, u.step), timerange.Ceil(e.until*step, u.step)
	fresh := true
	u.each(classStep{classRaw, step}, from, until, all, func(l *liveSegment, window uint32) {
		fresh = fresh && u.fresh(l, window)
	})
	return fresh
}

// markExtent looks through fresh raw slots. With whole, they are all that there
// are, and have their effect at once.
func (u *rollup) markExtent(step int64, fresh *slots, again []bool, whole bool) {
	expired := u.view.expired[step]
	slot, at, next := int64(0), int64(0), int64(math.MinInt64)
	for i := range fresh.len() {
		if !fresh.has(i) {
			continue
		}
		if n := fresh.from + int64(i); n >= next { // another coarse slot
			slot = timerange.Floor(n*step, u.step)
			at, next = slot/u.step-u.out.from, timerange.Ceil(slot+u.step, step)/step
		}
		switch {
		case at < 0 || at >= int64(len(again)):
		case slot < expired:
			u.takeLate(at, fresh, i)
		case !whole:
			again[at] = true
		default:
			if !u.touched[at] {
				u.out.cells[at], u.touched[at] = cell{}, true
			}
			u.out.cells[at].take(fresh, i)
		}
	}
}

func (u *rollup) takeLate(at int64, fresh *slots, i int) {
	if u.late == nil {
		u.late = make([]cell, len(u.out.cells))
	}
	u.late[at].take(fresh, i)
}

// take lets the ith of finer slots have its effect.
func (c *cell) take(s *slots, i int) {
	if s.sketches != nil {
		c.addSketch(s.sketches[i])
	} else {
		c.add(s.values[i])
	}
}

// compute makes the marked slots anew from all raw slots under them.
func (u *rollup) compute(raw []int64, again []bool) {
	for at := 0; at < len(again); {
		if !again[at] {
			at++
			continue
		}
		end := at
		for end < len(again) && again[end] && int64(end-at+1)*u.step <= maxExtent*raw[0] || end == at {
			u.out.cells[end] = cell{}
			u.touched[end] = true
			end++
		}
		for _, step := range raw {
			if step <= u.step {
				u.fold(step, at, end)
			}
		}
		for i := at; i < end; i++ {
			u.out.cells[i].finish(u.w.plan.Method)
		}
		at = end
	}
}

// fold lets all raw slots of a step have their effect on the slots at to end.
func (u *rollup) fold(step int64, at, end int) {
	from := timerange.Ceil((u.out.from+int64(at))*u.step, step) / step
	until := timerange.Ceil((u.out.from+int64(end))*u.step, step) / step
	fine := u.slots(u.w.kind, from, int(until-from))
	u.raw(u.w, step, &fine, all)
	for i := range fine.len() {
		if fine.has(i) {
			u.out.cells[(from+int64(i))*step/u.step-u.out.from].take(&fine, i)
		}
	}
}
