package fsx

import (
	"sync"
	"syscall"
)

// Faulty is fsys with errors: rule hears of each call before it is made and
// may refuse it with an error, which the caller gets. Of a write that is
// refused with ShortWrite, a part is written. The rule must be safe for use by
// several goroutines if the file system is used so.
func Faulty(fsys FS, rule func(op Op) error) FS {
	return &hooked{inner: fsys, before: rule, after: func(Op, error) {}}
}

// ShortWrite is what a rule answers for a write of which the first n bytes
// reach the file before err.
func ShortWrite(n int, err error) error { return &shortError{n, err} }

type shortError struct {
	n   int
	err error
}

func (e *shortError) Error() string { return e.err.Error() }
func (e *shortError) Unwrap() error { return e.err }

// FailNth is a rule that refuses the nth call, counted from 1, that changes the
// disk; with kinds, the nth of those.
func FailNth(n int, err error, kinds ...Kind) func(Op) error {
	var mu sync.Mutex
	return func(op Op) error {
		mu.Lock()
		defer mu.Unlock()
		if !counts(op.Kind, kinds) {
			return nil
		}
		if n--; n == 0 {
			return err
		}
		return nil
	}
}

func counts(k Kind, kinds []Kind) bool {
	for _, want := range kinds {
		if k == want {
			return true
		}
	}
	return len(kinds) == 0 && !k.Reads()
}

// Disk is a rule that knows how much space is left, as a disk that fills up.
// Its zero value is full. It is safe for use by several goroutines.
type Disk struct {
	mu   sync.Mutex
	free int64
}

// SetFree makes room for that many bytes to be written.
func (d *Disk) SetFree(bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.free = bytes
}

// Rule is the rule for Faulty: a write that does not fit is written in part and
// answered "no space left on device", and so is the making of a file on a full
// disk. What is removed gives no space back; SetFree does.
func (d *Disk) Rule(op Op) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch op.Kind {
	case OpCreate, OpAppend, OpMkdir:
		if d.free <= 0 {
			return syscall.ENOSPC
		}
	case OpWrite:
		fits := min(int64(op.Size), d.free)
		d.free -= fits
		if fits < int64(op.Size) {
			return ShortWrite(int(fits), syscall.ENOSPC)
		}
	}
	return nil
}
