// SPDX-License-Identifier: Apache-2.0

package authority

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// Modes of files: keys and the register are for their owner alone.
const (
	secret fs.FileMode = 0o600
	public fs.FileMode = 0o644
)

// write writes a file whole or not at all. It belongs to whom the one that it
// replaces belonged, or else to whom the folder belongs: an administrator who
// renews as root must not take the key away from the service.
func write(path string, mode fs.FileMode, replace bool, fill func(io.Writer) error) error {
	owner, err := os.Lstat(path)
	if err != nil {
		owner, err = os.Stat(filepath.Dir(path))
	}
	if err != nil {
		return fault.New(fault.Usage, "authority.folder", "There is no folder %s: make it first.", filepath.Dir(path)).Because(err)
	}
	if err := client.WriteFileAs(path, mode, replace, fill); err != nil {
		return err
	}
	id, ok := owner.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 || id.Uid == 0 && id.Gid == 0 {
		return nil
	}
	if err := os.Lchown(path, int(id.Uid), int(id.Gid)); err != nil {
		return fmt.Errorf("give %s to its owner: %w", path, err)
	}
	return nil
}

// writeKey writes a private key.
func writeKey(path string, key *ecdsa.PrivateKey, replace bool) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("encode a key: %w", err)
	}
	return write(path, secret, replace, func(w io.Writer) error {
		return pem.Encode(w, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	})
}

// writePEM writes what everybody may read.
func writePEM(path, kind string, der []byte, replace bool) error {
	return write(path, public, replace, func(w io.Writer) error {
		return pem.Encode(w, &pem.Block{Type: kind, Bytes: der})
	})
}
