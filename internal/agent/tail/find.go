package tail

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// scan looks at all that the globs name, and at what was followed before.
func (t *Tailer) scan(now time.Time) {
	first := t.scanned.IsZero()
	t.scanned, t.rescan = now, false
	clear(t.listings)
	clear(t.names)
	seen := make(map[string]bool, len(t.byPath))
	for _, r := range t.rules {
		t.scanRule(r, seen, now)
	}
	for path, f := range t.byPath {
		if !seen[path] {
			f.named = false
			t.look(path, nil, now)
		}
	}
	if first {
		t.findKnown(now)
	}
	t.tidy(now)
}

func (t *Tailer) scanRule(r *rule, seen map[string]bool, now time.Time) {
	for _, glob := range r.files {
		r.first = !t.globs[glob]
		expand(glob, func(dir string) { t.watch.add(dir) }, func(path string) {
			if !seen[path] {
				seen[path] = true
				t.look(path, r, now)
			}
		})
		if r.first {
			t.globs[glob] = true
			t.places[globKey(glob)] = "seen"
		}
		r.first = false
	}
}

// ruleOf is the first rule that names a path; nil where none does.
func (t *Tailer) ruleOf(path string) *rule {
	if f := t.byPath[path]; f != nil && f.named {
		return f.rule
	}
	for _, r := range t.rules {
		for _, glob := range r.files {
			if matches(glob, path) {
				return r
			}
		}
	}
	return nil
}

// look finds out what a path leads to now. A path that no rule names, r being
// nil, is of interest only for a file that is followed.
func (t *Tailer) look(path string, r *rule, now time.Time) {
	old := t.byPath[path]
	s, err := statFile(path)
	if err != nil || !s.regular {
		t.odd(path, r, s, err)
		if old != nil && (err == nil || errors.Is(err, fs.ErrNotExist)) {
			t.leave(old, now)
		}
		return
	}
	if f := t.byID[s.id]; old != nil && old != f {
		t.leave(old, now)
	}
	f := t.whose(path, s, r, now)
	switch {
	case f == nil && r == nil:
		return
	case f == nil:
		f = t.add(path, r, s, now)
	}
	f.named = f.named || r != nil && f.path == path
	if t.seen(f, s, now) || !f.caught || f.denied {
		t.enqueue(f)
		t.tendTo(f)
	}
}

// whose is the file that is followed and at a path now, nil when what is there is
// none.
func (t *Tailer) whose(path string, s state, r *rule, now time.Time) *file {
	f := t.byID[s.id]
	if f == nil || f.path == path && f.lost.IsZero() {
		return f
	}
	if at, err := statFile(f.path); f.path != path && err == nil && at.id == f.id {
		return f // another name of it
	}
	if !t.same(f, path) && (r != nil || !t.plausible(f, path)) {
		t.vanish(f, now)
		return nil
	}
	t.moveTo(f, path, now)
	return f
}

// plausible is same, and true where the name says that the file was rotated: it
// may have been truncated before.
func (t *Tailer) plausible(f *file, path string) bool {
	return related(filepath.Base(path), f.origin) || t.same(f, path)
}

// same reports whether the file at a path is one that was followed, and not a new
// one that was given the number of one removed.
func (t *Tailer) same(f *file, path string) bool {
	switch {
	case f.handle != nil || f.unzipped && f.path == path:
		return true
	case f.unzipped:
		s, err := statFile(path)
		return err == nil && s.size == f.packed
	case f.offset == 0:
		return path == f.origin || related(filepath.Base(path), f.origin)
	}
	return t.verify(path, f.id, f.place)
}

// odd tells of what can't be followed.
func (t *Tailer) odd(path string, r *rule, s state, err error) {
	switch {
	case r == nil || errors.Is(err, fs.ErrNotExist):
	case err != nil:
		t.missing(path, fmt.Errorf("looking at %q: %w", path, err))
	case !s.dir:
		t.missing(path, fmt.Errorf("%q is a pipe, socket or device, not a file: it is not followed", path))
	}
}

// add begins to follow a file.
func (t *Tailer) add(path string, r *rule, s state, now time.Time) *file {
	f := &file{id: s.id, rule: r, path: path, size: -1, grown: now, named: true}
	f.origin = path
	known := t.recall(f, now)
	t.enter(f)
	if !known {
		t.begin(f, s)
		t.mark(f)
	}
	if f.rotated.IsZero() && t.numbered(path) {
		f.rotated = now
		t.away[f] = true
	}
	for other := range t.away {
		if other != f && other.origin == path && !other.rotated.IsZero() {
			t.after(f, other, now)
		}
	}
	return f
}

// recall gives a file the place that was kept of it.
func (t *Tailer) recall(f *file, now time.Time) bool {
	p, known := t.known[f.id]
	delete(t.known, f.id)
	if !known {
		return false
	}
	before := &file{id: f.id, place: p, rule: f.rule}
	if p.origin != f.path && !t.same(before, f.path) {
		if !t.readCopy(p, before, now) {
			t.remember(p, now)
		}
		return false
	}
	f.place = p
	if f.origin != f.path {
		f.rotated = now
		t.away[f] = true
	}
	return true
}

// enter files a file under its names.
func (t *Tailer) enter(f *file) {
	f.filed(t.options.Root)
	t.byID[f.id], t.byPath[f.path] = f, f
	t.options.Telemetry.Counter("tail.added").Inc()
	t.link(f)
	t.enqueue(f)
}

