package logs

import "math/bits"

// rowSet is a set of rows out of the window [lo, hi) of a run.
type rowSet struct {
	lo, hi int
	words  []uint64
}

// noRows is the empty set of a window.
func noRows(lo, hi int) rowSet {
	return rowSet{lo, hi, make([]uint64, (hi-lo+63)/64)}
}

// allRows is the whole window. Bits past its end stay clear, so that counting
// needs no care.
func allRows(lo, hi int) rowSet {
	s := noRows(lo, hi)
	for i := range s.words {
		s.words[i] = ^uint64(0)
	}
	if rest := (hi - lo) % 64; rest > 0 {
		s.words[len(s.words)-1] = 1<<rest - 1
	}
	return s
}

func (s rowSet) add(row int) { s.words[(row-s.lo)>>6] |= 1 << ((row - s.lo) & 63) }

func (s rowSet) empty() bool {
	for _, w := range s.words {
		if w != 0 {
			return false
		}
	}
	return true
}

func (s rowSet) count() int {
	n := 0
	for _, w := range s.words {
		n += bits.OnesCount64(w)
	}
	return n
}

// without is the rows that are not in o, a set of the same window.
func (s rowSet) without(o rowSet) rowSet {
	out := noRows(s.lo, s.hi)
	for i := range out.words {
		out.words[i] = s.words[i] &^ o.words[i]
	}
	return out
}

// include adds the rows of o, a set of the same window.
func (s rowSet) include(o rowSet) {
	for i := range s.words {
		s.words[i] |= o.words[i]
	}
}

// each calls f for each row, ascending, until it fails.
func (s rowSet) each(f func(row int) error) error {
	for i, w := range s.words {
		for ; w != 0; w &= w - 1 {
			if err := f(s.lo + i<<6 + bits.TrailingZeros64(w)); err != nil {
				return err
			}
		}
	}
	return nil
}
