package record

import (
	"encoding/binary"
	"math"

	"patou/internal/metric"
)

// The two low bits of a value's first number say how to read it: an integer
// divided by 1, by 100 or by 10000, or eight raw bytes that follow. Senders
// write decimal text, so nearly all values are one of the first three; each is
// used only when it gives back the very same bits.
const (
	valueWhole = iota
	valueHundredths
	valueTenThousandths
	valueRaw
)

// maxMantissa keeps a mantissa exact as a float64 and its zigzag form, shifted
// by two, within 64 bits.
const maxMantissa = 1 << 53

func (b *Batch) appendPoints(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(b.Points)))
	var series metric.ID
	var at int64
	for _, p := range b.Points {
		// A sender repeats one time over many series in a fixed order, so most
		// points cost one byte for both.
		head := zigzag(int64(p.Series)-int64(series)) << 1
		if p.Time != at {
			dst = binary.AppendUvarint(dst, head|1)
			dst = binary.AppendVarint(dst, p.Time-at)
		} else {
			dst = binary.AppendUvarint(dst, head)
		}
		dst = appendValue(dst, p.Value)
		series, at = p.Series, p.Time
	}
	return dst
}

func (b *Batch) decodePoints(r *reader) {
	n := r.count(2) // head and value take at least a byte each
	b.Points = make([]metric.Point, 0, n)
	var series, at int64
	for range n {
		head := r.uvarint()
		series += unzigzag(head >> 1)
		if head&1 != 0 {
			at += r.varint()
		}
		b.Points = append(b.Points, metric.Point{Series: metric.ID(series), Time: at, Value: r.value()})
	}
}

func appendValue(dst []byte, v float64) []byte {
	if m, ok := exact(v, 1); ok {
		return binary.AppendUvarint(dst, zigzag(m)<<2|valueWhole) //nolint:staticcheck // the kinds stand in a row, and the first is zero
	}
	if m, ok := exact(v, 100); ok {
		return binary.AppendUvarint(dst, zigzag(m)<<2|valueHundredths)
	}
	if m, ok := exact(v, 10000); ok {
		return binary.AppendUvarint(dst, zigzag(m)<<2|valueTenThousandths)
	}
	dst = append(dst, valueRaw)
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
}

// exact finds m with float64(m)/unit == v, bit for bit.
func exact(v, unit float64) (int64, bool) {
	scaled := v * unit
	if !(scaled > -maxMantissa && scaled < maxMantissa) {
		return 0, false
	}
	m := int64(scaled + math.Copysign(0.5, scaled))
	return m, math.Float64bits(float64(m)/unit) == math.Float64bits(v)
}

func (r *reader) value() float64 {
	n := r.uvarint()
	m := float64(unzigzag(n >> 2))
	switch n & 3 {
	case valueWhole:
		return m
	case valueHundredths:
		return m / 100
	case valueTenThousandths:
		return m / 10000
	}
	raw := r.bytes(8)
	if r.err != nil {
		return 0
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(raw))
}

func zigzag(v int64) uint64   { return uint64(v)<<1 ^ uint64(v>>63) }
func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }
