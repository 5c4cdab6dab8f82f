// SPDX-License-Identifier: Apache-2.0

package app

import (
	"regexp"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// Two subjects differ in digest, ids, times and entries.
var (
	digests = regexp.MustCompile(`[0-9a-f]{64}`)
	numbers = regexp.MustCompile(`[0-9]+`)
)

// alike takes out of a subject's page what differs from one subject to the next.
func alike(body, name string) string {
	body = digests.ReplaceAllString(strings.ReplaceAll(body, name, "~"), "~")
	return numbers.ReplaceAllString(volatile.ReplaceAllString(body, "~"), "~")
}

// TestHiddenLinksCostNothing: the page of a subject executes the same, and shows
// the same, whether something hidden is about it, linked to it, refers to it, or
// nothing is.
func TestHiddenLinksCostNothing(t *testing.T) {
	var watch observer
	in := openInstallation(t, t.TempDir(), loadedAt(), withObserver(&watch))
	in.play(`
steps:
  - {as: owner, call: POST /subjects, body: {kind: project, name: alone, title: The same, organisation: "{foundation}"}}
  - {as: owner, call: POST /subjects, body: {kind: project, name: about, title: The same, organisation: "{foundation}"}}
  - as: owner
    call: POST /subjects
    body: {kind: component, name: hidden, title: SECRET, organisation: "{foundation}", visibility: restricted, attributes: {project: about}}
  - as: owner
    call: POST /risks
    body:
      {subject: "project:about", title: SECRET, threat: SECRET, scope: SECRET, visibility: restricted,
       inputs: {data: public, direction: both, access: read, volume: low}}
`)
	for _, login := range []string{"requester", "operations", "admin"} {
		v := in.visit(login)
		v.get("/me")
		v.get("/api/v1/me")
		for _, path := range []string{"/subjects/project:", "/api/v1/subjects/project:"} {
			answers := map[string]string{}
			statements := map[string][]string{}
			for _, name := range []string{"alone", "about"} {
				statements[name] = watch.during(func() {
					answers[name] = alike(v.get(path+name).Body.String(), name)
				})
			}
			if diff := gocmp.Diff(statements["alone"], statements["about"]); diff != "" || len(statements["alone"]) == 0 {
				t.Errorf("%s as %s: other statements where something is hidden (-without +with):\n%s", path, login, diff)
			}
			if diff := gocmp.Diff(answers["alone"], answers["about"]); diff != "" {
				t.Errorf("%s as %s: another page where something is hidden (-without +with):\n%s", path, login, diff)
			}
		}
	}
	if body := in.visit("owner").get("/subjects/project:about").Body.String(); !strings.Contains(body, "/risks/") || strings.Count(body, secretWord) < 2 {
		t.Errorf("the owner is not shown what is linked:\n%s", body)
	}
}
