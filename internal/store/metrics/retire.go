package metrics

import (
	"cmp"
	"context"
	"math"
	"slices"

	"patou/internal/timerange"
)

// retire deletes segments by age, then by size.
func (s *Store) retire(ctx context.Context, now int64) error {
	live := s.liveNow()
	r := retirement{store: s, man: s.nextManifest(), live: live, now: now}
	r.byAge()
	r.bySize()
	if len(r.gone) == 0 {
		return ctx.Err()
	}
	c := commit{store: s, man: r.man}
	return c.replace(slices.DeleteFunc(slices.Clone(live), func(l liveSegment) bool { return r.gone[l.segment] }))
}

type retirement struct {
	store *Store
	man   manifest
	live  []liveSegment
	now   int64
	gone  map[*segment]bool
	// firstPending remembers pending, by step.
	firstPending map[int64]int64
}

func (l *liveSegment) end() int64 { return int64(l.lastWindow()+1) * l.span() }

// rolledUp reports whether all that the segment has shows in all coarser steps.
func (r *retirement) rolledUp(l *liveSegment) bool {
	for _, step := range r.store.index.plans.above(l.step) {
		if l.class == classRaw && l.state.Rolled[step] <= l.lastWindow() {
			return false
		}
	}
	return true
}

// byAge deletes what is older than any series wants. Raw slots go only once
// they are rolled up, and none goes while slots under the same rolled-up slot
// are yet to have their effect: it could no longer be computed.
func (r *retirement) byAge() {
	for i := range r.live {
		l := &r.live[i]
		if l.end() > r.now-r.store.index.plans.keep(l.classStep) {
			continue
		}
		if l.class == classRolled || r.rolledUp(l) && l.end() <= r.pending(l.step) {
			r.drop(l)
		}
	}
}

// pending is the first second of a rolled-up slot over raw slots of a step that
// have no effect in it yet, those that came after expiry not counted.
func (r *retirement) pending(step int64) int64 {
	if first, ok := r.firstPending[step]; ok {
		return first
	}
	expired, first := r.man.Expired[step], int64(math.MaxInt64)
	for i := range r.live {
		if l := &r.live[i]; l.classStep == (classStep{classRaw, step}) && !r.rolledUp(l) {
			first = min(first, max(int64(l.dir[0].window)*l.span(), expired))
		}
	}
	first = min(first, r.store.oldestInMemory(step, expired))
	for _, coarse := range r.store.index.plans.above(step) {
		first = min(first, timerange.Floor(first, coarse))
	}
	if r.firstPending == nil {
		r.firstPending = map[int64]int64{}
	}
	r.firstPending[step] = first
	return first
}

// oldestInMemory is the time of the oldest slot of a step that is in memory,
// from a second on.
func (s *Store) oldestInMemory(step, from int64) int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	first := s.head.oldest(step, from)
	for _, g := range s.frozen {
		first = min(first, g.oldest(step, from))
	}
	return first
}

func (g *generation) oldest(step, from int64) int64 {
	first := int64(math.MaxInt64)
	for n := uint32(1); n < g.used; n++ {
		r := g.run(n)
		if int64(r.step) == step && (r.base+int64(r.off[r.n-1]))*step >= from {
			first = min(first, max(r.base*step, from))
		}
	}
	for _, all := range g.dists {
		for _, d := range all {
			if d.step == step && d.slot*step >= from {
				first = min(first, d.slot*step)
			}
		}
	}
	return first
}

// bySize deletes the oldest of the finest until the rest fits: raw slots that
// are rolled up first, so that what remains of their time is the coarser view.
func (r *retirement) bySize() {
	size := int64(0)
	var left []*liveSegment
	for i := range r.live {
		if l := &r.live[i]; !r.gone[l.segment] {
			size += l.size
			left = append(left, l)
		}
	}
	if r.store.opt.Size <= 0 || size <= r.store.opt.Size {
		return
	}
	rank := func(l *liveSegment) int {
		if r.rolledUp(l) {
			return 0
		}
		return 1
	}
	slices.SortFunc(left, func(a, b *liveSegment) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.step, b.step), cmp.Compare(a.end(), b.end()))
	})
	for _, l := range left {
		if size <= r.store.opt.Size {
			return
		}
		size -= l.size
		r.drop(l)
		r.store.opt.Telemetry.Counter("metrics.dropped_for_size").Inc()
	}
}

// drop deletes a segment. Rolled-up slots over raw ones that are gone are no
// longer computed from raw slots.
func (r *retirement) drop(l *liveSegment) {
	if r.gone == nil {
		r.gone = map[*segment]bool{}
	}
	r.gone[l.segment] = true
	if l.class != classRaw {
		return
	}
	if r.man.Expired == nil {
		r.man.Expired = map[int64]int64{}
	}
	r.man.Expired[l.step] = max(r.man.Expired[l.step], l.end())
}
