// Package wal is the write-ahead log: records of opaque bytes, numbered from 1
// on, in files that a crash cannot spoil.
//
// Invariant: a record that Sync returned for is given by every later Replay,
// once and in order, until Truncate drops it; a record whose Write or Sync
// failed is given by none; and no number of either is used again. What replay gives of
// the records that were never synced is a prefix of them. Damage in the middle
// costs the records it lies in, and is reported, never skipped in silence; a
// file that could not be read whole is kept.
//
// It fails with the file's name and the system's error. After a full disk it
// goes on as soon as there is space again. The layout is in FORMAT.md.
package wal

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"patou/internal/fsx"
)

var (
	// ErrClosed is the answer of a log that was closed.
	ErrClosed = errors.New("the write-ahead log is closed")
	// ErrReplay is the answer of Write before Replay, which has to find the
	// log's end first, and of a second Replay.
	ErrReplay = errors.New("the write-ahead log must be replayed once, before the first write")
	// ErrWithdrawn says that not only this call failed: no record written since
	// the last successful Sync is in the log.
	ErrWithdrawn = errors.New("records written since the last sync are withdrawn")
)

// DefaultSegmentBytes is small enough that truncation gives space back soon and
// large enough that making files costs nothing (docs/adr/0001).
const DefaultSegmentBytes = 32 << 20

// keepBuffer is the largest buffer that is kept between writes.
const keepBuffer = 4 << 20

// Options are a log's settings; the zero value has defaults.
type Options struct {
	// SegmentBytes is the size at which Sync begins a new file; 0 is
	// DefaultSegmentBytes. A file is longer by what was unsynced then.
	SegmentBytes int64
	// MinNext is the least number of the next record: one more than what the
	// stores hold, so that a log which was lost does not use numbers again.
	MinNext uint64
	// Salt gives each new file's salt; nil is the system's randomness.
	Salt func() uint32
}

// Log is an open write-ahead log. Its methods are safe for use by several
// goroutines, but take turns: group commit is its writer's business.
type Log struct {
	fs  fsx.FS
	dir string
	opt Options

	// next and size are read without waiting for a sync that is under way.
	next atomic.Uint64
	size atomic.Int64

	mu       sync.Mutex
	replayed bool
	closed   bool
	segs     []*segment // oldest first
	cur      fsx.File   // of the last of segs; nil: the next Write begins one
	synced   uint64     // the last record that is on disk
	told     uint64     // the last record that a Sync has answered for
	// void, unless 0, is the first of the withdrawn numbers before next, for
	// the header of the segment that is made next.
	void uint64
	// dirty is set while the file holds what no sync has covered, rollSoon when
	// the next sync should begin a new file.
	dirty    bool
	rollSoon bool
	buf      []byte
}

// Open opens the log in a directory, which is made if need be. The caller holds
// the lock on it. Nothing is changed before Replay.
func Open(fsys fsx.FS, dir string, opt Options) (*Log, error) {
	if opt.SegmentBytes <= 0 {
		opt.SegmentBytes = DefaultSegmentBytes
	}
	if opt.Salt == nil {
		opt.Salt = randomSalt
	}
	if err := fsys.MkdirAll(dir); err != nil {
		return nil, fmt.Errorf("making the directory of the write-ahead log: %w", err)
	}
	segs, _, err := list(fsys, dir)
	if err != nil {
		return nil, err
	}
	l := &Log{fs: fsys, dir: dir, opt: opt, segs: segs}
	l.next.Store(max(1, opt.MinNext))
	l.measure()
	return l, nil
}

func randomSalt() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // it never fails
	return binary.LittleEndian.Uint32(b[:])
}

// Next is the number that the next record gets. Before Replay it is a lower
// bound.
func (l *Log) Next() uint64 { return l.next.Load() }

// Size is the length of the log's files in bytes.
func (l *Log) Size() int64 { return l.size.Load() }

// Write appends records, all or none, and returns the number of the first; the
// others follow it. They are read back after a crash only once Sync returned.
// The slices are not kept. When it fails the log is as it was before, and the
// next Write may succeed; only if the disk refuses to undo a half-written
// record as well, the error wraps ErrWithdrawn too.
func (l *Log) Write(recs ...[]byte) (first uint64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.ready(); err != nil {
		return 0, err
	}
	for _, rec := range recs {
		if len(rec) > MaxRecord {
			return 0, fmt.Errorf("writing a record of %d bytes: the write-ahead log takes at most %d", len(rec), MaxRecord)
		}
	}
	if err := l.begin(); err != nil || len(recs) == 0 {
		return l.next.Load(), err
	}
	first = l.next.Load()
	if err := l.append(first, recs); err != nil {
		return 0, err
	}
	l.next.Store(first + uint64(len(recs)))
	return first, nil
}

func (l *Log) ready() error {
	if l.closed {
		return ErrClosed
	}
	if !l.replayed {
		return ErrReplay
	}
	return nil
}

// begin sees to it that there is a segment to write to.
func (l *Log) begin() error {
	if l.cur != nil {
		return nil
	}
	return l.roll()
}

