// SPDX-License-Identifier: Apache-2.0

package app

import (
	"os"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/risk"
)

// A risk policy whose facts are none of the kinds of subject is refused, and so are
// kinds without the relation by which a subject lists its risks.
func TestPoliciesMustFitEachOther(t *testing.T) {
	text, err := os.ReadFile("../kernel/catalog/" + catalog.DefaultKindsFile)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := risk.DefaultPolicy()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"shipped":      {"kinds:", "kinds:", ""},
		"another word": {"personal, sensitive]", "personal, secret]", "facts.stated[0].attribute"},
		"another kind": {"- name: flow", "- name: call", "facts.stated[0].kind"},
		"no relation":  {"- name: concerns", "- name: is_about", "must hold concerns"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := strings.Replace(string(text), c.old, c.new, 1)
			if changed == string(text) && c.want != "" {
				t.Fatalf("%q does not stand in the file", c.old)
			}
			kinds, err := loadKinds("catalog.yaml", []byte(changed))
			if err == nil {
				err = checkFacts("risk.yaml", policy, kinds)
			}
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(describeFault(fault.From(err)), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
