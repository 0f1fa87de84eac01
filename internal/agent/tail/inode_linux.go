package tail

import (
	"os"

	"golang.org/x/sys/unix"
)

// openFile opens for reading; never a pipe, which could block.
func openFile(path string) (handle, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

type osFile struct{ *os.File }

func (f osFile) state() (s state, err error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return state{}, err
	}
	if e := conn.Control(func(fd uintptr) { s, err = statx(int(fd), "", unix.AT_EMPTY_PATH) }); e != nil {
		err = e
	}
	if err != nil {
		return state{}, &os.PathError{Op: "stat", Path: f.Name(), Err: err}
	}
	return s, nil
}

// statFile follows links.
func statFile(path string) (state, error) {
	s, err := statx(unix.AT_FDCWD, path, 0)
	if err != nil {
		return state{}, &os.PathError{Op: "stat", Path: path, Err: err}
	}
	return s, nil
}

// statx asks for the time of birth, too: a number that is given again has another
// one. File systems that keep none give 0, and contents tell.
func statx(dir int, path string, flags int) (state, error) {
	var st unix.Statx_t
	const wanted = unix.STATX_TYPE | unix.STATX_INO | unix.STATX_SIZE | unix.STATX_MTIME | unix.STATX_BTIME
	if err := unix.Statx(dir, path, flags, wanted, &st); err != nil {
		return state{}, err
	}
	s := state{
		id:   id{device: unix.Mkdev(st.Dev_major, st.Dev_minor), inode: st.Ino},
		size: int64(st.Size), changed: st.Mtime.Sec*1e9 + int64(st.Mtime.Nsec),
		regular: st.Mode&unix.S_IFMT == unix.S_IFREG, dir: st.Mode&unix.S_IFMT == unix.S_IFDIR,
	}
	if st.Mask&unix.STATX_BTIME != 0 {
		s.born = uint64(st.Btime.Sec)*1e9 + uint64(st.Btime.Nsec)
	}
	return s, nil
}
