package fsx

import (
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"sync"
	"time"
)

// Mem is a file system in memory that knows what a crash would leave of it. It
// is for tests: files are written as on a disk, and CrashClone makes the disk
// that a machine finds after a power cut.
//
// It is harsher than most disks are. Contents are safe only after File.Sync,
// names only after SyncDir, also that of a new file which was synced itself.
// Directories are safe once MkdirAll returned.
type Mem struct {
	mu    sync.Mutex
	dirs  map[string]*memDir
	locks map[string]bool
}

// memDir is a directory's files: what is seen, and what a crash is sure to
// leave with the changes since, in order.
type memDir struct {
	files   map[string]*memNode
	durable map[string]*memNode
	pending []dirChange
}

// dirChange is one unsynced change of a directory. A rename within it is one
// change, so that a crash never shows half of it.
type dirChange struct {
	unlink string // "" for none
	link   string // "" for none
	node   *memNode
}

// NewMem makes an empty file system that has the directories "/" and ".".
func NewMem() *Mem {
	m := &Mem{dirs: map[string]*memDir{}, locks: map[string]bool{}}
	m.mkdir("/")
	m.mkdir(".")
	return m
}

// Create makes or empties a file. Emptying is a change like any other: until
// Sync a crash may bring back what the file held.
func (m *Mem) Create(name string) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.makeFile("create", name)
	if err != nil {
		return nil, err
	}
	n.truncate(0)
	return &memFile{fs: m, node: n, name: name, writable: true}, nil
}

// Append opens a file, made if need be, for writing at its end.
func (m *Mem) Append(name string) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.makeFile("append", name)
	if err != nil {
		return nil, err
	}
	return &memFile{fs: m, node: n, name: name, writable: true, atEnd: true}, nil
}

// Open opens a file for reading; writing to it is refused.
func (m *Mem) Open(name string) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.find("open", name)
	if err != nil {
		return nil, err
	}
	return &memFile{fs: m, node: n, name: name}, nil
}

// Rename moves a file over another. A crash shows it whole or not at all, but
// for one between directories, which may leave the file in both or in none.
func (m *Mem) Rename(from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.find("rename", from)
	if err != nil {
		return err
	}
	target, base, err := m.parent("rename", to)
	if err != nil {
		return err
	}
	source, old, _ := m.parent("rename", from)
	if source == target {
		target.change(dirChange{unlink: old, link: base, node: n})
		return nil
	}
	target.change(dirChange{link: base, node: n})
	source.change(dirChange{unlink: old})
	return nil
}

// Remove deletes a file; open files of it go on.
func (m *Mem) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.find("remove", name); err != nil {
		return err
	}
	d, base, _ := m.parent("remove", name)
	d.change(dirChange{unlink: base})
	return nil
}

// MkdirAll makes a directory and its parents, durable at once.
func (m *Mem) MkdirAll(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for dir := path.Clean(name); m.dirs[dir] == nil; dir = path.Dir(dir) {
		if d := m.dirs[path.Dir(dir)]; d != nil && d.files[path.Base(dir)] != nil {
			return &fs.PathError{Op: "mkdir", Path: name, Err: fs.ErrExist}
		}
		m.mkdir(dir)
	}
	return nil
}

// ReadDir lists a directory in order of name.
func (m *Mem) ReadDir(name string) ([]fs.DirEntry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir := path.Clean(name)
	d := m.dirs[dir]
	if d == nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	var out []fs.DirEntry
	for base, n := range d.files {
		out = append(out, memInfo{name: base, size: int64(len(n.data))})
	}
	for sub := range m.dirs {
		if sub != dir && path.Dir(sub) == dir {
			out = append(out, memInfo{name: path.Base(sub), dir: true})
		}
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int {
		if a.Name() < b.Name() {
			return -1
		}
		return 1
	})
	return out, nil
}

// Stat describes a file or a directory; times are zero.
func (m *Mem) Stat(name string) (fs.FileInfo, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dirs[path.Clean(name)] != nil {
		return memInfo{name: path.Base(name), dir: true}, nil
	}
	n, err := m.find("stat", name)
	if err != nil {
		return nil, err
	}
	return memInfo{name: path.Base(name), size: int64(len(n.data))}, nil
}

// SyncDir makes a directory's names survive a crash.
func (m *Mem) SyncDir(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	d := m.dirs[path.Clean(name)]
	if d == nil {
		return &fs.PathError{Op: "syncdir", Path: name, Err: fs.ErrNotExist}
	}
	for _, c := range d.pending {
		c.apply(d.durable)
	}
	d.pending = nil
	return nil
}

// Lock takes a lock that ends with Close, or with CrashClone, which has none.
func (m *Mem) Lock(name string) (io.Closer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	name = path.Clean(name)
	if m.locks[name] {
		return nil, heldError(path.Dir(name), os.Getpid())
	}
	m.locks[name] = true
	return &memLock{m, name}, nil
}

type memLock struct {
	m    *Mem
	name string
}

func (l *memLock) Close() error {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	delete(l.m.locks, l.name)
	return nil
}

func (m *Mem) mkdir(dir string) {
	m.dirs[dir] = &memDir{files: map[string]*memNode{}, durable: map[string]*memNode{}}
}

// parent is the directory that a name is in, and the name within it.
func (m *Mem) parent(op, name string) (*memDir, string, error) {
	clean := path.Clean(name)
	d := m.dirs[path.Dir(clean)]
	if d == nil {
		return nil, "", &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	if m.dirs[clean] != nil {
		return nil, "", &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	return d, path.Base(clean), nil
}

func (m *Mem) find(op, name string) (*memNode, error) {
	d, base, err := m.parent(op, name)
	if err != nil {
		return nil, err
	}
	if d.files[base] == nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return d.files[base], nil
}

func (m *Mem) makeFile(op, name string) (*memNode, error) {
	d, base, err := m.parent(op, name)
	if err != nil {
		return nil, err
	}
	if d.files[base] == nil {
		d.change(dirChange{link: base, node: &memNode{}})
	}
	return d.files[base], nil
}

func (d *memDir) change(c dirChange) {
	c.apply(d.files)
	d.pending = append(d.pending, c)
}

func (c dirChange) apply(files map[string]*memNode) {
	if c.unlink != "" {
		delete(files, c.unlink)
	}
	if c.link != "" {
		files[c.link] = c.node
	}
}

// memInfo is what ReadDir and Stat tell of a file or directory.
type memInfo struct {
	name string
	size int64
	dir  bool
}

func (i memInfo) Name() string               { return i.name }
func (i memInfo) Size() int64                { return i.size }
func (i memInfo) IsDir() bool                { return i.dir }
func (i memInfo) ModTime() time.Time         { return time.Time{} }
func (i memInfo) Sys() any                   { return nil }
func (i memInfo) Info() (fs.FileInfo, error) { return i, nil }
func (i memInfo) Type() fs.FileMode          { return i.Mode().Type() }

func (i memInfo) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | dirMode
	}
	return fileMode
}
