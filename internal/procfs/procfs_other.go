//go:build !linux

package procfs

import "errors"

// Dir is an open /proc, which only Linux has.
type Dir struct{}

// Open always fails.
func Open(string) (*Dir, error) { return nil, errors.ErrUnsupported }

// Close does nothing.
func (*Dir) Close() {}

// Processes always fails.
func (*Dir) Processes(dst []int) ([]int, error) { return dst, errors.ErrUnsupported }

// Read always fails.
func (*Dir) Read(string) ([]byte, error) { return nil, errors.ErrUnsupported }

// Files always fails.
func (*Dir) Files(int) (int, error) { return 0, errors.ErrUnsupported }

// Links always fails.
func (*Dir) Links(int, func([]byte) bool) error { return errors.ErrUnsupported }

// Link always fails.
func (*Dir) Link(string) ([]byte, error) { return nil, errors.ErrUnsupported }

// Gone is always false.
func Gone(error) bool { return false }
