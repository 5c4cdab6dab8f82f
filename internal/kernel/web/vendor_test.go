// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestVendoredFiles: the published files are unmodified, and each is listed.
func TestVendoredFiles(t *testing.T) {
	list, err := os.ReadFile("static/vendor/VENDOR.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^([0-9a-f]{64})  (\S+)$`).FindAllStringSubmatch(string(list), -1) {
		listed[m[2]] = m[1]
	}
	if len(listed) < 50 {
		t.Fatalf("VENDOR.md lists %d files", len(listed))
	}
	err = filepath.WalkDir("static/vendor", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name := strings.TrimPrefix(filepath.ToSlash(path), "static/vendor/")
		if name == "VENDOR.md" || name == "fetch.sh" {
			return nil
		}
		data, err := os.ReadFile(path)
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != listed[name] {
			t.Errorf("%s is not as published; run make vendor-assets", name)
		}
		delete(listed, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range listed {
		t.Errorf("%s is listed and missing", name)
	}
}
