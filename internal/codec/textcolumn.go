package codec

import (
	"encoding/binary"
	"fmt"
	"unsafe"
)

// AppendTexts appends a column of texts: their lengths, then their bytes, so
// that what repeats from text to text stands in one stream. The number of texts
// is not stored.
func AppendTexts(dst []byte, texts []string) []byte {
	for _, s := range texts {
		dst = binary.AppendUvarint(dst, uint64(len(s)))
	}
	for _, s := range texts {
		dst = append(dst, s...)
	}
	return dst
}

// Texts reads n texts that AppendTexts wrote, all of src. They share one copy
// of the bytes.
func Texts(src []byte, n int) ([]string, error) {
	if n > len(src) {
		return nil, fmt.Errorf("%d texts in %d bytes: %w", n, len(src), ErrCorrupt)
	}
	body, err := skipUvarints(src, n)
	if err != nil {
		return nil, err
	}
	all := string(body)
	out := make([]string, n)
	for i := range out {
		size, k := binary.Uvarint(src)
		src = src[k:]
		if size > uint64(len(all)) {
			return nil, fmt.Errorf("text %d is longer than what is left: %w", i, ErrCorrupt)
		}
		out[i], all = all[:size], all[size:]
	}
	if all != "" {
		return nil, fmt.Errorf("%d bytes after the last text: %w", len(all), ErrCorrupt)
	}
	return out, nil
}

func skipUvarints(src []byte, n int) ([]byte, error) {
	for range n {
		_, k := binary.Uvarint(src)
		if k <= 0 {
			return nil, fmt.Errorf("a length is cut: %w", ErrCorrupt)
		}
		src = src[k:]
	}
	return src, nil
}

// maxDecimals bounds the decimals of numbers that are stored as numbers.
const maxDecimals = 9

// maxNumberDigits keeps a number within 63 bits.
const maxNumberDigits = 18

// AppendNumberTexts appends texts that are all plain decimal numbers with the
// same count of decimals, such as 0.031 and 12.500; ok is false, and dst as it
// was, where they are not, or where one would not come back exactly as it is.
func AppendNumberTexts(dst []byte, texts []string) (out []byte, ok bool) {
	if len(texts) == 0 {
		return dst, false
	}
	decimals := decimalsOf(texts[0])
	if decimals > maxDecimals {
		return dst, false
	}
	out = append(dst, byte(decimals)) //nolint:gocritic // dst must stay as it was for when ok is false
	for _, s := range texts {
		v, ok := parseDecimal(s, decimals)
		if !ok {
			return dst, false
		}
		out = binary.AppendUvarint(out, zigzag(v))
	}
	return out, true
}

// NumberTexts reads n texts that AppendNumberTexts wrote, all of src.
func NumberTexts(src []byte, n int) ([]string, error) {
	if len(src) == 0 || src[0] > maxDecimals || n > len(src) {
		return nil, fmt.Errorf("%d numbers in %d bytes: %w", n, len(src), ErrCorrupt)
	}
	decimals := int(src[0])
	src = src[1:]
	buf := make([]byte, 0, 8*n)
	ends := make([]int, n)
	for i := range ends {
		u, tail, err := uvarint(src)
		if err != nil {
			return nil, err
		}
		buf, src = appendDecimal(buf, unzigzag(u), decimals), tail
		ends[i] = len(buf)
	}
	if len(src) > 0 {
		return nil, fmt.Errorf("%d bytes after the last number: %w", len(src), ErrCorrupt)
	}
	return cutTexts(buf, ends), nil
}

// cutTexts makes texts of buf, which must not change any more.
func cutTexts(buf []byte, ends []int) []string {
	all := unsafe.String(unsafe.SliceData(buf), len(buf))
	out := make([]string, len(ends))
	start := 0
	for i, end := range ends {
		out[i], start = all[start:end], end
	}
	return out
}

// decimalsOf is the number of bytes behind the point; 0 without one.
func decimalsOf(s string) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '.' {
			return len(s) - 1 - i
		}
	}
	return 0
}

// parseDecimal reads a number that appendDecimal writes as the same text.
func parseDecimal(s string, decimals int) (v int64, ok bool) {
	digits, negative := s, false
	if len(s) > 0 && s[0] == '-' {
		digits, negative = s[1:], true
	}
	whole := len(digits)
	if decimals > 0 {
		if whole -= decimals + 1; whole < 1 || digits[whole] != '.' {
			return 0, false
		}
	}
	if whole < 1 || whole > 1 && digits[0] == '0' || len(digits) > maxNumberDigits {
		return 0, false
	}
	for i := 0; i < len(digits); i++ {
		if i == whole {
			continue
		}
		c := digits[i] - '0'
		if c > 9 {
			return 0, false
		}
		v = v*10 + int64(c)
	}
	if negative {
		return -v, v != 0 // "-0" would come back as "0"
	}
	return v, true
}

func appendDecimal(dst []byte, v int64, decimals int) []byte {
	u := uint64(v)
	if v < 0 {
		dst, u = append(dst, '-'), -u
	}
	var digits [24]byte
	i := len(digits)
	for n := 0; u > 0 || n <= decimals; n++ {
		if n == decimals && decimals > 0 {
			i--
			digits[i] = '.'
		}
		i--
		digits[i] = byte('0' + u%10)
		u /= 10
	}
	return append(dst, digits[i:]...)
}
