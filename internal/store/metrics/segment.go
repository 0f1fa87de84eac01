package metrics

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"path"
	"sort"
	"sync/atomic"

	"patou/internal/fsx"
	"patou/internal/metric"
)

// The layout of segment files; FORMAT.md draws it. None of these change within
// a version.
const (
	segmentMagic   = "PATOUMS\n"
	segmentVersion = 1
	headerSize     = 16
	entrySize      = 12
	dirSize        = 32
	trailerSize    = 72
	chunkEntries   = 256 // entries that share a checksum, and a look-up reads
)

// class says what a segment's slots hold. It is stored.
type class uint8

const (
	classRaw    class = 0 // samples as they came
	classRolled class = 1 // many finer slots in one
)

func (c class) String() string { return [...]string{"raw", "rolled"}[c] }

type classStep struct {
	class class
	step  int64
}

// errBadSegment is the cause of every error of reading a segment's bytes, as
// opposed to those of the file system.
var errBadSegment = errors.New("segment is damaged")

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli()) }

// meta is what a segment's trailer says of it.
type meta struct {
	classStep
	slots int64 // per window
	gen   uint64
	// lsn is the last record whose effects a flush put here or before; 0 in
	// segments that maintenance made.
	lsn uint64
	// replaces are the generations whose content a merged segment took over.
	replaces []uint64
}

// span is the length of a window in seconds.
func (m *meta) span() int64 { return m.slots * m.step }

// dirEntry describes a chunk of the index: up to chunkEntries blocks of one
// window.
type dirEntry struct {
	window      uint32 // its time over the window's length
	first, last metric.ID
	count       uint32
	offset      int64 // of its first block; the others follow
	crc         uint32
	bytes       uint32 // of its blocks
	index       int64  // where its entries are in the file; not stored
}

// entry finds a block.
type entry struct {
	id     metric.ID
	offset int64
	length uint32
	crc    uint32
}

// segment is an open segment file. Files are immutable and blocks are read with
// ReadAt, so any number of goroutines may use it.
type segment struct {
	meta
	name  string
	file  fsx.File
	size  int64
	dir   []dirEntry // in order of window and ID
	users atomic.Int32
}

func segmentName(gen uint64) string { return fmt.Sprintf("seg-%010d.pms", gen) }

// openSegment reads a segment's trailer and directory, not its blocks.
func openSegment(fsys fsx.FS, dir, name string) (*segment, error) {
	f, err := fsys.Open(path.Join(dir, name))
	if err != nil {
		return nil, fmt.Errorf("opening segment: %w", err)
	}
	s := &segment{name: name, file: f}
	s.users.Store(1)
	if err := s.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("reading segment %q: %w", name, err), f.Close())
	}
	return s, nil
}

func (s *segment) load() error {
	size, err := s.file.Size()
	if err != nil {
		return err
	}
	if size < headerSize+trailerSize {
		return fmt.Errorf("%w: %d bytes are too few", errBadSegment, size)
	}
	s.size = size
	head, err := s.readAt(0, headerSize)
	if err != nil {
		return err
	}
	if err := checkHeader(head); err != nil {
		return err
	}
	tail, err := s.readAt(size-trailerSize, trailerSize)
	if err != nil {
		return err
	}
	return s.loadTrailer(tail)
}

func checkHeader(b []byte) error {
	le := binary.LittleEndian
	switch {
	case string(b[:8]) != segmentMagic || le.Uint32(b[12:]) != checksum(b[:12]):
		return fmt.Errorf("%w: its first bytes are not a segment's", errBadSegment)
	case le.Uint16(b[8:]) != segmentVersion:
		return fmt.Errorf("%w: version %d, this Patou reads %d", errBadSegment, le.Uint16(b[8:]), segmentVersion)
	}
	return nil
}

func (s *segment) loadTrailer(b []byte) error {
	le := binary.LittleEndian
	if string(b[64:]) != segmentMagic || le.Uint32(b[60:]) != checksum(b[:60]) {
		return fmt.Errorf("%w: the trailer's checksum is wrong", errBadSegment)
	}
	s.step, s.slots = int64(le.Uint32(b)), int64(le.Uint32(b[4:]))
	chunks, replaces := int64(le.Uint32(b[8:])), int64(le.Uint32(b[12:]))
	indexAt, dirAt := int64(le.Uint64(b[16:])), int64(le.Uint64(b[24:]))
	s.lsn, s.gen = le.Uint64(b[32:]), le.Uint64(b[40:])
	s.class = class(b[48])
	if s.step <= 0 || s.slots <= 0 || s.slots > math.MaxUint16 || s.class > classRolled ||
		indexAt < headerSize || indexAt > dirAt || dirAt+chunks*dirSize+replaces*8+trailerSize != s.size {
		return fmt.Errorf("%w: the trailer contradicts itself", errBadSegment)
	}
	d, err := s.readAt(dirAt, int(chunks*dirSize+replaces*8))
	if err != nil {
		return err
	}
	if checksum(d) != le.Uint32(b[52:]) {
		return fmt.Errorf("%w: the directory's checksum is wrong", errBadSegment)
	}
	for r := d[chunks*dirSize:]; len(r) > 0; r = r[8:] {
		s.replaces = append(s.replaces, le.Uint64(r))
	}
	return s.loadDir(d[:chunks*dirSize], indexAt, dirAt)
}

