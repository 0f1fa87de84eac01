package wal

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"

	"patou/internal/fsx"
)

// model is what a log has promised.
type model struct {
	recs    map[uint64]string // written and not withdrawn
	synced  uint64            // all up to here must be replayed
	dropped uint64            // those up to here may be gone
	next    uint64            // no number below is given again
}

func newModel() *model { return &model{recs: map[uint64]string{}, next: 1} }

// withdraw forgets what was not synced.
func (m *model) withdraw() {
	for lsn := range m.recs {
		if lsn > m.synced {
			delete(m.recs, lsn)
		}
	}
}

// check compares a replay with what was promised: all that was synced, a
// prefix of what was not, nothing else, each as it was written.
func (m *model) check(t *testing.T, label string, r replayed) {
	t.Helper()
	for i, lsn := range r.lsns {
		if want, ok := m.recs[lsn]; !ok || want != r.recs[i] {
			t.Fatalf("%s: record %d is %.20q, want %.20q (written: %v)", label, lsn, r.recs[i], want, ok)
		}
		if i > 0 && lsn <= r.lsns[i-1] {
			t.Fatalf("%s: record %d after %d", label, lsn, r.lsns[i-1])
		}
	}
	missing := false
	for lsn := m.dropped + 1; lsn < m.next; lsn++ {
		_, written := m.recs[lsn]
		_, found := slices.BinarySearch(r.lsns, lsn)
		if written && !found && lsn <= m.synced {
			t.Fatalf("%s: record %d was synced and is gone", label, lsn)
		}
		if found && missing {
			t.Fatalf("%s: record %d is there and one before it is not", label, lsn)
		}
		missing = missing || written && !found
	}
	for _, d := range r.Damage {
		if !d.Harmless {
			t.Fatalf("%s: a crash is reported as damage: %v", label, d)
		}
	}
}

// session does random things to a log and keeps the model.
type session struct {
	t   *testing.T
	rng *rand.Rand
	l   *Log
	m   *model
}

func (s *session) step() {
	switch n := s.rng.IntN(10); {
	case n < 6:
		s.write()
	case n < 9:
		s.sync()
	default:
		upTo := s.m.dropped + uint64(s.rng.IntN(int(s.m.next-s.m.dropped)))
		if s.rng.IntN(3) == 0 {
			upTo = s.m.next - 1
		}
		upTo = min(upTo, s.m.synced) // stores never hold what was withdrawn
		s.m.dropped = max(s.m.dropped, upTo)
		_ = s.l.Truncate(upTo)
	}
}

func (s *session) write() {
	var texts []string
	for range 1 + s.rng.IntN(4) {
		texts = append(texts, s.text())
	}
	from := s.l.Next()
	if from < s.m.next {
		s.t.Fatalf("Next went back from %d to %d", s.m.next, from)
	}
	s.m.expect(from, texts) // a crash during the call may keep them or not
	first, err := s.l.Write(raw(texts)...)
	if err != nil || first != from {
		s.m.unexpect(from)
	}
	if err != nil {
		s.failed(err)
		return
	}
	s.m.expect(first, texts)
}

func (m *model) expect(first uint64, texts []string) {
	for i, text := range texts {
		m.recs[first+uint64(i)] = text
	}
	m.next = max(m.next, first+uint64(len(texts)))
}

func (m *model) unexpect(from uint64) {
	for lsn := range m.recs {
		if lsn >= from {
			delete(m.recs, lsn)
		}
	}
	m.next = from
}

// text is short, long, or full of zeros and of bytes that look like records.
func (s *session) text() string {
	n := s.rng.IntN(60)
	switch s.rng.IntN(5) {
	case 0:
		n = s.rng.IntN(3000)
	case 1:
		return strings.Repeat("\x00", n) + string(appendFrame(nil, 0, s.m.next, 0, []byte("forged")))
	}
	return fmt.Sprint(s.m.next, strings.Repeat("x", n))
}

func (s *session) sync() {
	if err := s.l.Sync(); err != nil {
		s.failed(err)
		return
	}
	s.m.synced = max(s.m.synced, s.m.next-1)
}

func (s *session) failed(err error) {
	if errors.Is(err, ErrWithdrawn) {
		s.m.withdraw()
	}
	s.m.next = max(s.m.next, s.l.Next())
}

func newSession(t *testing.T, rng *rand.Rand, fsys fsx.FS, m *model) (*session, replayed) {
	t.Helper()
	l, r := openLog(t, fsys, Options{SegmentBytes: 1 << (6 + rng.IntN(8))})
	if l.Next() < m.synced+1 {
		t.Fatalf("Next is %d and %d was synced", l.Next(), m.synced)
	}
	return &session{t: t, rng: rng, l: l, m: m}, r
}

// A crash at any call, torn and with sectors missing, then more work, then
// another crash: nothing that was synced is lost, and nothing is damaged.
func TestACrashAtAnyCallLosesNothingThatWasSynced(t *testing.T) {
	for seed := range uint64(1500) {
		rng := rand.New(rand.NewPCG(seed, 7))
		mem, m := fsx.NewMem(), newModel()
		for life := range 4 {
			label := fmt.Sprintf("seed %d life %d", seed, life)
			if rng.IntN(2) == 0 {
				wantEqual(t, label+": Check", harmful(Check(mem, "wal")), []fsx.Damage(nil))
			}
			mem = liveAndCrash(t, rng, mem, m, label)
		}
	}
}

