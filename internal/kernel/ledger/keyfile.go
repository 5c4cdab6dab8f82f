// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"portreeve.org/portreeve/internal/kernel/durable"
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

// createKey makes the file. Of two starts at once both take the key of the first.
func createKey(path, name string) error {
	text, err := format.GenerateKey(rand.Reader, name)
	if err != nil {
		return err
	}
	if err := durable.Create(path, text, 0o600); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
