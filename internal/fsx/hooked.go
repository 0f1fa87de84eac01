package fsx

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// Kind is the kind of a call to a file system.
type Kind string

// The kinds of calls. Those before OpOpen change something on the disk.
const (
	OpCreate   Kind = "create"
	OpAppend   Kind = "append"
	OpWrite    Kind = "write"
	OpTruncate Kind = "truncate"
	OpSync     Kind = "sync"
	OpClose    Kind = "close"
	OpRename   Kind = "rename"
	OpRemove   Kind = "remove"
	OpMkdir    Kind = "mkdir"
	OpSyncDir  Kind = "syncdir"
	OpLock     Kind = "lock"
	OpOpen     Kind = "open"
	OpRead     Kind = "read"
	OpReadDir  Kind = "readdir"
	OpStat     Kind = "stat"
)

// Reads tells whether a call of this kind leaves the disk as it is.
func (k Kind) Reads() bool {
	switch k {
	case OpOpen, OpRead, OpReadDir, OpStat:
		return true
	}
	return false
}

// Op is one call to a file system.
type Op struct {
	Kind Kind
	// Name is the file or directory; for a rename where it was.
	Name string
	// To is where a rename moves it, "" for other kinds.
	To string
	// Size is the length of a write or read, or what Truncate cuts to.
	Size int
	// Off is where a write or read is, as far as the decorator knows.
	Off int64
}

// String is the call as one line, such as "write wal/1 64 at 0".
func (o Op) String() string {
	switch o.Kind {
	case OpRename:
		return fmt.Sprintf("%s %s %s", o.Kind, o.Name, o.To)
	case OpWrite, OpRead:
		return fmt.Sprintf("%s %s %d at %d", o.Kind, o.Name, o.Size, o.Off)
	case OpTruncate:
		return fmt.Sprintf("%s %s %d", o.Kind, o.Name, o.Size)
	}
	return fmt.Sprintf("%s %s", o.Kind, o.Name)
}

// hooked puts a function round every call. before may refuse the call; after
// hears how it ended.
type hooked struct {
	inner  FS
	before func(Op) error
	after  func(Op, error)
}

func (h *hooked) do(op Op, call func() error) error {
	err := h.before(op)
	if err == nil {
		err = call()
	}
	h.after(op, err)
	return err
}

func (h *hooked) file(op Op, open func(string) (File, error)) (File, error) {
	var f *hookedFile
	err := h.do(op, func() error {
		inner, err := open(op.Name)
		if err != nil {
			return err
		}
		f = &hookedFile{File: inner, h: h, name: op.Name, reading: op.Kind == OpOpen}
		if op.Kind == OpAppend {
			f.pos, err = inner.Size()
		}
		return err
	})
	if err != nil {
		return nil, err // not f: a nil *hookedFile is no nil File
	}
	return f, nil
}

func (h *hooked) Create(name string) (File, error) {
	return h.file(Op{Kind: OpCreate, Name: name}, h.inner.Create)
}

func (h *hooked) Append(name string) (File, error) {
	return h.file(Op{Kind: OpAppend, Name: name}, h.inner.Append)
}

func (h *hooked) Open(name string) (File, error) {
	return h.file(Op{Kind: OpOpen, Name: name}, h.inner.Open)
}

func (h *hooked) Rename(from, to string) error {
	return h.do(Op{Kind: OpRename, Name: from, To: to}, func() error { return h.inner.Rename(from, to) })
}

func (h *hooked) Remove(name string) error {
	return h.do(Op{Kind: OpRemove, Name: name}, func() error { return h.inner.Remove(name) })
}

func (h *hooked) MkdirAll(name string) error {
	return h.do(Op{Kind: OpMkdir, Name: name}, func() error { return h.inner.MkdirAll(name) })
}

func (h *hooked) SyncDir(name string) error {
	return h.do(Op{Kind: OpSyncDir, Name: name}, func() error { return h.inner.SyncDir(name) })
}

func (h *hooked) ReadDir(name string) (out []fs.DirEntry, err error) {
	err = h.do(Op{Kind: OpReadDir, Name: name}, func() (err error) {
		out, err = h.inner.ReadDir(name)
		return err
	})
	return out, err
}

func (h *hooked) Stat(name string) (out fs.FileInfo, err error) {
	err = h.do(Op{Kind: OpStat, Name: name}, func() (err error) {
		out, err = h.inner.Stat(name)
		return err
	})
	return out, err
}

func (h *hooked) Lock(name string) (out io.Closer, err error) {
	err = h.do(Op{Kind: OpLock, Name: name}, func() (err error) {
		out, err = h.inner.Lock(name)
		return err
	})
	return out, err
}

// hookedFile calls the hooks for its file; Size passes through.
type hookedFile struct {
	File
	h    *hooked
	name string
	pos  int64
	// reading is set for files of Open.
	reading bool
}

func (f *hookedFile) Write(p []byte) (n int, err error) {
	op := Op{Kind: OpWrite, Name: f.name, Size: len(p), Off: f.pos}
	err = f.h.do(op, func() (err error) {
		n, err = f.File.Write(p)
		return err
	})
	if short := (*shortError)(nil); errors.As(err, &short) && n == 0 {
		n, _ = f.File.Write(p[:min(short.n, len(p))])
		err = short.err
	}
	f.pos += int64(n)
	return n, err
}

func (f *hookedFile) Read(p []byte) (n int, err error) {
	op := Op{Kind: OpRead, Name: f.name, Size: len(p), Off: f.pos}
	err = f.h.do(op, func() (err error) {
		n, err = f.File.Read(p)
		return err
	})
	f.pos += int64(n)
	return n, err
}

func (f *hookedFile) ReadAt(p []byte, off int64) (n int, err error) {
	op := Op{Kind: OpRead, Name: f.name, Size: len(p), Off: off}
	err = f.h.do(op, func() (err error) {
		n, err = f.File.ReadAt(p, off)
		return err
	})
	return n, err
}

func (f *hookedFile) Sync() error {
	return f.h.do(Op{Kind: OpSync, Name: f.name}, f.File.Sync)
}

func (f *hookedFile) Truncate(size int64) error {
	err := f.h.do(Op{Kind: OpTruncate, Name: f.name, Size: int(size)}, func() error { return f.File.Truncate(size) })
	if err == nil {
		f.pos = min(f.pos, size)
	}
	return err
}

// Close closes the file even when the hook refuses, so that injected errors
// leak no descriptors. Of a file that is only read it is no call to hear of.
func (f *hookedFile) Close() error {
	if f.reading {
		return f.File.Close()
	}
	closed := false
	err := f.h.do(Op{Kind: OpClose, Name: f.name}, func() error { closed = true; return f.File.Close() })
	if !closed {
		_ = f.File.Close()
	}
	return err
}