func harmful(all []fsx.Damage) []fsx.Damage {
	var out []fsx.Damage
	for _, d := range all {
		if !d.Harmless {
			out = append(out, d)
		}
	}
	return out
}

// liveAndCrash opens the log, works, and returns the disk as a power cut at a
// random call leaves it. The model is left as it was at that call.
func liveAndCrash(t *testing.T, rng *rand.Rand, mem *fsx.Mem, m *model, label string) *fsx.Mem {
	t.Helper()
	crashAt := rng.IntN(60)
	var after *fsx.Mem
	var then model
	fsys := fsx.Faulty(mem, func(op fsx.Op) error {
		if crashAt--; !op.Kind.Reads() && after == nil && crashAt <= 0 {
			after, then = mem.CrashClone(rng), m.clone()
		}
		return nil
	})
	s, r := newSession(t, rng, fsys, m)
	m.check(t, label, r)
	if after != nil {
		*m = then
		return after
	}
	m.settle(r, s.l)
	for range 30 {
		s.step()
	}
	if after == nil && rng.IntN(2) == 0 {
		must(t, s.l.Close())
		m.synced = m.next - 1
	}
	if after == nil && rng.IntN(2) == 0 {
		return mem // killed, and the machine goes on: its memory has what the disk has not
	}
	if after == nil {
		return mem.CrashClone(rng)
	}
	*m = then
	return after
}

func (m *model) clone() model {
	out := *m
	out.recs = maps.Clone(m.recs)
	return out
}

// settle is for after a restart: what was replayed is durable now, and what was
// not is gone.
func (m *model) settle(r replayed, l *Log) {
	found := map[uint64]string{}
	for i, lsn := range r.lsns {
		found[lsn] = r.recs[i]
	}
	m.recs = found
	if len(r.lsns) > 0 {
		m.synced = max(m.synced, r.lsns[len(r.lsns)-1])
	}
	m.next = l.Next()
}

// One failing call, whatever it is: the log says so, goes on, and after a crash
// has nothing that it had said was not written.
func TestAnyCallMayFail(t *testing.T) {
	for seed := range uint64(60) {
		for nth := 1; nth <= 60; nth++ {
			failOnce(t, seed, nth)
		}
	}
}

func failOnce(t *testing.T, seed uint64, nth int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, uint64(nth)))
	label := fmt.Sprintf("seed %d, call %d", seed, nth)
	mem, m := fsx.NewMem(), newModel()
	failing, failed := false, false
	var cause error = syscall.EIO
	if rng.IntN(2) == 0 {
		cause = fsx.ShortWrite(rng.IntN(200), syscall.ENOSPC)
	}
	rule := fsx.FailNth(nth, cause)
	s, _ := newSession(t, rng, fsx.Faulty(mem, func(op fsx.Op) error {
		if !failing {
			return nil
		}
		err := rule(op)
		failed = failed || err != nil
		return err
	}), m)
	failing = true
	for range 40 {
		before := failed
		if s.step(); failed && !before {
			_, r := openLog(t, mem.CrashClone(rng), Options{})
			m.check(t, label+", and a crash", r)
		}
	}
	failing = false
	s.sync()
	before := s.l.Next()
	s.write()
	s.sync()
	if s.l.Next() == before {
		t.Fatalf("%s: the log does not go on", label)
	}
	_, r := newSession(t, rng, mem.CrashClone(rng), m)
	m.check(t, label, r)
}

// The disk fills up at every byte in turn, and has space again later.
func TestAFullDiskIsOverWhenThereIsSpace(t *testing.T) {
	for free := int64(0); free < 2500; free += 7 {
		var disk fsx.Disk
		disk.SetFree(free)
		mem, m := fsx.NewMem(), newModel()
		must(t, mem.MkdirAll("wal"))
		rng := rand.New(rand.NewPCG(uint64(free), 9))
		fsys := fsx.Faulty(mem, func(op fsx.Op) error {
			if op.Kind == fsx.OpMkdir {
				return nil
			}
			return disk.Rule(op)
		})
		s, _ := newSession(t, rng, fsys, m)
		for range 25 {
			s.step()
		}
		_, err := s.l.Write(make([]byte, 5000))
		wantErr(t, fmt.Sprint("a write with ", free, " bytes free"), err, syscall.ENOSPC)
		s.failed(err)
		crashed := mem.CrashClone(rng)
		disk.SetFree(1 << 20)
		s.write()
		must(t, s.l.Sync())
		s.sync()
		_, r := newSession(t, rng, mem.CrashClone(rng), m)
		m.check(t, fmt.Sprint("free ", free), r)
		if _, ok := m.recs[m.synced]; !ok {
			t.Fatalf("free %d: nothing was written after there was space", free)
		}
		_, r = openLog(t, crashed, Options{})
		wantEqual(t, "damage after a crash on the full disk", harmful(r.Damage), []fsx.Damage(nil))
	}
}

// The disk fails every call from some moment on, then works again.
func TestADeadDiskIsReportedUntilItWorks(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 11))
		mem, m := fsx.NewMem(), newModel()
		dead := false
		s, _ := newSession(t, rng, fsx.Faulty(mem, func(op fsx.Op) error {
			if dead && !op.Kind.Reads() && rng.IntN(4) > 0 {
				return syscall.EIO
			}
			return nil
		}), m)
		for range 60 {
			dead = rng.IntN(3) == 0
			s.step()
		}
		dead = false
		s.sync()
		s.write()
		s.sync()
		_, r := newSession(t, rng, mem.CrashClone(rng), m)
		m.check(t, fmt.Sprint("seed ", seed), r)
	}
}
