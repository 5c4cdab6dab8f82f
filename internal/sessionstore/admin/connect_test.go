// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestConnectFile: its paths are relative to it, as in a configuration, and an error
// names the file that is wrong.
func TestConnectFile(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "admin.json")
	text := `{"admin_url": "https://localhost:1", "ca": "authority.pem"}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Connection{Connect: file}.Client()
	if missing := filepath.Join(folder, "authority.pem"); err == nil || !strings.Contains(err.Error(), missing) || !strings.Contains(err.Error(), file) {
		t.Errorf("%v", err)
	}
}

// TestCauseIsOneLine: what the audit log would refuse is refused before anything ends.
func TestCauseIsOneLine(t *testing.T) {
	for _, cause := range []string{"a\nb", strings.Repeat("a", maxCause+1)} {
		if err := (&EndCmd{Owner: "o", Cause: cause}).Validate(); err == nil || !strings.Contains(err.Error(), "--cause") {
			t.Errorf("%v", err)
		}
	}
	if err := (&EndCmd{Owner: "o", Cause: "left"}).Validate(); err != nil {
		t.Error(err)
	}
}
