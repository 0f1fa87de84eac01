package wal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"testing"

	"patou/internal/fsx"
)

const (
	perFile = 4
	recSize = frameHeader + 700
)

// reseal makes a file header's checksum right again.
func reseal(h []byte) {
	binary.LittleEndian.PutUint32(h[4:], crc32.Checksum(h[8:headerCopy], castagnoli))
}

// at is where a record is in its file, counted from 0.
func at(i int) int { return segmentHeader + i*recSize }

// threeFiles is a log of the records 1 to 12, four a file, each synced.
func threeFiles(t testing.TB) *fsx.Mem {
	t.Helper()
	mem := fsx.NewMem()
	for file := range 3 {
		l, _ := openLog(t, mem, Options{})
		for i := range perFile {
			write(t, l, record(1+file*perFile+i))
			must(t, l.Sync())
		}
		must(t, l.Close())
	}
	return mem
}

// record holds what a fooled reader would take for the record itself.
func record(n int) string {
	text := string(appendFrame(nil, 0, uint64(n), 0, []byte("forged")))
	return fmt.Sprintf("%d", n) + text + strings.Repeat("x", 700-len(text)-len(fmt.Sprint(n)))
}

func contents(t testing.TB, fsys fsx.FS, name string) []byte {
	t.Helper()
	f, err := fsys.Open(name)
	must(t, err)
	b, err := io.ReadAll(f)
	must(t, err)
	must(t, f.Close())
	return b
}

func overwrite(t testing.TB, fsys fsx.FS, name string, b []byte) {
	t.Helper()
	f, err := fsys.Create(name)
	must(t, err)
	_, err = f.Write(b)
	must(t, err)
	must(t, f.Sync())
	must(t, f.Close())
}

func flip(off int) func([]byte) []byte {
	return func(b []byte) []byte { b[off] ^= 0x10; return b }
}

func cut(off int) func([]byte) []byte { return func(b []byte) []byte { return b[:off] } }

func zeroed(from, to int) func([]byte) []byte {
	return func(b []byte) []byte { clear(b[from:to]); return b }
}

func insert(off int, what []byte) func([]byte) []byte {
	return func(b []byte) []byte { return slices.Insert(b, off, what...) }
}

func all(steps ...func([]byte) []byte) func([]byte) []byte {
	return func(b []byte) []byte {
		for _, s := range steps {
			b = s(b)
		}
		return b
	}
}

