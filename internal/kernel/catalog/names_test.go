// SPDX-License-Identifier: Apache-2.0

package catalog_test

import (
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/catalog/catalogtest"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// Names are unique, but whoever tries them does not find what was hidden from the
// start; and a wrong guess leaves a trace, because nothing else refuses it first.
func TestNamesGiveNothingAway(t *testing.T) {
	each(t, func(t *testing.T, f catalogtest.Fixture) {
		hidden := f.Register(owner(t), t, catalog.Registration{Kind: "project", Name: "merger", Title: "Hidden", Visibility: authz.Restricted})
		if !strings.HasPrefix(hidden.Name, "merger-") || len(hidden.Name) != len("merger-")+16 {
			t.Errorf("a restricted subject is called %s", hidden.Name)
		}
		f.Register(reviewer(t), t, catalog.Registration{Kind: "project", Name: "merger", Title: "Guess"})
		taken := catalog.Registration{Kind: "project", Name: "merger", Title: "Guess", Organisation: catalogtest.Organisation}
		if _, err := f.Service.Register(reviewer(t), taken); !fault.HasCode(err, "catalog.ref_taken") {
			t.Errorf("registered twice: %v", err)
		}
		for field, wrong := range map[string]func(r *catalog.Registration){
			"organisation": func(r *catalog.Registration) { r.Organisation = "none" },
			"owner":        func(r *catalog.Registration) { r.Owner = "nobody" },
			"participants": func(r *catalog.Registration) { r.Participants = []string{"everybody"} },
		} {
			in := taken
			wrong(&in)
			if _, err := f.Service.Register(reviewer(t), in); fault.HasCode(err, "catalog.ref_taken") || !fault.Is(err, fault.Invalid) {
				t.Errorf("a wrong %s tells that the name is taken: %v", field, err)
			}
		}
		long := catalog.Registration{Kind: "project", Name: strings.Repeat("x", catalog.MaxName), Title: "x", Organisation: catalogtest.Organisation, Visibility: authz.Restricted}
		if _, err := f.Service.Register(owner(t), long); !fault.Is(err, fault.Invalid) {
			t.Errorf("a name too long for its end: %v", err)
		}
	})
}
