package wal

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"patou/internal/fsx"
)

// script runs steps on a log and returns each call that changes the disk, in
// order, under the step that made it. A sync that is forgotten is a diff.
type script struct {
	t     *testing.T
	calls []string
	mem   *fsx.Mem
	fault func(fsx.Op) error
	l     *Log
}

func newScript(t *testing.T) *script {
	return &script{t: t, mem: fsx.NewMem(), fault: func(fsx.Op) error { return nil }}
}

func (s *script) step(name string, do func() error) {
	s.t.Helper()
	s.calls = append(s.calls, "# "+name)
	if err := do(); err != nil {
		s.calls = append(s.calls, "= "+err.Error())
	}
}

func (s *script) open(o Options) {
	s.t.Helper()
	fsys := fsx.Logged(fsx.Faulty(s.mem, func(op fsx.Op) error { return s.fault(op) }), func(line string) {
		s.calls = append(s.calls, strings.ReplaceAll(line, "00000000000000", ""))
	})
	s.step("open", func() (err error) {
		s.l, err = Open(fsys, "wal", salted(o))
		if err == nil {
			_, err = s.l.Replay(s.t.Context(), func(uint64, []byte) error { return nil })
		}
		return err
	})
}

func (s *script) write(texts ...string) {
	s.t.Helper()
	s.step("write", func() error { _, err := s.l.Write(raw(texts)...); return err })
}

func (s *script) sync() { s.t.Helper(); s.step("sync", s.l.Sync) }
func (s *script) truncate(upTo uint64) {
	s.step("truncate", func() error { return s.l.Truncate(upTo) })
}

func (s *script) want(want string) {
	s.t.Helper()
	got := strings.ReplaceAll(strings.Join(s.calls, "\n"), "00000000000000", "")
	wantEqual(s.t, "calls", got, strings.TrimSpace(want))
}

func TestCallsOfALife(t *testing.T) {
	s := newScript(t)
	s.open(Options{SegmentBytes: 100})
	s.write("a", "b")
	s.sync()
	s.sync()
	s.write("c")
	s.truncate(2)
	s.sync()
	s.truncate(3)
	s.step("close", s.l.Close)
	s.open(Options{})
	s.want(`
# open
mkdir wal
append wal/01.wal
truncate wal/01.wal 0
write wal/01.wal 64 at 0
sync wal/01.wal
syncdir wal
# write
write wal/01.wal 50 at 64
# sync
sync wal/01.wal
close wal/01.wal
append wal/03.wal
truncate wal/03.wal 0
write wal/03.wal 64 at 0
sync wal/03.wal
syncdir wal
# sync
# write
write wal/03.wal 25 at 64
# truncate
remove wal/01.wal
syncdir wal
# sync
sync wal/03.wal
# truncate
close wal/03.wal
append wal/04.wal
truncate wal/04.wal 0
write wal/04.wal 64 at 0
sync wal/04.wal
syncdir wal
remove wal/03.wal
syncdir wal
# close
close wal/04.wal
# open
mkdir wal
append wal/04.wal
sync wal/04.wal
syncdir wal
close wal/04.wal
append wal/04.wal
`)
}

func TestCallsAfterATornTail(t *testing.T) {
	s := newScript(t)
	s.open(Options{})
	s.write("a")
	s.step("close", s.l.Close)
	s.calls = nil
	b := contents(t, s.mem, "wal/0000000000000001.wal")
	overwrite(t, s.mem, "wal/0000000000000001.wal", append(b, 1, 2, 3))
	s.open(Options{})
	s.want(`
# open
mkdir wal
append wal/01.wal
sync wal/01.wal
syncdir wal
close wal/01.wal
append wal/01.wal
truncate wal/01.wal 89
sync wal/01.wal
syncdir wal
close wal/01.wal
append wal/02.wal
truncate wal/02.wal 0
write wal/02.wal 64 at 0
sync wal/02.wal
syncdir wal
`)
}

