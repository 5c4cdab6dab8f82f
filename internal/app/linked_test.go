// SPDX-License-Identifier: Apache-2.0

package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/store"
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

// However much is linked that a reader may not see, what they may see is shown.
func TestHiddenLinksTakeNoPlace(t *testing.T) {
	in := openInstallation(t, t.TempDir(), loadedAt())
	in.play(`
steps:
  - {as: owner, call: POST /subjects, body: {kind: project, name: crowded, title: Crowded, organisation: "{foundation}"}}
  - {as: owner, call: POST /subjects, body: {kind: project, name: seen, title: The visible one, organisation: "{foundation}"}}
  - {as: owner, call: POST /subjects, body: {kind: project, title: SECRET, organisation: "{foundation}", visibility: restricted}}
  - as: owner
    call: POST /risks
    body:
      {subject: "project:seen", title: SECRET, threat: SECRET, scope: SECRET, visibility: restricted, participants: ["person:reviewer"],
       inputs: {data: public, direction: both, access: read, volume: low}}
`)
	if err := in.catalog.AddLink(in.as("owner"), "project:crowded", "part_of", "project:seen"); err != nil {
		t.Fatal(err)
	}
	err := in.ledger.Writer("admin", nil).Quiet(t.Context(), "a test crowds a subject", func(tx *store.Tx) error {
		for _, hidden := range []string{"SELECT 'subject:' || id FROM catalog_subject", "SELECT 'risk:' || id FROM risk_item"} {
			for i := range 300 {
				_, err := tx.Exec(t.Context(), `INSERT INTO catalog_link (from_item, relation, to_item, added_at, added_by, entry)
					SELECT (`+hidden+` WHERE title = $1), $2, 'subject:' || id, $3, '', 0 FROM catalog_subject WHERE ref = 'project:crowded'`,
					secretWord, fmt.Sprint("relation", i), store.At(loadedAt().AddDate(0, 0, 1)))
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	body := in.visit("requester").get("/api/v1/subjects/project:crowded").Body.String()
	if !strings.Contains(body, "The visible one") || strings.Contains(body, secretWord) {
		t.Errorf("%s", body)
	}
	if body := in.visit("owner").get("/api/v1/subjects/project:crowded").Body.String(); strings.Count(body, secretWord) != 500 {
		t.Errorf("the owner sees %d of the links", strings.Count(body, secretWord))
	}
}

// Sign-in names are for whoever may read the directory.
func TestSignInNamesStayInside(t *testing.T) {
	in := openInstallation(t, t.TempDir(), loadedAt())
	in.play(`
steps:
  - {as: owner, call: POST /subjects, body: {kind: project, name: town-hall, title: Town hall, organisation: "{foundation}", visibility: public}}
  - as: owner
    call: POST /risks
    body:
      {subject: "project:town-hall", title: The roof leaks, threat: Rain, scope: The roof, visibility: public,
       inputs: {data: public, direction: both, access: read, volume: low}}
`)
	named := func(login string) string {
		v := in.visit(login)
		var list struct{ Items []struct{ ID string } }
		decode(t, v.get("/api/v1/risks?subject=project:town-hall"), &list)
		if len(list.Items) != 1 {
			t.Fatalf("%s sees %d risks", login, len(list.Items))
		}
		var d struct {
			Owner string
			Names map[string]catalog.Named
		}
		decode(t, v.get("/api/v1/risks/"+list.Items[0].ID), &d)
		return d.Names[d.Owner].Handle + ", " + d.Names[d.Owner].Name
	}
	if got := named("outsider"); !strings.HasPrefix(got, ", ") || len(got) < 4 {
		t.Errorf("an outsider reads %q", got)
	}
	if got := named("reviewer"); !strings.HasPrefix(got, "owner, ") {
		t.Errorf("a reviewer reads %q", got)
	}
}

// decode reads an answer of the API.
func decode(t *testing.T, w *httptest.ResponseRecorder, into any) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), into); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
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
      {subject: "project:about", title: SECRET, threat: SECRET, scope: SECRET, visibility: restricted, participants: ["person:reviewer"],
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
