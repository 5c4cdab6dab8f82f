// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// lockFolder makes a folder and takes it for this process alone until release. Two
// processes on one folder would each believe their own memory.
func lockFolder(folder string) (release func() error, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fault.New(fault.Invalid, "sessiond.data", "The folder %s cannot be made. Make it, owned by the account that runs this.", folder).Because(err)
	}
	f, err := os.OpenFile(filepath.Join(folder, ".lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fault.New(fault.Invalid, "sessiond.data", "Nothing can be written to the folder %s. Let it be owned by the account that runs this.", folder).Because(err)
	}
	switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		_ = f.Close()
		return nil, fault.New(fault.Conflict, "sessiond.in_use", "Another process keeps its sessions in %s. Stop it first, or use another folder.", folder)
	case err != nil:
		return nil, errors.Join(fmt.Errorf("lock %s: %w", folder, err), f.Close())
	}
	return f.Close, nil
}
