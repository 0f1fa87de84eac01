package metrics

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"

	"patou/internal/metric"
)

// Flush writes the frozen generations to segments and lists them in the
// manifest. On an error they stay in memory and the next call tries again.
func (s *Store) Flush(ctx context.Context) error {
	s.files.Lock()
	defer s.files.Unlock()
	for {
		s.mu.RLock()
		var g *generation
		if len(s.frozen) > 0 {
			g = s.frozen[0]
		}
		s.mu.RUnlock()
		if g == nil {
			return nil
		}
		if err := s.flush(ctx, g); err != nil {
			return fmt.Errorf("flushing metrics: %w", err)
		}
	}
}

// flush writes one generation. Names come first, then segments, then the
// manifest: what a crash leaves in between is not listed, and its records are
// still in the log.
func (s *Store) flush(ctx context.Context, g *generation) error {
	w := flushWriter{store: s, gen: g, byStep: map[int64]map[uint32]*windowBuffer{}}
	names := w.collect()
	next := s.nextManifest()
	next.Flushed = g.lsn
	c := commit{store: s, man: next, lsn: g.lsn, flushed: g}
	if len(names) > 0 {
		if err := c.writeNames(names); err != nil {
			return c.abandon(err)
		}
	}
	for _, step := range slices.Sorted(maps.Keys(w.byStep)) {
		if err := c.writeWindows(ctx, classStep{classRaw, step}, w.byStep[step]); err != nil {
			return c.abandon(err)
		}
	}
	if len(names) == 0 && len(c.added) == 0 {
		c.swap(s.liveNow()) // nothing new on disk: the manifest may wait
		return nil
	}
	if err := c.publish(); err != nil {
		return err
	}
	s.namesSaved(g, names)
	return nil
}

// windowBuffer holds the encoded blocks of a window, in order of series.
type windowBuffer struct {
	bytes   []byte
	entries []entry // offsets into bytes
}

func (b *windowBuffer) add(id metric.ID, block []byte) {
	b.entries = append(b.entries, entry{id: id, offset: int64(len(b.bytes)), length: uint32(len(block))})
	b.bytes = append(b.bytes, block...)
}

func (b *windowBuffer) copyTo(w *segmentWriter, window uint32) error {
	for _, e := range b.entries {
		if err := w.add(window, e.id, b.bytes[e.offset:e.offset+int64(e.length)]); err != nil {
			return err
		}
	}
	return nil
}

// flushWriter turns a generation into blocks.
type flushWriter struct {
	store  *Store
	gen    *generation
	byStep map[int64]map[uint32]*windowBuffer

	blocks blockWriter
	order  []uint32
	spare  []*slots // windows to fill again
	open   map[stepWindow]*slots

	lastKey    stepWindow
	lastBuffer *windowBuffer
}

type stepWindow struct {
	step   int64
	window uint32
}

// collect encodes all series and returns what the names files must say before.
func (w *flushWriter) collect() []naming {
	x := w.store.index
	var names []naming
	for id := metric.ID(w.store.named); uint32(id) < w.gen.names; id++ {
		if ser := x.get(id); ser != nil {
			names = append(names, naming{metric.Def{ID: id, Kind: ser.kind, Name: ser.name}, x.planOf(ser).schema[0].Step})
		}
	}
	w.open = map[stepWindow]*slots{}
	for _, id := range w.gen.series() {
		ser := x.get(id)
		step, done := w.ordered(id)
		if !done {
			w.fill(id, ser.kind)
			step = w.encode(id)
		}
		if uint32(id) < w.store.named && step != int64(ser.saved.Load()) {
			names = append(names, naming{metric.Def{ID: id, Kind: ser.kind}, step})
		}
	}
	return names
}

// ordered encodes a series as nearly all are, whose samples came in order and
// lie in one window, and returns their step. It is false for any other.
func (w *flushWriter) ordered(id metric.ID) (step int64, ok bool) {
	w.runsOf(id)
	if len(w.order) == 0 {
		return 0, false
	}
	b := &w.blocks
	b.present, b.column = b.present[:0], b.column[:0]
	step = int64(w.gen.run(w.order[0]).step)
	window, ok := windowOf(w.gen.run(w.order[0]).base, w.store.opt.window)
	first, next := int64(window)*w.store.opt.window, int64(0)
	for _, n := range w.order {
		r := w.gen.run(n)
		at := r.base - first
		if !ok || int64(r.step) != step || at < next || at+int64(r.off[r.n-1]) >= w.store.opt.window {
			return 0, false
		}
		for i, off := range r.off[:r.n] {
			b.present, b.column = append(b.present, int(at)+int(off)), append(b.column, r.val[i])
		}
		next = at + int64(r.off[r.n-1]) + 1
	}
	w.buffer(stepWindow{step, window}).add(id, b.values())
	return step, true
}

