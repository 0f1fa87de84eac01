package metrics

import (
	"errors"
	"fmt"
	"slices"

	"patou/internal/fsx"
	"patou/internal/metric"
	"patou/internal/timerange"
)

// wanted is a series that is read, and what was in the head when its reader
// began.
type wanted struct {
	id    metric.ID
	kind  metric.Kind
	plan  *plan
	steps []int64 // of raw slots, the plan's first
	head  []headPart
}

// headPart is what the head had of one step.
type headPart struct {
	step  int64
	runs  []run
	dists []distSlot
}

// view is what one reader sees: everything applied up to one moment, each
// effect once. It must be released.
type view struct {
	store   *Store
	live    []liveSegment
	frozen  []*generation
	expired map[int64]int64
}

// view takes hold of all that is readable and copies from the head what the
// series want of the seconds from (inclusive) to until.
func (s *Store) view(series []*wanted, from, until int64) *view {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, w := range series {
		for _, step := range w.steps {
			w.head = append(w.head, s.head.part(w.id, step, timerange.Floor(from, step)/step, timerange.Ceil(until, step)/step))
		}
	}
	v := &view{store: s, live: s.live, frozen: s.frozen, expired: s.expired}
	for i := range v.live {
		v.live[i].acquire()
	}
	return v
}

// part copies what the applier may change.
func (g *generation) part(id metric.ID, step, from, until int64) headPart {
	p := headPart{step: step, runs: g.runs(nil, id, step, from, until)}
	for _, d := range g.distSlots(id, step, from, until) {
		p.dists = append(p.dists, distSlot{step, d.slot, d.sketch.Clone()})
	}
	return p
}

func (v *view) release() {
	for i := range v.live {
		if err := v.live[i].release(); err != nil {
			v.store.opt.Telemetry.Counter("metrics.close_errors").Inc()
		}
	}
}

// reader reads series of a view. It keeps buffers, and the chunk of each
// segment's index that it looked into last, since neighbours are asked for
// together. It is for one goroutine.
type reader struct {
	*view
	blocks blockReader
	buf    []byte
	chunks map[*segment]loadedChunk
	// What rolled, slots and raw use, until the next call.
	cells   []cell
	touched []bool
	values  []float64
	runs    []run
	// memory says whether the head and what is frozen are read; without, only
	// segments are.
	memory bool
}

type loadedChunk struct {
	number  int
	entries []entry
}

func newReader(v *view, memory bool) *reader {
	return &reader{view: v, memory: memory, blocks: blockReader{packer: v.store.packer}, chunks: map[*segment]loadedChunk{}}
}

// block is a series' block of a window; nil when there is none, or when it is
// damaged, which is noted.
func (r *reader) block(seg *segment, window uint32, id metric.ID) []byte {
	n := seg.chunkOf(window, id)
	if n < 0 {
		return nil
	}
	c, ok := r.chunks[seg]
	if !ok || c.number != n {
		entries, err := seg.chunk(n)
		if err != nil {
			r.hurt(seg, seg.dir[n].index, err)
		}
		c = loadedChunk{n, entries}
		r.chunks[seg] = c
	}
	e, ok := search(c.entries, id)
	if !ok {
		return nil
	}
	b, err := seg.block(e, r.buf)
	if err != nil {
		r.hurt(seg, e.offset, err)
		return nil
	}
	r.buf = b
	return b
}

// hurt notes damage of a segment. An error of the file system is no damage of
// the file, and is noted without an offset's claim to know.
func (r *reader) hurt(seg *segment, offset int64, err error) {
	if !errors.Is(err, errBadSegment) {
		r.store.opt.Telemetry.Counter("metrics.read_errors").Inc()
	}
	r.store.damaged(fsx.Damage{File: r.store.path(seg.name), Offset: offset, What: fmt.Sprintf("values are left out: %v", err)})
}

// grown is a slice of n zero values, in the memory of old if that is enough.
func grown[T any](old []T, n int) []T {
	if cap(old) < n {
		return make([]T, n)
	}
	old = old[:n]
	clear(old)
	return old
}

// slots are empty slots that are valid until the next call.
func (r *reader) slots(kind metric.Kind, from int64, n int) slots {
	if kind == metric.Distribution {
		return makeSlots(kind, from, n)
	}
	if cap(r.values) < n {
		r.values = make([]float64, n)
	}
	s := slots{from: from, values: r.values[:n]}
	s.clear()
	return s
}

