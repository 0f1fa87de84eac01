package codec

import (
	"encoding/binary"
	"fmt"
)

// AppendBits appends the low width bits of each value, the first value in the
// lowest bits, and fills the last byte with zeros. Higher bits must be zero.
func AppendBits(dst []byte, values []uint64, width uint) []byte {
	var acc uint64
	var used uint
	for _, v := range values {
		acc |= v << used
		if used+width < 64 {
			used += width
			continue
		}
		dst = binary.LittleEndian.AppendUint64(dst, acc)
		acc = v >> (64 - used) // a shift by 64 gives 0
		used = used + width - 64
	}
	for ; used > 0; used -= min(used, 8) {
		dst = append(dst, byte(acc))
		acc >>= 8
	}
	return dst
}

// Bits fills dst with values of a width, 0 to 64, that AppendBits wrote, and
// returns what follows them.
func Bits(dst []uint64, src []byte, width uint) ([]byte, error) {
	size := (len(dst)*int(width) + 7) / 8
	if width > 64 || len(src) < size {
		return nil, fmt.Errorf("%w: %d values of %d bits in %d bytes", ErrCorrupt, len(dst), width, len(src))
	}
	if width == 0 {
		clear(dst)
		return src, nil
	}
	n := unpackWords(dst, src, width)
	unpackRest(dst[n:], src[:size], uint(n)*width, width)
	return src[size:], nil
}

// unpackWords reads the values whose bits lie in whole words of src, eight
// bytes at a time, and returns their number.
func unpackWords(dst []uint64, src []byte, width uint) int {
	if width > 56 { // a value may touch nine bytes
		return 0
	}
	mask := uint64(1)<<width - 1
	bit := uint(0)
	for i := range dst {
		at := bit >> 3
		if at+8 > uint(len(src)) {
			return i
		}
		dst[i] = binary.LittleEndian.Uint64(src[at:]) >> (bit & 7) & mask
		bit += width
	}
	return len(dst)
}

func unpackRest(dst []uint64, src []byte, bit, width uint) {
	for i := range dst {
		var v uint64
		for got := uint(0); got < width; {
			take := min(8-bit&7, width-got)
			part := uint64(src[bit>>3]) >> (bit & 7) & (1<<take - 1)
			v |= part << got
			got, bit = got+take, bit+take
		}
		dst[i] = v
	}
}
