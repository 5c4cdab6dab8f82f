// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/sessionstore/seal"
	"portreeve.org/portreeve/internal/sessionstore/settings"
)

const keysConfig = `
profile: kask
embedded: {data: data}
keys: {root: keys/root.key, ring: keys/ring.json}
namespaces:
  - {name: one, base_uri: /one/, max_ttl: 24h}
`

// TestMakeKeys: what is missing is made and nothing else is touched; a ring file of
// which several processes have copies is rotated in two steps.
func TestMakeKeys(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sessiond.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(c MakeKeysCmd) string {
		t.Helper()
		var out bytes.Buffer
		c.Config = file
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		if err := c.Run(&client.Session{Context: t.Context(), Stdout: &out, Stderr: io.Discard}); err != nil {
			return err.Error()
		}
		return out.String()
	}
	states := func() string {
		t.Helper()
		cfg, err := settings.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		ring, err := openRing(cfg.Keys)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, key := range keysOf(ring, "one") {
			if key.Kind == seal.Data {
				all = append(all, string(key.State))
			}
		}
		if err := ring.Close(); err != nil {
			t.Fatal(err)
		}
		return strings.Join(all, " ")
	}
	write(keysConfig)
	for _, tt := range []struct {
		name   string
		c      MakeKeysCmd
		says   string
		states string
	}{
		{"first", MakeKeysCmd{}, "are made", "current"},
		{"nothing is missing", MakeKeysCmd{}, "nothing is made", "current"},
		{"announce", MakeKeysCmd{Rotate: "one"}, "announced", "current announced"},
		{"retire too early", MakeKeysCmd{Retire: "one"}, "no old key", "current announced"},
		{"use", MakeKeysCmd{Rotate: "one"}, "in use", "current old"},
		{"retire", MakeKeysCmd{Retire: "one"}, "is retired", "current"},
		{"another name", MakeKeysCmd{Rotate: "two"}, "no namespace two", "current"},
		{"announce places", MakeKeysCmd{Rotate: "one", Index: true}, "announced", "current"},
		{"use places", MakeKeysCmd{Rotate: "one", Index: true}, "in use", "current"},
		{"places stay", MakeKeysCmd{Retire: "one"}, "stays until", "current"},
		{"destroy", MakeKeysCmd{Destroy: "one", Confirm: "one"}, "are destroyed", ""},
		{"again", MakeKeysCmd{Again: "one"}, "new keys", "current"},
		{"again and again", MakeKeysCmd{Again: "one"}, "not destroyed", "current"},
	} {
		if got := run(tt.c); !strings.Contains(got, tt.says) || states() != tt.states {
			t.Errorf("%s: %q, states %q, want %q and %q", tt.name, got, states(), tt.says, tt.states)
		}
	}
	write(keysConfig + "  - {name: two, base_uri: /two/}\n")
	if got := run(MakeKeysCmd{}); !strings.Contains(got, "Namespace two has keys") || strings.Contains(got, "Namespace one") {
		t.Errorf("a namespace that is new: %q", got)
	}
	elsewhere := filepath.Join(filepath.Dir(file), "elsewhere", "root.key")
	if got := run(MakeKeysCmd{Root: elsewhere, Ring: elsewhere + ".ring"}); !strings.Contains(got, "are made") || missing(elsewhere) {
		t.Errorf("elsewhere: %q", got)
	}
	if (&MakeKeysCmd{Destroy: "one", Confirm: "two"}).Validate() == nil || (&MakeKeysCmd{Index: true}).Validate() == nil {
		t.Error("flags that say nothing together were taken")
	}
}
