package logs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"patou/internal/clock"
	"patou/internal/codec"
	"patou/internal/entry"
	"patou/internal/fsx"
	"patou/internal/record"
	"patou/internal/telemetry"
)

// Options set the bounds of a Store. Zero fields take the defaults given.
type Options struct {
	Clock     clock.Clock    // default: the machine's
	Telemetry *telemetry.Set // default: a set of its own
	// Retention is how long entries are kept; 0 means until Size is reached.
	Retention time.Duration
	// RetentionOf, when set, gives a component's own retention; 0 means
	// Retention. It must be quick and safe for use by several goroutines.
	RetentionOf func(component string) time.Duration
	// Size bounds the bytes of all segments: the oldest go first. 0 means
	// without bound.
	Size int64
	// BlockBytes of messages and fields make a block; default 256 KiB.
	BlockBytes int
	// MergedBlockBytes are those of a block that Maintain writes, which is
	// read less often by its end; default 1 MiB.
	MergedBlockBytes int
	// FanIn is how many small segments of a day are merged into one; default 8.
	FanIn int
	// SegmentBytes is the size past which a segment is not merged any more;
	// default 128 MiB.
	SegmentBytes int64
	// OpenFiles bounds the segment files that are open while nobody reads
	// them; default 64.
	OpenFiles int
	// MaxAnswers bounds the idempotency keys that are remembered; default
	// 1,000,000, some 100 MB. The oldest hour is forgotten first, counted by
	// logs.answers_forgotten.
	MaxAnswers int
}

// withDefaults fills what was left zero.
func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = clock.Real{}
	}
	if o.Telemetry == nil {
		o.Telemetry = &telemetry.Set{}
	}
	if o.BlockBytes <= 0 {
		o.BlockBytes = 256 << 10
	}
	if o.MergedBlockBytes <= 0 {
		o.MergedBlockBytes = 1 << 20
	}
	if o.FanIn <= 0 {
		o.FanIn = 8
	}
	if o.SegmentBytes <= 0 {
		o.SegmentBytes = 128 << 20
	}
	if o.OpenFiles <= 0 {
		o.OpenFiles = 64
	}
	if o.MaxAnswers <= 0 {
		o.MaxAnswers = 1_000_000
	}
	return o
}

// Store keeps entries. Apply and Freeze are for one goroutine, Flush and
// Maintain for one other; everything else is safe for use by several.
type Store struct {
	fs     fsx.FS
	dir    string
	opts   Options
	packer *codec.Packer

	// writing is held by Flush, Maintain and Close: one of them at a time
	// changes files.
	writing sync.Mutex

	mu       sync.RWMutex  // guards what follows
	head     *generation   // what was applied since the last Freeze
	frozen   []*generation // oldest first
	segments []*segment
	unread   []uint64 // live segments of which nothing could be read: kept
	answers  answers
	flushed  uint64
	next     uint64
	damages  []fsx.Damage

	files openFiles
	// leftovers are files that the next manifest will not name, to be removed
	// once it is published: the disk may still have one that does. Guarded by
	// writing.
	leftovers []string
}

// Apply takes the entries and the idempotency key of a record into memory,
// where Runs and Answer find them at once.
func (s *Store) Apply(lsn uint64, b *record.Batch) {
	if len(b.Entries) == 0 && b.Key == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range b.Entries {
		s.head.add(&b.Entries[i], entry.ID{Batch: lsn, Row: uint32(i)})
	}
	if b.Key != "" {
		s.head.answers++
		s.answers.put(answer{digestOf(b.Key), lsn, b.Received, string(b.Answer)})
	}
}

// Answer is what the sender of an idempotency key was told within the last
// 24 hours.
func (s *Store) Answer(key string) ([]byte, bool) {
	now := s.opts.Clock.Now()
	s.mu.RLock()
	defer s.mu.RUnlock()
	text, ok := s.answers.get(digestOf(key), now)
	return []byte(text), ok
}

