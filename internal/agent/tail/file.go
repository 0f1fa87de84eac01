package tail

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"patou/internal/component"
	"patou/internal/entry"
)

// id is which file it is, whatever its name.
type id struct {
	device, inode uint64
	// born is when the number was given, in ns; 0 where that is not known.
	born uint64
}

// state is what the system says of a file.
type state struct {
	id
	size, changed int64
	regular, dir  bool
}

// handle is an open file.
type handle interface {
	io.ReaderAt
	io.Closer
	state() (state, error)
}

// file is one that is followed.
type file struct {
	id
	place
	rule *rule
	// path is where it is, real what that leads to where it is a link, "" else.
	path, real string
	// size and changed are as last seen; grown is when they were others.
	size, changed int64
	grown         time.Time
	reach         int64 // the size up to which the content is that of the place

	queued   bool
	checked  bool // the content is that of its place
	denied   bool // it could not be opened
	complete bool // nothing is written to it any more
	caught   bool // all that can be taken was
	lost     time.Time
	rotated  time.Time // since when it is not where it was found
	before   *file     // to be read to its end first
	waiting  time.Time // since when it waits for it
	copyOf   *file     // whose content it has a copy of, as it seems
	vetted   bool      // it has no copy of another's content
	named    bool      // a glob names it

	handle handle
	used   time.Time
	zip    *unzip

	component string
	fields    []entry.Field
}

// windowSize is what is read at once of long entries' files: twice the longest
// entry and what is compared before.
const windowSize = 2*entry.MaxMessage + headLength

// maxOpen bounds the descriptors that are kept for files that are being written.
const maxOpen = 64

// openPause is after how long at rest a file's descriptor is closed.
const openPause = 5 * time.Second

// read reads one window of a file; more is whether there may be another.
func (t *Tailer) read(f *file, now time.Time) (more bool) {
	if t.byID[f.id] != f {
		return false
	}
	s, ok := t.ready(f, now)
	if !ok || t.isCopy(f, s) {
		return false
	}
	if f.unzipped {
		return !t.waits(f, now) && t.readZip(f, now)
	}
	if t.buffer == nil {
		t.buffer = make([]byte, windowSize)
	}
	from := f.window()
	n, err := f.handle.ReadAt(t.buffer[:min(int64(len(t.buffer)), max(s.size-from, 0))], from)
	if err != nil && !errors.Is(err, io.EOF) {
		t.missing(f.path, fmt.Errorf("reading %q: %w", f.path, err))
		t.tendTo(f)
		return false
	}
	window := t.buffer[:n]
	if !f.holds(from, window) || !f.checked && !t.check(f) {
		if !f.named && !related(filepath.Base(f.path), f.origin) {
			t.vanish(f, now) // what stands there now is nobody's wish
			return false
		}
		t.truncated(f, now)
		return true
	}
	f.checked, f.reach = true, max(f.reach, s.size)
	if t.waits(f, now) {
		return false
	}
	if f.offset == 0 && zipped(window) {
		return t.beginZip(f)
	}
	atEnd := from+int64(n) >= s.size
	used, more := t.take(f, window, from, atEnd, now)
	f.caught = atEnd && !more
	return used && !f.caught
}

// take makes entries of what stands behind the offset in a window that begins at
// from; it reports whether it got on, and whether the window holds more.
func (t *Tailer) take(f *file, window []byte, from int64, atEnd bool, now time.Time) (used, more bool) {
	data := window[f.offset-from:]
	settled := now.Sub(f.grown)
	e := end{final: atEnd && (f.complete || !f.rotated.IsZero() && settled >= grace), idle: atEnd && settled >= groupTime}
	framing := framing{max: t.options.MaxLine, begins: f.rule.begins()}
	pieces, r := framing.cut(data, f.skip, e, t.pieces[:0])
	t.pieces = pieces
	t.emit(f, data[:r.used], pieces, now)
	t.counts.holes.Add(r.holes)
	t.counts.cut.Add(r.cut)
	if r.hole && !atEnd {
		if t.overHole(f, window, from, r.used) {
			return true, false
		}
	}
	if r.used == 0 && r.skip == f.skip {
		return false, r.more
	}
	f.skip = r.skip
	f.move(f.offset+int64(r.used), from, window)
	t.mark(f)
	return true, r.more
}

// begins is how the rule tells an entry's first line; nil where each is.
func (r *rule) begins() func(line []byte) bool {
	switch {
	case r.starts != nil:
		return r.starts.Match
	case r.follows != nil:
		return func(line []byte) bool { return !r.follows.Match(line) }
	}
	return nil
}

// emit makes entries of pieces of data, which share one string.
func (t *Tailer) emit(f *file, data []byte, pieces []piece, now time.Time) {
	if len(pieces) == 0 {
		return
	}
	text, ns := string(data), now.UnixNano()
	for _, p := range pieces {
		e := entry.Entry{Time: ns, Component: f.component, Host: f.rule.Host, Message: text[p.from:p.to], Fields: f.fields}
		if p.cut {
			e.Fields = slices.Concat(f.fields, []entry.Field{{Key: entry.CutField, Value: "message"}})
		}
		t.entries = append(t.entries, e)
		t.bytes += p.to - p.from
	}
}

