package codec

import (
	"encoding/binary"
	"fmt"
)

// Codes say for each row which of a few distinct values it has, numbered in
// order of first use: the first code is 0, and a new one is the highest so far
// plus one. The three layouts are told apart by what both sides know, the number
// of rows and of values.
//
//	values == rows   each row brings a new value: nothing is stored
//	values == 1      nothing is stored
//	values <= 256    one byte a row
//	else             a varint a row: 0 for a new value, else how far back

const byteCodes = 256

// AppendCodes appends codes that are numbered in order of first use, of values
// distinct ones.
func AppendCodes(dst []byte, codes []uint32, values int) []byte {
	if values <= 1 || values == len(codes) {
		return dst
	}
	next := uint32(0)
	for _, c := range codes {
		switch {
		case values <= byteCodes:
			dst = append(dst, byte(c))
		case c == next:
			dst = append(dst, 0)
			next++
		default:
			dst = binary.AppendUvarint(dst, uint64(next-c))
		}
	}
	return dst
}

// Codes fills dst with what AppendCodes wrote for values distinct values, all
// of src.
func Codes(dst []uint32, src []byte, values int) error {
	switch {
	case values < 1 && len(dst) > 0, values > len(dst):
		return fmt.Errorf("%d values for %d rows: %w", values, len(dst), ErrCorrupt)
	case values <= 1:
		clear(dst)
	case values == len(dst):
		for i := range dst {
			dst[i] = uint32(i)
		}
	case values <= byteCodes:
		return readByteCodes(dst, src, values)
	default:
		return readFarCodes(dst, src, values)
	}
	return wantEnd(src)
}

func readByteCodes(dst []uint32, src []byte, values int) error {
	if len(src) != len(dst) {
		return fmt.Errorf("%d codes for %d rows: %w", len(src), len(dst), ErrCorrupt)
	}
	for i, c := range src {
		if int(c) >= values {
			return fmt.Errorf("code %d of %d values: %w", c, values, ErrCorrupt)
		}
		dst[i] = uint32(c)
	}
	return nil
}

func readFarCodes(dst []uint32, src []byte, values int) error {
	next := uint64(0)
	for i := range dst {
		back, tail, err := uvarint(src)
		if err != nil {
			return err
		}
		if src = tail; back == 0 {
			dst[i] = uint32(next)
			next++
			continue
		}
		if back > next {
			return fmt.Errorf("a code before the first: %w", ErrCorrupt)
		}
		dst[i] = uint32(next - back)
	}
	if next != uint64(values) {
		return fmt.Errorf("%d values where %d are used: %w", values, next, ErrCorrupt)
	}
	return wantEnd(src)
}

// wantEnd refuses bytes that nobody wrote: something else must be wrong as
// well.
func wantEnd(src []byte) error {
	if len(src) > 0 {
		return fmt.Errorf("%d bytes too many: %w", len(src), ErrCorrupt)
	}
	return nil
}
