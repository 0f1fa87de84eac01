package tail

import (
	"fmt"
	"path/filepath"
	"time"
)

// tend looks after the files that something is to be done about as time passes.
func (t *Tailer) tend(now time.Time) {
	for f := range t.care {
		if t.byID[f.id] != f || !t.tendFile(f, now) {
			delete(t.care, f)
		}
	}
}

// tendFile does what is due for a file and reports whether more will be.
func (t *Tailer) tendFile(f *file, now time.Time) bool {
	if !f.lost.IsZero() && !t.tendLost(f, now) {
		return false
	}
	if f.denied && f.lost.IsZero() {
		return false
	}
	settled := now.Sub(f.grown)
	if f.handle != nil && f.caught && f.lost.IsZero() && now.Sub(f.used) >= openPause {
		t.closeFile(f)
	}
	if f.before != nil || !f.caught && f.copyOf == nil {
		t.enqueue(f)
		return true
	}
	if wait := f.patience(); f.left() > 0 && wait > 0 {
		if settled >= wait {
			t.enqueue(f)
		}
		return settled < wait+grace || !f.lost.IsZero()
	}
	return f.handle != nil || !f.lost.IsZero() || !f.rotated.IsZero() && settled < grace
}

// patience is after how long at rest what is left of a file is an entry all the
// same; 0 for never.
func (f *file) patience() time.Duration {
	switch {
	case f.copyOf != nil:
		return 0
	case f.rule.several():
		return groupTime
	case !f.rotated.IsZero():
		return grace
	}
	return 0
}

// tendLost looks for a file that is not where it was. One that is nowhere is read
// to its end while it is open.
func (t *Tailer) tendLost(f *file, now time.Time) bool {
	if t.relocate(f, now) {
		return true
	}
	since := now.Sub(f.lost)
	if since < missTime || f.handle != nil && (!f.caught || now.Sub(f.grown) < grace || f.left() > 0 && since < 2*grace) {
		if f.handle != nil {
			t.enqueue(f)
		}
		return true
	}
	t.vanish(f, now)
	return false
}

// vanish forgets a file that is nowhere. A copy of it, as rotation may leave one
// packed, is read on from where it was.
func (t *Tailer) vanish(f *file, now time.Time) {
	t.forget(f)
	copied := t.recover(f.place, f, now)
	if !copied && f.left() > 0 && f.copyOf == nil {
		t.loss(f, f.left(), "it was removed before they were read")
	}
	if !copied {
		t.remember(f.place, now)
	}
}

// forget ends following a file.
func (t *Tailer) forget(f *file) {
	t.closeFile(f)
	if t.byID[f.id] == f {
		delete(t.byID, f.id)
	}
	if t.byPath[f.path] == f {
		delete(t.byPath, f.path)
	}
	if f.real != "" && t.alias[f.real] == f.path {
		delete(t.alias, f.real)
	}
	delete(t.care, f)
	delete(t.away, f)
	delete(t.copies, f)
	delete(t.told, f.path)
	t.options.Telemetry.Counter("tail.removed").Inc()
	t.places[f.key()] = ""
}

// remember keeps a content's hashes where a packed copy may turn up.
func (t *Tailer) remember(p place, now time.Time) {
	if p.offset < enough || !t.compressed() {
		return
	}
	p.gone = now.Unix()
	t.gone[p.goneKey()] = p
	t.places[p.goneKey()] = p.String()
}

func (t *Tailer) compressed() bool {
	for _, r := range t.rules {
		if r.Compressed {
			return true
		}
	}
	return false
}

func (t *Tailer) loss(f *file, bytes int64, why string) {
	t.counts.lost.Add(int(bytes))
	t.options.Tell(f.path, fmt.Sprintf("%d bytes of %q are lost: %s", bytes, f.path, why))
}

// truncated begins a file anew whose content is not the one that was read. What
// was not read of that is looked for in a copy, as logrotate's copytruncate makes
// one before.
func (t *Tailer) truncated(f *file, now time.Time) {
	old, unread := f.place, f.reach-f.offset
	t.counts.truncations.Inc()
	t.closeZip(f)
	f.place, f.reach = place{origin: old.origin}, 0
	f.checked, f.vetted, f.caught, f.complete = true, false, false, false
	t.mark(f)
	delete(t.names, filepath.Dir(old.origin))
	if !t.recover(old, f, now) {
		if unread > 0 {
			t.loss(f, unread, "it was truncated before they were read")
		}
		t.remember(old, now)
	}
	t.enqueue(f)
}

// tidy forgets rotated files that rest outside of all globs, and hashes of
// contents that are long gone.
func (t *Tailer) tidy(now time.Time) {
	for _, f := range t.byID {
		if !f.named && !f.rotated.IsZero() && f.lost.IsZero() && f.caught && f.left() == 0 && f.copyOf == nil &&
			now.Sub(f.grown) >= restTime && now.Sub(f.rotated) >= restTime {
			t.forget(f)
			t.release(f, f.place, true)
			t.remember(f.place, now)
		}
	}
	for key, p := range t.gone {
		if now.Sub(time.Unix(p.gone, 0)) > goneTime {
			delete(t.gone, key)
			t.places[key] = ""
		}
	}
}
