package sockets

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"

	"patou/internal/procfs"
)

// owners finds which process holds a socket: only the lists of open files say
// so, and those of a busy host are long. They are read for sockets that are new,
// a bounded number a sweep; who held sockets before is asked first.
type owners struct {
	root    string
	dir     *procfs.Dir
	refused func(err error)
	hot     []int // who was found last, the latest first
	rest    []int // whom this round has yet to ask
	rounds  int   // times that all were asked
	asked   map[int]bool
}

const (
	// maxLinks bounds the open files looked at in a sweep: 30 ms.
	maxLinks = 20_000
	// maxHot is how many processes are asked first, for at most half of the
	// links.
	maxHot = 64
	// maxRounds is after how many rounds a socket is given up: the kernel's
	// own, as of NFS, are in no list.
	maxRounds = 2
)

// find calls found for each wanted inode whose holder it came upon, and takes it
// from wanted.
func (o *owners) find(wanted map[uint64]int, found func(socket, pid int)) error {
	if len(wanted) == 0 {
		return nil
	}
	if err := o.open(); err != nil {
		return err
	}
	clear(o.asked)
	left := maxLinks / 2
	for _, pid := range slices.Clone(o.hot) {
		left = o.ask(pid, left, wanted, found)
	}
	for left += maxLinks / 2; left > 0 && len(wanted) > 0; {
		if len(o.rest) == 0 {
			if err := o.fill(); err != nil {
				return err
			}
		}
		pid := o.rest[len(o.rest)-1]
		o.rest = o.rest[:len(o.rest)-1]
		left = o.ask(pid, left, wanted, found)
		if len(o.rest) == 0 {
			o.rounds++
			return nil
		}
	}
	return nil
}

func (o *owners) open() (err error) {
	if o.dir == nil {
		o.dir, err = procfs.Open(o.root)
	}
	if err != nil {
		return fmt.Errorf("finding who holds sockets: %w", err)
	}
	return nil
}

// fill begins a round, from the back: the youngest first, and last process 1,
// which holds the sockets of services that it starts on demand beside them.
func (o *owners) fill() (err error) {
	if o.rest, err = o.dir.Processes(o.rest[:0]); err != nil {
		return fmt.Errorf("finding who holds sockets: %w", err)
	}
	if len(o.rest) == 0 {
		return fmt.Errorf("finding who holds sockets: there are no processes")
	}
	slices.Sort(o.rest)
	return nil
}

// ask looks at the open files of one process, at most left of them, and returns
// how many it may look at after that.
func (o *owners) ask(pid, left int, wanted map[uint64]int, found func(socket, pid int)) int {
	if left <= 0 || len(wanted) == 0 || o.asked[pid] {
		return left
	}
	o.asked[pid] = true
	before := len(wanted)
	err := o.dir.Links(pid, func(target []byte) bool {
		if inode, ok := socketInode(target); ok {
			if socket, ok := wanted[inode]; ok {
				delete(wanted, inode)
				found(socket, pid)
			}
		}
		left--
		return left > 0 && len(wanted) > 0
	})
	if err != nil && !procfs.Gone(err) {
		o.refused(err)
	}
	o.heat(pid, len(wanted) < before, procfs.Gone(err))
	return left
}

// heat moves a process to the front, or out when it has ended. Process 1 is never
// asked before those that it may have given a socket to.
func (o *owners) heat(pid int, hit, gone bool) {
	at := slices.Index(o.hot, pid)
	if at >= 0 && (hit || gone) {
		o.hot = slices.Delete(o.hot, at, at+1)
	}
	if hit && pid != 1 {
		o.hot = slices.Insert(o.hot, 0, pid)
		o.hot = o.hot[:min(len(o.hot), maxHot)]
	}
}

func (o *owners) close() {
	if o.dir != nil {
		o.dir.Close()
		o.dir = nil
	}
}

// socketInode reads "socket:[123]".
func socketInode(target []byte) (uint64, bool) {
	digits, ok := bytes.CutPrefix(target, []byte("socket:["))
	if !ok || len(digits) == 0 || digits[len(digits)-1] != ']' {
		return 0, false
	}
	inode, err := strconv.ParseUint(string(digits[:len(digits)-1]), 10, 64)
	return inode, err == nil
}