// append writes the records as one system call, as that is what a group costs.
func (l *Log) append(first uint64, recs [][]byte) error {
	seg := l.last()
	buf := l.buf[:0]
	for i, rec := range recs {
		buf = appendFrame(buf, seg.salt, first+uint64(i), l.synced, rec)
	}
	if cap(buf) <= keepBuffer {
		l.buf = buf
	}
	if _, err := l.cur.Write(buf); err != nil {
		return l.undo(first, len(recs), fmt.Errorf("appending to the write-ahead log %q: %w", seg.name, err))
	}
	l.grow(int64(len(buf)))
	return nil
}

// undo takes back what a failed write left, so that no part of it is ever
// replayed and the next record follows the last whole one. The cut is synced:
// else a crash could bring back records that were answered with an error.
func (l *Log) undo(first uint64, n int, cause error) error {
	l.dirty = true
	err := l.cur.Truncate(l.last().size)
	if err == nil {
		if err = l.sync(); err == nil {
			return cause
		}
		return fmt.Errorf("%w; taking it back: %w", cause, err)
	}
	syncErr := l.sync()
	if syncErr == nil {
		l.next.Store(first + uint64(n)) // their numbers may be in the file
		l.abandon(first)
	}
	return errors.Join(fmt.Errorf("%w; taking it back: %w", cause, err), syncErr)
}

// Sync makes all records written so far durable. When it fails, those written
// since the last successful Sync are withdrawn, now and after a restart, and the
// error wraps ErrWithdrawn; their numbers are not used again. If the disk does
// not even take the file header that says so, a crash before the next
// successful Write may bring them back.
func (l *Log) Sync() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.ready(); err != nil {
		return err
	}
	if err := l.sync(); err != nil {
		return err
	}
	l.told = l.next.Load() - 1
	if l.cur != nil && (l.rollSoon || l.last().size >= l.opt.SegmentBytes) {
		_ = l.roll() // the records are safe; the next Write tries again, and says so
	}
	return nil
}

// sync never tries the same file twice. After a failed fsync the kernel may
// have dropped the pages, or marked them clean, that did not reach the disk: a
// second fsync then finds nothing to write and reports success for bytes that
// are lost. So the file is given up, and with it all records since the last Sync:
// also those that an undone write made durable in passing, as one answer must
// hold for all of them.
func (l *Log) sync() error {
	if l.cur == nil || !l.dirty {
		return nil
	}
	err := l.cur.Sync()
	if err == nil {
		l.synced, l.dirty = l.next.Load()-1, false
		return nil
	}
	name, from, next := l.last().name, l.told+1, l.next.Load()
	l.abandon(from)
	l.told = l.next.Load() - 1
	if from == next {
		return fmt.Errorf("syncing the write-ahead log %q: %w", name, err)
	}
	return fmt.Errorf("syncing the write-ahead log %q: %w: %w (%d to %d)", name, err, ErrWithdrawn, from, next-1)
}

// abandon gives up the current file, of which the records from void on do not
// count. It begins the next file at once, as its header is what says so.
func (l *Log) abandon(void uint64) {
	l.closeCurrent()
	l.void = void
	_ = l.roll() // if it fails the next Write tries again
}

// roll begins a new file. While that fails there is none to write to, and the
// next attempt makes the same file over: going back to the one before would
// leave two that claim the same numbers.
func (l *Log) roll() error {
	l.closeCurrent()
	l.avoidName()
	seg := &segment{first: l.next.Load(), salt: l.opt.Salt(), size: segmentHeader}
	seg.name, seg.prevEnd = segmentName(l.dir, seg.first), seg.first
	if l.void != 0 {
		seg.prevEnd = l.void
	}
	f, err := l.create(seg)
	if err != nil {
		return fmt.Errorf("beginning the write-ahead log's next file %q: %w", seg.name, err)
	}
	l.segs = append(l.segs, seg)
	l.cur, l.void, l.rollSoon = f, 0, false
	l.synced = seg.first - 1
	l.measure()
	return nil
}

// avoidName passes over a number when the file of that name is the one that was
// just given up, empty but for bytes that could not be cut off.
func (l *Log) avoidName() {
	next := l.next.Load()
	if len(l.segs) == 0 || l.last().first != next {
		return
	}
	if l.void == 0 {
		l.void = next
	}
	l.next.Store(next + 1)
}

// create makes a file, or makes it over, whose header is durable before any
// record goes into it.
func (l *Log) create(seg *segment) (fsx.File, error) {
	f, err := l.fs.Append(seg.name)
	if err != nil {
		return nil, err
	}
	if err = f.Truncate(0); err == nil {
		_, err = f.Write(appendHeader(nil, seg))
	}
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = l.fs.SyncDir(l.dir)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// closeCurrent closes the file that was written to. What matters of it is
// synced or given up, so that an error of Close says nothing more.
func (l *Log) closeCurrent() {
	if l.cur != nil {
		_ = l.cur.Close()
	}
	l.cur, l.dirty = nil, false
}

func (l *Log) last() *segment { return l.segs[len(l.segs)-1] }

func (l *Log) grow(n int64) {
	l.last().size += n
	l.size.Add(n)
	l.dirty = true
}

func (l *Log) measure() {
	var sum int64
	for _, s := range l.segs {
		sum += s.size
	}
	l.size.Store(sum)
}

// Close makes what was written durable and closes the log. Closing twice is
// allowed.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	err := l.sync()
	l.closeCurrent()
	return err
}
