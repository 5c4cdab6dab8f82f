// SPDX-License-Identifier: Apache-2.0

package module

import (
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/gate"
)

func TestCheck(t *testing.T) {
	actions := func(part, name string) Module {
		return Module{Declaration: Declaration{Name: part, Actions: []authz.ActionDef{{Name: authz.Action(name)}}}}
	}
	kinds := func(part string, kinds ...string) Module {
		return Module{Declaration: Declaration{Name: part, EntryKinds: kinds}}
	}
	item := func(part string) Module {
		return Module{Declaration: Declaration{Name: part, Items: []ItemType{{Type: "x"}}}}
	}
	decides := func(part string) Module {
		return Module{Declaration: Declaration{Name: part}, Decisions: map[string]gate.Provider{"x": nil}}
	}
	reads := func(part string) Module {
		return Module{Declaration: Declaration{Name: part}, Policies: []PolicyFile{{Name: "x"}}}
	}
	tests := []struct {
		name    string
		modules []Module
		want    string // part of the error; "" for none
	}{
		{"disjoint", []Module{actions("a", "a:read"), kinds("b", "b.done"), item("c"), decides("d"), reads("e")}, ""},
		{"same name", []Module{kinds("a"), kinds("a")}, "module name"},
		{"no name", []Module{{}}, "no name"},
		{"foreign action", []Module{actions("a", "b:read")}, `does not begin with "a:"`},
		{"bare action", []Module{actions("a", "a:")}, `does not begin with`},
		{"foreign kind", []Module{kinds("a", "b.done")}, `does not begin with "a."`},
		{"kind twice", []Module{kinds("a", "a.done", "a.done")}, "entry kind"},
		{"decision twice", []Module{decides("a"), decides("b")}, "decision"},
		{"item twice", []Module{item("a"), item("b")}, "type of item"},
		{"policy twice", []Module{reads("a"), reads("b")}, "policy file"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := Check(test.modules)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