// Freeze makes what was applied a generation that Flush will write.
func (s *Store) Freeze(lsn uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.head.lsn = lsn
	if s.head.empty() && len(s.frozen) == 0 {
		s.flushed = max(s.flushed, lsn) // nothing to write
		return
	}
	s.frozen = append(s.frozen, s.head)
	s.head = newGeneration()
}

// Flushed is the record through which all entries are in segments, and none of
// a later record is.
func (s *Store) Flushed() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.flushed
}

// HeadBytes is the memory held by entries that are not in segments yet.
func (s *Store) HeadBytes() int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	n := s.head.bytes()
	for _, g := range s.frozen {
		n += g.bytes()
	}
	return n
}

// Flush writes the frozen generations, oldest first. What it could not write
// stays in memory for the next call.
func (s *Store) Flush(ctx context.Context) error {
	s.writing.Lock()
	defer s.writing.Unlock()
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
		if err := s.flushOne(ctx, g); err != nil {
			return fmt.Errorf("flush of %d entries: %w", g.count, err)
		}
	}
}

// flushOne writes a generation as segments, one a day and the oldest days
// together, and publishes them with one manifest: all of its entries are on
// disk, or none.
func (s *Store) flushOne(ctx context.Context, g *generation) error {
	var fresh []*segment
	for _, sp := range g.spans() {
		info := segmentInfo{number: s.takeNumber(), flushed: s.Flushed()}
		seg, err := s.writeSegment(info, func(add func(string, *entry.Entry) error) error {
			return g.fill(ctx, sp, add)
		})
		if err != nil {
			return s.discard(namesOf(fresh), err)
		}
		fresh = append(fresh, seg)
	}
	return s.replace(change{add: fresh, generation: g})
}

// takeNumber gives the next file's number.
func (s *Store) takeNumber() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	return s.next - 1
}

// Close ends the store. What was not flushed is in the write-ahead log. Readers
// must have released what they hold.
func (s *Store) Close() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, seg := range s.segments {
		seg.mu.Lock()
		errs = append(errs, seg.closeLocked())
		seg.mu.Unlock()
	}
	s.packer.Close()
	return errors.Join(errs...)
}

// Component is a component that has entries, and the time of its last one.
type Component struct {
	Name string
	Last int64 // ns
}

// Components are the components that have entries, in order of name.
func (s *Store) Components() []Component {
	last := map[string]int64{}
	s.mu.RLock()
	for _, seg := range s.segments {
		for i := range seg.parts {
			keepLast(last, seg.parts[i].component, seg.parts[i].last)
		}
	}
	for _, g := range append(s.frozen[:len(s.frozen):len(s.frozen)], s.head) {
		for name, p := range g.parts {
			for _, piece := range p.pieces {
				keepLast(last, name, piece.last)
			}
		}
	}
	s.mu.RUnlock()
	return inOrderOfName(last)
}

// Host is a host that has entries, and the time of its last one.
type Host struct {
	Name string
	Last int64 // ns
}

// Hosts are the hosts that have entries, in order of name.
func (s *Store) Hosts() []Host {
	last := map[string]int64{}
	s.mu.RLock()
	for _, seg := range s.segments {
		for _, h := range seg.hosts {
			keepLast(last, h.name, h.last)
		}
	}
	for _, g := range append(s.frozen[:len(s.frozen):len(s.frozen)], s.head) {
		for i, name := range g.hosts.texts {
			keepLast(last, name, g.hostLast[i])
		}
	}
	s.mu.RUnlock()
	delete(last, "")
	out := make([]Host, 0, len(last))
	for _, c := range inOrderOfName(last) {
		out = append(out, Host(c))
	}
	return out
}

func keepLast(last map[string]int64, name string, t int64) {
	if known, ok := last[name]; !ok || t > known {
		last[name] = t
	}
}

func inOrderOfName(last map[string]int64) []Component {
	out := make([]Component, 0, len(last))
	for name, t := range last {
		out = append(out, Component{name, t})
	}
	slices.SortFunc(out, func(a, b Component) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Damages are the places that could not be read since Open, each named once.
func (s *Store) Damages() []fsx.Damage {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.damages)
}
