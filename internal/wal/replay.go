package wal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"patou/internal/fsx"
)

// Report is what Replay found.
type Report struct {
	// Records is how many were given, Bytes the length of their payloads.
	Records int
	Bytes   int64
	// First and Last are the numbers of the first and last of them; 0 of none.
	First, Last uint64
	// Lost is how many records could not be read, at most: where the end of the
	// newest file is damaged, it is as many as fit.
	Lost uint64
	// Damage is what could not be read, and, marked harmless, what a crash left
	// unfinished.
	Damage []fsx.Damage
}

// Replay calls fn with each record in order, and gets the log ready for Write.
// It is called once, first. The slice is valid only during the call. It stops
// at fn's first error or ctx's end; the log is as it was then. Damage is no
// error: the report says what is lost.
func (l *Log) Replay(ctx context.Context, fn func(lsn uint64, rec []byte) error) (Report, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return Report{}, ErrClosed
	}
	if l.replayed {
		return Report{}, ErrReplay
	}
	// What fn is given it may write to files of its own. So it must be on disk
	// here before: when a process was killed, it may be in the kernel's memory.
	if err := l.syncLast(); err != nil {
		return Report{}, err
	}
	w := &walk{fs: l.fs, ctx: ctx, fn: fn, cut: -1}
	if err := w.all(l.segs); err != nil {
		return w.report, err
	}
	if err := l.resume(w); err != nil {
		return w.report, err
	}
	l.replayed = true
	return w.report, nil
}

// walk reads segments one after the other.
type walk struct {
	fs     fsx.FS
	ctx    context.Context
	fn     func(lsn uint64, rec []byte) error
	report Report

	whole      []*segment // those with a header, sound or not
	unfinished []*segment
	// want is the number behind the last record. cut is where the newest file's
	// torn tail begins, -1 without one; spoilt is set when its end is damaged.
	want   uint64
	cut    int64
	spoilt bool
}

func (w *walk) all(segs []*segment) error {
	for _, s := range segs {
		if s.unfinished() {
			w.unfinished = append(w.unfinished, s)
			w.note(s, 0, "the file was being made when the server stopped, and holds nothing", true)
		} else {
			w.whole = append(w.whole, s)
		}
	}
	for i, end := range ends(w.whole) {
		if err := w.segment(w.whole[i], end); err != nil {
			return err
		}
	}
	return nil
}

// ends is the number that each segment's records must stay below. A file can
// withdraw records of more than the one before it.
func ends(segs []*segment) []uint64 {
	out := make([]uint64, len(segs))
	end := uint64(noEnd)
	for i, s := range slices.Backward(segs) {
		out[i] = end
		end = min(end, s.prevEnd)
	}
	return out
}

func (w *walk) segment(s *segment, end uint64) error {
	w.want = max(w.want, s.first)
	if s.unread {
		w.unreadable(s, end)
		return nil
	}
	f, err := w.fs.Open(s.name)
	if err != nil {
		return fmt.Errorf("opening the write-ahead log: %w", err)
	}
	scan := &scanner{
		win: newWindow(f, s.size), salt: s.salt,
		off: segmentHeader, want: w.want, end: end, open: end == noEnd,
	}
	err = scan.scan(w.record, func(h hole) { w.lost(s, h) })
	w.want = scan.want
	if err != nil {
		err = fmt.Errorf("replaying %q: %w", s.name, err)
	}
	return errors.Join(err, f.Close())
}

// unreadable is for a file whose header is lost, and with it the salt.
func (w *walk) unreadable(s *segment, end uint64) {
	h := hole{size: s.size, from: w.want, to: end}
	if end == noEnd {
		h.to, h.atMost = w.want+uint64(s.size-segmentHeader)/frameHeader+1, true
	}
	if h.from < h.to {
		w.lost(s, h)
		w.want = h.to
	}
}

func (w *walk) record(lsn uint64, rec []byte) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	if err := w.fn(lsn, rec); err != nil {
		return fmt.Errorf("record %d: %w", lsn, err)
	}
	if w.report.First == 0 {
		w.report.First = lsn
	}
	w.report.Last = lsn
	w.report.Records++
	w.report.Bytes += int64(len(rec))
	return nil
}

