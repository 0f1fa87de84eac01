package procfs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// Dir is an open /proc. It is for one goroutine: answers lie in its buffers.
type Dir struct {
	fd      int
	counts  bool // the kernel says how many files a process has open
	entries []byte
	text    []byte
	link    [128]byte
}

// entriesSize holds about a thousand entries of a directory.
const entriesSize = 32 << 10

// Open opens proc below root.
func Open(root string) (*Dir, error) {
	path := filepath.Join(root, "proc")
	fd, err := retry(func() (int, error) { return unix.Open(path, directory, 0) })
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	d := &Dir{fd: fd, entries: make([]byte, entriesSize), text: make([]byte, 4<<10)}
	var kind unix.Statfs_t
	var self unix.Stat_t
	d.counts = unix.Fstatfs(fd, &kind) == nil && kind.Type == unix.PROC_SUPER_MAGIC &&
		unix.Fstatat(fd, "self/fd", &self, 0) == nil && self.Size > 0 // since Linux 6.2
	return d, nil
}

// Close gives the directory back.
func (d *Dir) Close() { _ = unix.Close(d.fd) }

const directory = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC

// retry calls again what a signal interrupted: the runtime sends itself some.
func retry(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}

// Processes appends the numbers of all processes to dst.
func (d *Dir) Processes(dst []int) ([]int, error) {
	if _, err := unix.Seek(d.fd, 0, 0); err != nil {
		return dst, fmt.Errorf("listing processes: %w", err)
	}
	err := d.numbers(d.fd, func(n []byte) bool {
		pid, _ := strconv.Atoi(string(n))
		dst = append(dst, pid)
		return true
	})
	return dst, err
}

// numbers visits the names of an open directory that are numbers until visit
// says no.
func (d *Dir) numbers(fd int, visit func(name []byte) bool) error {
	for {
		n, err := retry(func() (int, error) { return unix.ReadDirent(fd, d.entries) })
		if err != nil {
			return fmt.Errorf("listing a directory of proc: %w", err)
		}
		if n <= 0 {
			return nil
		}
		for b := d.entries[:n]; len(b) > 0; {
			var name []byte
			if name, b = nextEntry(b); isNumber(name) && !visit(name) {
				return nil
			}
		}
	}
}

// nextEntry cuts the first entry from what getdents64 gave: 8 bytes of inode, 8
// of offset, 2 of length, 1 of kind, and the name, which ends in a 0.
func nextEntry(b []byte) (name, rest []byte) {
	const header = 19
	if len(b) < header {
		return nil, nil
	}
	size := int(binary.NativeEndian.Uint16(b[16:]))
	if size < header || size > len(b) {
		return nil, nil
	}
	name, rest = b[header:size], b[size:]
	for i, c := range name {
		if c == 0 {
			return name[:i], rest
		}
	}
	return name, rest
}

func isNumber(name []byte) bool {
	for _, c := range name {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(name) > 0
}

// maxText bounds what is read of one file.
const maxText = 1 << 20

// Read is the text of a file below proc, "12/stat", valid until the next call.
// A process that has ended gives an error for which Gone is true.
func (d *Dir) Read(path string) ([]byte, error) {
	fd, err := retry(func() (int, error) { return unix.Openat(d.fd, path, unix.O_RDONLY|unix.O_CLOEXEC, 0) })
	if err != nil {
		return nil, fmt.Errorf("opening proc/%s: %w", path, err)
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written
	for n := 0; ; {
		m, err := retry(func() (int, error) { return unix.Read(fd, d.text[n:]) })
		if err != nil {
			return nil, fmt.Errorf("reading proc/%s: %w", path, err)
		}
		// Files of a process come whole: what leaves room has ended.
		if n += m; m == 0 || n < len(d.text) && n < 4<<10 {
			return d.text[:n], nil
		}
		if n == len(d.text) {
			if n >= maxText {
				return d.text, nil
			}
			d.text = append(d.text, make([]byte, n)...)
		}
	}
}

// Files is how many files a process has open.
func (d *Dir) Files(pid int) (n int, err error) {
	path := strconv.Itoa(pid) + "/fd"
	if d.counts {
		var s unix.Stat_t
		if err := unix.Fstatat(d.fd, path, &s, 0); err != nil {
			return 0, fmt.Errorf("counting open files in proc/%s: %w", path, err)
		}
		return int(s.Size), nil
	}
	err = d.open(path, func(fd int) error {
		return d.numbers(fd, func([]byte) bool { n++; return true })
	})
	return n, err
}

// Links visits what the open files of a process are, "socket:[12]" among them,
// until visit says no. What it is given is valid during the call.
func (d *Dir) Links(pid int, visit func(target []byte) bool) error {
	return d.open(strconv.Itoa(pid)+"/fd", func(fd int) error {
		return d.numbers(fd, func(name []byte) bool {
			n, err := unix.Readlinkat(fd, string(name), d.link[:])
			return err != nil || visit(d.link[:n]) // closed meanwhile: the next one
		})
	})
}

// Link is where a link below proc leads, "net:[4026531840]" for "12/ns/net",
// valid until the next call.
func (d *Dir) Link(path string) ([]byte, error) {
	n, err := unix.Readlinkat(d.fd, path, d.link[:])
	if err != nil {
		return nil, fmt.Errorf("reading the link proc/%s: %w", path, err)
	}
	return d.link[:n], nil
}

func (d *Dir) open(path string, use func(fd int) error) error {
	fd, err := retry(func() (int, error) { return unix.Openat(d.fd, path, directory, 0) })
	if err != nil {
		return fmt.Errorf("opening proc/%s: %w", path, err)
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written
	return use(fd)
}

// Gone reports whether an error is that of a process that has ended.
func Gone(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESRCH)
}
