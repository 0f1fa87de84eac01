package codec

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
)

// The modes of a float column. They are stored: they never change.
const (
	floatConst   = 0 // one value, eight bytes
	floatDecimal = 1 // integers over a power of ten, with exceptions
	floatXor     = 2 // each value XORed with the one before
)

// maxExponent is the greatest power of ten tried: with 15 decimals an integer
// below 2^53 holds no useful digits before the point.
const maxExponent = 15

// pow10 holds powers that a float64 represents exactly, so that one division
// rounds once, as reading decimal text does; it never changes.
var pow10 = [maxExponent + 1]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// AppendFloats appends a column of floats, bit for bit: negative zero,
// infinities and NaN included. The number of values is not stored.
func AppendFloats(dst []byte, v []float64) []byte {
	if len(v) == 0 {
		return dst
	}
	if allSame(v) {
		return binary.LittleEndian.AppendUint64(append(dst, floatConst), math.Float64bits(v[0]))
	}
	scaled := make([]int64, len(v))
	exp, exceptions, ok := planDecimal(scaled, v)
	if !ok {
		return appendXor(append(dst, floatXor), v)
	}
	dst = append(dst, floatDecimal, byte(exp))
	dst = binary.AppendUvarint(dst, uint64(len(exceptions)))
	last := 0
	for _, i := range exceptions {
		dst = binary.AppendUvarint(dst, uint64(i-last))
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v[i]))
		last = i
	}
	return AppendInts(dst, scaled)
}

func allSame(v []float64) bool {
	first := math.Float64bits(v[0])
	for _, x := range v[1:] {
		if math.Float64bits(x) != first {
			return false
		}
	}
	return true
}

// planDecimal finds the power of ten under which nearly all values are
// integers, fills scaled with those, and names the others. It is not ok when
// they are so many that XOR is shorter.
func planDecimal(scaled []int64, v []float64) (exp int, exceptions []int, ok bool) {
	limit := len(v)/4 + 1
	exp = sampleExponent(v)
	if exceptions = scale(scaled, v, exp, len(v)/16); len(exceptions) > len(v)/16 {
		exp = leastExponent(v, exp, limit)
		exceptions = scale(scaled, v, exp, limit)
	}
	return exp, exceptions, len(exceptions) <= limit
}

// sampleExponent is what sixteen of the values need, but for the one that
// needs most: it may be an outlier.
func sampleExponent(v []float64) int {
	top, second, bad := 0, 0, 0
	for i := 0; i < 16; i++ {
		e := needs(v[i*len(v)/16], 0)
		switch {
		case e > maxExponent:
			bad++
		case e > top:
			top, second = e, top
		default:
			second = max(second, e)
		}
	}
	if bad > 8 { // give up soon on what is not decimal
		return second
	}
	if top > second+2 {
		return second
	}
	return top
}

// leastExponent is the exponent that all values but those that are no decimals
// at all need; it gives up after limit of them.
func leastExponent(v []float64, exp, limit int) int {
	bad := 0
	for _, x := range v {
		if e := needs(x, exp); e <= maxExponent {
			exp = e
		} else if bad++; bad > limit {
			break
		}
	}
	return exp
}

// needs is the least exponent, from one on, under which x is an integer;
// more than maxExponent when there is none.
func needs(x float64, from int) int {
	for e := from; e <= maxExponent; e++ {
		if _, ok := toDecimal(x, pow10[e]); ok {
			return e
		}
	}
	return maxExponent + 1
}

// toDecimal is the integer of which the division by pow gives exactly x.
func toDecimal(x, pow float64) (int64, bool) {
	m := x * pow
	if !(m < 1<<63 && m >= -1<<63) {
		return 0, false
	}
	i := int64(math.RoundToEven(m))
	return i, math.Float64bits(float64(i)/pow) == math.Float64bits(x)
}

// scale turns values into integers; an exception takes the integer before it,
// which costs the least. It stops after more than limit exceptions.
func scale(scaled []int64, v []float64, exp, limit int) (exceptions []int) {
	pow, prev := pow10[exp], int64(0)
	for i, x := range v {
		m, ok := toDecimal(x, pow)
		if !ok {
			exceptions = append(exceptions, i)
			if len(exceptions) > limit {
				return exceptions
			}
			m = prev
		}
		scaled[i], prev = m, m
	}
	levelStart(scaled, exceptions)
	return exceptions
}

