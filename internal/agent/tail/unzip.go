package tail

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"
)

// maxUnzips bounds the files that are unpacked side by side, for their memory.
const maxUnzips = 1

// unzip is a gzip'd file that is being read.
type unzip struct {
	stream io.Reader
	// back is what stands before the offset: all of it up to headLength, else at
	// least tailLength bytes. data follows the offset.
	back, data []byte
}

// zipped reports whether a file begins as gzip's do.
func zipped(b []byte) bool { return len(b) >= 2 && b[0] == 0x1f && b[1] == 0x8b }

// beginZip decides what a gzip'd file is, when it is seen first: nothing that is
// asked for, a content that was read before it was packed, or a new one.
func (t *Tailer) beginZip(f *file) (more bool) {
	f.caught = true
	if !f.rule.Compressed {
		return false
	}
	head, err := headZip(f.handle, f.size)
	if err != nil {
		return false // it is still being written, or damaged
	}
	for _, other := range t.byID {
		if other == f || other.unzipped || filepath.Dir(other.origin) != filepath.Dir(f.path) || !related(filepath.Base(f.path), other.origin) {
			continue
		}
		if t.begins(other, head) {
			f.copyOf = other // which is read to its end first
			t.copies[f] = true
			t.tendTo(f)
			return false
		}
	}
	for key, p := range t.gone {
		if filepath.Dir(p.origin) == filepath.Dir(f.path) && t.verifyZip(f.path, p) {
			f.place, f.gone = p, 0
			f.filed(t.options.Root)
			delete(t.gone, key)
			t.places[key] = ""
			break
		}
	}
	f.unzipped, f.caught = true, false
	t.mark(f)
	return true
}

// begins reports whether a file that is followed begins as bytes do, as far as it
// was read, or as it is where it was not.
func (t *Tailer) begins(f *file, head []byte) bool {
	if n := min(f.offset, headLength); n > 0 {
		return int64(len(head)) >= n && xxhash.Sum64(head[:n]) == f.head
	}
	if f.handle == nil {
		return false
	}
	s, err := f.handle.state()
	n := min(s.size, int64(len(head)))
	return err == nil && n > 0 && t.headOf(f.handle, n) == xxhash.Sum64(head[:n])
}

// headZip is the first bytes of what a file unpacks to.
func headZip(h handle, size int64) ([]byte, error) {
	z, err := gzip.NewReader(bufio.NewReader(io.NewSectionReader(h, 0, size)))
	if err != nil {
		return nil, err
	}
	head := make([]byte, headLength)
	n, err := io.ReadFull(z, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) && n > 0 {
		err = nil
	}
	return head[:n], err
}

// verifyZip is verify for what a file unpacks to.
func (t *Tailer) verifyZip(path string, p place) bool {
	h, err := t.options.open(path)
	if err != nil {
		return false
	}
	defer h.Close()
	s, err := h.state()
	if err != nil {
		return false
	}
	head, err := headZip(h, s.size)
	n := min(p.offset, headLength)
	if err != nil || int64(len(head)) < n || xxhash.Sum64(head[:n]) != p.head {
		return false
	}
	_, err = openZip(h, s.size, p)
	return err == nil
}

// errOther says that a file unpacks to another content than that of its place.
var errOther = errors.New("its content is another")

// openZip unpacks up to a place.
func openZip(h handle, size int64, p place) (*unzip, error) {
	z, err := gzip.NewReader(bufio.NewReaderSize(io.NewSectionReader(h, 0, size), 64<<10))
	if err != nil {
		return nil, err
	}
	u := &unzip{stream: z}
	from := p.window()
	if _, err := io.CopyN(io.Discard, z, from); err != nil {
		return nil, errOther
	}
	u.back = make([]byte, p.offset-from)
	if _, err := io.ReadFull(z, u.back); err != nil || !p.holds(from, u.back) {
		return nil, errOther
	}
	return u, nil
}

// readZip reads one window of what a file unpacks to.
func (t *Tailer) readZip(f *file, now time.Time) (more bool) {
	if f.packed > 0 && f.packed == f.size {
		f.caught = true
		return false
	}
	if f.zip == nil {
		if t.unzips >= maxUnzips {
			return true
		}
		u, err := openZip(f.handle, f.size, f.place)
		if err != nil {
			return t.badZip(f, err, now)
		}
		f.zip = u
		t.unzips++
	}
	data, err := f.zip.fill()
	if err != nil && !errors.Is(err, io.EOF) {
		if t.takeZip(f, data, false, now) {
			return true
		}
		return t.badZip(f, err, now)
	}
	atEnd := errors.Is(err, io.EOF)
	if t.takeZip(f, data, atEnd, now) {
		return true
	}
	if atEnd {
		f.packed, f.caught = f.size, true
		t.mark(f)
		t.closeZip(f)
		t.closeFile(f)
	}
	return !atEnd
}

// fill reads on behind the offset, as much as a window has room for.
func (u *unzip) fill() ([]byte, error) {
	n := len(u.data)
	u.data = append(u.data, make([]byte, windowSize-n)...)
	got, err := io.ReadFull(u.stream, u.data[n:])
	u.data = u.data[:n+got]
	if errors.Is(err, io.ErrUnexpectedEOF) && got > 0 {
		// The stream's own sudden end looks the same: the next read tells.
		if _, err = u.stream.Read(make([]byte, 1)); err == nil {
			err = io.ErrUnexpectedEOF
		}
	}
	return u.data, err
}

// takeZip makes entries of what was unpacked, and reports whether there is more.
func (t *Tailer) takeZip(f *file, data []byte, atEnd bool, now time.Time) (more bool) {
	u := f.zip
	framing := framing{max: t.options.MaxLine, begins: f.rule.begins()}
	pieces, r := framing.cut(data, f.skip, end{final: atEnd, idle: atEnd}, nil)
	if r.hole {
		r.used, r.holes = len(data), r.holes+len(data)-r.used
	}
	t.emit(f, data[:r.used], pieces, now)
	t.counts.holes.Add(r.holes)
	t.counts.cut.Add(r.cut)
	window, from := slices.Concat(u.back, data[:r.used]), f.offset-int64(len(u.back))
	f.skip = r.skip
	f.move(f.offset+int64(r.used), from, window)
	u.back = slices.Clone(window[max(0, len(window)-headLength):])
	u.data = append(u.data[:0], data[r.used:]...)
	t.mark(f)
	return r.more
}

// badZip is what happens to a file that can't be unpacked further: it may still
// be written, and is tried again when it has grown.
func (t *Tailer) badZip(f *file, err error, now time.Time) (more bool) {
	t.closeZip(f)
	if errors.Is(err, errOther) && f.offset > 0 {
		t.truncated(f, now)
		return true
	}
	f.caught = true
	if now.Sub(f.grown) >= grace {
		t.missing(f.path, fmt.Errorf("unpacking %q, of which %d bytes were read: %w", f.path, f.offset, err))
	}
	return false
}

func (t *Tailer) closeZip(f *file) {
	if f.zip != nil {
		f.zip = nil
		t.unzips--
	}
}
