package metrics

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"patou/internal/metric"
	"patou/internal/timerange"
)

const (
	// similar is how many times larger an older segment may be than all newer
	// ones together to be merged with them: each byte is rewritten a number of
	// times that grows with the logarithm of the window's size.
	similar = 4
	// manyParts is the number of parts from which on a window that still gets
	// samples is merged.
	manyParts = 8
)

// part is what one segment has of a window.
type part struct {
	live  int // index into compaction.live
	bytes int64
}

// compaction merges segments of one class and step.
type compaction struct {
	store *Store
	classStep
	slots int64
	live  []liveSegment
	read  *reader
	block blockWriter
	bufs  [][]byte // of the parts' blocks
}

// compact merges, class and step by class and step, the newest parts of windows
// that are of similar size. Only the newest, one after the other in order of
// generation: what later ones win over must stay the same.
func (s *Store) compact(ctx context.Context, now int64) error {
	kinds := map[classStep]bool{}
	for _, l := range s.liveNow() {
		kinds[l.classStep] = true
	}
	for k := range kinds {
		c := compaction{store: s, classStep: k, slots: s.opt.window, live: s.liveNow()}
		if err := c.run(ctx, now-int64(s.opt.Grace/time.Second)); err != nil {
			return fmt.Errorf("merging %s segments of %d s: %w", k.class, k.step, err)
		}
	}
	return nil
}

func (c *compaction) run(ctx context.Context, now int64) error {
	chosen := c.choose(now)
	if len(chosen) == 0 {
		return nil
	}
	v := c.store.view(nil, 0, 0)
	defer v.release()
	c.read = newReader(v, false)
	out := commit{store: c.store, man: c.store.nextManifest()}
	for _, group := range c.groups(chosen) {
		err := out.segment(ctx, c.classStep, c.replaced(chosen), func(w *segmentWriter) error { return c.merge(w, group, chosen) })
		if errors.Is(err, errBadSegment) {
			// A file that could not be read is not replaced by one that lacks
			// what could not be read.
			c.store.skip(c.classStep, group)
			return out.abandon(nil)
		}
		if err != nil {
			return out.abandon(err)
		}
	}
	return out.replace(append(c.remaining(chosen, out.added), out.added...))
}

// choose picks the parts to merge, by window.
func (c *compaction) choose(now int64) map[uint32][]part {
	parts := map[uint32][]part{}
	for i := range c.live {
		l := &c.live[i]
		if l.classStep != c.classStep || l.slots != c.slots {
			continue
		}
		l.windows(func(window uint32, bytes int64) {
			if !l.dropped(window) && !c.store.skipped[skipped{c.classStep, window}] && c.whole(window) {
				parts[window] = append(parts[window], part{i, bytes})
			}
		})
	}
	for window, all := range parts {
		closed := int64(window+1)*c.slots*c.step <= now
		if parts[window] = newest(all); len(parts[window]) < 2 || !closed && len(parts[window]) < manyParts {
			delete(parts, window)
		}
	}
	return parts
}

// whole reports whether all raw slots are there under each rolled-up slot that
// the window touches. Only then may parts that are rolled up be merged with
// others: rolling them up once more changes nothing.
func (c *compaction) whole(window uint32) bool {
	expired := c.store.man.Expired[c.step]
	if c.class != classRaw || expired == 0 {
		return true
	}
	start := int64(window) * c.slots * c.step
	for _, step := range c.store.index.plans.above(c.step) {
		if timerange.Floor(start, step) < expired {
			return false
		}
	}
	return start >= expired
}

// newest are the last parts that are of similar size.
func newest(all []part) []part {
	total, from := int64(0), len(all)
	for from > 0 && (total == 0 || all[from-1].bytes <= similar*total) {
		from--
		total += all[from].bytes
	}
	return all[from:]
}

// groups are the windows that share a file.
func (c *compaction) groups(chosen map[uint32][]part) [][]uint32 {
	var out [][]uint32
	var small []uint32
	for _, window := range slices.Sorted(maps.Keys(chosen)) {
		bytes := int64(0)
		for _, p := range chosen[window] {
			bytes += p.bytes
		}
		if bytes >= sharedFile || len(chosen) <= fewWindows {
			out = append(out, []uint32{window})
		} else {
			small = append(small, window)
		}
	}
	if len(small) > 0 {
		out = append(out, small)
	}
	return out
}

// replaced are the generations of which nothing is left.
func (c *compaction) replaced(chosen map[uint32][]part) []uint64 {
	var out []uint64
	for i, dropped := range c.dropping(chosen) {
		if c.emptied(i, dropped) {
			out = append(out, c.live[i].gen)
		}
	}
	slices.Sort(out)
	return out
}

// dropping are the windows that are taken over, by segment.
func (c *compaction) dropping(chosen map[uint32][]part) map[int][]uint32 {
	out := map[int][]uint32{}
	for window, parts := range chosen {
		for _, p := range parts {
			out[p.live] = append(out[p.live], window)
		}
	}
	return out
}

func (c *compaction) emptied(i int, dropped []uint32) bool {
	l, left := &c.live[i], 0
	l.windows(func(window uint32, _ int64) {
		if !l.dropped(window) && !slices.Contains(dropped, window) {
			left++
		}
	})
	return left == 0
}

