//go:build !linux

package tail

import (
	"os"

	"github.com/cespare/xxhash/v2"
)

func openFile(path string) (handle, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

type osFile struct{ *os.File }

func (f osFile) state() (state, error) {
	info, err := f.Stat()
	if err != nil {
		return state{}, err
	}
	return stateOf(f.Name(), info), nil
}

func statFile(path string) (state, error) {
	info, err := os.Stat(path)
	if err != nil {
		return state{}, err
	}
	return stateOf(path, info), nil
}

// stateOf knows no identity but the name: a renamed file is told by its content.
func stateOf(path string, info os.FileInfo) state {
	return state{
		id: id{inode: xxhash.Sum64String(path)}, size: info.Size(), changed: info.ModTime().UnixNano(),
		regular: info.Mode().IsRegular(), dir: info.IsDir(),
	}
}
