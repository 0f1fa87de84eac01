package metrics

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"patou/internal/fsx"
	"patou/internal/metric"
	"patou/internal/record"
	"patou/internal/telemetry"
	"patou/internal/timerange"
)

// Store holds the series of one directory. One goroutine at a time calls Apply
// and Freeze, one at a time Flush and Maintain; all other methods may be called
// by any.
type Store struct {
	fs    fsx.FS
	dir   string
	opt   Options
	index *index
	packer
	wounds

	refused, tooOld, tooNew, notNumber, unknown, overwritten, conflicts *telemetry.Counter

	mu sync.RWMutex
	// Guarded by mu: where samples go; what is frozen and not yet on disk,
	// oldest first; what is on disk, in order of generation, in a slice that is
	// replaced and never changed; up to which record all is on disk; up to which
	// second raw slots are gone, by step, in a map that is replaced as well.
	head    *generation
	frozen  []*generation
	live    []liveSegment
	flushed uint64
	expired map[int64]int64

	files sync.Mutex
	// Guarded by files, which is taken before mu: what the manifest says beside
	// segments and records; segments that are listed and cannot be opened; the
	// first ID that is in no names file; files that no manifest lists any more;
	// when the times of last samples were saved; windows that damage keeps from
	// being merged; whether a names file is damaged.
	man       manifest
	lost      []segmentState
	named     uint32
	garbage   []string
	aliveAt   time.Time
	skipped   map[skipped]bool
	namesHurt bool
}

// liveSegment is a segment with what the manifest says of it.
type liveSegment struct {
	*segment
	state segmentState
}

// dropped reports whether another segment has taken over the window.
func (l *liveSegment) dropped(window uint32) bool {
	for _, w := range l.state.Dropped {
		if w == window {
			return true
		}
	}
	return false
}

// rolledInto reports whether the window's slots have their effect in those of a
// coarser step.
func (l *liveSegment) rolledInto(step int64, window uint32) bool {
	return window < l.state.Rolled[step]
}

func newStore(fsys fsx.FS, dir string, o Options) (*Store, error) {
	p, err := newPacker()
	if err != nil {
		return nil, err
	}
	s := &Store{fs: fsys, dir: dir, opt: o.withDefaults(), head: newGeneration(), packer: p}
	s.index = newIndex(&s.opt)
	s.named = 1
	counter := func(name string) *telemetry.Counter { return s.opt.Telemetry.Counter("metrics." + name) }
	s.refused, s.unknown, s.conflicts = counter("refused_series"), counter("unknown_series"), counter("definition_conflicts")
	s.tooOld, s.tooNew, s.notNumber = counter("too_old"), counter("too_new"), counter("not_a_number")
	s.overwritten = counter("overwritten")
	s.wounds = wounds{count: counter("damage")}
	s.opt.Telemetry.Gauge("metrics.series", func() float64 { return float64(s.Len()) })
	s.opt.Telemetry.Gauge("metrics.head_bytes", func() float64 { return float64(s.HeadBytes()) })
	s.opt.Telemetry.Gauge("metrics.disk_bytes", func() float64 { return float64(s.DiskBytes()) })
	return s, nil
}

// Resolve is the ID of a series, given if it is new. The name is valid only
// during the call. Senders of many samples use an Appender.
func (s *Store) Resolve(name string, kind metric.Kind) (metric.ID, error) {
	id, err := s.index.resolve(name, kind, func() error { return nil })
	if err != nil {
		s.refused.Inc()
	}
	return id, err
}

// TakeDefs is what Resolve has made known since the last call. It must be in
// the write-ahead log before any point that uses it.
func (s *Store) TakeDefs() []metric.Def { return s.index.takeDefs() }

// Len is the number of series.
func (s *Store) Len() int { return s.index.count() }

// maxAhead is how far past now a sample may be: a sender's clock may be wrong
// by a time zone, not by more.
const maxAhead = 24 * time.Hour

// Why a sample is refused.
var (
	// ErrTooOld: no archive of the series reaches back to it.
	ErrTooOld = errors.New("older than anything that is kept")
	// ErrTooNew: more than a day past now.
	ErrTooNew = errors.New("more than a day in the future")
	// ErrNotNumber: NaN means "no value" and is what is not stored; infinities
	// would make every sum, average and axis that they touch infinite too.
	ErrNotNumber = errors.New("not a finite number")
)

// Admit says why Apply would drop the point; nil when it would not. Receivers
// ask it to answer their senders.
func (s *Store) Admit(p metric.Point) error {
	if math.IsNaN(p.Value) || math.IsInf(p.Value, 0) {
		return ErrNotNumber
	}
	now := s.opt.Clock.Now().UnixMilli()
	if p.Time > now+maxAhead.Milliseconds() {
		return ErrTooNew
	}
	if ser := s.index.get(p.Series); ser != nil && p.Time < now-1000*s.index.planOf(ser).schema.reach() {
		return ErrTooOld
	}
	return nil
}

