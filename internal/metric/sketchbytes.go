package metric

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrSketch is the cause of every error of DecodeSketch.
var ErrSketch = errors.New("bytes are not a sketch")

// AppendBinary appends the sketch's bytes, from which DecodeSketch makes an
// equal one. The layout, all integers varints:
//
//	scale 1 byte | zero | buckets | sum, min, max 8 bytes each (if not empty)
//	first index (signed), then per bucket: gap to the one before, count
//
// The number of observations is that of the buckets and zeros added up.
func (s *Sketch) AppendBinary(dst []byte) []byte {
	dst = append(dst, scale)
	dst = binary.AppendUvarint(dst, s.zero)
	dst = binary.AppendUvarint(dst, uint64(len(s.bins)))
	if s.count == 0 {
		return dst
	}
	for _, v := range [...]float64{s.sum, s.min, s.max} {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
	}
	last := int32(0)
	for i, b := range s.bins {
		if i == 0 {
			dst = binary.AppendVarint(dst, int64(b.index))
		} else {
			dst = binary.AppendUvarint(dst, uint64(b.index-last))
		}
		dst = binary.AppendUvarint(dst, b.n)
		last = b.index
	}
	return dst
}

// DecodeSketch reads a sketch that AppendBinary wrote and returns what follows.
func DecodeSketch(src []byte) (s *Sketch, tail []byte, err error) {
	if len(src) == 0 || src[0] != scale {
		return nil, nil, fmt.Errorf("%w: no known scale", ErrSketch)
	}
	d := sketchDecoder{src: src[1:]}
	s = &Sketch{zero: d.uvarint()}
	n := d.uvarint()
	if n > uint64(len(d.src))/2 { // a bucket takes two bytes at least
		return nil, nil, fmt.Errorf("%w: %d buckets in %d bytes", ErrSketch, n, len(d.src))
	}
	if s.zero > 0 || n > 0 {
		s.sum, s.min, s.max = d.float(), d.float(), d.float()
	}
	s.bins = d.bins(int(n))
	s.count = s.zero
	for _, b := range s.bins {
		s.count += b.n
	}
	if d.bad {
		return nil, nil, fmt.Errorf("%w: ends early or out of order", ErrSketch)
	}
	return s, d.src, nil
}

// sketchDecoder remembers the first fault, so that its users need not ask
// after each number.
type sketchDecoder struct {
	src []byte
	bad bool
}

func (d *sketchDecoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.src)
	if n <= 0 {
		d.bad = true
		return 0
	}
	d.src = d.src[n:]
	return v
}

func (d *sketchDecoder) varint() int64 {
	v, n := binary.Varint(d.src)
	if n <= 0 {
		d.bad = true
		return 0
	}
	d.src = d.src[n:]
	return v
}

func (d *sketchDecoder) float() float64 {
	if len(d.src) < 8 {
		d.bad = true
		return 0
	}
	v := math.Float64frombits(binary.LittleEndian.Uint64(d.src))
	d.src = d.src[8:]
	return v
}

func (d *sketchDecoder) bins(n int) []bin {
	if n == 0 || d.bad {
		return nil
	}
	out := make([]bin, n)
	index := d.varint()
	for i := range out {
		if i > 0 {
			gap := d.uvarint()
			d.bad = d.bad || gap == 0 || gap > 2*maxIndex
			index += int64(gap)
		}
		out[i] = bin{d.uvarint(), int32(index)}
		if d.bad = d.bad || out[i].n == 0 || index < -maxIndex || index > maxIndex; d.bad {
			return nil
		}
	}
	return out
}
