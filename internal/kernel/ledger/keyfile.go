// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
)

// Signer signs checkpoints, and the answers of the gate. See [format.Signer]
// for how keys are changed.
type Signer = format.Signer

// Keys are the verifier keys of a log. [format.ParseKeys] reads them.
type Keys = format.Keys

// LoadSigner reads the key file at path. If there is none it creates one with a
// new key of that name, readable by its owner alone, and never overwrites. A
// file that others may read is refused with the fault "ledger.key_exposed".
func LoadSigner(path, name string) (*Signer, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := createKey(path, name); err != nil {
			return nil, fmt.Errorf("create ledger key: %w", err)
		}
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read ledger key: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read ledger key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fault.New(fault.Invalid, "ledger.key_exposed",
			"The ledger's key file can be read by others than its owner. Run: chmod 600 %s", path)
	}
	return format.ParseSigner(text)
}

// createKey writes a complete file under another name and links it into place,
// so that a crash leaves no half key and two starts do not both believe theirs
// is the one.
func createKey(path, name string) error {
	text, err := format.GenerateKey(rand.Reader, name)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
