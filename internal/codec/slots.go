package codec

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// The modes of a presence. They are stored: they never change.
const (
	presentAll    = 0 // every slot of the span
	presentStride = 1 // every nth slot, n a uvarint
	presentBits   = 2 // a bit a slot
)

// AppendPresence appends which slots hold something: rising numbers, at least
// one. A dense run and a regular stride, as of a sender that is slower than the
// step, take a few bytes; anything else a bit a slot.
func AppendPresence(dst []byte, slots []int) []byte {
	first, span := slots[0], slots[len(slots)-1]-slots[0]+1
	dst = binary.AppendUvarint(dst, uint64(first))
	dst = binary.AppendUvarint(dst, uint64(span))
	if len(slots) == span {
		return append(dst, presentAll)
	}
	if stride := slots[1] - slots[0]; isStride(slots, stride) {
		return binary.AppendUvarint(append(dst, presentStride), uint64(stride))
	}
	dst = append(dst, presentBits)
	from := len(dst)
	dst = append(dst, make([]byte, (span+7)/8)...)
	for _, s := range slots {
		dst[from+(s-first)/8] |= 1 << ((s - first) % 8)
	}
	return dst
}

func isStride(slots []int, stride int) bool {
	for i := 1; i < len(slots); i++ {
		if slots[i]-slots[i-1] != stride {
			return false
		}
	}
	return true
}

// Presence appends to dst the slots that AppendPresence wrote, all below limit,
// and returns what follows them.
func Presence(dst []int, src []byte, limit int) (slots []int, tail []byte, err error) {
	first, src, err := uvarint(src)
	if err != nil {
		return nil, nil, err
	}
	span, src, err := uvarint(src)
	if err != nil {
		return nil, nil, err
	}
	if span == 0 || first >= uint64(limit) || span > uint64(limit)-first || len(src) == 0 {
		return nil, nil, fmt.Errorf("%w: slots %d+%d of %d", ErrCorrupt, first, span, limit)
	}
	mode, src := src[0], src[1:]
	stride := uint64(1)
	switch mode {
	case presentBits:
		return presenceBits(dst, src, int(first), int(span))
	case presentStride:
		if stride, src, err = uvarint(src); err != nil {
			return nil, nil, err
		}
	case presentAll:
	default:
		return nil, nil, fmt.Errorf("%w: no mode of a presence is %d", ErrCorrupt, mode)
	}
	if stride == 0 || stride > span {
		return nil, nil, fmt.Errorf("%w: stride %d in %d slots", ErrCorrupt, stride, span)
	}
	for s := first; s < first+span; s += stride {
		dst = append(dst, int(s))
	}
	return dst, src, nil
}

func presenceBits(dst []int, src []byte, first, span int) ([]int, []byte, error) {
	size := (span + 7) / 8
	if len(src) < size {
		return nil, nil, fmt.Errorf("%w: presence ends early", ErrCorrupt)
	}
	for i, b := range src[:size] {
		for ; b != 0; b &= b - 1 {
			s := i*8 + bits.TrailingZeros8(b)
			if s >= span {
				return nil, nil, fmt.Errorf("%w: presence past its span", ErrCorrupt)
			}
			dst = append(dst, first+s)
		}
	}
	return dst, src[size:], nil
}
