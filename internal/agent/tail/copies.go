package tail

import (
	"path/filepath"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
)

// adopt has a new file go on where one was read to that it replaces: programs
// that write a file anew beside the old one and rename it keep what they know.
func (t *Tailer) adopt(f *file) bool {
	for old := range t.care {
		if old.origin != f.path || old.lost.IsZero() || old.offset < enough || old.unzipped || !t.verify(f.path, f.id, old.place) {
			continue
		}
		f.place = old.place
		t.forget(old)
		return true
	}
	return false
}

// verify reports whether a file begins with the content that a place was made
// for, up to its offset.
func (t *Tailer) verify(path string, want id, p place) bool {
	h, err := t.options.open(path)
	if err != nil {
		return false
	}
	defer h.Close()
	if s, err := h.state(); err != nil || s.id != want || s.size < p.offset {
		return false
	}
	from := p.window()
	window := make([]byte, p.offset-from)
	if _, err := h.ReadAt(window, from); err != nil && len(window) > 0 {
		return false
	}
	return p.holds(from, window) && (from == 0 || t.headOf(h, headLength) == p.head)
}

// headOf is the hash of the first n bytes; of fewer where there are fewer.
func (t *Tailer) headOf(h handle, n int64) uint64 {
	b := make([]byte, n)
	got, _ := h.ReadAt(b, 0)
	return xxhash.Sum64(b[:got])
}

func (t *Tailer) headAt(path string, n int64) uint64 {
	h, err := t.options.open(path)
	if err != nil {
		return 0
	}
	defer h.Close()
	return t.headOf(h, n)
}

// isCopy reports whether a file that was not read yet has the same start as one
// that is followed and whose name it extends: then it is a copy in the making,
// and is not read as long as that is so.
func (t *Tailer) isCopy(f *file, s state, now time.Time) bool {
	if f.vetted || f.offset > 0 || s.size == 0 || f.complete {
		return false
	}
	if f.copyOf != nil && t.byID[f.copyOf.id] == f.copyOf && t.alike(f, f.copyOf) {
		f.caught = true
		return true
	}
	f.copyOf = nil
	for _, other := range t.originals(f.path) {
		if other != f && other.id != f.id && other.copyOf != f && !other.unzipped && t.alike(f, other) {
			f.copyOf, f.caught = other, true
			t.tendTo(f)
			return true
		}
	}
	f.vetted = s.size >= headLength
	return false
}

// originals are the files whose names another's extends, as app.log.1,
// app-20261120.log and app.log-old extend app.log.
func (t *Tailer) originals(path string) []*file {
	dir, base := filepath.Split(path)
	ext := filepath.Ext(base)
	var out []*file
	for i := 1; i < len(base); i++ {
		if !strings.ContainsRune(".-_", rune(base[i])) {
			continue
		}
		for _, name := range [...]string{base[:i], base[:i] + ext} {
			if other := t.byPath[dir+name]; other != nil && name != base {
				out = append(out, other)
			}
		}
	}
	return out
}

// alike reports whether what a file holds is a copy of what another one holds, or
// did hold when it was read. A copy is no longer than the original, unless that
// was truncated since.
func (t *Tailer) alike(f, other *file) bool {
	h, err := t.options.open(other.path)
	if err != nil {
		return false
	}
	defer h.Close()
	s, err := h.state()
	if err != nil || s.id != other.id {
		return false
	}
	n := min(other.offset, headLength)
	if n > 0 && (s.size < other.offset || t.headOf(h, n) != other.head) {
		t.enqueue(other) // which finds that out, and the copy
		t.tendTo(other)
		return f.size >= n && t.headOf(f.handle, n) == other.head
	}
	n = min(f.size, headLength)
	return f.size <= s.size && t.headOf(h, n) == t.headOf(f.handle, n)
}

// nameList is the names of a directory as they were a moment ago.
type nameList struct {
	at    time.Time
	names []name
}

func (t *Tailer) siblings(dir string, now time.Time) []name {
	if l, ok := t.names[dir]; ok && now.Sub(l.at) < scanPause {
		return l.names
	}
	names, _ := readNames(dir)
	t.names[dir] = nameList{now, names}
	return names
}

// related reports whether a name may be that of a rotated file.
func related(name, origin string) bool {
	base := filepath.Base(origin)
	return name != base && strings.HasPrefix(name, strings.TrimSuffix(base, filepath.Ext(base)))
}

// readCopy looks beside a content's first path for a copy of it, plain or packed,
// and reads that on from the place. F is the file that had the content.
func (t *Tailer) readCopy(p place, f *file, now time.Time) bool {
	if p.unzipped || p.offset == 0 {
		return false
	}
	dir := filepath.Dir(p.origin)
	for _, n := range t.siblings(dir, now) {
		path := filepath.Join(dir, n.name)
		if n.dir || n.link || !related(n.name, p.origin) {
			continue
		}
		s, err := statFile(path)
		if err != nil || !s.regular || s.id == f.id {
			continue
		}
		g := t.byID[s.id]
		if g != nil && (g.offset > 0 || g.packed > 0) {
			continue
		}
		c := p
		c.unzipped = strings.HasSuffix(n.name, ".gz")
		if c.unzipped && !t.verifyZip(path, p) || !c.unzipped && !t.verify(path, s.id, p) {
			continue
		}
		t.finish(g, c, path, s, f, now)
		return true
	}
	return false
}

// finish reads a copy to its end, before what follows at the path of f.
func (t *Tailer) finish(g *file, p place, path string, s state, f *file, now time.Time) {
	if g == nil {
		g = &file{id: s.id, path: path, size: -1, grown: now}
		t.byID[g.id], t.byPath[path] = g, g
		t.options.Telemetry.Counter("tail.added").Inc()
	}
	g.place, g.rule, g.copyOf = p, f.rule, nil
	g.checked, g.vetted, g.complete, g.rotated = true, true, true, now
	g.filed(t.options.Root)
	t.mark(g)
	t.enqueue(g)
	if next := t.byPath[p.origin]; next != nil && next != g {
		t.after(next, g, now)
	}
}
