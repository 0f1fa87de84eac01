package sockets

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// diag asks the kernel for its sockets over netlink.
type diag struct {
	sequence uint32
	buffer   []byte
}

// answerTime is how long the kernel may take for a part of its answer.
const answerTime = 5

// dump visits all sockets of a protocol of both families that are in one of the
// states. It blocks the thread while the kernel writes, some milliseconds for
// thousands of sockets.
func (d *diag) dump(protocol byte, states uint32, visit func(r *row)) error {
	fd, err := openDiag()
	if err != nil {
		return err
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written
	return d.dumpFrom(fd, protocol, states, visit)
}

// openDiag gives a socket of netlink, which answers for the network namespace
// that the thread is in, wherever it is read from.
func openDiag() (int, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return 0, fmt.Errorf("asking the kernel for its sockets: %w", err)
	}
	patience := unix.Timeval{Sec: answerTime}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &patience); err != nil {
		_ = unix.Close(fd)
		return 0, fmt.Errorf("asking the kernel for its sockets: %w", err)
	}
	return fd, nil
}

func (d *diag) dumpFrom(fd int, protocol byte, states uint32, visit func(r *row)) error {
	if d.buffer == nil {
		d.buffer = make([]byte, 64<<10) // the kernel writes 32 KiB at most
	}
	for _, family := range [...]byte{unix.AF_INET, unix.AF_INET6} {
		if err := d.ask(fd, family, protocol, states, visit); err != nil {
			return fmt.Errorf("asking the kernel for its sockets: %w", err)
		}
	}
	return nil
}

func (d *diag) ask(fd int, family, protocol byte, states uint32, visit func(r *row)) error {
	d.sequence++
	kernel := &unix.SockaddrNetlink{Family: unix.AF_NETLINK}
	if err := unix.Sendto(fd, request(d.sequence, family, protocol, states), 0, kernel); err != nil {
		return fmt.Errorf("sending a request: %w", err)
	}
	for {
		n, err := unix.Read(fd, d.buffer)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading an answer: %w", err)
		}
		done, err := parseMessages(d.buffer[:n], d.sequence, visit)
		if done || err != nil {
			return err
		}
	}
}
