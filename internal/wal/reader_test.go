package wal

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"patou/internal/fsx"
)

// rest is what a reader gives until there is nothing more.
func rest(t *testing.T, r *Reader) string {
	t.Helper()
	var b strings.Builder
	for {
		lsn, rec, ok, err := r.Next(noEnd)
		must(t, err)
		if !ok {
			return strings.TrimSpace(b.String())
		}
		fmt.Fprintf(&b, "%d:%s ", lsn, rec)
	}
}

func TestAReaderFollowsTheLog(t *testing.T) {
	l, _ := openLog(t, fsx.NewMem(), Options{SegmentBytes: 100})
	r := l.Reader(1)
	wantEqual(t, "of an empty log", rest(t, r), "")
	write(t, l, "a", "b")
	lsn, _, ok, err := l.Reader(1).Next(0)
	must(t, err)
	wantEqual(t, "up to a number before it", ok, false)
	wantEqual(t, "its number", lsn, uint64(0))
	wantEqual(t, "unsynced", rest(t, r), "1:a 2:b")
	must(t, l.Sync())
	write(t, l, "c")
	must(t, l.Sync())
	wantEqual(t, "in the next file", rest(t, r), "3:c")
	wantEqual(t, "nothing new", rest(t, r), "")
	wantEqual(t, "from the middle", rest(t, l.Reader(2)), "2:b 3:c")
	must(t, l.Truncate(2))
	write(t, l, "d")
	wantEqual(t, "behind what was dropped", rest(t, l.Reader(1)), "3:c 4:d")
	must(t, r.Close())
	wantEqual(t, "after Close", rest(t, r), "4:d")
}

func TestAReaderGoesOnAfterARestart(t *testing.T) {
	fs := fsx.NewMem()
	l, _ := openLog(t, fs, Options{})
	write(t, l, "a", "b")
	must(t, l.Close())
	l, _ = openLog(t, fs, Options{MinNext: 9})
	write(t, l, "c")
	wantEqual(t, "over a gap of numbers", rest(t, l.Reader(1)), "1:a 2:b 9:c")
}

func TestAReaderPassesOverDamageAndCountsIt(t *testing.T) {
	fs := fsx.NewMem()
	l, _ := openLog(t, fs, Options{})
	write(t, l, "aaaa", "bbbb", "cccc")
	must(t, l.Sync())
	r := l.Reader(1)
	turn(t, fs, l.last().name, segmentHeader+2*frameHeader+4)
	wantEqual(t, "around the damage", rest(t, r), "1:aaaa 3:cccc")
	if r.Lost() != 1 {
		t.Errorf("%d records lost, want 1", r.Lost())
	}
	write(t, l, "dddd")
	wantEqual(t, "behind it", rest(t, r), "4:dddd")
}

func TestAReaderGoesOnBehindADamagedEnd(t *testing.T) {
	fs := fsx.NewMem()
	l, _ := openLog(t, fs, Options{})
	write(t, l, "aaaa", "bbbb")
	must(t, l.Sync())
	turn(t, fs, l.last().name, segmentHeader+2*frameHeader+4)
	r := l.Reader(1)
	wantEqual(t, "before the damage", rest(t, r), "1:aaaa")
	write(t, l, "cccc")
	wantEqual(t, "behind it", rest(t, r), "3:cccc")
}

// turn changes one byte of a file in place.
func turn(t *testing.T, fs *fsx.Mem, name string, at int) {
	t.Helper()
	f, err := fs.Open(name)
	must(t, err)
	size, err := f.Size()
	must(t, err)
	text := make([]byte, size)
	_, err = f.ReadAt(text, 0)
	must(t, err)
	text[at] ^= 0x40
	w, err := fs.Append(name)
	must(t, err)
	must(t, w.Truncate(0))
	_, err = w.Write(text)
	must(t, err)
	must(t, w.Sync())
}

// TestAReaderGivesWhatAReplayWould compares the two over random histories with
// failing writes and syncs, restarts and truncations.
func TestAReaderGivesWhatAReplayWould(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		mem, failing := fsx.NewMem(), false
		fs := fsx.Faulty(mem, func(op fsx.Op) error {
			if failing && !op.Kind.Reads() && rng.IntN(3) == 0 {
				return syscall.EIO
			}
			return nil
		})
		l, _ := openLog(t, fs, Options{SegmentBytes: 200})
		for i := range 60 {
			failing = rng.IntN(4) == 0
			switch rng.IntN(6) {
			case 0:
				_ = l.Sync()
			case 1:
				_ = l.Truncate(uint64(rng.IntN(i + 1)))
			default:
				_, _ = l.Write([]byte(fmt.Sprintf("r%d", i)))
			}
		}
		failing = false
		_, err := l.Write() // begins a file, if need be, that says what was withdrawn
		must(t, err)
		must(t, l.Sync())
		got := rest(t, l.Reader(1))
		must(t, l.Close())
		_, want := openLog(t, mem, Options{SegmentBytes: 200})
		wantEqual(t, fmt.Sprintf("seed %d", seed), got, want.String())
	}
}
