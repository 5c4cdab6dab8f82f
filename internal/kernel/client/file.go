// SPDX-License-Identifier: Apache-2.0

package client

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// Write writes what fill gives to a file as [WriteFile] does, or to standard
// output if file is empty or "-".
func (s *Session) Write(file string, force bool, fill func(io.Writer) error) error {
	if file == "" || filepath.Base(file) == "-" { // kong makes a path of it
		return fill(s.Stdout)
	}
	return WriteFile(file, force, fill)
}

// WriteFile is how every command writes a file that somebody names: the file is
// whole or absent, whatever happens meanwhile, readable by its owner alone, and
// takes the place of nothing, because what stands there may be the only copy.
// Nothing is filled in where something stands already. With force it replaces a
// file; a link is replaced too, never followed.
func WriteFile(file string, force bool, fill func(io.Writer) error) error {
	return WriteFileAs(file, 0o600, force, fill)
}

// WriteFileAs is WriteFile for a file that others may read, too, as mode says.
func WriteFileAs(file string, mode fs.FileMode, force bool, fill func(io.Writer) error) error {
	if err := Free(file, force); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".portreeve-*") // mode 0600: it may hold what is confidential
	if err != nil {
		return fault.New(fault.Usage, "client.out", "The file %s cannot be made; check that its folder exists and may be written to.", file).Because(err)
	}
	defer os.Remove(f.Name()) //nolint:errcheck // renamed away, or a leftover
	w := bufio.NewWriterSize(f, 1<<16)
	if err := fill(w); err != nil {
		f.Close() //nolint:errcheck // there is a better error to tell
		return err
	}
	if err := errors.Join(w.Flush(), f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	put := os.Link // fails where something stands, a link to nowhere too
	if force {
		put = os.Rename
	}
	err = put(f.Name(), file)
	if errors.Is(err, fs.ErrExist) {
		return taken(file, err)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	folder, err := os.Open(filepath.Dir(file))
	if err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// Free reports as a fault that WriteFile would refuse a file because something
// stands there. A command that does something before it writes asks first.
func Free(file string, force bool) error {
	switch info, err := os.Lstat(file); {
	case err == nil && info.IsDir():
		return fault.New(fault.Usage, "client.out", "%s is a folder; name a file in it.", file)
	case err == nil && !force:
		return taken(file, fs.ErrExist)
	}
	return nil
}

// taken refuses to overwrite.
func taken(file string, cause error) error {
	return fault.New(fault.Usage, "client.out", "%s exists already, and nothing is overwritten: name another file, move this one away, or say --force, which replaces it.", file).Because(cause)
}
