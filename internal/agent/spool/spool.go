// Package spool keeps what an agent read until its server has it: chunks in
// order, and with each the places up to which files and journal were read.
//
// Invariant: after any crash the places are those of the entries that are in the
// spool or were delivered: nothing is read twice, nothing is passed over. A key
// (instance and sequence) names one chunk for ever. What entries Put returned nil
// for survives a power cut. The directory's size is bounded: what does not fit is
// refused with ErrFull. FORMAT.md describes the files.
package spool

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path"
	"sync"

	"patou/internal/fsx"
	"patou/internal/wal"
)

// DefaultBytes is how much a spool keeps at most where nothing else is said:
// about a day of a machine without a server.
const DefaultBytes = 512 << 20

// MinBytes is the least bound of a spool that leaves room for some chunks.
const MinBytes = 16 << 20

// segmentBytes is how much is dropped at once; a chunk is much smaller.
const segmentBytes = 4 << 20

// checkpointBytes is how much is delivered before the space is given back
// without being asked.
const checkpointBytes = 8 << 20

// ErrFull is the answer of Put where the bound is reached: it can be tried again
// when something was delivered.
var ErrFull = errors.New("the spool is full")

// Options are a spool's settings.
type Options struct {
	// Boot is the machine's boot-id; "" makes each start an instance.
	Boot string
	// Bytes bounds the log's files; 0 is DefaultBytes.
	Bytes int64
	// SegmentBytes is the size of a file; 0 is right outside of tests.
	SegmentBytes int64
}

// Spool is an open spool. Put is for one goroutine, Next and Ack for another;
// the rest is safe for use by several.
type Spool struct {
	fs    fsx.FS
	dir   string
	bytes int64
	log   *wal.Log

	// writing is held by Put and Checkpoint: a sync that fails withdraws what
	// the other wrote, and only one of them hears of it.
	writing sync.Mutex
	rec     []byte // what Put writes
	reader  *wal.Reader
	wake    chan struct{} // has one element when there may be something to send

	mu    sync.Mutex
	state state // through is set by a checkpoint alone
	// ready is the last record that may be sent, freed the bytes delivered
	// since the last checkpoint.
	ready uint64
	freed int64
}

// Open opens the spool in a directory, which is made if need be; the caller
// holds the lock on it. Damage was served around, and says what it costs.
func Open(ctx context.Context, fsys fsx.FS, dir string, o Options) (*Spool, []fsx.Damage, error) {
	s := &Spool{fs: fsys, dir: dir, bytes: max(o.Bytes, 1), wake: make(chan struct{}, 1)}
	if o.Bytes == 0 {
		s.bytes = DefaultBytes
	}
	if o.SegmentBytes == 0 {
		o.SegmentBytes = segmentBytes
	}
	if err := fsys.MkdirAll(dir); err != nil {
		return nil, nil, fmt.Errorf("making the spool's directory: %w", err)
	}
	st, found, damage, err := load(fsys, dir)
	if err != nil {
		return nil, nil, err
	}
	if len(damage) > 0 { // kept for whoever wants to try
		_ = fsys.Rename(path.Join(dir, stateName), path.Join(dir, stateName+damagedSuffix))
	}
	s.state = st
	s.log, err = wal.Open(fsys, path.Join(dir, logName), wal.Options{SegmentBytes: o.SegmentBytes, MinNext: st.through + 1})
	if err != nil {
		return nil, nil, fmt.Errorf("opening the spool: %w", err)
	}
	lost := s.log.Size() == 0
	report, err := s.replay(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, s.log.Close())
	}
	fresh := !found || lost || len(damage) > 0 || o.Boot == "" || st.boot != o.Boot
	if err := s.begin(fresh, o.Boot); err != nil {
		return nil, nil, errors.Join(err, s.log.Close())
	}
	return s, append(damage, report.Damage...), nil
}

// replay reads the log: places behind the checkpoint, and what was delivered.
func (s *Spool) replay(ctx context.Context) (wal.Report, error) {
	report, err := s.log.Replay(ctx, func(lsn uint64, rec []byte) error {
		places := s.state.places
		if lsn <= s.state.through {
			places = nil
		}
		acknowledged, _, err := parseRecord(rec, places)
		s.state.acknowledged = max(s.state.acknowledged, acknowledged)
		return err
	})
	if err != nil {
		return report, fmt.Errorf("reading the spool: %w", err)
	}
	s.ready = s.log.Next() - 1
	s.reader = s.log.Reader(s.state.acknowledged + 1)
	s.offer()
	return report, nil
}

// begin makes an instance where the one before may not go on, and has it on
// disk before a chunk names it.
func (s *Spool) begin(fresh bool, boot string) error {
	if !fresh {
		return nil
	}
	var id [16]byte
	_, _ = rand.Read(id[:]) // it never fails
	s.state.instance, s.state.boot = hex.EncodeToString(id[:]), boot
	s.state.through = s.log.Next() - 1
	return s.state.publish(s.fs, s.dir)
}

// Instance is what the keys of chunks written now begin with.
func (s *Spool) Instance() string { return s.state.instance }

