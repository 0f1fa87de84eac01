package wal

import (
	"errors"
	"fmt"
	"io/fs"

	"patou/internal/fsx"
)

// Reader reads records in order while the log goes on: what was written, synced
// or not. It is for one goroutine, beside the log's writer.
type Reader struct {
	log *Log
	// want is the least number that Next gives.
	want uint64
	name string // of the file that is open
	file fsx.File
	scan *scanner
	lost uint64
}

// span is what a Reader must know of a segment: how much of it is written, and
// below which number its records stay.
type span struct {
	name       string
	first, end uint64
	salt       uint32
	size       int64
	unread     bool
}

// Reader reads from the record numbered from on. Records that Truncate drops
// are passed over.
func (l *Log) Reader(from uint64) *Reader { return &Reader{log: l, want: from} }

// Next is the next record that is numbered through at most; ok is false where
// none is written yet. The slice is valid until the next call. Damage is passed
// over and counted.
func (r *Reader) Next(through uint64) (lsn uint64, rec []byte, ok bool, err error) {
	for {
		s, next, ok := r.log.spanOf(r.want, through)
		if !ok {
			return 0, nil, false, nil
		}
		if s.unread {
			r.pass(min(s.end, next))
			continue
		}
		if err := r.open(s); errors.Is(err, fs.ErrNotExist) && s.end != noEnd {
			r.pass(s.end) // it was dropped meanwhile
			continue
		} else if err != nil {
			return 0, nil, false, err
		}
		off, want := r.scan.off, r.scan.want
		lsn, rec, found, err := r.scan.next(r.hole)
		switch {
		case err != nil:
			return 0, nil, false, fmt.Errorf("reading %q: %w", r.name, err)
		case found && lsn > through: // a hole was passed over
			r.scan.off, r.scan.want = off, want
			return 0, nil, false, nil
		case !found && s.end == noEnd:
			r.scan.want = min(r.scan.want, next) // the log knows which number comes behind a hole
			return 0, nil, false, nil
		case !found:
			r.pass(s.end)
		case lsn >= r.want:
			r.want = lsn + 1
			return lsn, rec, true, nil
		}
	}
}

// Lost is how many records could not be read so far.
func (r *Reader) Lost() uint64 { return r.lost }

// Close closes the file that the reader has open.
func (r *Reader) Close() error {
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file, r.name = nil, ""
	return err
}

func (r *Reader) hole(h hole) {
	if !h.torn && !h.atMost && h.to > r.want {
		r.lost += h.to - max(h.from, r.want)
	}
}

// pass goes on behind records that are not there.
func (r *Reader) pass(to uint64) { r.want = max(r.want+1, to) }

// open sees to it that the scanner reads this segment, as far as it is written.
func (r *Reader) open(s span) error {
	if r.name != s.name {
		_ = r.Close() // it was only read
		f, err := r.log.fs.Open(s.name)
		if err != nil {
			return fmt.Errorf("opening the write-ahead log: %w", err)
		}
		r.file, r.name = f, s.name
		r.scan = &scanner{win: newWindow(f, 0), salt: s.salt, off: segmentHeader, want: s.first}
	}
	r.scan.win.size, r.scan.end, r.scan.open = s.size, s.end, s.end == noEnd
	return nil
}

// spanOf is the first segment that can hold the record numbered want or a later
// one up to through, with the number of the next record to be written; ok is
// false where no such record was written.
func (l *Log) spanOf(want, through uint64) (s span, next uint64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if next = l.next.Load(); l.void != 0 {
		next = l.void // what was withdrawn does not count, though no file says so yet
	}
	if want >= next || want > through {
		return span{}, next, false
	}
	for i, end := range ends(l.segs) {
		if end == noEnd && l.void != 0 {
			end = l.void
		}
		if seg := l.segs[i]; end > max(want, seg.first) {
			return span{seg.name, seg.first, end, seg.salt, seg.size, seg.unread}, next, true
		}
	}
	return span{}, next, false
}
