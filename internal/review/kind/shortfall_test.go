// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func codes(all []Shortfall) []string {
	var codes []string
	for _, s := range all {
		codes = append(codes, s.Code)
	}
	return codes
}

// The answers of real forms that nobody could use, each as it was written, in the
// field of the concept review where it stood; and answers that say something.
func TestShortfallsOfAnAnswer(t *testing.T) {
	concept := shipped(t)["concept"]
	for _, c := range []struct {
		field, answer string
		want          []string
	}{
		{"target_date", "2020", []string{ShortDate}},
		{"target_date", "2020-Q1", []string{ShortDate}},
		{"target_date", "2020Q1", []string{ShortDate}},
		{"target_date", "2020-03", []string{ShortDate}},
		{"repository", "n/a", []string{ShortWeak, ShortLink}},
		{"repository", "N/A", []string{ShortWeak, ShortLink}},
		{"sensitive_data", "none, hopefully", []string{ShortWeak}},
		{"sensitive_data", "None, hopefully. But CI will build artifacts for deployments, which means it's an avenue for attack.", []string{ShortWeak}},
		{"sensitive_data", "None.", []string{ShortWeak}},
		{"sensitive_data", "...", []string{ShortMissing}},
		{"sensitive_data", "?", []string{ShortMissing}},
		{"owning_team", "TBD", []string{ShortWeak}},
		{"primary_contact", "TBD", []string{ShortWeak}},
		{"description", "code still being written", []string{ShortWeak}},
		{"own_privacy_policy", "no?", []string{ShortQuestion}},
		{"own_privacy_policy", "no (?)", []string{ShortQuestion}},
		{"prior_talk", "kind of, blog posts in Phame", []string{ShortWeak, ShortLink}},
		{"risk_assessment", "in progress, see https://phabricator.wikimedia.org/T240679", []string{ShortWeak}},
		{"test_environment", "We don't have this yet, but we can set something up if need be.", []string{ShortWeak}},
		{"test_environment", "We don’t have this yet", []string{ShortWeak}},
		{"test_environment", "**to be   decided**", []string{ShortWeak}},
		{"dependencies", "some K8s cluster, possibly hosted by a commercial provider\nGerrit", []string{ShortWeak}},
		{"dependencies", "Gerrit\nKubernetes?", []string{ShortQuestion}},
		{"owning_team", "", []string{ShortMissing}},
		{"home_page", "", nil},
		{"repository", "", nil},

		{"target_date", "2027-02-01", nil},
		{"repository", "the code: https://example.org/code.", nil},
		{"repository", "[code](https://example.org/code)", nil},
		{"repository", "<https://example.org/code>", nil},
		{"sensitive_data", "None of it leaves the realm: requests carry no cookie, and logs keep no address.", nil},
		{"sensitive_data", "None. The table holds published page views, as the data list of 3 March shows.", nil},
		{"own_privacy_policy", "no", nil},
		{"owning_team", "Release Engineering", nil},
		{"prior_talk", "https://example.org/rfc?id=81", nil},
		{"description", "What kind of data passes? Public titles alone. It sorts of its own accord.", nil},
		{"description", "It restarts as soon as possible after a crash and replays the queue.", nil},
		{"description", "Unknown users are refused, and so are several bots.", nil},
		{"description", "A job that has not yet run is cancelled after a day.", nil},
		{"quarterly_goal", "yes", nil},
	} {
		f, ok := concept.Field(c.field)
		if !ok {
			t.Fatalf("no field %s", c.field)
		}
		if code, _ := f.check(c.answer); code != "" {
			t.Errorf("%s %q: refused as %s, not remarked", c.field, c.answer, code)
		}
		got := f.shortfalls(c.answer, shippedWeak(t))
		if diff := cmp.Diff(c.want, codes(got)); diff != "" {
			t.Errorf("%s %q: %s\n%+v", c.field, c.answer, diff, got)
		}
	}
}

// Where the words of a list count.
func TestWeakIn(t *testing.T) {
	for _, c := range []struct {
		where  Where
		phrase string
		answer string
		want   bool
	}{
		{"", "none", "None!", true},
		{Whole, "none", " *none* ", true},
		{Whole, "none", "none, so far", false},
		{Whole, "none, hopefully", "none hopefully", true},
		{Edge, "kind of", "kind of", true},
		{Edge, "kind of", "It is, kind of.", true},
		{Edge, "kind of", "that kind of thing", false},
		{Edge, "n/a", "Owner: n/a", true},
		{Edge, "n.a.", "n.a.", true},
		{Edge, "soon", "soonish", false},
		{Edge, "kind of", "of kind", false},
		{Edge, "tbd", "the host (TBD) and its owner", true},
		{Edge, "tbd", "the host – tbd – and its owner", true},
		{Anywhere, "not sure", "We are not sure about it", true},
		{Anywhere, "not sure", "surely not", false},
		{Anywhere, "not sure", "", false},
	} {
		_, got := Weak{Words: []string{c.phrase}, Where: c.where}.in(clauses(c.answer))
		if got != c.want {
			t.Errorf("%s %q in %q: %v", c.where, c.phrase, c.answer, got)
		}
	}
}

