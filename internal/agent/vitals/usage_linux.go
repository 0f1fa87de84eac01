package vitals

import "syscall"

// readOnlyFlag is ST_RDONLY of statfs(2).
const readOnlyFlag = 1

// systemUsage asks the kernel. The path ends in a 0.
func systemUsage(path string, u *usage) error {
	var s syscall.Statfs_t
	if err := statfs(path, &s); err != nil {
		return err
	}
	size := uint64(s.Bsize)
	*u = usage{
		total: s.Blocks * size, free: s.Bfree * size, available: s.Bavail * size, files: s.Files, filesFree: s.Ffree,
		readOnly: s.Flags&readOnlyFlag != 0,
	}
	return nil
}
