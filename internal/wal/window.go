package wal

import (
	"errors"
	"io"
)

// readChunk is how much is read at once; larger reads were not faster.
const readChunk = 256 << 10

// block is the unit in which a disk fails to read.
const block = 4096

// window reads a file of any size through one buffer, that grows only for a
// record which is longer.
type window struct {
	src  io.ReaderAt
	size int64
	buf  []byte
	off  int64 // where in the file buf begins
}

func newWindow(src io.ReaderAt, size int64) *window { return &window{src: src, size: size} }

// at returns n bytes from off on, which must be in the file. They are valid
// until the next call.
func (w *window) at(off int64, n int) ([]byte, error) {
	if off < w.off || off+int64(n) > w.off+int64(len(w.buf)) {
		if err := w.fill(off, int(min(max(int64(n), readChunk), w.size-off))); err != nil {
			return nil, err
		}
	}
	at := off - w.off
	return w.buf[at : at+int64(n)], nil
}

func (w *window) fill(off int64, n int) error {
	if cap(w.buf) < n {
		w.buf = make([]byte, n)
	}
	w.buf, w.off = w.buf[:n], off
	got, err := w.src.ReadAt(w.buf, off)
	switch {
	case got == n:
		return nil
	case err == nil || errors.Is(err, io.EOF):
		w.buf = w.buf[:0]
		return io.ErrUnexpectedEOF // the file shrank under us
	}
	w.fillAround(off, n)
	return nil
}

// fillAround reads block by block what the disk still gives. Blocks that it
// does not give are filled with a byte that is no checksum's and no torn
// sector's, so that they are found to be damaged like any flipped bit.
func (w *window) fillAround(off int64, n int) {
	for at := 0; at < n; {
		end := min(at+block-int((off+int64(at))%block), n)
		piece := w.buf[at:end]
		if got, _ := w.src.ReadAt(piece, off+int64(at)); got < len(piece) {
			for i := range piece {
				piece[i] = 0xAA
			}
		}
		at = end
	}
}
