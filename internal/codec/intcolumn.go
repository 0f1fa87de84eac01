package codec

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// mini is the number of values that share a bit width: small enough that an
// outlier widens few neighbours, large enough that the width's byte is cheap.
const mini = 64

// The modes of an integer column. They are stored: they never change.
const (
	intPlain  = 0 // v - base
	intDelta  = 1 // (v - previous) - base; the first value stands before
	intZigzag = 2 // v - previous, signs folded; the first value stands before
)

// AppendInts appends a column of integers. The number of values is not stored.
func AppendInts(dst []byte, v []int64) []byte {
	if len(v) == 0 {
		return dst
	}
	divisor := commonDivisor(v)
	dst = binary.AppendUvarint(dst, divisor)
	if divisor > 1 {
		return appendInts(binary.AppendVarint(dst, v[0]), divided(v, int64(divisor)))
	}
	return appendInts(dst, v)
}

func divided(v []int64, divisor int64) []int64 {
	out := make([]int64, len(v))
	for i := range v {
		out[i] = (v[i] - v[0]) / divisor
	}
	return out
}

// commonDivisor is the greatest number that divides all differences, so that
// bytes counted in pages cost no low bits; 1 where differences could overflow.
func commonDivisor(v []int64) uint64 {
	var g uint64
	for _, x := range v {
		if x > 1<<61 || x < -1<<61 {
			return 1
		}
		d := uint64(max(x-v[0], v[0]-x))
		for d != 0 {
			g, d = d, g%d
		}
		if g == 1 {
			return 1
		}
	}
	return max(g, 1)
}

func appendInts(dst []byte, v []int64) []byte {
	mode, base := planInts(v)
	dst = append(dst, byte(mode))
	prev := int64(0)
	if mode != intPlain {
		dst = binary.AppendVarint(dst, v[0])
		prev, v = v[0], v[1:]
	}
	if mode != intZigzag {
		dst = binary.AppendVarint(dst, base)
	}
	var rest [mini]uint64
	for len(v) > 0 {
		n := min(mini, len(v))
		var all uint64
		for i, x := range v[:n] {
			rest[i] = residual(mode, x, prev, base)
			all |= rest[i]
			prev = x
		}
		width := uint(bits.Len64(all))
		dst = AppendBits(append(dst, byte(width)), rest[:n], width)
		v = v[n:]
	}
	return dst
}

func residual(mode int, x, prev, base int64) uint64 {
	switch mode {
	case intPlain:
		return uint64(x - base)
	case intDelta:
		return uint64(x - prev - base)
	}
	return zigzag(x - prev)
}

// zigzag makes small numbers of either sign small without one.
func zigzag(d int64) uint64   { return uint64(d<<1) ^ uint64(d>>63) }
func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }

// planInts chooses the mode of fewest bits and its base. Differences wrap
// around like the decoder's sums, so that any integers are right.
func planInts(v []int64) (mode int, base int64) {
	low, lowDelta := v[0], int64(0)
	if len(v) > 1 {
		lowDelta = v[1] - v[0]
	}
	for i := 1; i < len(v); i++ {
		low = min(low, v[i])
		lowDelta = min(lowDelta, v[i]-v[i-1])
	}
	var size [3]int
	for from := 0; from < len(v); from += mini {
		var all [3]uint64
		for i := from; i < min(from+mini, len(v)); i++ {
			all[intPlain] |= uint64(v[i] - low)
			if i > 0 {
				d := v[i] - v[i-1]
				all[intDelta] |= uint64(d - lowDelta)
				all[intZigzag] |= zigzag(d)
			}
		}
		for m := range size {
			size[m] += bits.Len64(all[m])
		}
	}
	switch {
	case size[intPlain] <= min(size[intDelta], size[intZigzag]):
		return intPlain, low
	case size[intDelta] <= size[intZigzag]:
		return intDelta, lowDelta
	}
	return intZigzag, 0
}

// Ints fills dst with a column that AppendInts wrote and returns what follows.
func Ints(dst []int64, src []byte) ([]byte, error) {
	if len(dst) == 0 {
		return src, nil
	}
	divisor, src, err := uvarint(src)
	if err != nil {
		return nil, err
	}
	first := int64(0)
	if divisor > 1 {
		if first, src, err = varint(src); err != nil {
			return nil, err
		}
	}
	if src, err = ints(dst, src); err != nil || divisor <= 1 {
		return src, err
	}
	for i := range dst {
		dst[i] = dst[i]*int64(divisor) + first
	}
	return src, nil
}

func ints(dst []int64, src []byte) (tail []byte, err error) {
	if len(src) == 0 || src[0] > intZigzag {
		return nil, fmt.Errorf("%w: no mode of an integer column", ErrCorrupt)
	}
	mode, src := int(src[0]), src[1:]
	var base, prev int64
	if mode != intPlain {
		if prev, src, err = varint(src); err != nil {
			return nil, err
		}
		dst[0], dst = prev, dst[1:]
	}
	if mode != intZigzag {
		if base, src, err = varint(src); err != nil {
			return nil, err
		}
	}
	var rest [mini]uint64
	for len(dst) > 0 {
		n := min(mini, len(dst))
		if len(src) == 0 {
			return nil, fmt.Errorf("%w: integer column ends early", ErrCorrupt)
		}
		if src, err = Bits(rest[:n], src[1:], uint(src[0])); err != nil {
			return nil, err
		}
		prev = restore(mode, dst[:n], rest[:n], prev, base)
		dst = dst[n:]
	}
	return src, nil
}

// restore undoes residual for one mini and returns its last value.
func restore(mode int, dst []int64, rest []uint64, prev, base int64) int64 {
	rest = rest[:len(dst)]
	switch mode {
	case intPlain:
		for i := range dst {
			dst[i] = int64(rest[i]) + base
		}
		return dst[len(dst)-1]
	case intDelta:
		for i := range dst {
			prev += int64(rest[i]) + base
			dst[i] = prev
		}
	default:
		for i := range dst {
			prev += unzigzag(rest[i])
			dst[i] = prev
		}
	}
	return prev
}

// uvarint is binary.Uvarint with what follows it, and an error for what is cut
// off.
func uvarint(src []byte) (uint64, []byte, error) {
	v, n := binary.Uvarint(src)
	if n <= 0 {
		return 0, nil, fmt.Errorf("%w: varint ends early", ErrCorrupt)
	}
	return v, src[n:], nil
}

func varint(src []byte) (int64, []byte, error) {
	v, n := binary.Varint(src)
	if n <= 0 {
		return 0, nil, fmt.Errorf("%w: varint ends early", ErrCorrupt)
	}
	return v, src[n:], nil
}
