package metrics

import (
	"math"
	"slices"
	"sort"

	"patou/internal/metric"
)

// runLen is the number of samples in a run: few enough that a series with one
// sample does not waste much, enough that a run's head costs little a sample.
const runLen = 16

// run holds up to runLen samples of one series in rising order of slot. A late
// sample that does not fit begins a new run, so a series' runs are in order of
// arrival and their slots may overlap. It has no pointers: the collector never
// looks inside.
type run struct {
	base int64 // number of the slot that offsets count from
	step uint32
	prev uint32 // the series' run before this one; 0 is none
	n    uint32
	off  [runLen]uint16
	val  [runLen]float64
}

const (
	slabBits = 9
	slabSize = 1 << slabBits
	runBytes = 24 + 2*runLen + 8*runLen
)

type slab [slabSize]run

// generation is what was applied between two calls of Freeze. The applier alone
// writes it, under Store.mu; once frozen it never changes.
type generation struct {
	last  []uint32 // by series: the number of its newest run, 0 is none
	slabs []*slab
	used  uint32 // runs in use, and one more: number 0 is none
	// dists holds the sketches of distributions.
	dists map[metric.ID][]distSlot
	bytes int64
	// lsn and names are set by Freeze: the last record that is in here or
	// before, and the first ID that was not given then.
	lsn   uint64
	names uint32
}

// distSlot is a sketch in its slot; a series' are in order of step and slot.
type distSlot struct {
	step, slot int64
	sketch     *metric.Sketch
}

func newGeneration() *generation {
	return &generation{used: 1, dists: map[metric.ID][]distSlot{}}
}

func (g *generation) run(n uint32) *run { return &g.slabs[n>>slabBits][n&(slabSize-1)] }

// put has a sample's effect on its slot and reports whether the slot was
// filled before in the run at hand.
func (g *generation) put(id metric.ID, kind metric.Kind, step, slot int64, v float64) bool {
	if int(id) >= len(g.last) {
		g.grow(id)
	}
	r := (*run)(nil)
	if n := g.last[id]; n != 0 {
		r = g.run(n)
	}
	if r == nil || r.step != uint32(step) || slot < r.base || slot-r.base > math.MaxUint16 {
		r = g.newRun(id, step, slot)
	}
	off := uint16(slot - r.base)
	if r.n > 0 && off <= r.off[r.n-1] {
		return g.putWithin(r, id, kind, off, v)
	}
	if r.n == runLen {
		r, off = g.newRun(id, step, slot), 0
	}
	r.off[r.n], r.val[r.n] = off, v
	r.n++
	return false
}

// putWithin puts a sample that is not past the run's end.
func (g *generation) putWithin(r *run, id metric.ID, kind metric.Kind, off uint16, v float64) bool {
	at, found := slices.BinarySearch(r.off[:r.n], off)
	if found {
		if kind == metric.Sum {
			v += r.val[at]
		}
		r.val[at] = v
		return true
	}
	if r.n == runLen {
		r, at = g.newRun(id, int64(r.step), r.base+int64(off)), 0
		off = 0
	}
	copy(r.off[at+1:r.n+1], r.off[at:r.n])
	copy(r.val[at+1:r.n+1], r.val[at:r.n])
	r.off[at], r.val[at] = off, v
	r.n++
	return false
}

func (g *generation) grow(id metric.ID) {
	old := cap(g.last)
	g.last = slices.Grow(g.last, int(id)+1-len(g.last))
	g.bytes += 4 * int64(cap(g.last)-old)
	g.last = g.last[:id+1]
}

func (g *generation) newRun(id metric.ID, step, slot int64) *run {
	if int(g.used>>slabBits) == len(g.slabs) {
		g.slabs = append(g.slabs, new(slab))
		g.bytes += slabSize * runBytes
	}
	r := g.run(g.used)
	r.base, r.step, r.prev = slot, uint32(step), g.last[id]
	g.last[id] = g.used
	g.used++
	return r
}

func (g *generation) observe(id metric.ID, step, slot int64, v float64) {
	all := g.dists[id]
	at := len(all) - 1 // nearly always the newest
	if at < 0 || all[at].slot != slot || all[at].step != step {
		var found bool
		if at, found = searchDist(all, step, slot); !found {
			all = slices.Insert(all, at, distSlot{step, slot, &metric.Sketch{}})
			g.dists[id] = all
			g.bytes += 64
		}
	}
	before := all[at].sketch.Bytes()
	all[at].sketch.Observe(v)
	g.bytes += int64(all[at].sketch.Bytes() - before)
}

func searchDist(all []distSlot, step, slot int64) (int, bool) {
	at := sort.Search(len(all), func(i int) bool {
		return all[i].step > step || all[i].step == step && all[i].slot >= slot
	})
	return at, at < len(all) && all[at].step == step && all[at].slot == slot
}

// runs appends copies of the series' runs of a step that touch the slots from
// (inclusive) to until, in order of arrival.
func (g *generation) runs(dst []run, id metric.ID, step, from, until int64) []run {
	if int(id) >= len(g.last) {
		return dst
	}
	start := len(dst)
	for n := g.last[id]; n != 0; {
		r := g.run(n)
		if int64(r.step) == step && r.base < until && r.base+int64(r.off[r.n-1]) >= from {
			dst = append(dst, *r)
		}
		n = r.prev
	}
	slices.Reverse(dst[start:])
	return dst
}

// distSlots are the series' sketches of a step in the slots from until until.
func (g *generation) distSlots(id metric.ID, step, from, until int64) []distSlot {
	all := g.dists[id]
	low, _ := searchDist(all, step, from)
	high, _ := searchDist(all, step, until)
	return all[low:high]
}

// series lists, in order, the series that have something here.
func (g *generation) series() []metric.ID {
	var out []metric.ID
	for id, n := range g.last {
		if n != 0 {
			out = append(out, metric.ID(id))
		}
	}
	for id := range g.dists {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// addRun lets a run have its effect on slots.
func (s *slots) addRun(kind metric.Kind, r *run) {
	for i := range r.off[:r.n] {
		if at := r.base + int64(r.off[i]) - s.from; at >= 0 && at < int64(len(s.values)) {
			s.put(kind, int(at), r.val[i])
		}
	}
}

// addDist lets sketches have their effect on slots.
func (s *slots) addDist(all []distSlot) {
	for _, d := range all {
		if at := d.slot - s.from; at >= 0 && at < int64(len(s.sketches)) {
			s.putSketch(int(at), d.sketch)
		}
	}
}
