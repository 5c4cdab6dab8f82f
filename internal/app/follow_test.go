// SPDX-License-Identifier: Apache-2.0

package app

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/content/contentweb"
	"portreeve.org/portreeve/internal/kernel/search/searchweb"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/risk"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// placeName stands in a subject, in a risk on it and in comments on both, and nowhere else.
const placeName = "quokkaville"

// discussed is a subject and a risk on it, with a comment on each.
type discussed struct {
	in      *installation
	subject catalog.Subject
	risk    risk.Risk
}

func newDiscussed(t *testing.T, change ...func(*Config)) *discussed {
	t.Helper()
	in := openInstallation(t, t.TempDir(), loadedAt(), change...)
	d := &discussed{in: in}
	owner := in.as("owner")
	page, err := in.catalog.List(owner, catalog.Filter{}, "", 1)
	if err != nil || len(page.Subjects) == 0 {
		t.Fatal(err)
	}
	d.subject, err = in.catalog.Register(owner, catalog.Registration{
		Kind: "project", Name: "harbour", Title: "Project " + placeName, Organisation: page.Subjects[0].Organisation, Visibility: authz.Internal,
	})
	if err != nil {
		t.Fatal(err)
	}
	d.risk, err = in.risk.Register(owner, risk.RegisterInput{
		Subject: d.subject.Ref, Title: "Risk of " + placeName, Threat: "Somebody floods " + placeName + ".", Scope: "The harbour.",
		Inputs: matrix.Inputs{Data: matrix.DataNone, Direction: matrix.Outbound, Access: matrix.Read, Volume: matrix.VolumeLow}.Stated(),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range d.items() {
		if _, err := in.content.Post(owner, item, "", "I was in "+placeName+" once."); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func (d *discussed) items() []string { return []string{d.subject.Item(), d.risk.Item()} }

// hide makes the subject restricted; the risk about it follows.
func (d *discussed) hide(t *testing.T) {
	t.Helper()
	owner, restricted := d.in.as("owner"), authz.Restricted
	var err error
	if d.subject, err = d.in.catalog.Change(owner, d.subject.Ref, d.subject.Revision, catalog.Change{Visibility: &restricted}); err != nil {
		t.Fatal(err)
	}
}

func hitsOf(t *testing.T, v *visitor, query string) []searchweb.Hit {
	t.Helper()
	w := v.get("/api/v1/search?" + url.Values{"q": {query}}.Encode())
	var list web.List[searchweb.Hit]
	if err := json.Unmarshal(w.Body.Bytes(), &list); w.Code != http.StatusOK || err != nil {
		t.Fatalf("search as %s: %d %v\n%s", v.login, w.Code, err, w.Body)
	}
	return list.Items
}

// traces are the answers that would show something of the items.
func (d *discussed) traces() []string {
	all := []string{"/search?q=" + placeName, "/api/v1/search?q=" + placeName, "/search?q=quokka*", "/search?kind=comment&q=" + placeName}
	for _, item := range d.items() {
		kind, id, _ := strings.Cut(item, ":")
		path := "/items/" + kind + "/" + id
		all = append(all, path+"/discussion", path+"/attachments", "/api/v1"+path+"/comments", "/api/v1"+path+"/attachments", "/api/v1/ledger/entries?item="+item)
	}
	return append(all, "/ledger", "/risks", "/subjects", d.risk.URL(), d.subject.URL())
}

func TestWhatIsWrittenIsFound(t *testing.T) {
	d := newDiscussed(t)
	hits := hitsOf(t, d.in.visit("reviewer"), placeName)
	kinds := map[string]int{}
	for _, h := range hits {
		kinds[h.Kind]++
	}
	if kinds["risk"] != 1 || kinds["subject"] != 1 || kinds["comment"] != 2 {
		t.Errorf("found %v in %+v", kinds, hits)
	}
	page := d.in.visit("reviewer").get("/search?q=" + placeName).Body.String()
	if !strings.Contains(page, "<mark>"+placeName+"</mark>") || !strings.Contains(page, `href="/risks/`+d.risk.ID+`"`) || !strings.Contains(page, `name="q"`) {
		t.Errorf("the search page shows\n%s", page)
	}
	// What changed is found by its new words at once, and no longer by the old.
	title := "Risk of wallaby"
	threat := "Somebody floods it."
	if _, err := d.in.risk.Edit(d.in.as("owner"), d.risk.ID, d.risk.Version, risk.EditInput{Title: &title, Threat: &threat}); err != nil {
		t.Fatal(err)
	}
	if hits := hitsOf(t, d.in.visit("reviewer"), "wallaby"); len(hits) != 1 || hits[0].Item != d.risk.Item() {
		t.Errorf("found %+v", hits)
	}
	for _, h := range hitsOf(t, d.in.visit("reviewer"), placeName) {
		if h.Item == d.risk.Item() && h.Part == "" {
			t.Errorf("still found by its old title: %+v", h)
		}
	}
}

// TestWhatIsHiddenIsHiddenAtOnce: when an item becomes restricted its entries,
// its thread and what a search finds are hidden with it, in the same transaction;
// and for who takes part all of it stays.
func TestWhatIsHiddenIsHiddenAtOnce(t *testing.T) {
	d := newDiscussed(t)
	reviewer := d.in.visit("reviewer")
	for _, path := range d.traces()[:9] {
		if w := reviewer.get(path); !strings.Contains(w.Body.String(), placeName) && !strings.Contains(path, "attachments") && !strings.Contains(path, "ledger") {
			t.Errorf("%s: %d does not show it before", path, w.Code)
		}
	}
	absent := reviewer.get("/items/risk/there-is-none/discussion")
	d.hide(t)
	for _, login := range []string{"reviewer", "admin", "executive", "outsider"} {
		visitor := d.in.visit(login)
		for _, path := range d.traces() {
			w := visitor.get(path)
			// The page repeats what was searched for, and nothing else.
			body := strings.ReplaceAll(w.Body.String(), `value="`+placeName+`"`, "")
			body = strings.ReplaceAll(body, "Search: "+placeName, "")
			if strings.Contains(body, placeName) || strings.Contains(body, d.risk.ID) && !strings.Contains(path, d.risk.ID) {
				t.Errorf("%s shows %s:\n%s", path, login, body)
			}
			if strings.HasPrefix(path, "/items/") && w.Code != http.StatusNotFound {
				t.Errorf("%s answers %s with %d", path, login, w.Code)
			}
		}
		if hits := hitsOf(t, visitor, placeName); len(hits) != 0 {
			t.Errorf("%s finds %+v", login, hits)
		}
	}
	hidden := reviewer.get("/items/risk/" + d.risk.ID + "/discussion")
	if a, b := masked(strings.ReplaceAll(absent.Body.String(), "there-is-none", d.risk.ID)), masked(hidden.Body.String()); a != b {
		t.Errorf("hidden and absent differ:\n%s\n%s", a, b)
	}
	owner := d.in.visit("owner")
	if hits := hitsOf(t, owner, placeName); len(hits) != 4 {
		t.Errorf("the owner finds %+v", hits)
	}
	if w := owner.get("/items/risk/" + d.risk.ID + "/discussion"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), placeName) {
		t.Errorf("the owner's thread: %d", w.Code)
	}
	// Opened again, it is found again.
	internal := authz.Internal
	var err error
	if d.subject, err = d.in.catalog.Change(d.in.as("owner"), d.subject.Ref, d.subject.Revision, catalog.Change{Visibility: &internal}); err != nil {
		t.Fatal(err)
	}
	if hits := hitsOf(t, reviewer, placeName); len(hits) != 2 {
		t.Errorf("the subject and its comment are open again, but found is %+v", hits)
	}
}

func TestErasedCommentIsNotFound(t *testing.T) {
	d := newDiscussed(t)
	owner := d.in.visit("owner")
	var list web.List[contentweb.Comment]
	w := owner.get("/api/v1/items/risk/" + d.risk.ID + "/comments")
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || len(list.Items) != 1 {
		t.Fatalf("%v %+v", err, list)
	}
	w = owner.send(http.MethodPost, "/api/v1/comments/"+list.Items[0].ID+"/erasure", "application/json", `{"reason":"It named somebody."}`)
	if w.Code != http.StatusNoContent {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for _, h := range hitsOf(t, owner, placeName) {
		if h.Kind == "comment" && h.Item == d.risk.Item() {
			t.Errorf("an erased comment is found: %+v", h)
		}
	}
}
