// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/fault"
)

func TestDefaultKinds(t *testing.T) {
	k, err := DefaultKinds()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"flow", "component", "project", "artifact", "group", "supplier", "release", "realm"} {
		if _, ok := k.Kind(want); !ok {
			t.Errorf("no kind %s", want)
		}
	}
}

const minimal = `
kinds:
  - {name: realm, title: Realm, origin: chosen, attributes: [{name: trust, title: Trust, allowed: [high, low], required: true, origin: chosen}]}
  - {name: flow, title: Flow, origin: chosen, attributes: [{name: to, title: To, refers: realm, origin: chosen}]}
relations:
  - {name: part_of, title: is part of, inverse: consists of, origin: chosen}
`

func TestLoadKindsRefuses(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"unknown key":         {"refers: realm", "refer: realm", `"refers"`},
		"unknown kind":        {"refers: realm", "refers: relm", "realm"},
		"two kinds":           {"name: flow", "name: realm", "a second time"},
		"two attributes":      {"allowed: [high, low]", "allowed: [high, high]", "twice"},
		"no title":            {"title: Realm", "title: ''", "text for people"},
		"unknown origin":      {"name: part_of, title: is part of, inverse: consists of, origin: chosen", "name: part_of, title: is part of, inverse: consists of, origin: mine", "source or chosen"},
		"source without cite": {"title: Flow, origin: chosen", "title: Flow, origin: source", "cites"},
		"bad name":            {"name: part_of", "name: 'Part of'", "lower-case"},
		"the word subject":    {"name: flow", "name: subject", "subject"},
		"cycle":               {"name: trust, title: Trust, allowed: [high, low], required: true", "name: trust, title: Trust, refers: flow", "same kind"},
		"both":                {"refers: realm", "refers: realm, allowed: [x]", "exclude"},
		"no kinds":            {minimal, "relations: []", "empty"},
	} {
		t.Run(name, func(t *testing.T) {
			data := strings.Replace(minimal, c.old, c.new, 1)
			if data == minimal {
				t.Fatal("nothing was replaced")
			}
			_, err := LoadKinds("kinds.yaml", []byte(data))
			f := fault.From(err)
			if f == nil || f.Kind != fault.Invalid {
				t.Fatalf("accepted: %v", err)
			}
			text := f.Message
			for _, field := range f.Fields {
				text += "\n" + field.Path + " " + field.Message
			}
			if !strings.Contains(text, c.want) || !strings.Contains(f.Message, "kinds.yaml:") {
				t.Errorf("does not name %q or the line:\n%s", c.want, text)
			}
		})
	}
	if _, err := LoadKinds("kinds.yaml", []byte(minimal)); err != nil {
		t.Errorf("the text that the cases start from is refused: %v", err)
	}
}

func FuzzLoadKinds(f *testing.F) {
	f.Add([]byte(minimal))
	f.Add(defaultKinds)
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := LoadKinds("kinds.yaml", data)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("not Invalid: %v", err)
			}
			return
		}
		for _, kind := range k.Kinds {
			kind.Check(map[string]string{"to": "x"})
		}
	})
}

func TestCheckAttributes(t *testing.T) {
	k, err := LoadKinds("kinds.yaml", []byte(minimal))
	if err != nil {
		t.Fatal(err)
	}
	realm, _ := k.Kind("realm")
	flow, _ := k.Kind("flow")
	for name, c := range map[string]struct {
		kind       Kind
		attributes map[string]string
		want       []string // path and code
	}{
		"good":          {realm, map[string]string{"trust": "low"}, nil},
		"missing":       {realm, nil, []string{"attributes.trust required"}},
		"not allowed":   {realm, map[string]string{"trust": "medium"}, []string{"attributes.trust not_allowed"}},
		"unknown name":  {flow, map[string]string{"tp": "cloud", "x": ""}, []string{"attributes unknown"}},
		"optional":      {flow, nil, nil},
		"not a name":    {flow, map[string]string{"to": "realm:cloud"}, []string{"attributes.to not_a_name"}},
		"too long":      {flow, map[string]string{"to": strings.Repeat("a", MaxAttribute+1)}, []string{"attributes.to text"}},
		"not UTF-8":     {flow, map[string]string{"to": "\xff"}, []string{"attributes.to text"}},
		"control":       {flow, map[string]string{"to": "a\x00"}, []string{"attributes.to text"}},
		"two lines":     {flow, map[string]string{"to": "a\nb"}, []string{"attributes.to text"}},
		"reordered":     {flow, map[string]string{"to": "a\u202eb"}, []string{"attributes.to text"}},
		"secret values": {realm, map[string]string{"trust": "hunter2", "hunter2": "hunter2"}, []string{"attributes.trust not_allowed", "attributes unknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			fields := c.kind.Check(c.attributes)
			var got []string
			for _, f := range fields {
				got = append(got, f.Path+" "+f.Code)
				if strings.Contains(f.Message, "hunter2") || strings.Contains(f.Path, "hunter2") {
					t.Errorf("repeats what was sent: %+v", f)
				}
			}
			slices.Sort(got)
			slices.Sort(c.want)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
