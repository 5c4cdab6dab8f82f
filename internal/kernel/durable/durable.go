// SPDX-License-Identifier: Apache-2.0

// Package durable writes small files that are whole or absent, whenever the machine
// stops: each is written under another name, forced to disk and then put in its place.
package durable

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Replace writes a file anew; a link is replaced, never followed. It does nothing if
// the file says the same already.
func Replace(path string, data []byte, mode fs.FileMode) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
		return nil
	}
	return write(path, data, mode, os.Rename)
}

// Create writes a file that must not exist; an existing one stays as it is and is
// fs.ErrExist.
func Create(path string, data []byte, mode fs.FileMode) error {
	return write(path, data, mode, os.Link)
}

func write(path string, data []byte, mode fs.FileMode, put func(from, to string) error) error {
	name, folder := filepath.Base(path), filepath.Dir(path)
	f, err := os.CreateTemp(folder, "."+name+"-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer os.Remove(f.Name()) //nolint:errcheck // renamed away, or a leftover
	_, err = f.Write(data)
	if err := errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := put(f.Name(), path); err != nil {
		return fmt.Errorf("put %s in its place: %w", name, err)
	}
	d, err := os.Open(folder)
	if err != nil {
		return fmt.Errorf("open the folder of %s: %w", name, err)
	}
	return errors.Join(d.Sync(), d.Close())
}
