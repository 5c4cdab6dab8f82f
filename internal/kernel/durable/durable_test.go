// SPDX-License-Identifier: Apache-2.0

package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"portreeve.org/portreeve/internal/kernel/durable"
)

func TestFilesAreWholeOrAbsent(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := durable.Create(path, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := durable.Create(path, []byte("two"), 0o600); !errors.Is(err, fs.ErrExist) {
		t.Errorf("an existing file was made again: %v", err)
	}
	if err := durable.Replace(path, []byte("three"), 0o644); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil || string(data) != "three" {
		t.Errorf("%q, %v", data, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("mode: %v, %v", info, err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if err := durable.Replace(filepath.Join(dir, "absent", "file"), nil, 0o600); err == nil {
		t.Error("wrote into a folder that is not there")
	}
}