// runsOf sets order to the series' runs in order of arrival.
func (w *flushWriter) runsOf(id metric.ID) {
	w.order = w.order[:0]
	if int(id) >= len(w.gen.last) {
		return
	}
	for n := w.gen.last[id]; n != 0; n = w.gen.run(n).prev {
		w.order = append(w.order, n)
	}
	slices.Reverse(w.order)
}

// fill puts the series' samples into windows, in order of arrival.
func (w *flushWriter) fill(id metric.ID, kind metric.Kind) {
	for _, d := range w.gen.dists[id] {
		if at, win := w.window(kind, d.step, d.slot); win != nil {
			win.putSketch(at, d.sketch)
		}
	}
	for _, n := range w.order {
		r := w.gen.run(n)
		for j := range r.off[:r.n] {
			if at, win := w.window(kind, int64(r.step), r.base+int64(r.off[j])); win != nil {
				win.put(kind, at, r.val[j])
			}
		}
	}
}

// window is the open window of a slot and the slot's place in it; nil for a
// time that no window has, which Apply refuses.
func (w *flushWriter) window(kind metric.Kind, step, slot int64) (int, *slots) {
	number, ok := windowOf(slot, w.store.opt.window)
	if !ok {
		return 0, nil
	}
	key := stepWindow{step, number}
	win := w.open[key]
	if win == nil {
		win = w.newWindow(kind, int64(number)*w.store.opt.window)
		w.open[key] = win
	}
	return int(slot - win.from), win
}

func (w *flushWriter) newWindow(kind metric.Kind, from int64) *slots {
	if n := len(w.spare); n > 0 && kind != metric.Distribution {
		win := w.spare[n-1]
		w.spare = w.spare[:n-1]
		win.from = from
		return win
	}
	win := makeSlots(kind, from, int(w.store.opt.window))
	return &win
}

// encode turns the open windows into blocks, empties them and returns the step
// of the last.
func (w *flushWriter) encode(id metric.ID) (step int64) {
	for key, win := range w.open {
		step = key.step
		w.buffer(key).add(id, w.blocks.slots(win))
		if win.values != nil {
			win.clear()
			w.spare = append(w.spare, win)
		}
		delete(w.open, key)
	}
	return step
}

// buffer is where a window's blocks gather.
func (w *flushWriter) buffer(key stepWindow) *windowBuffer {
	if w.lastBuffer != nil && w.lastKey == key {
		return w.lastBuffer
	}
	windows := w.byStep[key.step]
	if windows == nil {
		windows = map[uint32]*windowBuffer{}
		w.byStep[key.step] = windows
	}
	if windows[key.window] == nil {
		windows[key.window] = &windowBuffer{}
	}
	w.lastKey, w.lastBuffer = key, windows[key.window]
	return w.lastBuffer
}

// namesSaved remembers what is in the names files now.
func (s *Store) namesSaved(g *generation, names []naming) {
	s.named = max(s.named, g.names)
	for _, n := range names {
		s.index.get(n.ID).setStep(n.step)
	}
}

// setStep notes that the series has slots of a step on disk.
func (s *series) setStep(step int64) {
	if old := int64(s.saved.Load()); old != 0 && old != step {
		steps := append(slices.Clone(s.oldSteps()), old)
		s.steps.Store(&steps)
	}
	s.saved.Store(uint32(step))
}

// oldSteps are the finest steps that the series had before the saved one.
func (s *series) oldSteps() []int64 {
	if p := s.steps.Load(); p != nil {
		return *p
	}
	return nil
}

// rawSteps are the steps that raw slots of the series may have: that of its
// plan first, then those of earlier epochs.
func (s *series) rawSteps(p *plan) []int64 {
	now := p.schema[0].Step
	out := []int64{now}
	for _, step := range append(slices.Clone(s.oldSteps()), int64(s.saved.Load())) {
		if step != 0 && !slices.Contains(out, step) {
			out = append(out, step)
		}
	}
	return out
}

func (s *Store) liveNow() []liveSegment {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.live
}

func (s *Store) path(name string) string { return path.Join(s.dir, name) }
