package wal

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"patou/internal/fsx"
)

const (
	magic   = "PWAL"
	version = 1

	// segmentHeader is two copies of the header, so that one flipped bit does
	// not cost the salt and with it all records of the file.
	segmentHeader = 2 * headerCopy
	headerCopy    = 32

	suffix        = ".wal"
	damagedSuffix = ".damaged"
)

// segment is one file of the log.
type segment struct {
	name string
	// first is the number of the first record that it holds or will hold.
	first uint64
	// prevEnd ends the segments before: records in them numbered prevEnd or
	// higher were withdrawn and do not count. It is first when none were.
	prevEnd uint64
	salt    uint32
	size    int64

	unread  bool // its header cannot be read
	damaged bool // some of it could not be read: kept when it is dropped
}

// unfinished tells whether a crash came between the making of the file and its
// header. No record is written before the header is durable, so it holds none.
func (s *segment) unfinished() bool { return s.unread && s.size <= segmentHeader }

func segmentName(dir string, first uint64) string {
	return path.Join(dir, fmt.Sprintf("%016x%s", first, suffix))
}

// segmentNumber is the first record's number that a file name says.
func segmentNumber(base string) (uint64, bool) {
	hex, ok := strings.CutSuffix(base, suffix)
	if !ok || len(hex) != 16 {
		return 0, false
	}
	first, err := strconv.ParseUint(hex, 16, 64)
	return first, err == nil && first > 0
}

func appendHeader(dst []byte, s *segment) []byte {
	h := make([]byte, headerCopy)
	copy(h, magic)
	binary.LittleEndian.PutUint32(h[8:], version)
	binary.LittleEndian.PutUint32(h[12:], s.salt)
	binary.LittleEndian.PutUint64(h[16:], s.first)
	binary.LittleEndian.PutUint64(h[24:], s.prevEnd)
	binary.LittleEndian.PutUint32(h[4:], crc32.Checksum(h[8:], castagnoli))
	return append(append(dst, h...), h...)
}

// errNewer is for a file that a later version wrote.
type errNewer struct {
	name    string
	version uint32
}

func (e errNewer) Error() string {
	return fmt.Sprintf("reading %q: its format is %d and this version of Patou reads %d: use the newer version, or another data directory",
		e.name, e.version, version)
}

// parseHeader fills in what the file's header says, from whichever copy is
// sound.
func (s *segment) parseHeader(b []byte) error {
	s.unread = true
	for ; len(b) >= headerCopy; b = b[headerCopy:] {
		h := b[:headerCopy]
		if string(h[:4]) != magic || binary.LittleEndian.Uint32(h[4:]) != crc32.Checksum(h[8:], castagnoli) {
			continue
		}
		if v := binary.LittleEndian.Uint32(h[8:]); v != version {
			return errNewer{s.name, v}
		}
		first, prevEnd := binary.LittleEndian.Uint64(h[16:]), binary.LittleEndian.Uint64(h[24:])
		if first != s.first || prevEnd > first {
			continue // a file that was renamed
		}
		s.salt, s.prevEnd, s.unread = binary.LittleEndian.Uint32(h[12:]), prevEnd, false
		return nil
	}
	return nil
}

// list is the segments of a directory, oldest first, and the files that were
// set aside.
func list(fsys fsx.FS, dir string) (segs []*segment, aside []string, err error) {
	entries, err := fsys.ReadDir(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("listing the write-ahead log: %w", err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), suffix+damagedSuffix) {
			aside = append(aside, path.Join(dir, e.Name()))
		}
		first, ok := segmentNumber(e.Name())
		if !ok || e.IsDir() {
			continue
		}
		s := &segment{name: path.Join(dir, e.Name()), first: first, prevEnd: first}
		if err := s.load(fsys); err != nil {
			return nil, nil, err
		}
		segs = append(segs, s)
	}
	slices.SortFunc(segs, func(a, b *segment) int { return cmp.Compare(a.first, b.first) })
	return segs, aside, nil
}

// load reads a segment's size and header.
func (s *segment) load(fsys fsx.FS) error {
	f, err := fsys.Open(s.name)
	if err != nil {
		return fmt.Errorf("opening the write-ahead log: %w", err)
	}
	if s.size, err = f.Size(); err == nil {
		err = s.readHeader(f)
	}
	return errors.Join(err, f.Close())
}

func (s *segment) readHeader(f io.ReaderAt) error {
	w := newWindow(f, s.size)
	b, err := w.at(0, int(min(s.size, segmentHeader)))
	if err != nil {
		return fmt.Errorf("reading %q: %w", s.name, err)
	}
	return s.parseHeader(b)
}
