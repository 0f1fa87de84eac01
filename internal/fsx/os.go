package fsx

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Only the owner reads: entries may hold what is nobody else's business.
const (
	fileMode = 0o600
	dirMode  = 0o700
)

// OS is the operating system's file system.
func OS() FS { return osFS{} }

type osFS struct{}

func (osFS) Create(name string) (File, error) {
	return openFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
}

func (osFS) Append(name string) (File, error) {
	return openFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND)
}

func (osFS) Open(name string) (File, error) { return openFile(name, os.O_RDONLY) }

func (osFS) Rename(from, to string) error { return os.Rename(from, to) }

func (osFS) Remove(name string) error { return os.Remove(name) }

func (o osFS) MkdirAll(name string) error {
	info, err := os.Stat(name)
	if err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(name)
	if parent != name && errors.Is(err, fs.ErrNotExist) {
		if err := o.MkdirAll(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(name, dirMode); err != nil && !o.isDir(name) {
		return err
	}
	return o.SyncDir(parent)
}

// isDir tells whether another process made the directory in the meantime.
func (osFS) isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

func (osFS) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir(name) }

func (osFS) Stat(name string) (fs.FileInfo, error) { return os.Stat(name) }

func (osFS) SyncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

type osFile struct{ *os.File }

func openFile(name string, flag int) (File, error) {
	f, err := os.OpenFile(name, flag, fileMode)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
