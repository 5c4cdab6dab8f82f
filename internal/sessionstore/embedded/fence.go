// SPDX-License-Identifier: Apache-2.0

package embedded

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// errFenced is what a failed engine gets for writes.
var errFenced = errors.New("embedded: this opening of the folder has failed")

// fence lies between an engine and its folder. It sees to two things:
//
// Once the engine has failed, nothing that still runs in it writes to the folder,
// where the next engine is by then.
//
// Pebble ends the process when it cannot write or change its log (it panics while
// its locks are in disorder). So an error there is not handed to pebble: the engine
// is marked as failed, pebble is told that all is well, and goes on writing to
// nothing until it is closed. Whoever asked for the commit looks at the mark, so
// that nobody is told that all is well who relies on it.
type fence struct {
	vfs.FS
	e *engine
}

func isLog(name string) bool { return strings.HasSuffix(name, ".log") }

// check returns an error if the engine has failed.
func (f *fence) check() error {
	if f.e.failed.Load() != nil {
		return errFenced
	}
	return nil
}

// Lock does nothing: the folder's lock is the backend's, which outlives the engine.
func (f *fence) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }

// Unwrap returns nil, so that nothing goes past the fence.
func (f *fence) Unwrap() vfs.FS { return nil }

// Create makes a file.
func (f *fence) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return f.made(name, func() (vfs.File, error) { return f.FS.Create(name, c) })
}

// OpenReadWrite opens a file for writing.
func (f *fence) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	return f.made(name, func() (vfs.File, error) { return f.FS.OpenReadWrite(name, c, o...) })
}

// ReuseForWrite writes a file over.
func (f *fence) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return f.made(name, func() (vfs.File, error) { return f.FS.ReuseForWrite(old, name, c) })
}

// OpenDir opens the folder, whose sync is part of making a log.
func (f *fence) OpenDir(name string) (vfs.File, error) {
	file, err := f.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &fencedFile{File: file, f: f, log: true}, nil
}

func (f *fence) made(name string, make func() (vfs.File, error)) (vfs.File, error) {
	err := f.check()
	var file vfs.File
	if err == nil {
		file, err = make()
	}
	switch {
	case err == nil:
		return &fencedFile{File: file, f: f, log: isLog(name)}, nil
	case isLog(name):
		f.e.fail(err)
		return &fencedFile{f: f, log: true}, nil
	default:
		return nil, err
	}
}

// Link is as in vfs.FS.
func (f *fence) Link(old, name string) error {
	return f.unless(func() error { return f.FS.Link(old, name) })
}

// Remove is as in vfs.FS.
func (f *fence) Remove(name string) error {
	return f.unless(func() error { return f.FS.Remove(name) })
}

// RemoveAll is as in vfs.FS.
func (f *fence) RemoveAll(name string) error {
	return f.unless(func() error { return f.FS.RemoveAll(name) })
}

// Rename is as in vfs.FS.
func (f *fence) Rename(old, name string) error {
	return f.unless(func() error { return f.FS.Rename(old, name) })
}

// MkdirAll is as in vfs.FS.
func (f *fence) MkdirAll(name string, perm os.FileMode) error {
	return f.unless(func() error { return f.FS.MkdirAll(name, perm) })
}

// unless acts, unless the engine has failed.
func (f *fence) unless(act func() error) error {
	if err := f.check(); err != nil {
		return err
	}
	return act()
}

// fencedFile is a file behind the fence. File is nil for a log that could not be made.
type fencedFile struct {
	vfs.File
	f   *fence
	log bool
}

// do acts and, for a log, keeps an error from pebble. It reports whether it acted
// without one.
func (f *fencedFile) do(act func() error) (bool, error) {
	err := f.f.check()
	if err == nil {
		err = act()
	}
	if err != nil && f.log {
		f.f.e.fail(err)
		return false, nil
	}
	return err == nil, err
}

// Write is as in vfs.File.
func (f *fencedFile) Write(p []byte) (n int, err error) {
	ok, err := f.do(func() (err error) { n, err = f.File.Write(p); return err })
	if !ok && err == nil {
		return len(p), nil
	}
	return n, err
}

// WriteAt is as in vfs.File.
func (f *fencedFile) WriteAt(p []byte, off int64) (n int, err error) {
	ok, err := f.do(func() (err error) { n, err = f.File.WriteAt(p, off); return err })
	if !ok && err == nil {
		return len(p), nil
	}
	return n, err
}

// Preallocate is as in vfs.File. Where there is no room it does nothing: it only
// makes later writes cheaper, and those find the ballast (vfs.OnDiskFull).
func (f *fencedFile) Preallocate(off, n int64) error {
	if f.File != nil && f.f.check() == nil {
		_ = f.File.Preallocate(off, n)
	}
	return nil
}

// Sync is as in vfs.File.
func (f *fencedFile) Sync() error {
	_, err := f.do(func() error { return f.File.Sync() })
	return err
}

// SyncData is as in vfs.File.
func (f *fencedFile) SyncData() error {
	_, err := f.do(func() error { return f.File.SyncData() })
	return err
}

// SyncTo is as in vfs.File.
func (f *fencedFile) SyncTo(n int64) (full bool, err error) {
	_, err = f.do(func() (err error) { full, err = f.File.SyncTo(n); return err })
	return full, err
}

// Close is as in vfs.File. A failed engine's files are closed, too.
func (f *fencedFile) Close() error {
	if f.File == nil {
		return nil
	}
	err := f.File.Close()
	if err != nil && f.log {
		f.f.e.fail(err)
		return nil
	}
	return err
}

// Fd is as in vfs.File.
func (f *fencedFile) Fd() uintptr {
	if f.File == nil {
		return vfs.InvalidFd
	}
	return f.File.Fd()
}

// Stat is as in vfs.File.
func (f *fencedFile) Stat() (vfs.FileInfo, error) {
	if f.File == nil {
		return nothing{}, nil
	}
	info, err := f.File.Stat()
	if err != nil && f.log {
		f.f.e.fail(err)
		return nothing{}, nil
	}
	return info, err
}

// nothing is a log that could not be made.
type nothing struct{}

func (nothing) Name() string           { return "" }
func (nothing) Size() int64            { return 0 }
func (nothing) Mode() fs.FileMode      { return 0 }
func (nothing) ModTime() time.Time     { return time.Time{} }
func (nothing) IsDir() bool            { return false }
func (nothing) Sys() any               { return nil }
func (nothing) DeviceID() vfs.DeviceID { return vfs.DeviceID{} }