// Every kind of damage, and which records it may cost. In the names, the first,
// middle and last file hold 1 to 4, 5 to 8 and 9 to 12.
func TestDamageCostsOnlyTheRecordsItLiesIn(t *testing.T) {
	const middle, last = 1, 2
	for _, c := range []struct {
		name   string
		file   int
		damage func([]byte) []byte
		gone   []int
		lost   int // as reported, if not len(gone)
		torn   bool
		says   string
	}{
		{"a flipped bit in a payload", middle, flip(at(1) + 300), []int{6}, 0, false, "record 6 cannot be read"},
		{"a flipped bit in a checksum", middle, flip(at(1)), []int{6}, 0, false, "record 6 cannot be read"},
		{"a flipped bit in a length", middle, flip(at(1) + 4), []int{6}, 0, false, "record 6 cannot be read"},
		{"a flipped bit in a number", middle, flip(at(1) + 8), []int{6}, 0, false, "record 6 cannot be read"},
		{"flipped bits in two records", middle, all(flip(at(0)+50), flip(at(2))), []int{5, 7}, 0, false, "record 7 cannot be read"},
		{"flipped bits in neighbours", middle, all(flip(at(1)+50), flip(at(2)+3)), []int{6, 7}, 0, false, "records 6 to 7 cannot be read: 2 are lost"},
		{"a flipped bit in a file's last record", middle, flip(at(3) + 99), []int{8}, 0, false, "record 8 cannot be read"},
		{"a flipped bit in one file header", middle, flip(20), nil, 0, false, ""},
		{"a flipped bit in the other file header", middle, flip(headerCopy + 12), nil, 0, false, ""},
		{"both file headers gone", middle, all(flip(20), flip(headerCopy+20)), []int{5, 6, 7, 8}, 0, false, "records 5 to 8 cannot be read: 4 are lost"},
		{"a cut in the middle file", middle, cut(at(2) + 5), []int{7, 8}, 0, false, "records 7 to 8 cannot be read"},
		{"a cut between records", middle, cut(at(2)), []int{7, 8}, 0, false, "records 7 to 8 cannot be read"},
		{"an emptied middle file", middle, cut(0), []int{5, 6, 7, 8}, 0, false, "records 5 to 8 cannot be read"},
		{"a zeroed sector", middle, zeroed(1024, 1536), []int{6, 7}, 0, false, "records 6 to 7 cannot be read"},
		{"bytes put in", middle, insert(at(2), []byte("garbage")), nil, 0, false, "7 bytes are no record; none is missing"},
		{"bytes put into a record", middle, insert(at(2)+99, []byte("garbage")), []int{7}, 0, false, "record 7 cannot be read"},
		{"a record twice", middle, func(b []byte) []byte { return slices.Insert(b, at(2), b[at(1):at(2)]...) }, nil, 0, false, "724 bytes are no record"},
		{"two records in the wrong order", middle, func(b []byte) []byte {
			return slices.Concat(b[:at(1)], b[at(2):at(3)], b[at(1):at(2)], b[at(3):])
		}, []int{6}, 0, false, "record 6 cannot be read"},
		{"a cut in the newest file", last, cut(at(3) + 99), []int{12}, 0, true, "the last 99 bytes were being written"},
		{"a cut in a header of the newest file", last, cut(at(3) + 9), []int{12}, 0, true, "the last 9 bytes were being written"},
		{"zeros behind the newest file", last, insert(at(4), make([]byte, 3000)), nil, 0, true, "the last 3000 bytes"},
		{"the last record's sector missing", last, zeroed(2560, at(4)), []int{12}, 0, true, "the last 724 bytes"},
		{"a missing sector of what was durable", last, zeroed(1024, 1536), []int{10, 11}, 0, false, "records 10 to 11 cannot be read"},
		{"a flipped bit in the newest file", last, flip(at(1) + 300), []int{10}, 0, false, "record 10 cannot be read"},
		{"a flipped bit in the last record", last, flip(at(3) + 300), []int{12}, 0, false, "record 12 cannot be read"},
		{"a flipped bit in the last record's header", last, flip(at(3) + 4), []int{12}, 724/frameHeader + 1, false, "724 bytes from record 12 on cannot be read: at most 31 records are lost"},
		{"garbage behind the newest file", last, insert(at(4), []byte(strings.Repeat("garbage", 9))), nil, 63/frameHeader + 1, false, "63 bytes from record 13 on"},
		{"both headers of the newest file gone", last, all(flip(20), flip(headerCopy+20)), []int{9, 10, 11, 12}, perFile*recSize/frameHeader + 1, false, "cannot be read: at most 121 records"},
		{"a newest file without header", last, cut(17), []int{9, 10, 11, 12}, 0, true, "the file was being made"},
	} {
		t.Run(c.name, func(t *testing.T) {
			mem := threeFiles(t)
			name := fmt.Sprintf("wal/%016x.wal", 1+c.file*perFile)
			overwrite(t, mem, name, c.damage(contents(t, mem, name)))
			damaged := contents(t, mem, name)
			checked := Check(mem, "wal")

			l, r := openLog(t, mem, Options{})
			var want []uint64
			for n := 1; n <= 12; n++ {
				if !slices.Contains(c.gone, n) {
					want = append(want, uint64(n))
				}
			}
			wantReplayed(t, r, want)
			wantEqual(t, "Check before Replay", checked, r.Damage)
			lost := max(c.lost, len(c.gone))
			if c.torn {
				lost = 0
			}
			wantEqual(t, "lost", int(r.Lost), lost)
			wantSays(t, r.Damage, c.says, c.torn)
			wantGoesOn(t, mem, l, want, c.torn)
			if !c.torn && c.says != "" && len(damaged) > segmentHeader {
				wantKept(t, mem, name, damaged, c.file)
			}
		})
	}
}

