//go:build !linux

package tail

import "patou/internal/clock"

// event is a path that something happened to. A directory is to be scanned.
type event struct {
	path string
	dir  bool
}

// watcher is nil where the kernel is not asked: files are looked at in turn.
type watcher struct{}

func newWatcher(clock.Clock, func(path string, err error)) *watcher { return nil }

func (*watcher) add(string)              {}
func (*watcher) works() bool             { return false }
func (*watcher) signal() <-chan struct{} { return nil }
func (*watcher) take() ([]event, bool)   { return nil, false }
func (*watcher) stop()                   {}
