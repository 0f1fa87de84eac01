package wal

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"patou/internal/fsx"
)

// spoil edits a file: each five bytes say where, how, and with what. Random
// bytes alone would never get past the checksums.
func spoil(b, edits []byte) []byte {
	for ; len(edits) >= 5; edits = edits[5:] {
		off := int(binary.LittleEndian.Uint16(edits)) % (len(b) + 1)
		n, val := int(edits[3]), edits[4]
		end := min(off+n*4, len(b))
		switch edits[2] % 6 {
		case 0:
			if off < len(b) {
				b[off] ^= val
			}
		case 1:
			b = slices.Delete(b, off, end)
		case 2:
			b = slices.Insert(b, off, slices.Repeat([]byte{val}, n)...)
		case 3:
			clear(b[off:end])
		case 4:
			b = slices.Insert(b, off, slices.Clone(b[off:end])...)
		case 5:
			b = b[:off]
		}
	}
	return b
}

// Whatever happened to a file, reading it gives records that were written, in
// order, names what is missing, and leaves a log that can be written to.
func FuzzReplay(f *testing.F) {
	for op := range byte(6) {
		for _, off := range []uint16{0, 20, 40, 64, 70, 788, 800, 2000, 2959} {
			f.Add([]byte{byte(off), byte(off >> 8), op, 9, 0x10}, op%2 == 0)
		}
	}
	f.Fuzz(replaySpoilt)
}

func TestRandomDamageIsNamed(t *testing.T) {
	for seed := range uint64(600) {
		rng := rand.New(rand.NewPCG(seed, 5))
		edits := make([]byte, 5*(1+rng.IntN(4)))
		for i := range edits {
			edits[i] = byte(rng.Uint32())
		}
		if replaySpoilt(t, edits, seed%2 == 0); t.Failed() {
			t.Fatalf("seed %d, edits %v", seed, edits)
		}
	}
}

func replaySpoilt(t *testing.T, edits []byte, newest bool) {
	mem := threeFiles(t)
	const name = "wal/0000000000000005.wal"
	overwrite(t, mem, name, spoil(contents(t, mem, name), edits))
	if newest {
		must(t, mem.Remove("wal/0000000000000009.wal"))
	}
	checked := Check(mem, "wal")
	l, err := Open(mem, "wal", salted(Options{MinNext: 13}))
	if errors.As(err, new(errNewer)) {
		return
	}
	must(t, err)
	r := replayFuzzed(t, l)
	wantEqual(t, "Check", checked, r.Damage)
	if len(r.lsns) < perFile || !newest && !slices.Equal(r.lsns[max(0, len(r.lsns)-perFile):], []uint64{9, 10, 11, 12}) {
		t.Fatalf("sound files are not read: %v", r.lsns)
	}
	if !newest && int(r.Lost) != 12-len(r.lsns) {
		t.Fatalf("%d records are lost and %d reported: %v", 12-len(r.lsns), r.Lost, r.Damage)
	}
	if newest && len(r.lsns) < 8 && len(r.Damage) == 0 && !endsBetweenRecords(t, mem, name) {
		t.Fatalf("records are missing and nothing says so: %v", r.lsns)
	}
	first := write(t, l, "more")
	must(t, l.Close())
	_, again := openLog(t, mem, Options{})
	wantEqual(t, "after a restart", again.lsns, append(r.lsns, first))
}

// endsBetweenRecords is for a newest file that was cut where a record ends,
// which looks as if no more had been written.
func endsBetweenRecords(t *testing.T, fsys fsx.FS, name string) bool {
	t.Helper()
	return (len(contents(t, fsys, name))-segmentHeader)%recSize == 0
}

func replayFuzzed(t *testing.T, l *Log) (r replayed) {
	t.Helper()
	var err error
	r.Report, err = l.Replay(t.Context(), func(lsn uint64, rec []byte) error {
		if n := len(r.lsns); n > 0 && lsn <= r.lsns[n-1] {
			t.Fatalf("record %d after %d", lsn, r.lsns[n-1])
		}
		if lsn > 12 || string(rec) != record(int(lsn)) {
			t.Fatalf("record %d was never written so: %.30q", lsn, rec)
		}
		r.lsns, r.recs = append(r.lsns, lsn), append(r.recs, string(rec))
		return nil
	})
	must(t, err)
	return r
}
