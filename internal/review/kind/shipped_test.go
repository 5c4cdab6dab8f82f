// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/fault"
)

func shipped(t testing.TB) map[string]*Kind {
	t.Helper()
	all := map[string]*Kind{}
	for _, name := range ShippedNames() {
		data, err := ShippedYAML(name)
		if err != nil {
			t.Fatal(err)
		}
		k, err := Parse(shippedFile(name), data)
		if err != nil {
			t.Fatalf("%s: %+v", name, fault.From(err).Fields)
		}
		all[k.Name] = k
	}
	return all
}

func shippedWeak(t testing.TB) []Weak {
	t.Helper()
	w, err := ShippedWeak()
	if err != nil {
		t.Fatal(err)
	}
	return w.Answers
}

func shippedPreScreen(t testing.TB) *PreScreen {
	t.Helper()
	p, err := ShippedPreScreen()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What each shipped kind stops, and what it wants before it is scheduled.
func TestShipped(t *testing.T) {
	kinds := shipped(t)
	want := map[string]struct {
		force     Force
		scenarios int
		decidedBy string
	}{
		"advice":              {Advisory, 0, ""},
		"concept":             {Advisory, 1, ""},
		"readiness":           {Required, 1, ""},
		"supplier":            {Required, 0, ""},
		"third-party-code":    {Required, 0, ""},
		"third-party-hosting": {Required, 0, "executive"},
		"privacy":             {Required, 0, ""},
	}
	if len(kinds) != len(want) {
		t.Errorf("%d kinds", len(kinds))
	}
	for name, w := range want {
		k := kinds[name]
		if k == nil {
			t.Errorf("no kind %s", name)
			continue
		}
		if k.Force != w.force || k.Scenarios != w.scenarios || k.DecidedBy != w.decidedBy || k.Sketch != (name == "advice") {
			t.Errorf("%s: force %s, scenarios %d, decided by %q, sketch %v", name, k.Force, k.Scenarios, k.DecidedBy, k.Sketch)
		}
		if wrong := k.Against(shippedPreScreen(t)); len(wrong) > 0 {
			t.Errorf("%s: %+v", name, wrong)
		}
	}
	var aspects []string
	for _, o := range kinds["third-party-hosting"].Opinions {
		aspects = append(aspects, o.Aspect)
	}
	if diff := cmp.Diff([]string{"ideological", "legal", "security", "privacy"}, aspects); diff != "" {
		t.Error(diff)
	}
}

// An example that falls short itself would teach people the wrong thing; and each
// text that must be answered shows one.
func TestShippedExamples(t *testing.T) {
	for name, k := range shipped(t) {
		for _, f := range k.Fields() {
			if f.Example == "" {
				continue
			}
			if code, message := f.check(f.Example); code != "" {
				t.Errorf("%s.%s: the example is refused: %s", name, f.Name, message)
			}
			if short := f.shortfalls(f.Example, shippedWeak(t)); len(short) > 0 {
				t.Errorf("%s.%s: the example falls short: %+v", name, f.Name, short)
			}
		}
	}
}
