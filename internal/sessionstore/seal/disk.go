// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"portreeve.org/portreeve/internal/kernel/durable"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// disk is the ring file and the lock beside it.
type disk struct {
	path string
	lock *os.File // nil = for reading alone
	sum  [sha256.Size]byte
}

// lockDisk takes the ring file for this process alone, until release. The lock is on
// a file beside it, because the ring file itself is replaced.
func lockDisk(path string) (*disk, error) {
	f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the ring file: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		_ = f.Close()
		return nil, fault.New(fault.Conflict, "seal.ring_in_use", "Another process has the ring file %s open for writing. Stop it first, or open the file for reading alone.", path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the ring file: %w", err), f.Close())
	}
	return &disk{path: path, lock: f}, nil
}

// release gives the ring file up, once; then it is for reading alone. The lock's file stays: removing it would let two
// processes lock two files of one name.
func (d *disk) release() error {
	f := d.lock
	if d.lock = nil; f == nil {
		return nil
	}
	return f.Close()
}

// read returns the file's bytes.
func (d *disk) read() ([]byte, error) {
	b, err := readPrivate(d.path, maxRingFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.Invalid, "seal.ring_missing", "There is no ring file at %s. For a new store make one; for one that was in use put the last copy back.", d.path).Because(err)
	}
	if err != nil {
		return nil, fmt.Errorf("read the ring file: %w", err)
	}
	if len(b) > maxRingFile {
		return nil, damaged("it is too large")
	}
	d.sum = sha256.Sum256(b)
	return b, nil
}

// create writes the first version. It never overwrites a file.
func (d *disk) create(b []byte) error {
	err := durable.Create(d.path, b, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fault.New(fault.Conflict, "seal.ring_exists", "There is a ring file at %s already. Its keys may be in use, and it is not overwritten.", d.path)
	}
	if err != nil {
		return fmt.Errorf("create the ring file: %w", err)
	}
	d.sum = sha256.Sum256(b)
	return nil
}

// replace puts b in the file's place, whole or not at all, and overwrites what was
// there. The new file is safe before the old one is touched, so that a crash at any
// moment leaves one of the two. On a disk that writes elsewhere than where it is told
// to, the overwriting does nothing; what is left there is wrapped under the root key.
func (d *disk) replace(b []byte) error {
	old, err := os.OpenFile(d.path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("open the ring file: %w", err)
	}
	defer old.Close()
	was, err := io.ReadAll(io.LimitReader(old, maxRingFile+1))
	if err != nil {
		return fmt.Errorf("read the ring file: %w", err)
	}
	if sha256.Sum256(was) != d.sum {
		return fault.New(fault.Conflict, "seal.ring_changed", "The ring file %s was changed by somebody else since it was read, and is left as it is. Start again with the file that counts.", d.path)
	}
	err = durable.Replace(d.path, b, 0o600)
	if there, e := os.ReadFile(d.path); e == nil && bytes.Equal(there, b) {
		d.sum = sha256.Sum256(b) // also where the folder could not be forced to disk: who tries again may
	}
	if err != nil {
		return fmt.Errorf("replace the ring file: %w", err)
	}
	_, err = old.WriteAt(bytes.Repeat([]byte{0}, len(was)), 0)
	if err := errors.Join(err, old.Sync()); err != nil {
		return fmt.Errorf("overwrite the replaced ring file: %w", err)
	}
	return nil
}