// levelStart gives the exceptions that open the column the first integer that
// is real, instead of a zero that would widen its neighbours.
func levelStart(scaled []int64, exceptions []int) {
	n := 0
	for n < len(exceptions) && exceptions[n] == n {
		n++
	}
	for i := 0; i < n && n < len(scaled); i++ {
		scaled[i] = scaled[n]
	}
}

// appendXor packs the XORs of neighbours, a mini at a time, without the zero
// bits that all of the mini have above and below.
func appendXor(dst []byte, v []float64) []byte {
	var rest [mini]uint64
	prev := uint64(0)
	for len(v) > 0 {
		n := min(mini, len(v))
		var all uint64
		for i, x := range v[:n] {
			b := math.Float64bits(x)
			rest[i], prev = b^prev, b
			all |= rest[i]
		}
		shift := uint(bits.TrailingZeros64(all)) & 63 // none set: 64 becomes 0
		for i := range rest[:n] {
			rest[i] >>= shift
		}
		width := uint(bits.Len64(all >> shift))
		dst = AppendBits(append(dst, byte(shift), byte(width)), rest[:n], width)
		v = v[n:]
	}
	return dst
}

// Floats fills dst with a column that AppendFloats wrote and returns what
// follows it.
func Floats(dst []float64, src []byte) ([]byte, error) {
	if len(dst) == 0 {
		return src, nil
	}
	if len(src) == 0 {
		return nil, fmt.Errorf("%w: no mode of a float column", ErrCorrupt)
	}
	switch src[0] {
	case floatConst:
		return constFloats(dst, src[1:])
	case floatDecimal:
		return decimalFloats(dst, src[1:])
	case floatXor:
		return xorFloats(dst, src[1:])
	}
	return nil, fmt.Errorf("%w: no mode of a float column is %d", ErrCorrupt, src[0])
}

func constFloats(dst []float64, src []byte) ([]byte, error) {
	if len(src) < 8 {
		return nil, fmt.Errorf("%w: constant column ends early", ErrCorrupt)
	}
	x := math.Float64frombits(binary.LittleEndian.Uint64(src))
	for i := range dst {
		dst[i] = x
	}
	return src[8:], nil
}

// exception is a value that the column's way of writing would not give back
// exactly, and where it stands.
type exception struct {
	at  int
	was float64
}

func decimalFloats(dst []float64, src []byte) ([]byte, error) {
	if len(src) == 0 || src[0] > maxExponent {
		return nil, fmt.Errorf("%w: no exponent of a decimal column", ErrCorrupt)
	}
	pow := pow10[src[0]]
	exceptions, src, err := readExceptions(src[1:], len(dst))
	if err != nil {
		return nil, err
	}
	// On the stack for all but the longest columns.
	var scaled [mini * 16]int64
	m := scaled[:0]
	if len(dst) > len(scaled) {
		m = make([]int64, len(dst))
	}
	m = m[:len(dst)]
	if src, err = Ints(m, src); err != nil {
		return nil, err
	}
	for i := range dst {
		dst[i] = float64(m[i]) / pow
	}
	for _, e := range exceptions {
		dst[e.at] = e.was
	}
	return src, nil
}

func readExceptions(src []byte, values int) (out []exception, tail []byte, err error) {
	n, src, err := uvarint(src)
	if err != nil {
		return nil, nil, err
	}
	if n > uint64(values) {
		return nil, nil, fmt.Errorf("%w: %d exceptions of %d values", ErrCorrupt, n, values)
	}
	at := uint64(0)
	for range n {
		var d uint64
		if d, src, err = uvarint(src); err != nil {
			return nil, nil, err
		}
		if at += d; d >= uint64(values) || at >= uint64(values) || len(src) < 8 {
			return nil, nil, fmt.Errorf("%w: exception outside its column", ErrCorrupt)
		}
		out = append(out, exception{int(at), math.Float64frombits(binary.LittleEndian.Uint64(src))})
		src = src[8:]
	}
	return out, src, nil
}

func xorFloats(dst []float64, src []byte) (tail []byte, err error) {
	var rest [mini]uint64
	prev := uint64(0)
	for len(dst) > 0 {
		n := min(mini, len(dst))
		if len(src) < 2 {
			return nil, fmt.Errorf("%w: XOR column ends early", ErrCorrupt)
		}
		shift := uint(src[0])
		if src, err = Bits(rest[:n], src[2:], uint(src[1])); err != nil {
			return nil, err
		}
		for i := range dst[:n] {
			prev ^= rest[i] << shift
			dst[i] = math.Float64frombits(prev)
		}
		dst = dst[n:]
	}
	return src, nil
}
