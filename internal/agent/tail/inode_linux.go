//go:build linux

package tail

import (
	"os"
	"syscall"
)

// openFile opens for reading; never a pipe, which could block.
func openFile(path string) (handle, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

type osFile struct{ *os.File }

func (f osFile) state() (state, error) {
	var st syscall.Stat_t
	conn, err := f.SyscallConn()
	if err != nil {
		return state{}, err
	}
	if e := conn.Control(func(fd uintptr) { err = syscall.Fstat(int(fd), &st) }); e != nil {
		err = e
	}
	if err != nil {
		return state{}, &os.PathError{Op: "stat", Path: f.Name(), Err: err}
	}
	return stateOf(&st), nil
}

// statFile follows links.
func statFile(path string) (state, error) {
	var st syscall.Stat_t
	if err := syscall.Stat(path, &st); err != nil {
		return state{}, &os.PathError{Op: "stat", Path: path, Err: err}
	}
	return stateOf(&st), nil
}

func stateOf(st *syscall.Stat_t) state {
	return state{
		id: id{uint64(st.Dev), st.Ino}, size: st.Size, changed: st.Mtim.Nano(), links: uint64(st.Nlink),
		regular: st.Mode&syscall.S_IFMT == syscall.S_IFREG, dir: st.Mode&syscall.S_IFMT == syscall.S_IFDIR,
	}
}
