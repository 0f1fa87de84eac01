package vitals

import "syscall"

func systemUsage(path string) (usage, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return usage{}, err
	}
	size := uint64(s.Bsize)
	return usage{total: s.Blocks * size, free: s.Bfree * size, available: s.Bavail * size, files: s.Files, filesFree: s.Ffree}, nil
}
