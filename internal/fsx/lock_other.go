//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package fsx

import (
	"fmt"
	"io"
	"runtime"
)

// Lock refuses: without a lock that ends with its process, two servers could
// write to one directory.
func (osFS) Lock(name string) (io.Closer, error) {
	return nil, fmt.Errorf("locking %q: Patou's server does not run on %s yet", name, runtime.GOOS)
}
