package wal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"patou/internal/fsx"

	"github.com/google/go-cmp/cmp"
)

// salted makes the files of a test the same each time.
func salted(o Options) Options {
	var n uint32 = 0x5A17
	o.Salt = func() uint32 { n++; return n }
	return o
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantEqual(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func wantErr(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

// replayed is what a log gave: each record's number and text.
type replayed struct {
	lsns []uint64
	recs []string
	Report
}

func (r replayed) String() string {
	var b strings.Builder
	for i, lsn := range r.lsns {
		fmt.Fprintf(&b, "%d:%s ", lsn, r.recs[i])
	}
	return strings.TrimSpace(b.String())
}

func openLog(t testing.TB, fsys fsx.FS, o Options) (*Log, replayed) {
	t.Helper()
	l, err := Open(fsys, "wal", salted(o))
	must(t, err)
	var r replayed
	r.Report, err = l.Replay(t.Context(), func(lsn uint64, rec []byte) error {
		r.lsns, r.recs = append(r.lsns, lsn), append(r.recs, string(rec))
		return nil
	})
	must(t, err)
	return l, r
}

func write(t testing.TB, l *Log, texts ...string) uint64 {
	t.Helper()
	first, err := l.Write(raw(texts)...)
	must(t, err)
	return first
}

func raw(texts []string) [][]byte {
	var out [][]byte
	for _, text := range texts {
		out = append(out, []byte(text))
	}
	return out
}

func TestRecordsAreReplayedInOrder(t *testing.T) {
	mem := fsx.NewMem()
	l, r := openLog(t, mem, Options{})
	wantEqual(t, "an empty log", r.String(), "")
	wantEqual(t, "first number", write(t, l, "a", "", "ccc"), uint64(1))
	wantEqual(t, "next number", write(t, l, "d"), uint64(4))
	must(t, l.Sync())
	must(t, l.Close())
	l, r = openLog(t, mem, Options{})
	wantEqual(t, "replayed", r.String(), "1:a 2: 3:ccc 4:d")
	wantEqual(t, "report", r.Report, Report{Records: 4, Bytes: 5, First: 1, Last: 4})
	wantEqual(t, "Next", l.Next(), uint64(5))
	wantEqual(t, "number after a restart", write(t, l, "e"), uint64(5))
}

func TestALogIsReplayedOnceAndFirst(t *testing.T) {
	l, err := Open(fsx.NewMem(), "wal", Options{})
	must(t, err)
	_, err = l.Write([]byte("early"))
	wantErr(t, "Write before Replay", err, ErrReplay)
	wantErr(t, "Sync before Replay", l.Sync(), ErrReplay)
	wantErr(t, "Truncate before Replay", l.Truncate(1), ErrReplay)
	nothing := func(uint64, []byte) error { return nil }
	_, err = l.Replay(t.Context(), nothing)
	must(t, err)
	_, err = l.Replay(t.Context(), nothing)
	wantErr(t, "a second Replay", err, ErrReplay)
	must(t, l.Close())
	must(t, l.Close())
	_, err = l.Write([]byte("late"))
	wantErr(t, "Write after Close", err, ErrClosed)
	wantErr(t, "Sync after Close", l.Sync(), ErrClosed)
}

func TestReplayStopsWhenToldTo(t *testing.T) {
	mem := fsx.NewMem()
	l, _ := openLog(t, mem, Options{})
	write(t, l, "a", "b", "c")
	must(t, l.Close())
	broken := errors.New("broken")
	l, err := Open(mem, "wal", Options{})
	must(t, err)
	_, err = l.Replay(t.Context(), func(lsn uint64, _ []byte) error {
		if lsn == 2 {
			return broken
		}
		return nil
	})
	wantErr(t, "Replay", err, broken)
	if !strings.Contains(err.Error(), "record 2") {
		t.Errorf("the error does not name the record: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = l.Replay(ctx, func(uint64, []byte) error { return nil })
	wantErr(t, "Replay", err, context.Canceled)
}

func TestARecordOverTheLimitIsRefused(t *testing.T) {
	l, _ := openLog(t, fsx.NewMem(), Options{})
	_, err := l.Write([]byte("small"), make([]byte, MaxRecord+1))
	if err == nil || !strings.Contains(err.Error(), "at most 67108864") {
		t.Errorf("got %v, want the limit", err)
	}
	wantEqual(t, "Next", l.Next(), uint64(1))
}

func TestTheLongestRecordIsReplayed(t *testing.T) {
	mem := fsx.NewMem()
	l, _ := openLog(t, mem, Options{})
	long := bytes.Repeat([]byte("patou 🐕"), MaxRecord/10)
	_, err := l.Write([]byte("before"), long, []byte("after"))
	must(t, err)
	must(t, l.Close())
	_, r := openLog(t, mem, Options{})
	wantEqual(t, "records", r.Records, 3)
	if r.recs[1] != string(long) || r.recs[2] != "after" {
		t.Error("the long record, or the one after it, has changed")
	}
}

func TestNumbersGoOnAfterEverythingIsTruncated(t *testing.T) {
	mem := fsx.NewMem()
	l, _ := openLog(t, mem, Options{})
	write(t, l, "a", "b", "c")
	must(t, l.Sync())
	must(t, l.Truncate(3))
	wantEqual(t, "Size", l.Size(), int64(segmentHeader))
	for range 3 {
		must(t, l.Close())
		var r replayed
		l, r = openLog(t, mem, Options{})
		wantEqual(t, "replayed", r.Report, Report{})
		wantEqual(t, "Next", l.Next(), uint64(4))
	}
	entries, err := mem.ReadDir("wal")
	must(t, err)
	wantEqual(t, "files after restarts with nothing written", len(entries), 1)
}

func TestTruncateDropsOnlyWholeFiles(t *testing.T) {
	mem := fsx.NewMem()
	l, _ := openLog(t, mem, Options{SegmentBytes: 1})
	for i := range 6 {
		write(t, l, fmt.Sprint("r", 2*i), fmt.Sprint("r", 2*i+1))
		must(t, l.Sync())
	}
	before := l.Size()
	must(t, l.Truncate(5)) // the file of 5 and 6 stays
	if l.Size() >= before {
		t.Errorf("Size stays %d", l.Size())
	}
	must(t, l.Close())
	l, r := openLog(t, mem, Options{SegmentBytes: 1})
	wantEqual(t, "replayed", r.String(), "5:r4 6:r5 7:r6 8:r7 9:r8 10:r9 11:r10 12:r11")
	wantEqual(t, "damage", r.Damage, []fsx.Damage(nil))
	must(t, l.Truncate(1000))
	wantEqual(t, "Next", l.Next(), uint64(13))
	wantEqual(t, "Size", l.Size(), int64(segmentHeader))
}

func TestTruncateLeavesUnsyncedRecordsToTheirWriter(t *testing.T) {
	l, _ := openLog(t, fsx.NewMem(), Options{})
	write(t, l, "a")
	must(t, l.Truncate(1))
	if l.Size() <= segmentHeader {
		t.Error("an unsynced file was dropped")
	}
	must(t, l.Sync())
	must(t, l.Truncate(1))
	wantEqual(t, "Size", l.Size(), int64(segmentHeader))
}

func TestMinNextIsNeverGoneBelow(t *testing.T) {
	mem := fsx.NewMem()
	l, _ := openLog(t, mem, Options{MinNext: 100})
	wantEqual(t, "first number", write(t, l, "a"), uint64(100))
	must(t, l.Close())
	l, _ = openLog(t, mem, Options{MinNext: 200})
	wantEqual(t, "number after a jump", write(t, l, "b"), uint64(200))
	must(t, l.Close())
	l, r := openLog(t, mem, Options{MinNext: 7})
	wantEqual(t, "replayed", r.String(), "100:a 200:b")
	wantEqual(t, "a jump is no damage", r.Damage, []fsx.Damage(nil))
	wantEqual(t, "Next", l.Next(), uint64(201))
}

func TestANewerFormatIsRefused(t *testing.T) {
	mem := fsx.NewMem()
	must(t, mem.MkdirAll("wal"))
	f, err := mem.Create("wal/0000000000000001.wal")
	must(t, err)
	h := appendHeader(nil, &segment{first: 1, prevEnd: 1})
	for _, at := range []int{0, headerCopy} {
		h[at+8] = 9
		reseal(h[at:])
	}
	_, err = f.Write(h)
	must(t, err)
	_, err = Open(mem, "wal", Options{})
	if err == nil || !strings.Contains(err.Error(), "its format is 9") {
		t.Errorf("got %v, want a sentence about the format", err)
	}
}

func TestTheSystemsFilesWorkToo(t *testing.T) {
	dir := t.TempDir()
	l, err := Open(fsx.OS(), dir+"/deep/wal", Options{SegmentBytes: 1})
	must(t, err)
	_, err = l.Replay(t.Context(), func(uint64, []byte) error { return nil })
	must(t, err)
	write(t, l, "a")
	must(t, l.Sync())
	write(t, l, "b")
	must(t, l.Sync())
	must(t, l.Truncate(1))
	must(t, l.Close())
	wantEqual(t, "Check", Check(fsx.OS(), dir+"/deep/wal"), []fsx.Damage(nil))
	wantEqual(t, "Check of nothing", Check(fsx.OS(), dir+"/none"), []fsx.Damage(nil))
}

// What a killed process could not sync is in the system's memory alone. It lies
// before a file whose header did not come to be, and what is replayed is given
// to stores: it must be on the disk then.
func TestWhatIsReplayedIsDurable(t *testing.T) {
	for name, written := range map[string]int{"no header": 0, "half a header": segmentHeader / 4} {
		t.Run(name, func(t *testing.T) {
			mem := fsx.NewMem()
			ill := false
			disk := fsx.Faulty(mem, func(op fsx.Op) error {
				switch {
				case !ill:
					return nil
				case op.Kind == fsx.OpSync:
					return syscall.EIO
				case op.Kind == fsx.OpWrite:
					return fsx.ShortWrite(written, syscall.EIO)
				}
				return nil
			})
			l, _ := openLog(t, disk, Options{})
			write(t, l, "a", "b")
			ill = true
			wantErr(t, "sync", l.Sync(), ErrWithdrawn)

			_, first := openLog(t, mem, Options{}) // the process was killed
			wantEqual(t, "records after a kill", first.recs, []string{"a", "b"})
			for seed := range uint64(10) {
				_, second := openLog(t, mem.CrashClone(rand.New(rand.NewPCG(seed, 1))), Options{})
				wantEqual(t, "records after a power cut", second.recs, first.recs)
			}
		})
	}
}