// Apply takes over a record's definitions and points. What it must drop, it
// counts: points that Admit refuses and points of unknown series.
func (s *Store) Apply(lsn uint64, b *record.Batch) {
	for i := range b.Defs {
		if !s.index.define(b.Defs[i]) {
			s.conflicts.Inc()
		}
	}
	if len(b.Points) == 0 {
		return
	}
	a := applier{store: s, now: s.opt.Clock.Now().UnixMilli()}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range b.Points {
		a.apply(&b.Points[i])
	}
	s.overwritten.Add(a.overwritten)
}

// applier remembers, from one point to the next, what is mostly the same.
type applier struct {
	store *Store
	now   int64 // ms

	planNumber uint32
	step       int64
	oldest     int64 // ms
	time, slot int64 // the slot of a time, at step

	overwritten int
}

func (a *applier) apply(p *metric.Point) {
	s := a.store
	ser := s.index.get(p.Series)
	if ser == nil {
		s.unknown.Inc()
		return
	}
	if n := ser.plan.Load(); n == 0 || n != a.planNumber {
		a.take(s.index.planOf(ser), ser.plan.Load())
	}
	switch {
	case p.Time < a.oldest:
		s.tooOld.Inc()
		return
	case p.Time > a.now+maxAhead.Milliseconds():
		s.tooNew.Inc()
		return
	case !(math.Abs(p.Value) <= math.MaxFloat64):
		s.notNumber.Inc()
		return
	}
	if p.Time != a.time {
		a.time, a.slot = p.Time, timerange.Floor(p.Time, a.step*1000)/(a.step*1000)
	}
	if sec := uint32(p.Time / 1000); sec > ser.alive.Load() {
		ser.alive.Store(sec)
	}
	if ser.kind == metric.Distribution {
		s.head.observe(p.Series, a.step, a.slot, p.Value)
	} else if s.head.put(p.Series, ser.kind, a.step, a.slot, p.Value) && ser.kind == metric.Gauge {
		a.overwritten++
	}
}

func (a *applier) take(p *plan, number uint32) {
	a.planNumber, a.step = number, p.schema[0].Step
	// Before 1970 there are no slots.
	a.oldest = max(a.now-1000*p.schema.reach(), 0)
	a.time = -1
}

// Freeze makes all that was applied, up to record lsn, an immutable generation
// that the next Flush writes.
func (s *Store) Freeze(lsn uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.head
	g.lsn, g.names = lsn, s.index.n.Load()
	s.frozen = append(s.frozen[:len(s.frozen):len(s.frozen)], g)
	s.head = newGeneration()
}

// Flushed is the last record whose effects are wholly on disk, with those of
// all before and of none after.
func (s *Store) Flushed() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.flushed
}

// HeadBytes is the memory held by what is not on disk.
func (s *Store) HeadBytes() int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	n := s.head.bytes
	for _, g := range s.frozen {
		n += g.bytes
	}
	return n
}

// DiskBytes is the size of the segments.
func (s *Store) DiskBytes() int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	n := int64(0)
	for i := range s.live {
		n += s.live[i].size
	}
	return n
}

// Find lists the nodes of the tree that a pattern matches, in order: *, ?,
// [a-z], [!a] and {a,b} within each node. A distribution is a branch whose
// leaves are its views. Series without a sample since the range's begin are
// left out, as far as that is known.
func (s *Store) Find(ctx context.Context, pattern string, r timerange.Range) ([]metric.Node, error) {
	return s.index.find(ctx, pattern, r)
}

// Close gives the files back. What is not flushed is in the write-ahead log.
func (s *Store) Close() error {
	s.files.Lock()
	defer s.files.Unlock()
	err := s.saveAlive()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.live {
		err = errors.Join(err, s.live[i].release())
	}
	s.live = nil
	if err != nil {
		return fmt.Errorf("closing the metric store: %w", err)
	}
	return nil
}

// wounds collects the damage found, each place once.
type wounds struct {
	count *telemetry.Counter

	woundMu sync.Mutex
	// Guarded by woundMu.
	found []fsx.Damage
	known map[string]bool
}

// maxWounds bounds what is kept of damage; the counter goes on.
const maxWounds = 1000

func (w *wounds) damaged(d fsx.Damage) {
	w.woundMu.Lock()
	defer w.woundMu.Unlock()
	key := fmt.Sprint(d.File, d.Offset)
	if w.known[key] || len(w.found) >= maxWounds {
		return
	}
	if w.known == nil {
		w.known = map[string]bool{}
	}
	w.known[key] = true
	w.found = append(w.found, d)
	if w.count != nil && !d.Harmless {
		w.count.Inc()
	}
}

// Damage is what could not be read, or is in doubt, since the store was opened.
func (w *wounds) Damage() []fsx.Damage {
	w.woundMu.Lock()
	defer w.woundMu.Unlock()
	return append([]fsx.Damage(nil), w.found...)
}