// remaining are the segments that stay, without the windows taken over. The
// new ones inherit what all of their parts were rolled up to.
func (c *compaction) remaining(chosen map[uint32][]part, added []liveSegment) []liveSegment {
	for i := range added {
		added[i].state.Rolled = c.inherited(&added[i], chosen)
	}
	dropping := c.dropping(chosen)
	var out []liveSegment
	for i := range c.live {
		l := c.live[i]
		if windows := dropping[i]; len(windows) > 0 {
			if c.emptied(i, windows) {
				continue
			}
			l.state.Dropped = slices.Concat(l.state.Dropped, windows)
			slices.Sort(l.state.Dropped)
		}
		out = append(out, l)
	}
	return out
}

// inherited is, by coarse step, below which window all parts that went into a
// segment have their effect. Where a part has none, the window is rolled up
// once more; see whole.
func (c *compaction) inherited(l *liveSegment, chosen map[uint32][]part) map[int64]uint32 {
	var out map[int64]uint32
	l.windows(func(window uint32, _ int64) {
		for _, p := range chosen[window] {
			from := c.live[p.live].state.Rolled
			if out == nil {
				out = maps.Clone(from)
				if out == nil {
					out = map[int64]uint32{}
				}
			}
			for step := range out {
				if from[step] <= window {
					out[step] = min(out[step], window)
				}
			}
		}
	})
	return out
}

// merge writes the windows of a group.
func (c *compaction) merge(w *segmentWriter, group []uint32, chosen map[uint32][]part) error {
	for _, window := range group {
		parts := chosen[window]
		entries := make([][]entry, len(parts))
		c.bufs = grown(c.bufs, max(len(parts), len(c.bufs)))
		for i, p := range parts {
			var err error
			if entries[i], err = c.entries(&c.live[p.live], window); err != nil {
				return err
			}
		}
		if err := c.mergeWindow(w, window, parts, entries); err != nil {
			return err
		}
	}
	return nil
}

func (c *compaction) entries(l *liveSegment, window uint32) ([]entry, error) {
	var out []entry
	for i, end := l.chunksOf(window); i < end; i++ {
		entries, err := l.chunk(i)
		if err != nil {
			c.read.hurt(l.segment, l.dir[i].index, err)
			return nil, err
		}
		out = append(out, entries...)
	}
	return out, nil
}

// mergeWindow goes through the parts' entries in step, series by series.
func (c *compaction) mergeWindow(w *segmentWriter, window uint32, parts []part, entries [][]entry) error {
	var blocks [][]byte
	for {
		id, more := metric.ID(0), false
		for _, e := range entries {
			if len(e) > 0 && (!more || e[0].id < id) {
				id, more = e[0].id, true
			}
		}
		if !more {
			return nil
		}
		blocks = blocks[:0]
		for i := range entries {
			if len(entries[i]) == 0 || entries[i][0].id != id {
				continue
			}
			l := &c.live[parts[i].live]
			b, err := l.block(entries[i][0], c.bufs[i])
			if err != nil {
				c.read.hurt(l.segment, entries[i][0].offset, err)
				return err
			}
			c.bufs[i] = b
			blocks, entries[i] = append(blocks, b), entries[i][1:]
		}
		b, err := c.mergeBlocks(id, window, blocks)
		if err != nil {
			return err
		}
		if err := w.add(window, id, c.store.pack(b)); err != nil {
			return err
		}
	}
}

// mergeBlocks makes one block of a series' blocks, in order of generation.
func (c *compaction) mergeBlocks(id metric.ID, window uint32, blocks [][]byte) ([]byte, error) {
	if len(blocks) == 1 {
		return blocks[0], nil
	}
	kind := metric.Gauge // of a series whose name is lost
	if ser := c.store.index.get(id); ser != nil {
		kind = ser.kind
	} else if blocks[0][0]&^blockPacked == blockSketches {
		kind = metric.Distribution
	}
	from := int64(window) * c.slots
	if c.class == classRolled && kind != metric.Distribution {
		c.read.cells = grown(c.read.cells, int(c.slots))
		r := &rolled{from: from, cells: c.read.cells}
		for _, b := range blocks {
			if err := c.read.blocks.rolled(r, kind, b, from, int(c.slots)); err != nil {
				return nil, err
			}
		}
		return c.block.rolled(r, from), nil
	}
	s := c.read.slots(kind, from, int(c.slots))
	for _, b := range blocks {
		if c.class == classRolled {
			if err := c.read.blocks.sketches(b, int(c.slots), func(i int, sk *metric.Sketch) { s.sketches[i] = sk }); err != nil {
				return nil, err
			}
		} else if err := c.read.blocks.slots(&s, kind, b, from, int(c.slots)); err != nil {
			return nil, err
		}
	}
	return c.block.slots(&s), nil
}

// skipped is a window that is not merged because of damage.
type skipped struct {
	classStep
	window uint32
}

func (s *Store) skip(k classStep, windows []uint32) {
	if s.skipped == nil {
		s.skipped = map[skipped]bool{}
	}
	for _, w := range windows {
		s.skipped[skipped{k, w}] = true
	}
}