// The request of T240943 as it was filed, field by field (L10-47).
func TestShortfallsOfACase(t *testing.T) {
	concept := shipped(t)["concept"]
	answers := map[string]string{
		"project": "new CI", "home_page": "https://www.mediawiki.org/wiki/Wikimedia_Release_Engineering_Team/CI_Futures_WG",
		"owning_team": "Release Engineering", "primary_contact": "LarsWirzenius", "target_date": "2020",
		"repository": "n/a", "brand_new": "yes", "reviewed_before": "no",
		"risk_assessment": "in progress, see https://phabricator.wikimedia.org/T240679",
		"prior_talk":      "kind of, blog posts in Phame", "quarterly_goal": "yes", "own_privacy_policy": "no?",
		"description":      "We need to replace the existing CI system at the foundation.",
		"sensitive_data":   "None, hopefully. But CI will build artifacts for deployments, which means it's an avenue for attack.",
		"dependencies":     "some K8s cluster, possibly hosted by a commercial provider\nGerrit",
		"test_environment": "We don't have this yet, but we can set something up if need be.",
	}
	if wrong := concept.Check(answers); len(wrong) > 0 {
		t.Fatalf("refused: %+v", wrong)
	}
	technologies := []Technology{{Name: "Kubernetes", State: Candidate}, {Name: "Argo", State: Candidate}}
	got := map[string][]string{}
	for _, s := range concept.Shortfalls(answers, technologies, nil, shippedWeak(t)) {
		got[s.Field] = append(got[s.Field], s.Code)
	}
	want := map[string][]string{
		"target_date": {ShortDate}, "repository": {ShortWeak, ShortLink}, "prior_talk": {ShortWeak, ShortLink},
		"risk_assessment": {ShortWeak}, "own_privacy_policy": {ShortQuestion}, "sensitive_data": {ShortWeak},
		"dependencies": {ShortWeak}, "test_environment": {ShortWeak},
		FieldTechnologies: {ShortReplaces, ShortOwner, ShortReplaces, ShortOwner},
		FieldScenarios:    {ShortScenario},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestShortfallsOfLists(t *testing.T) {
	k := &Kind{Technologies: true, Scenarios: 1}
	whole := Scenario{Title: "A patch", Who: "anyone with an account", Steps: "They send it.\nIt is built apart.", Trust: "Their code runs on an untrusted node."}
	argo := Technology{Name: "Argo", Replaces: "Jenkins", State: Candidate, Owner: "Release Engineering"}
	for name, c := range map[string]struct {
		technologies []Technology
		scenarios    []Scenario
		want         []string
	}{
		"all is there":           {[]Technology{argo}, []Scenario{whole}, nil},
		"nothing is":             {nil, nil, []string{ShortTechnology, ShortScenario}},
		"only dropped ones":      {[]Technology{{Name: "Zuul", State: Dropped}}, []Scenario{whole}, []string{ShortTechnology}},
		"a dropped one besides":  {[]Technology{argo, {Name: "Zuul", State: Dropped}}, []Scenario{whole}, nil},
		"owner open":             {[]Technology{{Name: "Argo", Replaces: "Jenkins", State: Chosen, Owner: "TBD"}}, []Scenario{whole}, []string{ShortOwner}},
		"scenario without trust": {[]Technology{argo}, []Scenario{{Title: "A patch", Who: "anyone", Steps: "They send it."}}, []string{ShortIncomplete, ShortScenario}},
		"one more, not whole":    {[]Technology{argo}, []Scenario{whole, {Title: "B"}}, []string{ShortIncomplete}},
		"trust is a question":    {[]Technology{argo}, []Scenario{{Title: "A patch", Who: "anyone", Steps: "They send it.", Trust: "none?"}}, []string{ShortIncomplete, ShortScenario}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, codes(k.Shortfalls(nil, c.technologies, c.scenarios, shippedWeak(t)))); diff != "" {
				t.Error(diff)
			}
		})
	}
	if got := (&Kind{}).Shortfalls(nil, nil, nil, nil); len(got) > 0 {
		t.Errorf("a kind that asks for nothing: %+v", got)
	}
}

// A message names the words, so that people know what to change.
func TestMessages(t *testing.T) {
	k := shipped(t)["concept"]
	short := k.Shortfalls(map[string]string{"sensitive_data": "None, hopefully"}, nil, nil, shippedWeak(t))
	i := slices.IndexFunc(short, func(s Shortfall) bool { return s.Field == "sensitive_data" })
	if i < 0 || !strings.Contains(short[i].Message, "hopefully") || short[i].Label == "" {
		t.Errorf("%+v", short)
	}
}
