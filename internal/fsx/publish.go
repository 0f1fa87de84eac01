package fsx

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path"
)

// TempSuffix ends the names of files that Publish has not finished. A file with
// it that is found at start was left by a crash and may be removed.
const TempSuffix = ".tmp"

// publishBuffer keeps writers of small pieces from making a system call each.
const publishBuffer = 64 << 10

// Publish makes a file of what write writes, whole or not at all: it is written
// aside, made durable, and put in the place of the old one. When it returns nil
// the new file survives any crash; when it returns an error the old file, or
// none, is still there, but for an error of the last step, the sync of the
// directory, after which either may be. One name must not be published twice
// at the same time.
func Publish(fsys FS, name string, write func(io.Writer) error) error {
	temp := name + TempSuffix
	if err := writeAside(fsys, temp, write); err != nil {
		return errors.Join(fmt.Errorf("writing %q: %w", name, err), discard(fsys, temp))
	}
	if err := fsys.Rename(temp, name); err != nil {
		return errors.Join(fmt.Errorf("publishing %q: %w", name, err), discard(fsys, temp))
	}
	if err := fsys.SyncDir(path.Dir(name)); err != nil {
		return fmt.Errorf("publishing %q: %w", name, err)
	}
	return nil
}

func writeAside(fsys FS, temp string, write func(io.Writer) error) error {
	f, err := fsys.Create(temp)
	if err != nil {
		return err
	}
	if err := fill(f, write); err != nil {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}

func fill(f File, write func(io.Writer) error) error {
	w := bufio.NewWriterSize(f, publishBuffer)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Sync()
}

// discard removes a temporary file, if it came to be, so that it does not hold
// the space that may be why it failed.
func discard(fsys FS, temp string) error {
	if _, err := fsys.Stat(temp); err != nil {
		return nil //nolint:nilerr // it never came to be
	}
	return fsys.Remove(temp)
}
