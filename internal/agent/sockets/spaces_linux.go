package sockets

import (
	"errors"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

// within visits the TCP sockets of the network namespaces at the paths. What has
// ended meanwhile is left out; it takes root to enter the others.
func (d *diag) within(paths []string, states uint32, visit func(i int, r *row)) error {
	if len(paths) == 0 {
		return nil
	}
	sockets, err := openWithin(paths)
	for i, fd := range sockets {
		if fd < 0 {
			continue
		}
		if asked := d.dumpFrom(fd, tcp, states, func(r *row) { visit(i, r) }); asked != nil {
			err = asked
		}
		_ = unix.Close(fd)
	}
	return err
}

// openWithin opens a socket in each namespace, -1 where it could not. It enters
// them on a thread that ends with it: none that goes on must be anywhere else
// than it was.
func openWithin(paths []string) (sockets []int, err error) {
	var alone sync.WaitGroup
	alone.Go(func() {
		runtime.LockOSThread() // never unlocked: that ends the thread
		for _, path := range paths {
			fd, failed := openIn(path)
			if failed != nil && !errors.Is(failed, unix.ENOENT) {
				err = failed
			}
			sockets = append(sockets, fd)
		}
	})
	alone.Wait()
	return sockets, err
}

func openIn(path string) (int, error) {
	there, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("opening the network of a container: %w", err)
	}
	defer unix.Close(there) //nolint:errcheck // nothing was written
	if err := unix.Setns(there, unix.CLONE_NEWNET); err != nil {
		return -1, fmt.Errorf("entering the network of a container: %w", err)
	}
	fd, err := openDiag()
	if err != nil {
		return -1, err
	}
	return fd, nil
}
