package wal

import (
	"errors"
	"fmt"
	"io/fs"
)

// Truncate drops the files of which all records are numbered upTo or lower.
// It never drops the newest, which keeps the count over restarts, but begins a
// new one when that lets the space go, now or at the next Sync. A file that
// could not be read whole is set aside with ".damaged" behind its name.
func (l *Log) Truncate(upTo uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.ready(); err != nil {
		return err
	}
	if err := l.drop(upTo); err != nil {
		return err
	}
	if !l.worthRolling(upTo) {
		return nil
	}
	if l.dirty {
		l.rollSoon = true // a sync that fails must be its writer's to hear of
		return nil
	}
	if err := l.roll(); err != nil {
		return err
	}
	return l.drop(upTo)
}

// worthRolling tells whether the newest file should end here: all of it may go,
// or a good part may with what follows soon.
func (l *Log) worthRolling(upTo uint64) bool {
	if len(l.segs) == 0 {
		return false
	}
	last := l.last()
	if last.first > upTo || last.size <= segmentHeader {
		return false
	}
	return upTo >= l.next.Load()-1 || last.size >= l.opt.SegmentBytes/8
}

// drop removes files oldest first and makes each removal durable before the
// next: a crash that undid an earlier one alone would leave a gap, which reads
// as damage.
func (l *Log) drop(upTo uint64) error {
	defer l.measure()
	for len(l.segs) > 1 && l.segs[1].prevEnd <= upTo+1 {
		seg := l.segs[0]
		err := l.discard(seg)
		if err == nil {
			err = l.fs.SyncDir(l.dir)
		}
		if err != nil {
			return fmt.Errorf("dropping %q from the write-ahead log: %w", seg.name, err)
		}
		l.segs = l.segs[1:]
	}
	return nil
}

// discard takes a file away. One that is gone already is of an earlier attempt,
// which failed to make that durable.
func (l *Log) discard(seg *segment) error {
	var err error
	if seg.damaged {
		err = l.fs.Rename(seg.name, seg.name+damagedSuffix)
	} else {
		err = l.fs.Remove(seg.name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
