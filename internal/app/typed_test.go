// SPDX-License-Identifier: Apache-2.0

package app

import (
	"testing"

	"github.com/alecthomas/kong"

	"portreeve.org/portreeve/internal/kernel/fault"
)

func TestErrorsNameWhatWasTyped(t *testing.T) {
	var cli struct {
		Rate struct {
			Risk               string   `arg:""`
			InherentLikelihood int      `name:"inherent-likelihood"`
			Likelihood         int      ``
			Condition          []string ``
			Set                []string `api:"attributes"`
			For                string   `api:"account,owner.id"`
			All                bool     `query:"state=all"`
			Limit              int      `query:"limit"`
		} `cmd:""`
	}
	parser, err := kong.New(&cli)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.Parse([]string{"rate", "x"})
	if err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]string{
		"inherent.likelihood": "--inherent-likelihood",
		"residual.likelihood": "--likelihood",
		"body.likelihood":     "--likelihood",
		"conditions[1].due":   "--condition (number 2, due)",
		"conditions":          "--condition",
		"attributes.from":     "--set (from)",
		"account":             "--for",
		"options[0].risk":     "options[0].risk", // not the argument of that name
		"owner.id":            "--for",
		"query.state":         "--all",
		"query.limit":         "--limit",
		"path.risk":           "<risk>",
		"colour":              "colour",
		"a[x].b":              "a[x].b",
		"":                    "",
	} {
		named := asTyped(fault.InvalidFields("x", []fault.Field{{Path: field, Message: "m"}}), parsed.Selected())
		if got := fault.From(named).Fields[0].Path; got != want {
			t.Errorf("%s is shown as %s, want %s", field, got, want)
		}
	}
	if err := fault.ItemNotFound(); asTyped(err, parsed.Selected()) != error(err) {
		t.Error("an error without fields changed")
	}
}