// source says which of the segments' windows are read.
type source func(l *liveSegment, window uint32) bool

func all(*liveSegment, uint32) bool { return true }

// each calls f with the windows of segments of a class and step that touch the
// seconds from until until, in order of generation.
func (r *reader) each(k classStep, from, until int64, src source, f func(l *liveSegment, window uint32)) {
	for i := range r.live {
		l := &r.live[i]
		if l.classStep != k {
			continue
		}
		first := timerange.Floor(max(from, 0), l.span()) / l.span()
		for w := max(first, int64(l.dir[0].window)); w*l.span() < until && w <= int64(l.lastWindow()); w++ {
			if window := uint32(w); src(l, window) && !l.dropped(window) {
				f(l, window)
			}
		}
	}
}

// raw lays over dst, at a step, what is in its slots: segments, then what is
// frozen, then the head.
func (r *reader) raw(w *wanted, step int64, dst *slots, src source) {
	from, until := dst.from, dst.from+int64(dst.len())
	r.each(classStep{classRaw, step}, from*step, until*step, src, func(l *liveSegment, window uint32) {
		b := r.block(l.segment, window, w.id)
		if b == nil {
			return
		}
		if err := r.blocks.slots(dst, w.kind, b, int64(window)*l.slots, int(l.slots)); err != nil {
			r.hurt(l.segment, int64(window)*l.span(), err)
		}
	})
	if !r.memory {
		return
	}
	for _, g := range r.frozen {
		r.runs = g.runs(r.runs[:0], w.id, step, from, until)
		for i := range r.runs {
			dst.addRun(w.kind, &r.runs[i])
		}
		dst.addDist(g.distSlots(w.id, step, from, until))
	}
	for _, p := range w.head {
		if p.step != step {
			continue
		}
		for i := range p.runs {
			dst.addRun(w.kind, &p.runs[i])
		}
		dst.addDist(p.dists)
	}
}

// extent is a range of slots, until not included.
type extent struct{ from, until int64 }

// extents are the ranges of slots, merged and in order, in which raw slots of a
// step may lie, between the seconds from and until.
func (r *reader) extents(w *wanted, step, from, until int64, src source) []extent {
	var out []extent
	add := func(a, b int64) {
		a, b = max(a, timerange.Floor(from, step)/step), min(b, timerange.Ceil(until, step)/step)
		if a < b {
			out = append(out, extent{a, b})
		}
	}
	r.each(classStep{classRaw, step}, from, until, src, func(l *liveSegment, window uint32) {
		if l.chunkOf(window, w.id) >= 0 {
			add(int64(window)*l.slots, int64(window+1)*l.slots)
		}
	})
	if r.memory {
		r.memoryExtents(w, step, from, until, add)
	}
	slices.SortFunc(out, func(a, b extent) int { return int(a.from - b.from) })
	return mergeExtents(out)
}

func (r *reader) memoryExtents(w *wanted, step, from, until int64, add func(a, b int64)) {
	low, high := timerange.Floor(from, step)/step, timerange.Ceil(until, step)/step
	addPart := func(runs []run, dists []distSlot) {
		for i := range runs {
			add(runs[i].base, runs[i].base+int64(runs[i].off[runs[i].n-1])+1)
		}
		for i := range dists {
			add(dists[i].slot, dists[i].slot+1)
		}
	}
	for _, g := range r.frozen {
		addPart(g.runs(nil, w.id, step, low, high), g.distSlots(w.id, step, low, high))
	}
	for _, p := range w.head {
		if p.step == step {
			addPart(p.runs, p.dists)
		}
	}
}

// maxExtent bounds the slots that are read at once.
const maxExtent = 8 * windowSlots

// mergeExtents joins what touches or overlaps, and cuts what gets too long.
func mergeExtents(in []extent) []extent {
	var out []extent
	for _, e := range in {
		if n := len(out); n > 0 && e.from <= out[n-1].until && e.until-out[n-1].from <= maxExtent {
			out[n-1].until = max(out[n-1].until, e.until)
			continue
		} else if n > 0 {
			e.from = max(e.from, out[n-1].until)
		}
		for ; e.until-e.from > maxExtent; e.from += maxExtent {
			out = append(out, extent{e.from, e.from + maxExtent})
		}
		if e.from < e.until {
			out = append(out, e)
		}
	}
	return out
}
