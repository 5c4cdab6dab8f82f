// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A file of the data directory is whole or absent, whenever the machine stops:
// it is written under another name, forced to disk and then put in its place.

// replaceFile writes the file anew. It does nothing if the file says the same already.
func replaceFile(path string, data []byte, mode os.FileMode) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
		return nil
	}
	return putFile(path, data, mode, os.Rename)
}

// createFile writes a file that must not exist; an existing one stays as it is
// and is fs.ErrExist.
func createFile(path string, data []byte, mode os.FileMode) error {
	return putFile(path, data, mode, os.Link)
}

func putFile(path string, data []byte, mode os.FileMode, put func(from, to string) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	defer os.Remove(f.Name()) //nolint:errcheck // renamed away, or a leftover
	_, err = f.Write(data)
	if err := errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	if err := put(f.Name(), path); err != nil {
		return fmt.Errorf("put %s in its place: %w", filepath.Base(path), err)
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder forces the names in a folder to disk.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open the folder %s: %w", path, err)
	}
	return errors.Join(d.Sync(), d.Close())
}

// exists reports whether there is a file of that name.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
