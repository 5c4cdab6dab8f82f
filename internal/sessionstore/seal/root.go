// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"portreeve.org/portreeve/internal/kernel/durable"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// Root is the key that wraps the keys of a ring file. It never leaves the process
// and prints as its id.
type Root struct {
	id  string
	kek cipher.AEAD // wraps keys
	mac *macs       // of the whole file
}

// maxRootFile is the size of the largest file that ReadRoot reads: 32 bytes in
// base64 and some space.
const maxRootFile = 256

// ReadRoot reads a root key: 32 bytes in base64 on one line, in a file that nobody
// but its owner may read. Anything else is an Invalid fault that says what to do.
func ReadRoot(path string) (*Root, error) {
	text, err := readPrivate(path, maxRootFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.Invalid, "seal.root_missing", "There is no root key at %s. Without the one that wrapped the ring file its sessions cannot be read; for a new store make one: openssl rand -base64 32, mode 0600.", path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the root key: %w", err)
	}
	secret, err := parseRoot(text)
	if err != nil {
		return nil, fault.New(fault.Invalid, "seal.root_form", "%s is not a root key: %s. It is 32 random bytes in base64 on one line.", path, err)
	}
	return newRoot(secret)
}

func parseRoot(text []byte) ([]byte, error) {
	if len(text) > maxRootFile {
		return nil, errors.New("it is too long")
	}
	secret, err := base64.StdEncoding.Strict().DecodeString(string(bytes.TrimSpace(text)))
	if err != nil {
		return nil, errors.New("it is not base64") // the library's error tells where, and so something of the key
	}
	if len(secret) != secretSize {
		return nil, fmt.Errorf("it has %d bytes", len(secret))
	}
	if bytes.Count(secret, secret[:1]) == secretSize {
		return nil, errors.New("all its bytes are the same")
	}
	return secret, nil
}

// CreateRoot makes a new root key in a file of mode 0600. It never overwrites one.
func CreateRoot(path string) (*Root, error) {
	secret := make([]byte, secretSize)
	rand.Read(secret)
	text := base64.StdEncoding.EncodeToString(secret) + "\n"
	if err := durable.Create(path, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("create a root key: %w", err)
	}
	return newRoot(secret)
}

// readPrivate returns a file that nobody but its owner may read or write, and of one
// that is longer than most one byte more than that.
func readPrivate(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := private(f); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(f, most+1))
}

// private refuses a file that others than its owner may read or write.
func private(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("look at a key file: %w", err)
	}
	owner := os.Geteuid()
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		owner = int(stat.Uid)
	}
	if exposed(info.Mode(), owner, os.Geteuid()) {
		return fault.New(fault.Invalid, "seal.key_exposed", "Others than its owner can read or change %s. Run: chmod 600 %s", f.Name(), f.Name())
	}
	return nil
}

// exposed reports whether a file with that mode and owner can be read or changed by
// others than this process's user and the superuser.
func exposed(mode fs.FileMode, owner, me int) bool {
	shown := mode.Perm() & 0o077
	if owner == 0 && me != 0 {
		// The superuser's file, given to this process by its group alone: so
		// Kubernetes mounts a secret.
		shown &^= 0o040
	}
	return !mode.IsRegular() || shown != 0
}

func newRoot(secret []byte) (*Root, error) {
	wrapping, err := derive(secret, "portreeve ring wrap")
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(wrapping)
	if err != nil {
		return nil, fmt.Errorf("make a cipher: %w", err)
	}
	r := &Root{}
	if r.kek, err = cipher.NewGCM(block); err != nil {
		return nil, fmt.Errorf("make a cipher: %w", err)
	}
	authentic, err := derive(secret, "portreeve ring file")
	if err != nil {
		return nil, err
	}
	r.mac = newMACs(authentic)
	name, err := derive(secret, "portreeve ring root id")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(name)
	r.id = hex.EncodeToString(sum[:6])
	return r, nil
}

// String names the key without telling anything of it, GoString too: one that is
// printed by mistake shows nothing.
func (r *Root) String() string { return "root key " + r.id }

// GoString is String.
func (r *Root) GoString() string { return r.String() }

// wrap encrypts a secret, bound to what it is for. Keys are wrapped a few times a
// year, so random nonces under one key are far from their bound.
func (r *Root) wrap(secret []byte, use string) []byte {
	b := make([]byte, nonceSize, nonceSize+secretSize+tagSize)
	rand.Read(b)
	return r.kek.Seal(b, b, secret, []byte(use))
}

func (r *Root) unwrap(wrapped []byte, use string) ([]byte, error) {
	if len(wrapped) != nonceSize+secretSize+tagSize {
		return nil, errors.New("a wrapped key has a wrong length")
	}
	secret, err := r.kek.Open(nil, wrapped[:nonceSize], wrapped[nonceSize:], []byte(use))
	if err != nil {
		return nil, errors.New("a wrapped key does not open")
	}
	return secret, nil
}