// Places are those that were kept before this start.
func (s *Spool) Places() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.state.places)
}

// Adopt sets a place that was kept elsewhere before, unless the spool has it.
// When it returns nil, it survives a power cut.
func (s *Spool) Adopt(key, value string) error {
	s.mu.Lock()
	_, known := s.state.places[key]
	if !known && value != "" {
		s.state.places[key] = value
	}
	s.mu.Unlock()
	if known || value == "" {
		return nil
	}
	return s.Checkpoint()
}

// Sequence is the number of the chunk that is put next. It can change when a
// Put fails.
func (s *Spool) Sequence() (uint64, error) {
	n, err := s.log.Write() // begins a file if need be, which may cost a number
	if err != nil {
		return 0, fmt.Errorf("keeping a chunk: %w", err)
	}
	return n, nil
}

// Put keeps a chunk, and with it the places that changed. With durable set it
// returns when both would survive a power cut; else they do within the next
// Put that is, or the next checkpoint. When it fails, nothing is kept. The
// slice is not.
func (s *Spool) Put(sequence uint64, chunk []byte, places map[string]string, durable bool) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	acknowledged := s.state.acknowledged
	s.mu.Unlock()
	s.rec = append(appendRecord(s.rec[:0], acknowledged, places), chunk...)
	if err := s.room(int64(len(s.rec))); err != nil {
		return err
	}
	lsn, err := s.log.Write(s.rec)
	if err == nil && lsn != sequence {
		err = fmt.Errorf("the chunk says it is number %d, and is %d", sequence, lsn)
	}
	if err == nil && durable {
		err = s.log.Sync()
	}
	if err != nil {
		return fmt.Errorf("keeping a chunk: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, v := range places {
		change(s.state.places, k, v)
	}
	s.ready = lsn
	s.offer()
	return nil
}

// room makes sure that so many bytes fit, giving back what was delivered.
func (s *Spool) room(n int64) error {
	if s.log.Size()+n <= s.bytes {
		return nil
	}
	s.mu.Lock()
	freed := s.freed > 0
	s.mu.Unlock()
	if freed {
		if err := s.checkpoint(); err != nil {
			return err
		}
	}
	if s.log.Size()+n > s.bytes {
		return ErrFull
	}
	return nil
}

func (s *Spool) offer() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Next waits for the next chunk to send; after Open it begins with the first
// that was not delivered. The slice is valid until the next call.
func (s *Spool) Next(ctx context.Context) (sequence uint64, chunk []byte, err error) {
	for {
		s.mu.Lock()
		through := s.ready
		s.mu.Unlock()
		lsn, rec, ok, err := s.reader.Next(through)
		if err != nil {
			return 0, nil, fmt.Errorf("reading the spool: %w", err)
		}
		if ok {
			_, chunk, err := parseRecord(rec, nil)
			return lsn, chunk, err
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
			return 0, nil, ctx.Err()
		}
	}
}

// Ack says that all up to this chunk were delivered, or never will be; size is
// the chunk's.
func (s *Spool) Ack(sequence uint64, size int) error {
	s.mu.Lock()
	s.state.acknowledged = max(s.state.acknowledged, sequence)
	s.freed += int64(size)
	due := s.freed >= checkpointBytes
	s.mu.Unlock()
	if due {
		return s.Checkpoint()
	}
	return nil
}

// Checkpoint writes down where everything is and gives the space of what was
// delivered back. It is called now and then: a log that is never cut is long
// to read at the next start.
func (s *Spool) Checkpoint() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.checkpoint()
}

func (s *Spool) checkpoint() error {
	s.mu.Lock()
	was := s.state
	was.places = maps.Clone(s.state.places)
	was.through = s.ready
	s.freed = 0
	s.mu.Unlock()
	if err := s.log.Sync(); err != nil {
		return fmt.Errorf("making the spool durable: %w", err)
	}
	if err := was.publish(s.fs, s.dir); err != nil {
		return err
	}
	s.mu.Lock()
	s.state.through = was.through
	s.mu.Unlock()
	if err := s.log.Truncate(min(was.acknowledged, was.through)); err != nil {
		return fmt.Errorf("giving back the spool's space: %w", err)
	}
	return nil
}

// Size is how many bytes are on disk, and how many chunks wait to be sent.
func (s *Spool) Size() (bytes int64, chunks int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Size(), int(s.ready - min(s.ready, s.state.acknowledged))
}

// Close checkpoints and closes. What was not delivered is sent after the next
// Open.
func (s *Spool) Close() error {
	err := s.Checkpoint()
	_ = s.reader.Close() // it was only read
	return errors.Join(err, s.log.Close())
}

// Check reads a spool without changing it, and names what is damaged.
func Check(fsys fsx.FS, dir string) []fsx.Damage {
	_, _, out, err := load(fsys, dir)
	if err != nil {
		out = append(out, fsx.Damage{File: dir, Offset: -1, What: err.Error()})
	}
	return append(out, wal.Check(fsys, path.Join(dir, logName))...)
}
