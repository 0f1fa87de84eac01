package logs

import (
	"context"
	"slices"
	"sync"

	"patou/internal/entry"
	"patou/internal/fsx"
)

// cacheBytes bounds the decoded blocks that a lookup keeps at hand for runs
// that share them.
const cacheBytes = 16 << 20

// lookup is one call of Runs: what it holds until its release.
type lookup struct {
	store *Store
	want  entry.Lookup
	asked map[string]bool // what want.Component said

	pieces []uint32 // of want.Literals
	filter []byte   // reused

	mu     sync.Mutex // guards what follows
	blocks []cachedBlock
	bytes  int
}

// cachedBlock is a block as it was opened, or why it could not be.
type cachedBlock struct {
	seg   *segment
	block int
	open  *openBlock
	err   error
}

// Runs gives the runs that may hold entries asked for, the one with the newest
// last entry first. They show the store as it is now, whatever is written,
// flushed or compacted until release, which must be called once.
func (s *Store) Runs(ctx context.Context, want entry.Lookup) (runs []entry.Run, release func(), err error) {
	l := &lookup{store: s, want: want, asked: map[string]bool{}, pieces: pieces(want.Literals)}
	segments, runs := l.snapshot()
	for _, seg := range segments {
		if err := ctx.Err(); err != nil {
			s.letGo(segments)
			return nil, nil, err
		}
		runs = l.appendSegment(runs, seg)
	}
	slices.SortStableFunc(runs, func(a, b entry.Run) int {
		switch {
		case a.Last > b.Last:
			return -1
		case a.Last < b.Last:
			return 1
		}
		return 0
	})
	return runs, sync.OnceFunc(func() { s.letGo(segments) }), nil
}

// snapshot takes the runs in memory and holds the segments, at one moment.
func (l *lookup) snapshot() ([]*segment, []entry.Run) {
	s := l.store
	s.mu.RLock()
	defer s.mu.RUnlock()
	var runs []entry.Run
	runs = l.appendGeneration(runs, s.head)
	for _, g := range s.frozen {
		runs = l.appendGeneration(runs, g)
	}
	var segments []*segment
	for _, seg := range s.segments {
		if seg.last >= l.want.From && seg.first < l.want.Until {
			seg.acquire()
			segments = append(segments, seg)
		}
	}
	return segments, runs
}

// wants asks once for each component: a segment has many runs of one.
func (l *lookup) wants(component string) bool {
	if l.want.Component == nil {
		return true
	}
	yes, known := l.asked[component]
	if !known {
		yes = l.want.Component(component)
		l.asked[component] = yes
	}
	return yes
}

// admits tells whether a run's time and batches allow what is asked for.
func (l *lookup) admits(first, last int64, least, most uint64) bool {
	if last < l.want.From || first >= l.want.Until {
		return false
	}
	id := l.want.ID
	return id.IsZero() || least <= id.Batch && id.Batch <= most
}

// appendGeneration adds the pieces in memory. Called under the store's lock.
func (l *lookup) appendGeneration(runs []entry.Run, g *generation) []entry.Run {
	snapshot := g.snapshot()
	for name, p := range g.parts {
		if !l.wants(name) {
			continue
		}
		for _, piece := range p.pieces {
			if l.admits(piece.first, piece.last, piece.least, piece.most) {
				runs = append(runs, piece.run(name, snapshot))
			}
		}
	}
	return runs
}

// appendSegment adds runs by the directory alone, which is in memory; only
// filters are read from disk, and only for literals.
func (l *lookup) appendSegment(runs []entry.Run, seg *segment) []entry.Run {
	skip := l.skippable(seg)
	for i := range seg.parts {
		part := &seg.parts[i]
		if !l.wants(part.component) {
			continue
		}
		for j := part.from; j < part.to; j++ {
			r := &seg.runs[j]
			if l.admits(r.first, r.last, r.least, r.most) && !skip(r.block) {
				runs = l.appendRun(runs, seg, r)
			}
		}
	}
	return runs
}

func (l *lookup) appendRun(runs []entry.Run, seg *segment, r *segmentRun) []entry.Run {
	minutes, err := readMinutes(r.minutes, r.first, r.rows)
	if err != nil {
		l.store.report(seg, r.block)(seg.blocks[r.block].offset, "a run of "+r.component, err)
		return runs
	}
	return append(runs, entry.Run{
		Component: r.component, First: r.first, Last: r.last, Rows: r.rows, Minutes: minutes,
		Open: func(ctx context.Context) (entry.Columns, error) { return l.open(ctx, seg, r) },
	})
}

// open reads a run. Of one whose block is damaged it gives no entries: the
// damage is reported, and what is sound elsewhere is served.
func (l *lookup) open(ctx context.Context, seg *segment, r *segmentRun) (entry.Columns, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b, err := l.block(seg, r.block)
	if err != nil {
		return &headColumns{gen: &generation{}}, nil //nolint:nilerr // block has reported it
	}
	return &blockColumns{b: b, from: r.row, to: r.row + r.rows}, nil
}

// block opens a block, or finds it among those opened lately.
func (l *lookup) block(seg *segment, number int) (*openBlock, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.blocks) - 1; i >= 0; i-- {
		if c := &l.blocks[i]; c.seg == seg && c.block == number {
			return c.open, c.err
		}
	}
	report := l.store.report(seg, number)
	b := &openBlock{
		read: segmentReader(l.store.fs, seg), packer: l.store.packer,
		report: report, info: &seg.blocks[number],
	}
	err := b.open()
	if err != nil {
		report(b.info.offset, "the block", err)
	}
	l.keep(cachedBlock{seg, number, b, err})
	return b, err
}

// keep remembers an open block and forgets the oldest past the bound.
func (l *lookup) keep(c cachedBlock) {
	l.blocks = append(l.blocks, c)
	l.bytes += blockMemory(c.open.info)
	for l.bytes > cacheBytes && len(l.blocks) > 1 {
		l.bytes -= blockMemory(l.blocks[0].open.info)
		l.blocks[0] = cachedBlock{}
		l.blocks = l.blocks[1:]
	}
}

// blockMemory is what a block takes with all columns decoded, about.
func blockMemory(b *blockInfo) int { return 2*b.bytes + 128*b.rows }

// report names damage found while reading, once for each place.
func (s *Store) report(seg *segment, block int) func(int64, string, error) {
	return func(offset int64, what string, err error) {
		s.addDamage(seg, damageOf(seg, block, offset, what, err))
	}
}

// addDamage also marks the segment, so that merging leaves it alone.
func (s *Store) addDamage(seg *segment, d fsx.Damage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seg.damaged.Store(true)
	known := slices.ContainsFunc(s.damages, func(o fsx.Damage) bool { return o.File == d.File && o.Offset == d.Offset })
	if !known && len(s.damages) < maxDamages {
		s.damages = append(s.damages, d)
		s.opts.Telemetry.Counter("logs.damaged").Inc()
	}
}

// maxDamages bounds the list that Damages gives.
const maxDamages = 1000
