package fsx

import (
	"errors"
	"io"
	"io/fs"
)

// memNode is a file's contents: what is read, and what a crash is sure to leave
// with the changes since, in order.
type memNode struct {
	data    []byte
	durable []byte
	pending []fileChange
}

// fileChange is one unsynced change: data written at off, or, when data is nil,
// a cut or extension to off bytes.
type fileChange struct {
	off  int64
	data []byte
}

func (n *memNode) write(off int64, p []byte) {
	n.change(fileChange{off, append([]byte{}, p...)})
}

func (n *memNode) truncate(size int64) { n.change(fileChange{off: size}) }

func (n *memNode) change(c fileChange) {
	n.data = c.apply(n.data)
	n.pending = append(n.pending, c)
}

func (n *memNode) sync() {
	for _, c := range n.pending {
		n.durable = c.apply(n.durable)
	}
	n.pending = nil
}

func (c fileChange) apply(to []byte) []byte {
	if c.data == nil {
		return resize(to, c.off)
	}
	if end := c.off + int64(len(c.data)); end > int64(len(to)) {
		to = resize(to, end)
	}
	copy(to[c.off:], c.data)
	return to
}

// resize cuts b, or extends it with zeros.
func resize(b []byte, size int64) []byte {
	if size <= int64(len(b)) {
		return b[:size]
	}
	return append(b, make([]byte, size-int64(len(b)))...)
}

// memFile is an open file of Mem; the file system's lock guards all of it.
type memFile struct {
	fs       *Mem
	node     *memNode
	name     string
	pos      int64
	writable bool
	atEnd    bool // writes go to the end, wherever pos is
	closed   bool
}

func (f *memFile) use(op string, write bool) error {
	if f.closed {
		return &fs.PathError{Op: op, Path: f.name, Err: fs.ErrClosed}
	}
	if write && !f.writable {
		return &fs.PathError{Op: op, Path: f.name, Err: fs.ErrPermission}
	}
	return nil
}

func (f *memFile) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, f.pos)
	f.pos += int64(n)
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.use("read", false); err != nil {
		return 0, err
	}
	if off < 0 {
		return 0, &fs.PathError{Op: "read", Path: f.name, Err: fs.ErrInvalid}
	}
	if off >= int64(len(f.node.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.node.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) Write(p []byte) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.use("write", true); err != nil {
		return 0, err
	}
	if f.atEnd {
		f.pos = int64(len(f.node.data))
	}
	if len(p) > 0 {
		f.node.write(f.pos, p)
		f.pos += int64(len(p))
	}
	return len(p), nil
}

func (f *memFile) Truncate(size int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.use("truncate", true); err != nil {
		return err
	}
	if size < 0 {
		return &fs.PathError{Op: "truncate", Path: f.name, Err: fs.ErrInvalid}
	}
	f.node.truncate(size)
	return nil
}

func (f *memFile) Sync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.use("sync", false); err != nil {
		return err
	}
	f.node.sync()
	return nil
}

func (f *memFile) Size() (int64, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.use("size", false); err != nil {
		return 0, err
	}
	return int64(len(f.node.data)), nil
}

func (f *memFile) Close() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.use("close", false); err != nil {
		return err
	}
	f.closed = true
	return nil
}
