package tail

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"patou/internal/clock"
)

// gather is how long events are gathered after the first ones: a busy writer
// gives one a write, and the kernel counts equal ones once while they wait.
const gather = 50 * time.Millisecond

// event is a path that something happened to. A directory is to be scanned.
type event struct {
	path string
	dir  bool
}

// maxEvents bounds what is remembered between two looks; beyond it all is looked
// at.
const maxEvents = 16 << 10

// watcher has the kernel say which files change. A nil watcher says nothing. Its
// goroutine ends with stop, which waits for it.
type watcher struct {
	file    *os.File
	fd      int
	clock   clock.Clock
	missing func(path string, err error)
	wake    chan struct{}
	ended   chan struct{}
	group   sync.WaitGroup

	mu     sync.Mutex
	dirs   map[int32]string
	known  map[string]bool
	events map[event]bool
	missed bool
	failed bool // not every directory could be watched
}

// newWatcher is nil where the kernel offers no notification.
func newWatcher(c clock.Clock, missing func(path string, err error)) *watcher {
	fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC | syscall.IN_NONBLOCK)
	if err != nil {
		missing("inotify", fmt.Errorf("asking the kernel for notification: %w: files are looked at each second or less often", err))
		return nil
	}
	w := &watcher{
		file: os.NewFile(uintptr(fd), "inotify"), fd: fd, clock: c, missing: missing, wake: make(chan struct{}, 1), ended: make(chan struct{}),
		dirs: map[int32]string{}, known: map[string]bool{}, events: map[event]bool{},
	}
	w.group.Go(w.run)
	return w
}

// add watches a directory, once.
func (w *watcher) add(dir string) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.known[dir] || w.failed {
		return
	}
	const all = syscall.IN_MODIFY | syscall.IN_CREATE | syscall.IN_MOVED_TO | syscall.IN_MOVED_FROM | syscall.IN_DELETE | syscall.IN_ATTRIB |
		syscall.IN_DELETE_SELF | syscall.IN_MOVE_SELF | syscall.IN_ONLYDIR
	n, err := syscall.InotifyAddWatch(w.fd, dir, all)
	switch err {
	case nil:
		w.dirs[int32(n)], w.known[dir] = dir, true
	case syscall.ENOSPC, syscall.ENOMEM:
		w.failed = true
		w.missing("inotify", fmt.Errorf("watching %q: %w: files are looked at each second or less often; raise fs.inotify.max_user_watches", dir, err))
	}
}

// works reports whether the kernel tells of all changes.
func (w *watcher) works() bool {
	if w == nil {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.failed
}

// signal delivers when something happened.
func (w *watcher) signal() <-chan struct{} {
	if w == nil {
		return nil
	}
	return w.wake
}

// take is what happened since it was asked last; missed is whether it may be
// more than that.
func (w *watcher) take() (events []event, missed bool) {
	if w == nil {
		return nil, false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for e := range w.events {
		events = append(events, e)
	}
	clear(w.events)
	missed, w.missed = w.missed, false
	return events, missed
}

func (w *watcher) stop() {
	if w == nil {
		return
	}
	close(w.ended)
	_ = w.file.Close()
	w.group.Wait()
}

func (w *watcher) run() {
	buffer := make([]byte, 64<<10)
	for {
		n, err := w.file.Read(buffer)
		if err != nil {
			return
		}
		w.gather(buffer[:n])
		select {
		case w.wake <- struct{}{}:
		default:
		}
		select {
		case <-w.ended:
			return
		case <-w.clock.After(gather):
		}
	}
}

// gather notes the events in what the kernel wrote.
func (w *watcher) gather(b []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(b) >= syscall.SizeofInotifyEvent {
		watch, mask := int32(binary.NativeEndian.Uint32(b)), binary.NativeEndian.Uint32(b[4:])
		length := binary.NativeEndian.Uint32(b[12:])
		if uint64(length) > uint64(len(b)-syscall.SizeofInotifyEvent) {
			return
		}
		name := string(trimNuls(b[syscall.SizeofInotifyEvent : syscall.SizeofInotifyEvent+length]))
		b = b[syscall.SizeofInotifyEvent+length:]
		w.note(watch, mask, name)
	}
}

func trimNuls(b []byte) []byte {
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	return b
}

func (w *watcher) note(watch int32, mask uint32, name string) {
	dir, ok := w.dirs[watch]
	switch {
	case mask&syscall.IN_Q_OVERFLOW != 0 || len(w.events) >= maxEvents:
		w.missed = true
	case !ok:
	case mask&(syscall.IN_IGNORED|syscall.IN_DELETE_SELF|syscall.IN_MOVE_SELF) != 0:
		delete(w.dirs, watch)
		delete(w.known, dir)
		w.events[event{dir, true}] = true
	case name != "":
		w.events[event{filepath.Join(dir, name), mask&syscall.IN_ISDIR != 0}] = true
	}
}
