// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/gate"
)

func loader(t testing.TB, decisions ...string) func(string, []byte) (*gate.Policy, error) {
	t.Helper()
	kinds, err := catalog.DefaultKinds()
	if err != nil {
		t.Fatal(err)
	}
	providers := map[string]gate.Provider{}
	for _, d := range decisions {
		providers[d] = inForce
	}
	return gate.Loader(kinds, providers)
}

func TestDefaultPolicy(t *testing.T) {
	kinds, err := catalog.DefaultKinds()
	if err != nil {
		t.Fatal(err)
	}
	p, err := gate.DefaultPolicy(kinds, map[string]gate.Provider{
		"risk.assessment": inForce, "risk.acceptance": inForce, "review.required": inForce, "review.condition": inForce,
	})
	if err != nil {
		t.Fatal(err)
	}
	if p.AnswerValid.Std() != 5*time.Minute || strings.Join(p.Actions("flow"), " ") != "call" {
		t.Errorf("valid for %s, actions %v", p.AnswerValid, p.Actions("flow"))
	}
	row := p.Rows[0]
	if row.Kind != "flow" || row.Action != "call" || len(row.Requires) != 2 || row.Requires[1].Decision != "risk.acceptance" || row.Requires[1].With["from"] != "high" {
		t.Errorf("row %+v", row)
	}
	if got := strings.Join(p.Actions("component"), " "); got != "deploy omit-control" {
		t.Errorf("actions on a component: %s", got)
	}
	if _, err := gate.DefaultPolicy(kinds, nil); !fault.Is(err, fault.Invalid) {
		t.Errorf("without any provider: %v", err)
	}
}

func TestPolicyRefuses(t *testing.T) {
	load := loader(t, "test.first", "test.second", "test.third")
	for name, c := range map[string]struct{ old, new, want string }{
		"unknown key":      {"mode: advisory", "mod: advisory", `"mode"`},
		"unknown decision": {"test.second", "test.secnd", `"test.second"`},
		"unknown kind":     {"kind: flow, action: watch", "kind: flw, action: watch", `"flow"`},
		"unknown mode":     {"mode: required", "mode: requird", `"required"`},
		"duplicate row":    {"action: watch", "action: call", "rows[0]"},
		"empty action":     {"action: watch", "action: ''", "action"},
		"no origin":        {"mode: required, origin: chosen", "mode: required", "origin"},
		"no cite":          {"title: Watch, origin: chosen", "title: Watch, origin: source", "cites"},
		"too long":         {"answer_valid: 5m", "answer_valid: 2d", "answer_valid"},
		"zero":             {"answer_valid: 5m", "answer_valid: 0", "answer_valid"},
		"not a duration":   {"time_limit: 1s", "time_limit: soon", "time_limit"},
		"limit":            {"time_limit: 1s", "time_limit: 1m", "time_limit"},
	} {
		t.Run(name, func(t *testing.T) {
			data := strings.Replace(policyText, c.old, c.new, 1)
			if data == policyText {
				t.Fatal("nothing was replaced")
			}
			_, err := load("gate.yaml", []byte(data))
			f := fault.From(err)
			if f == nil || f.Kind != fault.Invalid {
				t.Fatalf("accepted: %v", err)
			}
			text := f.Message
			for _, field := range f.Fields {
				text += "\n" + field.Path + " " + field.Message
			}
			if !strings.Contains(text, c.want) || !strings.Contains(f.Message, "gate.yaml:") {
				t.Errorf("does not name %s or the line:\n%s", c.want, text)
			}
		})
	}
	if _, err := load("gate.yaml", []byte(policyText)); err != nil {
		t.Errorf("the text that the cases start from is refused: %v", err)
	}
}

func FuzzLoadPolicy(f *testing.F) {
	load := loader(f, "test.first", "test.second", "test.third")
	f.Add([]byte(policyText))
	f.Add([]byte("rows: [{kind: flow}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := load("gate.yaml", data); err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("not Invalid: %v", err)
		}
	})
}
