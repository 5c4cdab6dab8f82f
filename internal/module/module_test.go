// SPDX-License-Identifier: Apache-2.0

package module

import (
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/gate"
)

func TestCheck(t *testing.T) {
	action := func(name string) []authz.ActionDef { return []authz.ActionDef{{Name: authz.Action(name)}} }
	tests := []struct {
		name    string
		modules []Module
		want    string // part of the error; "" for none
	}{
		{"disjoint", []Module{{Name: "a", Actions: action("a:read"), EntryKinds: []string{"a.done"}}, {Name: "b", Actions: action("b:read")}}, ""},
		{"same name", []Module{{Name: "a"}, {Name: "a"}}, "module name"},
		{"no name", []Module{{}}, "no name"},
		{"foreign action", []Module{{Name: "a", Actions: action("b:read")}}, `does not begin with "a:"`},
		{"bare action", []Module{{Name: "a", Actions: action("a:")}}, `does not begin with`},
		{"foreign kind", []Module{{Name: "a", EntryKinds: []string{"b.done"}}}, `does not begin with "a."`},
		{"kind twice", []Module{{Name: "a", EntryKinds: []string{"a.done", "a.done"}}}, "entry kind"},
		{"decision twice", []Module{{Name: "a", Decisions: map[string]gate.Provider{"x": nil}}, {Name: "b", Decisions: map[string]gate.Provider{"x": nil}}}, "decision"},
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