func (w *walk) lost(s *segment, h hole) {
	w.note(s, h.off, h.String(), h.torn)
	if h.torn {
		w.cut = h.off
		return
	}
	w.report.Lost += h.to - h.from
	s.damaged = true
	w.spoilt = s == w.whole[len(w.whole)-1] && h.off+h.size == s.size
}

func (w *walk) note(s *segment, off int64, what string, harmless bool) {
	w.report.Damage = append(w.report.Damage, fsx.Damage{File: s.name, Offset: off, What: what, Harmless: harmless})
}

// String says in a sentence what the hole costs.
func (h hole) String() string {
	n := h.to - h.from
	switch {
	case h.torn:
		return fmt.Sprintf("the last %d bytes were being written when the server stopped; nothing in them was acknowledged as durable", h.size)
	case h.atMost:
		return fmt.Sprintf("%d bytes from record %d on cannot be read: at most %d records are lost", h.size, h.from, n)
	case n == 0:
		return fmt.Sprintf("%d bytes are no record; none is missing", h.size)
	case n == 1:
		return fmt.Sprintf("record %d cannot be read: it is lost", h.from)
	}
	return fmt.Sprintf("records %d to %d cannot be read: %d are lost", h.from, h.to-1, n)
}

// resume cuts off a torn tail and begins a new file. A file that an earlier process wrote to is not continued: nobody knows
// whether a sync of it failed. Only an empty one is.
func (l *Log) resume(w *walk) error {
	next := max(l.next.Load(), w.want)
	for _, s := range w.unfinished {
		next = max(next, s.first)
		_ = l.fs.Remove(s.name) // it is as harmless as before if it stays
	}
	l.segs = w.whole
	if w.cut >= 0 {
		if err := l.settle(l.last(), w.cut); err != nil {
			return err
		}
	}
	l.next.Store(next)
	l.synced, l.told = next-1, next-1
	if l.reusable(next) {
		f, err := l.fs.Append(l.last().name)
		if err == nil {
			l.cur = f
		}
		return err
	}
	if w.want > 0 && w.want < next && !w.spoilt {
		l.void = w.want // the numbers up to next were never given: no gap
	}
	_ = l.roll() // on a full disk the server starts, and Write says so
	return nil
}

// syncLast makes durable what the process before may not have: the newest file,
// and behind unfinished ones the newest that has records. Its sync may be what
// failed when the unfinished file was begun. Those before were synced.
func (l *Log) syncLast() error {
	for _, s := range slices.Backward(l.segs) {
		if err := l.settle(s, -1); err != nil {
			return err
		}
		if !s.unfinished() {
			return nil
		}
	}
	return nil
}

// settle makes a file durable, cut to a size unless that is -1.
func (l *Log) settle(s *segment, size int64) error {
	f, err := l.fs.Append(s.name)
	if err != nil {
		return fmt.Errorf("opening the write-ahead log: %w", err)
	}
	if size >= 0 {
		err = f.Truncate(size)
		s.size = size
	}
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = l.fs.SyncDir(l.dir)
	}
	l.measure()
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("settling the write-ahead log %q: %w", s.name, err)
	}
	return nil
}

func (l *Log) reusable(next uint64) bool {
	if len(l.segs) == 0 {
		return false
	}
	last := l.last()
	return !last.damaged && last.size == segmentHeader && last.first == next
}

// Check reads a log without changing it, and names what is damaged, or was
// when it was set aside.
func Check(fsys fsx.FS, dir string) []fsx.Damage {
	segs, aside, err := list(fsys, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	w := &walk{fs: fsys, ctx: context.Background(), fn: func(uint64, []byte) error { return nil }}
	if err == nil {
		err = w.all(segs)
	}
	out := w.report.Damage
	if err != nil {
		out = append(out, fsx.Damage{File: dir, Offset: -1, What: err.Error()})
	}
	for _, name := range aside {
		out = append(out, fsx.Damage{
			File: name, Offset: -1, Harmless: true,
			What: "set aside because records in it could not be read; remove it when nobody wants to try",
		})
	}
	return out
}
