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
	for old := range t.away {
		if old.origin != f.path || old.lost.IsZero() || old.offset < enough || old.unzipped || !t.verify(f.path, f.id, old.place) {
			continue
		}
		f.place = old.place
		t.forget(old)
		for other := range t.copies {
			if other.copyOf == old {
				other.copyOf = f
			}
		}
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
	s, err := h.state()
	return err == nil && s.id == want && t.verifyOpen(h, s, p)
}

func (t *Tailer) verifyOpen(h handle, s state, p place) bool {
	if s.size < p.offset {
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

// isCopy reports whether a file that was not read yet has the same start as one
// that is followed and whose name it extends: then it is a copy in the making,
// and is not read as long as that is so.
func (t *Tailer) isCopy(f *file, s state) bool {
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
			t.copies[f] = true
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
	for other := range t.away {
		if (!other.lost.IsZero() || other.path != other.origin) && other.path != path && other.offset > 0 && filepath.Dir(other.origin)+"/" == dir && related(base, other.origin) {
			out = append(out, other) // it went its way behind its copy
		}
	}
	return out
}

// numbered reports whether a name is that of a followed file and a number or date,
// as rotation gives one: its last line may have no end.
func (t *Tailer) numbered(path string) bool {
	if ext := filepath.Ext(path); len(ext) > 1 && strings.Trim(ext[1:], "0123456789") == "" {
		return true
	}
	for _, f := range t.originals(path) {
		rest, ok := strings.CutPrefix(path, f.path)
		if !ok {
			ext := filepath.Ext(f.path)
			rest = strings.TrimSuffix(strings.TrimPrefix(path, strings.TrimSuffix(f.path, ext)), ext)
		}
		if strings.Trim(rest, "0123456789.-_T") == "" {
			return true
		}
	}
	return false
}

// alike reports whether what a file holds is a copy of what another one holds, or
// did hold when it was read. A copy is no longer than the original, unless that
// was truncated since.
func (t *Tailer) alike(f, other *file) bool {
	n := min(other.offset, headLength)
	read := n > 0 && f.size >= n && t.headOf(f.handle, n) == other.head
	h, err := t.options.open(other.path)
	if err != nil {
		return read // nobody can say yet
	}
	defer h.Close()
	s, err := h.state()
	if err != nil || s.id != other.id {
		return read
	}
	if n > 0 && (s.size < other.offset || t.headOf(h, n) != other.head) {
		t.enqueue(other) // which finds that out, and the copy
		t.tendTo(other)
		return read
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
	stem := strings.TrimSuffix(base, filepath.Ext(base))
	return name != base && len(name) > len(stem) && strings.HasPrefix(name, stem)
}

// recover reads the rest of a content that is no more where f had it: from what
// looked like a copy of it already, else from a file beside it.
func (t *Tailer) recover(p place, f *file, now time.Time) bool {
	copied := t.readWaiting(p, f, now) || t.readCopy(p, f, now)
	t.release(f, p, copied)
	return copied
}

// readWaiting is readCopy among the files that wait, being copies of f as it
// seems: their path may be gone, too.
func (t *Tailer) readWaiting(p place, f *file, now time.Time) bool {
	if p.offset == 0 || p.unzipped {
		return false
	}
	for other := range t.copies {
		if other.copyOf != f || other.handle == nil {
			continue
		}
		if s, err := other.handle.state(); err == nil && t.verifyOpen(other.handle, s, p) {
			t.finish(other, p, other.path, s, f, now)
			return true
		}
	}
	return false
}

// release lets the files be read that waited, being copies of f as it seemed. Those
// that hold nothing beside what was read, or is by now, are at their end.
func (t *Tailer) release(f *file, old place, copied bool) {
	n := min(old.offset, headLength)
	for other := range t.copies {
		if other.copyOf != f {
			continue
		}
		other.copyOf = nil
		t.enqueue(other)
		h := other.handle
		if h == nil {
			var err error
			if h, err = t.options.open(other.path); err != nil {
				continue
			}
			defer h.Close()
		}
		s, err := h.state()
		if err != nil || s.id != other.id || n == 0 {
			continue
		}
		if head, err := headZip(h, s.size); err == nil {
			if int64(len(head)) >= n && xxhash.Sum64(head[:n]) == old.head {
				other.unzipped, other.packed = true, s.size
				t.mark(other)
			}
		} else if s.size >= n && t.headOf(h, n) == old.head && (copied || s.size <= old.offset) {
			toEnd(other, h, s)
			other.vetted = true
			t.mark(other)
		}
	}
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
		g, free := t.holder(path, s, f.rule, now)
		if !free {
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

// holder is the file of this number that is followed, if one is, and whether it
// may be taken for a copy: not where it is read for what it is.
func (t *Tailer) holder(path string, s state, r *rule, now time.Time) (g *file, free bool) {
	if p, ok := t.known[s.id]; ok && (p.offset > 0 || p.packed > 0) {
		before := &file{id: s.id, place: p, rule: r}
		if p.origin == path || t.same(before, path) {
			return nil, false
		}
		delete(t.known, s.id) // the number was given again
		if !t.readCopy(p, before, now) {
			t.remember(p, now)
		}
	}
	g = t.byID[s.id]
	if g == nil || g.offset == 0 && g.packed == 0 {
		return g, true
	}
	if t.same(g, path) {
		return nil, false
	}
	t.vanish(g, now)
	return nil, true
}

// finish reads a copy to its end, before what follows at the path of f.
func (t *Tailer) finish(g *file, p place, path string, s state, f *file, now time.Time) {
	if g == nil {
		g = &file{id: s.id, path: path, size: -1, grown: now}
		t.byID[g.id] = g
		t.options.Telemetry.Counter("tail.added").Inc()
	}
	if t.byPath[g.path] == g && g.path != path {
		delete(t.byPath, g.path)
	}
	if s, err := statFile(path); err == nil && s.id == g.id {
		g.path, g.lost, t.byPath[path] = path, time.Time{}, g
	}
	delete(t.known, g.id)
	g.place, g.rule, g.copyOf = p, f.rule, nil
	g.checked, g.vetted, g.complete, g.rotated = true, true, true, now
	t.away[g] = true
	g.filed(t.options.Root)
	t.mark(g)
	t.enqueue(g)
	if next := t.byPath[p.origin]; next != nil && next != g {
		t.after(next, g, now)
	}
}