// overHole moves the place over NUL bytes that something follows, with what is
// used of the window; false when there is nothing yet.
func (t *Tailer) overHole(f *file, window []byte, from int64, used int) bool {
	at := from + int64(len(window))
	rest := make([]byte, 64<<10)
	for {
		n, err := f.handle.ReadAt(rest, at)
		zeros := nuls(rest[:n])
		at += int64(zeros)
		if zeros < n {
			break
		}
		if err != nil {
			return false
		}
	}
	t.counts.holes.Add(int(at - f.offset - int64(used)))
	f.skip = false
	begin := max(0, at-tailLength)
	if at <= headLength {
		begin = 0
	}
	before := make([]byte, at-begin)
	if _, err := f.handle.ReadAt(before, begin); err != nil {
		return false
	}
	if begin > 0 && f.offset < headLength { // the head is in the window
		f.move(min(headLength, from+int64(len(window))), 0, window)
	}
	f.move(at, begin, before)
	t.mark(f)
	return true
}

// ready opens a file, unless it is, and asks whether it is the same one still.
func (t *Tailer) ready(f *file, now time.Time) (s state, ok bool) {
	if f.handle == nil {
		h, err := t.options.open(f.path)
		if err == nil {
			if s, err = h.state(); err != nil || s.id != f.id {
				_ = h.Close()
			}
		}
		switch {
		case errors.Is(err, fs.ErrNotExist) || err == nil && s.id != f.id:
			if f.lost.IsZero() {
				t.leave(f, now)
			}
			return s, false
		case err != nil:
			f.denied = true // until somebody touches it
			t.missing(f.path, fmt.Errorf("opening %q: %w", f.path, err))
			return s, false
		}
		f.denied = false
		delete(t.told, f.path)
		t.keepOpen(f, h)
	}
	s, err := f.handle.state()
	if err != nil {
		t.closeFile(f)
		t.tendTo(f)
		return s, false
	}
	t.seen(f, s, now)
	f.used = now
	t.tendTo(f)
	return s, true
}

// seen notes how large a file is.
func (t *Tailer) seen(f *file, s state, now time.Time) (news bool) {
	if s.size == f.size && s.changed == f.changed {
		return false
	}
	f.size, f.changed, f.grown, f.caught = s.size, s.changed, now, false
	return true
}

// check compares the first bytes with the place, where the window does not.
func (t *Tailer) check(f *file) bool {
	if f.offset < headLength {
		return true // the window did
	}
	return t.headOf(f.handle, headLength) == f.head
}

// waits reports whether a rotated file is to be read to its end first.
func (t *Tailer) waits(f *file, now time.Time) bool {
	b := f.before
	if b == nil {
		return false
	}
	done := t.byID[b.id] != b || b.copyOf != nil || b.caught && (b.complete || now.Sub(b.grown) >= groupTime)
	if done || now.Sub(f.waiting) >= waitTime {
		f.before = nil
		return false
	}
	t.tendTo(f)
	return true
}

// after has f wait until b is read to its end.
func (t *Tailer) after(f, b *file, now time.Time) {
	for x := b; x != nil; x = x.before {
		if x == f {
			return
		}
	}
	f.before, f.waiting = b, now
	t.tendTo(f)
}

func (t *Tailer) tendTo(f *file) { t.care[f] = true }

// mark has the file's place kept with the next entries.
func (t *Tailer) mark(f *file) { t.places[f.key()] = f.String() }

// missing tells once that a path can't be read.
func (t *Tailer) missing(path string, err error) {
	if t.told[path] {
		return
	}
	t.told[path] = true
	t.counts.errors.Inc()
	t.options.Missing(path, err)
}

func (t *Tailer) keepOpen(f *file, h handle) {
	if len(t.open) >= maxOpen {
		oldest := t.open[0]
		for _, o := range t.open {
			if o.used.Before(oldest.used) {
				oldest = o
			}
		}
		t.closeFile(oldest)
	}
	f.handle = h
	t.open = append(t.open, f)
}

func (t *Tailer) closeFile(f *file) {
	if f.handle == nil {
		return
	}
	_ = f.handle.Close()
	f.handle = nil
	for i, o := range t.open {
		if o == f {
			t.open = append(t.open[:i], t.open[i+1:]...)
			break
		}
	}
	t.closeZip(f)
}

func (t *Tailer) closeAll() {
	for len(t.open) > 0 {
		t.closeFile(t.open[0])
	}
}

// left is how many bytes were not taken, as far as known.
func (f *file) left() int64 {
	if f.unzipped {
		return 0
	}
	return max(0, f.size-f.offset)
}

// filed sets what all entries of a file have.
func (f *file) filed(root string) {
	path := filepath.Join("/", strings.TrimPrefix(f.origin, filepath.Clean(root)))
	name := filepath.Base(path)
	stem, _, _ := strings.Cut(strings.TrimLeft(name, "."), ".")
	template := f.rule.Component
	if template == "" {
		template = "{stem}"
	}
	f.component = component.Clean(strings.NewReplacer("{stem}", component.Node(stem), "{name}", component.Node(name),
		"{dir}", component.Node(filepath.Base(filepath.Dir(path)))).Replace(template))
	f.fields = []entry.Field{{Key: entry.FileField, Value: path}}
}
