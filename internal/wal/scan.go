package wal

import (
	"encoding/binary"
	"math"
)

// sector is what a disk writes whole or not at all.
const sector = 512

// noEnd is the end of a segment that has none after it.
const noEnd = math.MaxUint64

// scanner reads the records of one segment. Whatever the bytes are, it gives
// records in rising order, each with a sound checksum, and names the holes.
type scanner struct {
	win  *window
	salt uint32
	off  int64
	// want is the number of the next record.
	want uint64
	// end is the number that the segment's records must stay below.
	end uint64
	// open is set for the newest segment, whose tail a crash may have torn.
	open bool
}

// hole is a part of a segment that holds no readable record.
type hole struct {
	off, size int64
	// from and to are the records lost, to not included. Where nothing readable
	// follows, to is the highest that fits and atMost is set.
	from, to uint64
	atMost   bool
	// torn is set for the tail of unsynced writes that a crash left.
	torn bool
}

// scan calls rec with each record and lost with each hole. It stops at the
// first error of rec, of which the slice is valid only during the call.
func (s *scanner) scan(rec func(lsn uint64, payload []byte) error, lost func(hole)) error {
	for {
		lsn, payload, ok, err := s.next(lost)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if err := rec(lsn, payload); err != nil {
			return err
		}
	}
	if s.want < s.end && s.end != noEnd {
		lost(hole{off: s.off, size: s.win.size - s.off, from: s.want, to: s.end})
	}
	return nil
}

// next is the next record, naming the holes before it; ok is false where the
// segment has no more. The payload is valid until the next call.
func (s *scanner) next(lost func(hole)) (lsn uint64, payload []byte, ok bool, err error) {
	for s.want < s.end {
		f, sound, err := s.frameAt(s.off)
		if err != nil {
			return 0, nil, false, err
		}
		if sound && f.lsn == s.want {
			payload, err := s.win.at(s.off+frameHeader, f.length)
			s.off, s.want = s.off+f.size(), f.lsn+1
			return f.lsn, payload, err == nil, err
		}
		if s.off == s.win.size {
			break
		}
		if more, err := s.skip(lost); err != nil || !more {
			return 0, nil, false, err
		}
	}
	return 0, nil, false, nil
}

// skip names the hole at the scanner's place and goes behind it. It tells
// whether there is more to read.
func (s *scanner) skip(lost func(hole)) (bool, error) {
	next, f, err := s.resync(s.off)
	if err != nil {
		return false, err
	}
	h := hole{off: s.off, size: next - s.off, from: s.want, to: f.lsn}
	if s.open {
		if h.torn, err = s.isTorn(next); err != nil {
			return false, err
		}
	}
	switch {
	case h.torn:
		h.size, h.to = s.win.size-s.off, s.want
		lost(h)
		return false, nil
	case next == s.win.size && s.end == noEnd:
		if h.to, h.atMost, err = s.bound(); err != nil {
			return false, err
		}
	case next == s.win.size || h.to > s.end:
		h.to = s.end
	}
	lost(h)
	s.off, s.want = next, h.to
	return next < s.win.size, nil
}

// bound is the number that follows all records which may have been in the rest
// of the file, so that no number is used twice.
func (s *scanner) bound() (to uint64, atMost bool, err error) {
	f, ok, err := s.headerAt(s.off)
	if err != nil {
		return 0, false, err
	}
	if ok && s.off+f.size() == s.win.size {
		return s.want + 1, false, nil
	}
	return s.want + uint64(s.win.size-s.off)/frameHeader + 1, true, nil
}

// frameAt tells whether a whole, sound record is at off.
func (s *scanner) frameAt(off int64) (frame, bool, error) {
	f, ok, err := s.headerAt(off)
	if err != nil || !ok || off+f.size() > s.win.size {
		return f, false, err
	}
	payload, err := s.win.at(off+frameHeader, f.length)
	if err != nil {
		return f, false, err
	}
	return f, f.holds(payload), nil
}

func (s *scanner) headerAt(off int64) (frame, bool, error) {
	if off+frameHeader > s.win.size {
		return frame{}, false, nil
	}
	h, err := s.win.at(off, frameHeader)
	if err != nil {
		return frame{}, false, err
	}
	f, ok := parseFrame(h, s.salt)
	return f, ok, nil
}

// resync finds the next sound record behind the bad one at off; without any it
// returns the file's size. A bad record's own header, when it is sound, says
// where to go on.
func (s *scanner) resync(off int64) (int64, frame, error) {
	for at := off; at < s.win.size; {
		f, sound, err := s.frameAt(at)
		if err != nil || sound && f.lsn >= s.want {
			return at, f, err
		}
		step := int64(1)
		if f.lsn > 0 && at+f.size() <= s.win.size {
			step = f.size()
		}
		if at, err = s.nextHeader(at+step, off); err != nil {
			return 0, frame{}, err
		}
	}
	return s.win.size, frame{}, nil
}

// plausible bounds the number of a record which is found distance bytes behind
// the wanted one's place: between them fit only so many.
func (s *scanner) plausible(lsn uint64, distance int64) bool {
	return lsn >= s.want && lsn-s.want <= uint64(distance)/frameHeader+1
}

// nextHeader is the place of the next bytes, from at on, that may be a header.
// It looks at the number alone, which rules out nearly all of them at the cost
// of one comparison a byte.
func (s *scanner) nextHeader(at, off int64) (int64, error) {
	for at+frameHeader <= s.win.size {
		n := int(min(readChunk, s.win.size-at))
		b, err := s.win.at(at, n)
		if err != nil {
			return 0, err
		}
		for i := 0; i+frameHeader <= n; i++ {
			if s.plausible(binary.LittleEndian.Uint64(b[i+8:]), at+int64(i)-off) {
				return at + int64(i), nil
			}
		}
		at += int64(n - frameHeader + 1)
	}
	return s.win.size, nil
}

// isTorn tells whether the hole that begins at the scanner's place and ends at
// next is what a crash leaves of unsynced writes: the file ends within a
// record, or a sector never reached the disk and reads as zeros. It is not when
// a later record knows the missing one to have been durable.
func (s *scanner) isTorn(next int64) (bool, error) {
	proved, err := s.provedDurable(next)
	if err != nil || proved {
		return false, err
	}
	f, ok, err := s.headerAt(s.off)
	if err != nil {
		return false, err
	}
	if s.off+frameHeader > s.win.size || ok && s.off+f.size() > s.win.size {
		return true, nil
	}
	return s.zeroSector(next)
}

// provedDurable tells whether a record from at on says that the wanted one was
// on disk.
func (s *scanner) provedDurable(at int64) (bool, error) {
	rest := *s
	rest.off = at
	for rest.off < rest.win.size {
		f, ok, err := rest.frameAt(rest.off)
		if err != nil {
			return false, err
		}
		if ok && f.durable >= s.want {
			return true, nil
		}
		if ok {
			rest.off += f.size()
		} else if rest.off, _, err = rest.resync(rest.off); err != nil {
			return false, err
		}
	}
	return false, nil
}

// zeroSector tells whether a sector which the hole reaches into is zero from
// the hole's begin, or its own, to its end.
func (s *scanner) zeroSector(next int64) (bool, error) {
	for at := s.off; at < next; {
		end := min(at-at%sector+sector, s.win.size)
		b, err := s.win.at(at, int(end-at))
		if err != nil {
			return false, err
		}
		if allZero(b) {
			return true, nil
		}
		at = end
	}
	return false, nil
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
