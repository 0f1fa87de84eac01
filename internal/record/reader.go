package record

import (
	"encoding/binary"
	"fmt"
)

// reader takes values off the front of data. After the first fault it returns
// zeros, so that callers check err once.
type reader struct {
	data []byte
	err  error
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", ErrCorrupt, what)
	}
	r.data = nil
}

func (r *reader) byte() byte {
	if len(r.data) == 0 {
		r.fail("it ends too early")
		return 0
	}
	c := r.data[0]
	r.data = r.data[1:]
	return c
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.data)
	if n <= 0 {
		r.fail("a number is cut off")
		return 0
	}
	r.data = r.data[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.data)
	if n <= 0 {
		r.fail("a number is cut off")
		return 0
	}
	r.data = r.data[n:]
	return v
}

// length reads a length that the rest of data must cover.
func (r *reader) length() int {
	n := r.uvarint()
	if n > uint64(len(r.data)) {
		r.fail("a length is greater than what is left")
		return 0
	}
	return int(n)
}

// count reads the number of items that each take at least size bytes, so that a
// damaged count cannot ask for more memory than the record's length earns.
func (r *reader) count(size int) int {
	n := r.uvarint()
	if n > uint64(len(r.data)/size) {
		r.fail("a count is greater than what is left")
		return 0
	}
	return int(n)
}

func (r *reader) bytes(n int) []byte {
	if n > len(r.data) {
		r.fail("it ends too early")
		return nil
	}
	b := r.data[:n]
	r.data = r.data[n:]
	return b
}

func (r *reader) string() string { return string(r.bytes(r.length())) }