func wantReplayed(t *testing.T, r replayed, want []uint64) {
	t.Helper()
	wantEqual(t, "replayed", r.lsns, want)
	for i, lsn := range r.lsns {
		if r.recs[i] != record(int(lsn)) {
			t.Errorf("record %d has changed", lsn)
		}
	}
}

func wantSays(t *testing.T, found []fsx.Damage, says string, harmless bool) {
	t.Helper()
	if says == "" {
		wantEqual(t, "damage", found, []fsx.Damage(nil))
		return
	}
	for _, d := range found {
		if strings.Contains(d.String(), says) && d.Harmless == harmless {
			return
		}
	}
	t.Errorf("no damage that says %q, harmless %v: %v", says, harmless, found)
}

// wantGoesOn writes on after the damage, and finds all of it after a restart,
// with a number that no lost record had.
func wantGoesOn(t *testing.T, mem *fsx.Mem, l *Log, want []uint64, mayReuse bool) {
	t.Helper()
	first := write(t, l, "more")
	if first <= 12 && !mayReuse {
		t.Errorf("the number %d is used again", first)
	}
	must(t, l.Close())
	l, r := openLog(t, mem, Options{})
	wantEqual(t, "replayed after a restart", r.lsns, append(slices.Clone(want), first))
	must(t, l.Truncate(first))
	must(t, l.Close())
	_, r = openLog(t, mem, Options{})
	wantEqual(t, "replayed after Truncate", r.lsns, []uint64(nil))
	wantEqual(t, "damage after Truncate", r.Damage, []fsx.Damage(nil))
}

// wantKept finds the damaged file, or that before a missing one, set aside.
func wantKept(t *testing.T, mem *fsx.Mem, name string, damaged []byte, file int) {
	t.Helper()
	kept := contents(t, mem, name+damagedSuffix)
	if !bytes.Equal(kept, damaged) {
		t.Errorf("%s is not as it was found", name+damagedSuffix)
	}
	wantSays(t, Check(mem, "wal"), "set aside", true)
}

func TestAMissingFileIsNamed(t *testing.T) {
	mem := threeFiles(t)
	must(t, mem.Remove("wal/0000000000000005.wal"))
	_, r := openLog(t, mem, Options{})
	wantReplayed(t, r, []uint64{1, 2, 3, 4, 9, 10, 11, 12})
	wantSays(t, r.Damage, "records 5 to 8 cannot be read: 4 are lost", false)
	wantEqual(t, "lost", r.Lost, uint64(4))
}

func TestAMissingBeginIsWhatTruncateLeaves(t *testing.T) {
	mem := threeFiles(t)
	must(t, mem.Remove("wal/0000000000000001.wal"))
	_, r := openLog(t, mem, Options{})
	wantReplayed(t, r, []uint64{5, 6, 7, 8, 9, 10, 11, 12})
	wantEqual(t, "damage", r.Damage, []fsx.Damage(nil))
}

func TestTheNameOfAnUnfinishedFileKeepsItsNumber(t *testing.T) {
	mem := threeFiles(t)
	overwrite(t, mem, "wal/0000000000000020.wal", []byte("PWAL"))
	l, r := openLog(t, mem, Options{})
	wantSays(t, r.Damage, "holds nothing", true)
	wantEqual(t, "Next", l.Next(), uint64(0x20))
	wantGoesOn(t, mem, l, r.lsns, false)
}

func TestABlockThatTheDiskRefusesCostsItsRecords(t *testing.T) {
	mem := threeFiles(t)
	broken := errors.New("input/output error")
	fsys := fsx.Faulty(mem, func(op fsx.Op) error {
		end := op.Off + int64(op.Size)
		if op.Kind == fsx.OpRead && strings.HasSuffix(op.Name, "5.wal") && op.Off < 2000 && end > 1500 && end > segmentHeader {
			return broken
		}
		return nil
	})
	_, r := openLog(t, fsys, Options{})
	wantReplayed(t, r, []uint64{1, 2, 3, 4, 9, 10, 11, 12}) // the file is one block
	wantSays(t, r.Damage, "records 5 to 8 cannot be read: 4 are lost", false)
}