func (s *segment) loadDir(b []byte, indexAt, dirAt int64) error {
	le := binary.LittleEndian
	s.dir = make([]dirEntry, 0, len(b)/dirSize)
	at := indexAt
	for ; len(b) > 0; b = b[dirSize:] {
		e := dirEntry{
			window: le.Uint32(b), first: metric.ID(le.Uint32(b[4:])), last: metric.ID(le.Uint32(b[8:])),
			count: le.Uint32(b[12:]), offset: int64(le.Uint64(b[16:])), crc: le.Uint32(b[24:]),
			bytes: le.Uint32(b[28:]), index: at,
		}
		at += int64(e.count) * entrySize
		if e.count == 0 || e.count > chunkEntries || e.offset < headerSize || e.offset+int64(e.bytes) > indexAt {
			return fmt.Errorf("%w: a chunk lies outside the file", errBadSegment)
		}
		s.dir = append(s.dir, e)
	}
	if at != dirAt {
		return fmt.Errorf("%w: the index does not fill its place", errBadSegment)
	}
	return nil
}

func (s *segment) readAt(off int64, n int) ([]byte, error) {
	b := make([]byte, n)
	return b, s.fill(b, off)
}

func (s *segment) fill(b []byte, off int64) error {
	if n, err := s.file.ReadAt(b, off); n < len(b) {
		return fmt.Errorf("reading %d bytes at %d: %w", len(b), off, err)
	}
	return nil
}

// chunkOf is the number of the chunk that would hold a series' block; -1 when
// the segment has none.
func (s *segment) chunkOf(window uint32, id metric.ID) int {
	i := sort.Search(len(s.dir), func(i int) bool {
		d := &s.dir[i]
		return d.window > window || d.window == window && d.last >= id
	})
	if i == len(s.dir) || s.dir[i].window != window || s.dir[i].first > id {
		return -1
	}
	return i
}

// chunksOf are the numbers of a window's chunks.
func (s *segment) chunksOf(window uint32) (first, end int) {
	first = sort.Search(len(s.dir), func(i int) bool { return s.dir[i].window >= window })
	end = first
	for end < len(s.dir) && s.dir[end].window == window {
		end++
	}
	return first, end
}

// chunk reads the entries of a chunk.
func (s *segment) chunk(i int) ([]entry, error) {
	d := &s.dir[i]
	b, err := s.readAt(d.index, int(d.count)*entrySize)
	if err != nil {
		return nil, err
	}
	if checksum(b) != d.crc {
		return nil, fmt.Errorf("%w: checksum of the index of %d series", errBadSegment, d.count)
	}
	le := binary.LittleEndian
	out, at := make([]entry, d.count), d.offset
	for j := range out {
		e := b[j*entrySize:]
		out[j] = entry{metric.ID(le.Uint32(e)), at, le.Uint32(e[4:]), le.Uint32(e[8:])}
		at += int64(out[j].length)
	}
	if at != d.offset+int64(d.bytes) {
		return nil, fmt.Errorf("%w: blocks do not fill their chunk", errBadSegment)
	}
	return out, nil
}

// block reads a block into buf, grown if need be.
func (s *segment) block(e entry, buf []byte) ([]byte, error) {
	if cap(buf) < int(e.length) {
		buf = make([]byte, e.length, e.length+e.length/2)
	}
	buf = buf[:e.length]
	if err := s.fill(buf, e.offset); err != nil {
		return nil, err
	}
	if checksum(buf) != e.crc {
		return nil, fmt.Errorf("%w: checksum of the block at %d", errBadSegment, e.offset)
	}
	return buf, nil
}

// windows calls f with each window in order and the bytes of its blocks.
func (s *segment) windows(f func(window uint32, bytes int64)) {
	for i := 0; i < len(s.dir); {
		w, bytes := s.dir[i].window, int64(0)
		for ; i < len(s.dir) && s.dir[i].window == w; i++ {
			bytes += int64(s.dir[i].bytes)
		}
		f(w, bytes)
	}
}

// lastWindow is the newest window that the segment holds.
func (s *segment) lastWindow() uint32 { return s.dir[len(s.dir)-1].window }

// acquire and release count those who may read the file: the store's set and
// readers. The last to go closes it.
func (s *segment) acquire() { s.users.Add(1) }

func (s *segment) release() error {
	if s.users.Add(-1) == 0 {
		return s.file.Close()
	}
	return nil
}

// search is the block of a series among entries in order.
func search(entries []entry, id metric.ID) (entry, bool) {
	i := sort.Search(len(entries), func(i int) bool { return entries[i].id >= id })
	if i == len(entries) || entries[i].id != id {
		return entry{}, false
	}
	return entries[i], true
}