// What a full disk left of a record is cut off, and the cut is synced.
func TestCallsOfAWriteWithoutSpace(t *testing.T) {
	s := newScript(t)
	s.open(Options{})
	s.write("a")
	s.calls = nil
	s.fault = fsx.FailNth(1, fsx.ShortWrite(7, syscall.ENOSPC), fsx.OpWrite)
	s.write("b")
	s.write("c")
	s.want(`
# write
write wal/01.wal 25 at 89: no space left on device
truncate wal/01.wal 89
sync wal/01.wal
= appending to the write-ahead log "wal/01.wal": no space left on device
# write
write wal/01.wal 25 at 89
`)
}

// The file is given up, and the next one says from where on it does not count.
func TestCallsOfAFailedSync(t *testing.T) {
	s := newScript(t)
	s.open(Options{})
	s.write("a")
	s.sync()
	s.write("b", "c")
	s.calls = nil
	s.fault = fsx.FailNth(1, errors.New("input/output error"), fsx.OpSync)
	s.sync()
	s.write("d")
	s.sync()
	s.want(`
# sync
sync wal/01.wal: input/output error
close wal/01.wal
append wal/04.wal
truncate wal/04.wal 0
write wal/04.wal 64 at 0
sync wal/04.wal
syncdir wal
= syncing the write-ahead log "wal/01.wal": input/output error: records written since the last sync are withdrawn (2 to 3)
# write
write wal/04.wal 25 at 64
# sync
sync wal/04.wal
`)
	_, r := openLog(t, s.mem, Options{})
	wantEqual(t, "replayed", r.String(), "1:a 4:d")
	wantEqual(t, "damage", r.Damage, []fsx.Damage(nil))
}

// A record that can neither be written nor taken back costs its file, not the
// log.
func TestCallsOfAWriteThatCannotBeTakenBack(t *testing.T) {
	s := newScript(t)
	s.open(Options{})
	s.write("a")
	s.calls = nil
	short := fsx.FailNth(1, fsx.ShortWrite(25, syscall.ENOSPC), fsx.OpWrite)
	stuck := fsx.FailNth(1, errors.New("stuck"), fsx.OpTruncate)
	s.fault = func(op fsx.Op) error {
		if err := short(op); err != nil {
			return err
		}
		return stuck(op)
	}
	s.write("bad")
	s.write("c")
	s.want(`
# write
write wal/01.wal 27 at 89: no space left on device
truncate wal/01.wal 89: stuck
sync wal/01.wal
close wal/01.wal
append wal/03.wal
truncate wal/03.wal 0
write wal/03.wal 64 at 0
sync wal/03.wal
syncdir wal
= appending to the write-ahead log "wal/01.wal": no space left on device; taking it back: stuck
# write
write wal/03.wal 25 at 64
`)
	_, r := openLog(t, s.mem, Options{})
	wantEqual(t, "replayed", r.String(), "1:a 3:c")
	wantEqual(t, "damage", r.Damage, []fsx.Damage(nil))
}

// The disk is full when the log is opened: it is read, and takes records once
// there is space.
func TestALogOpensOnAFullDisk(t *testing.T) {
	s := newScript(t)
	s.open(Options{})
	s.write("a")
	s.step("close", s.l.Close)
	full := true
	s.fault = func(op fsx.Op) error {
		if full && op.Kind == fsx.OpWrite {
			return syscall.ENOSPC
		}
		return nil
	}
	s.open(Options{})
	_, err := s.l.Write([]byte("b"))
	wantErr(t, "Write on a full disk", err, syscall.ENOSPC)
	wantEqual(t, "Next", s.l.Next(), uint64(2))
	full = false
	wantEqual(t, "number with space again", write(t, s.l, "b"), uint64(2))
	must(t, s.l.Sync())
	_, r := openLog(t, s.mem, Options{})
	wantEqual(t, "replayed", r.String(), "1:a 2:b")
}

func TestATruncationThatFailedIsFinishedByTheNext(t *testing.T) {
	for _, kind := range []fsx.Kind{fsx.OpRemove, fsx.OpSyncDir} {
		s := newScript(t)
		s.open(Options{SegmentBytes: 1})
		for range 3 {
			s.write("a")
			s.sync()
		}
		broken := errors.New("broken")
		s.fault = fsx.FailNth(1, broken, kind)
		wantErr(t, string(kind), s.l.Truncate(2), broken)
		must(t, s.l.Truncate(2))
		_, r := openLog(t, s.mem, Options{})
		wantEqual(t, "replayed", r.String(), "3:a")
	}
}
