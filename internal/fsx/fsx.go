// Package fsx is the file system as the stores see it. All files that must
// survive a crash go through an FS, so that tests can tear, drop and refuse
// writes.
//
// Invariant: a file that Publish returned without error is complete after any
// crash, and a crash before that leaves the old file or none. It fails with the
// operating system's error and the file's name.
package fsx

import (
	"io"
	"io/fs"
)

// FS is the part of a file system that stores need. Names are slash-separated
// paths; OS takes them as the operating system does. It is safe for use by
// several goroutines.
type FS interface {
	// Create makes or empties a file for writing.
	Create(name string) (File, error)
	// Append opens a file, made if need be, for writing at its end.
	Append(name string) (File, error)
	// Open opens a file for reading.
	Open(name string) (File, error)
	// Rename moves a file over another, atomically. It is durable only after
	// SyncDir of the directory.
	Rename(from, to string) error
	// Remove deletes a file. Open readers keep it.
	Remove(name string) error
	// MkdirAll makes a directory and its parents, durable when it returns.
	MkdirAll(name string) error
	// ReadDir lists a directory in order of name.
	ReadDir(name string) ([]fs.DirEntry, error)
	// Stat describes a file.
	Stat(name string) (fs.FileInfo, error)
	// SyncDir makes creations, renames and removals in a directory durable.
	SyncDir(name string) error
	// Lock takes the lock file, or says who holds it. Close gives it back.
	Lock(name string) (io.Closer, error)
}

// File is an open file. Only ReadAt is safe for use by several goroutines.
type File interface {
	io.Reader
	io.Writer
	io.ReaderAt
	io.Closer
	// Sync makes what was written durable.
	Sync() error
	// Truncate cuts the file to a size.
	Truncate(size int64) error
	// Size is the file's size in bytes now.
	Size() (int64, error)
}
