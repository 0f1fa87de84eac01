package logs

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// errDamaged is the cause of errors about bytes that are not as written.
var errDamaged = errors.New("damaged")

// reader takes numbers and texts off the front of bytes that may be damaged.
// After the first error it gives zeros, so that it is asked for err once.
type reader struct {
	src []byte
	err error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format+": %w", append(args, errDamaged)...)
	}
	r.src = nil
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.src)
	if n <= 0 {
		r.fail("a number is cut")
		return 0
	}
	r.src = r.src[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.src)
	if n <= 0 {
		r.fail("a number is cut")
		return 0
	}
	r.src = r.src[n:]
	return v
}

// count reads a number that is at most limit.
func (r *reader) count(limit int) int {
	v := r.uvarint()
	if v > uint64(limit) {
		r.fail("a count of %d where at most %d is possible", v, limit)
		return 0
	}
	return int(v)
}

// text reads what appendText wrote; it shares memory with what is read.
func (r *reader) text() []byte { return r.take(r.count(len(r.src))) }

func (r *reader) take(n int) []byte {
	if n > len(r.src) {
		r.fail("%d bytes are cut to %d", n, len(r.src))
		return nil
	}
	out := r.src[:n:n]
	r.src = r.src[n:]
	return out
}

func (r *reader) byte() byte {
	if b := r.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.take(4); len(b) == 4 {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// end is the error so far, or one when bytes are left.
func (r *reader) end() error {
	if r.err == nil && len(r.src) > 0 {
		r.fail("%d bytes too many", len(r.src))
	}
	return r.err
}

func appendText[T string | []byte](dst []byte, s T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}
