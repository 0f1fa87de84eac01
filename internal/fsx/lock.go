package fsx

import (
	"errors"
	"fmt"
)

// ErrLocked is wrapped by the error of Lock when another holds the lock.
var ErrLocked = errors.New("locked")

type lockedError struct {
	dir string
	pid int
}

func heldError(dir string, pid int) error { return &lockedError{dir, pid} }

func (e *lockedError) Error() string {
	by := "another process"
	if e.pid > 0 {
		by = fmt.Sprintf("process %d", e.pid)
	}
	return fmt.Sprintf("data directory %q is in use by %s: stop it or choose another --data", e.dir, by)
}

func (e *lockedError) Unwrap() error { return ErrLocked }
