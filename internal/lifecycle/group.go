// Package lifecycle starts the parts of a program in order and stops them in
// reverse. It is the only place that says go for work that outlives a call.
//
// Invariant: when Stop returned nil, everything that the group started has
// ended, each part before those that were started before it. It fails with the
// part's name and its error; a panic of a part is its error, with the stack.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
)

// Group holds the running parts of a program. It is safe for use by several
// goroutines.
type Group struct {
	failed chan error // holds the first failure

	mu      sync.Mutex
	parts   []part
	stopped chan struct{} // nil until Stop; closed when it is done
	result  error         // of Stop, once stopped is closed
}

type part struct {
	name string
	stop func(ctx context.Context) error
}

// New makes an empty group.
func New() *Group { return &Group{failed: make(chan error, 1)} }

// Start runs start at once and, if it succeeds, has stop called when the group
// stops. It returns start's error with the part's name; the caller then stops
// the group, which holds what was started before. Either function may be nil.
func (g *Group) Start(ctx context.Context, name string, start, stop func(ctx context.Context) error) error {
	if err := guard(ctx, start); err != nil {
		return fmt.Errorf("starting %s: %w", name, err)
	}
	if !g.add(part{name, stop}) {
		return errors.Join(fmt.Errorf("starting %s: the program is stopping", name), guard(ctx, stop))
	}
	return nil
}

// Go runs a part on its own goroutine until its context ends, which happens
// when its turn to stop has come, and Stop waits for it. Its error is the
// group's failure, if it is the first; nil means that its work was done, and
// the end of its context is no error. After Stop it does nothing.
func (g *Group) Go(name string, run func(ctx context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	stop := func(bound context.Context) error {
		cancel()
		select {
		case err := <-ended:
			return err
		case <-bound.Done():
			return fmt.Errorf("it is still running: %w", bound.Err())
		}
	}
	if !g.add(part{name, stop}) {
		cancel()
		return
	}
	go func() {
		err := guard(ctx, run)
		if ctx.Err() != nil {
			ended <- ignoreEnd(err)
			return
		}
		if err != nil {
			g.Fail(fmt.Errorf("%s: %w", name, err))
		}
		ended <- nil // told once, by Failed
	}()
}

// Fail reports a failure of a part that runs on someone else's goroutine. Only
// the first is kept.
func (g *Group) Fail(err error) {
	select {
	case g.failed <- err:
	default:
	}
}

// Failed delivers the first failure of a part, to one receiver. It is never
// closed.
func (g *Group) Failed() <-chan error { return g.failed }

// Wait returns the first failure, or nil when ctx ends before one.
func (g *Group) Wait(ctx context.Context) error {
	select {
	case err := <-g.failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

// Stop stops the parts, the last started first, each of them before the next.
// When ctx ends it waits no longer, but still tells the rest to stop. The error
// names each part that failed to. A second call waits for the first and returns
// the same.
func (g *Group) Stop(ctx context.Context) error {
	g.mu.Lock()
	if done := g.stopped; done != nil {
		g.mu.Unlock()
		<-done
		return g.result
	}
	g.stopped = make(chan struct{})
	parts := g.parts
	g.mu.Unlock()

	var errs []error
	for _, p := range slices.Backward(parts) {
		if err := bounded(ctx, p.stop); err != nil {
			errs = append(errs, fmt.Errorf("stopping %s: %w", p.name, err))
		}
	}
	g.result = errors.Join(errs...)
	close(g.stopped)
	return g.result
}

func (g *Group) add(p part) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopped != nil {
		return false
	}
	g.parts = append(g.parts, p)
	return true
}

// bounded waits for f until ctx ends, whether f heeds ctx or not.
func bounded(ctx context.Context, f func(ctx context.Context) error) error {
	done := make(chan error, 1)
	go func() { done <- guard(ctx, f) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	default:
		return fmt.Errorf("it did not end in time: %w", ctx.Err())
	}
}

// guard calls f, if there is one, and makes a panic an error.
func guard(ctx context.Context, f func(ctx context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	if f == nil {
		return nil
	}
	return f(ctx)
}

func ignoreEnd(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