// link has events of a link's target lead to the link.
func (t *Tailer) link(f *file) {
	f.real = ""
	if info, err := os.Lstat(f.path); err != nil || info.Mode()&os.ModeSymlink == 0 {
		return
	}
	if real, err := filepath.EvalSymlinks(f.path); err == nil {
		f.real = real
		t.alias[real] = f.path
		t.watch.add(filepath.Dir(real))
	}
}

// begin says where a file that was never seen is read from.
func (t *Tailer) begin(f *file, s state) {
	switch {
	case t.adopt(f):
	case f.rule.FromEnd && f.rule.first:
		if h, err := t.options.open(f.path); err == nil {
			toEnd(f, h, s)
			_ = h.Close()
		}
	}
}

// toEnd puts a file's place to its end; where that can't be read the file is read
// from the beginning rather than not at all.
func toEnd(f *file, h handle, s state) {
	from := max(0, s.size-tailLength)
	if s.size <= headLength {
		from = 0
	}
	last, head := make([]byte, s.size-from), make([]byte, min(s.size, headLength))
	n, _ := h.ReadAt(last, from)
	m, _ := h.ReadAt(head, 0)
	if int64(n) < s.size-from || m < len(head) || n == 0 {
		return
	}
	f.move(int64(m), 0, head)
	f.move(s.size, from, last)
	f.skip = last[n-1] != '\n'
}

// leave notes that a file is not at its path any more.
func (t *Tailer) leave(f *file, now time.Time) {
	if t.byPath[f.path] == f {
		delete(t.byPath, f.path)
	}
	if f.real != "" {
		delete(t.alias, f.real)
	}
	if f.lost.IsZero() {
		f.lost, f.named = now, false
	}
	t.away[f] = true
	if f.rotated.IsZero() {
		f.rotated = now
		t.counts.rotations.Inc()
	}
	t.tendTo(f)
	t.enqueue(f)
	t.relocate(f, now)
}

// moveTo notes where a file is now.
func (t *Tailer) moveTo(f *file, path string, now time.Time) {
	if t.byPath[f.path] == f {
		delete(t.byPath, f.path)
	}
	if other := t.byPath[path]; other != nil && other != f {
		t.leave(other, now)
	}
	f.path, f.lost, f.named = path, time.Time{}, false
	t.byPath[path] = f
	switch {
	case path == f.origin:
		f.rotated = time.Time{}
		delete(t.away, f)
	case f.rotated.IsZero():
		f.rotated = now
		t.away[f] = true
		t.counts.rotations.Inc()
	}
	t.link(f)
	t.tendTo(f)
	t.enqueue(f)
	t.between(f, now)
}

// relocate looks for a file that is not at its path: where its link led, else in
// the directories of its names.
func (t *Tailer) relocate(f *file, now time.Time) bool {
	if f.real != "" {
		if s, err := statFile(f.real); err == nil && s.id == f.id && t.plausible(f, f.real) {
			t.moveTo(f, f.real, now)
			return true
		}
	}
	for _, dir := range []string{filepath.Dir(f.path), filepath.Dir(f.origin), filepath.Dir(f.real)} {
		if path, ok := t.list(dir, now)[f.id]; ok {
			if s, err := statFile(path); err == nil && s.id == f.id && t.plausible(f, path) {
				t.moveTo(f, path, now)
				return true
			}
		}
	}
	return false
}

// listing is what a directory held a moment ago.
type listing struct {
	at    time.Time
	files map[id]string
}

// list is the files of a directory; it is at most scanPause old.
func (t *Tailer) list(dir string, now time.Time) map[id]string {
	if l, ok := t.listings[dir]; ok && now.Sub(l.at) < scanPause {
		return l.files
	}
	l := listing{at: now, files: map[id]string{}}
	names, _ := readNames(dir)
	for _, n := range names {
		path := filepath.Join(dir, n.name)
		if n.dir || n.link {
			continue
		}
		if s, err := statFile(path); err == nil && s.regular {
			l.files[s.id] = path
		}
	}
	t.listings[dir] = l
	return l.files
}

// findKnown looks for files that were followed before the start and that no glob
// names: they were renamed, or are gone.
func (t *Tailer) findKnown(now time.Time) {
	for key, p := range t.known {
		f := &file{id: key, place: p, path: p.origin, size: -1, grown: now, rotated: now}
		if f.rule = t.ruleOf(p.origin); f.rule == nil {
			t.places[f.key()] = "" // nobody asks for it any more
			continue
		}
		t.away[f] = true
		next := t.byPath[p.origin]
		f.filed(t.options.Root)
		t.byID[f.id] = f
		t.options.Telemetry.Counter("tail.added").Inc()
		if !t.relocate(f, now) {
			t.vanish(f, now)
			f = nil
		}
		if next != nil && f != nil && f != next && next.before == nil {
			t.after(next, f, now)
		}
	}
	clear(t.known)
}

// between follows what was written after a file that is found at its name's
// second number or a later one: files that came and were renamed between two
// looks. Each of them is read after the one before.
func (t *Tailer) between(f *file, now time.Time) {
	number, ok := strings.CutPrefix(f.path, f.origin+".")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n > 1000 {
		return
	}
	last := f
	for n > 1 {
		n--
		path := f.origin + "." + strconv.Itoa(n)
		s, err := statFile(path)
		if err != nil || !s.regular || t.byPath[path] != nil || t.byID[s.id] != nil {
			return
		}
		if _, known := t.known[s.id]; known {
			return
		}
		g := &file{id: s.id, rule: f.rule, path: path, size: -1, grown: now, rotated: now}
		g.origin = f.origin
		t.away[g] = true
		t.enter(g)
		t.mark(g)
		t.after(g, last, now)
		last = g
	}
	if next := t.byPath[f.origin]; next != nil && last != f {
		t.after(next, last, now)
	}
}
