//go:build linux && !(amd64 || arm64 || riscv64 || ppc64le || s390x || loong64)

package vitals

import (
	"strings"
	"syscall"
)

// statfs is for machines whose call has another number and form.
func statfs(path string, s *syscall.Statfs_t) error {
	return syscall.Statfs(strings.TrimSuffix(path, "\x00"), s)
}
