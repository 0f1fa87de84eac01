package logs

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"unique"

	"patou/internal/entry"
)

// runInfo is what the directory knows of a run: a stretch of one component
// within one block, in order of time.
type runInfo struct {
	component   string
	rows        int
	first, last int64
	least, most uint64 // batches of its entries
	minutes     []byte // packed counts, see appendMinutes
}

// appendMinutes packs counts by minute and level: the minutes since the one
// before, a mask of the levels that occur, their counts. The first minute
// counts from that of the run's first entry, so it is 0.
func appendMinutes(dst []byte, minutes []entry.Minute) []byte {
	for i := range minutes {
		m, before := &minutes[i], minutes[max(0, i-1)].Minute
		dst = binary.AppendUvarint(dst, uint64(m.Minute-before))
		mask := uint64(0)
		for l, n := range m.Counts {
			if n > 0 {
				mask |= 1 << l
			}
		}
		dst = binary.AppendUvarint(dst, mask)
		for _, n := range m.Counts {
			if n > 0 {
				dst = binary.AppendUvarint(dst, uint64(n))
			}
		}
	}
	return dst
}

// readMinutes unpacks counts of a run of which the first entry is at first and
// which has rows entries.
func readMinutes(src []byte, first int64, rows int) ([]entry.Minute, error) {
	out := make([]entry.Minute, 0, min(len(src)/3, 1+rows))
	m, sum := minuteOf(first), uint64(0)
	for r := (reader{src: src}); len(r.src) > 0; {
		m += int64(r.uvarint())
		mask := r.uvarint()
		if mask == 0 || mask >= 1<<entry.Levels {
			return nil, fmt.Errorf("levels %#x in the counts of a run: %w", mask, errDamaged)
		}
		counted := entry.Minute{Minute: m}
		for ; mask > 0; mask &= mask - 1 {
			n := r.uvarint()
			if n > uint64(rows) {
				return nil, fmt.Errorf("a count of %d in a run of %d entries: %w", n, rows, errDamaged)
			}
			counted.Counts[bits.TrailingZeros64(mask)] = uint32(n)
			sum += n
		}
		if r.err != nil {
			return nil, r.err
		}
		out = append(out, counted)
	}
	if sum != uint64(rows) {
		return nil, fmt.Errorf("counts of %d for a run of %d entries: %w", sum, rows, errDamaged)
	}
	return out, nil
}

// appendRun appends what is known of a run, after one of before.
func appendRun(dst []byte, before, r *runInfo) []byte {
	shared := sharedPrefix(before.component, r.component)
	dst = binary.AppendUvarint(dst, uint64(shared))
	dst = appendText(dst, r.component[shared:])
	dst = binary.AppendUvarint(dst, uint64(r.rows))
	dst = binary.AppendVarint(dst, r.first-before.first)
	dst = binary.AppendUvarint(dst, uint64(r.last-r.first))
	dst = binary.AppendVarint(dst, int64(r.least-before.least))
	dst = binary.AppendUvarint(dst, r.most-r.least)
	return appendText(dst, r.minutes)
}

// sharedPrefix is how many bytes two names begin with in common: names in
// order mostly repeat the one before.
func sharedPrefix(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// readRun reads what appendRun wrote. The counts share memory with src.
func (r *reader) readRun(before *runInfo) runInfo {
	shared := r.uvarint()
	if shared > uint64(len(before.component)) {
		r.fail("a component shares %d bytes with %q", shared, before.component)
		return runInfo{}
	}
	suffix := r.text()
	out := runInfo{component: before.component}
	if len(suffix) > 0 || shared < uint64(len(before.component)) {
		out.component = unique.Make(before.component[:shared] + string(suffix)).Value()
	}
	out.rows = r.count(maxBlockRows)
	out.first = before.first + r.varint()
	out.last = out.first + int64(r.uvarint())
	out.least = before.least + uint64(r.varint())
	out.most = out.least + r.uvarint()
	out.minutes = r.text()
	if r.err == nil && (out.rows == 0 || out.last < out.first || out.most < out.least) {
		r.fail("a run of %q that ends before it begins", out.component)
	}
	return out
}
