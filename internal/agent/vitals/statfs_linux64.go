//go:build linux && (amd64 || arm64 || riscv64 || ppc64le || s390x || loong64)

package vitals

import (
	"syscall"
	"unsafe"
)

// statfs does what syscall.Statfs does, without a copy of the path each second.
// The path ends in a 0.
func statfs(path string, s *syscall.Statfs_t) error {
	_, _, errno := syscall.Syscall(syscall.SYS_STATFS, uintptr(unsafe.Pointer(unsafe.StringData(path))), uintptr(unsafe.Pointer(s)), 0)
	if errno != 0 {
		return errno
	}
	return nil
}
