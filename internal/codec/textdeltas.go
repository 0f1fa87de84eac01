package codec

import "encoding/binary"

// AppendDeltas appends numbers as their differences, each a varint, divided by
// the largest unit of 1, 1,000 and 1,000,000 that divides all of them: times in
// nanoseconds that were read in microseconds or milliseconds take the room of
// those. Varints take outliers well and leave repetitions to a compressor.
func AppendDeltas(dst []byte, v []int64) []byte {
	unit := int64(1)
	for _, u := range []int64{1_000_000, 1_000} {
		if divides(u, v) {
			unit = u
			break
		}
	}
	dst = binary.AppendUvarint(dst, uint64(unit))
	prev := int64(0)
	for _, x := range v {
		x /= unit
		dst = binary.AppendUvarint(dst, zigzag(x-prev))
		prev = x
	}
	return dst
}

func divides(unit int64, v []int64) bool {
	for _, x := range v {
		if x%unit != 0 {
			return false
		}
	}
	return true
}

// Deltas fills dst with numbers that AppendDeltas wrote, all of src.
func Deltas(dst []int64, src []byte) error {
	unit, src, err := uvarint(src)
	if err != nil {
		return err
	}
	v := int64(0)
	for i := range dst {
		if len(src) > 0 && src[0] < 0x80 { // the usual case, without a call
			v += unzigzag(uint64(src[0]))
			src = src[1:]
		} else {
			u, tail, err := uvarint(src)
			if err != nil {
				return err
			}
			v, src = v+unzigzag(u), tail
		}
		dst[i] = v * int64(unit)
	}
	return wantEnd(src)
}
