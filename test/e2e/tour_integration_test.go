// SPDX-License-Identifier: Apache-2.0

//go:build integration

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/web/browser"
)

// signIn signs a person in as people do: login, password, one-time code.
func (s *server) signIn(tab *browser.Tab, login string) {
	s.t.Helper()
	var who account
	for _, a := range s.Accounts {
		if a.Login == login {
			who = a
		}
	}
	code, err := identity.TOTPCode(who.TOTPSecret, time.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	tab.Open(s.URL + "/sign-in")
	tab.Type("main [name=login]", who.Login)
	tab.Type("main [name=password]", who.Password)
	tab.Type("main [name=code]", code)
	tab.Click("main form button")
	tab.Wait("form[action='/sign-out']")
}

var unsafeName = regexp.MustCompile(`[^a-z0-9-]+`)

// look opens a page wide and narrow, light and dark, and checks what no page may
// get wrong. With PORTREEVE_SCREENSHOTS=DIR it keeps the pictures.
func (s *server) look(t *testing.T, tab *browser.Tab, name, path string) {
	t.Helper()
	s.glance(t, tab, name, path)
	tab.WantQuiet()
}

// glance is look for a page whose status is an error, of which the browser
// writes to the console.
func (s *server) glance(t *testing.T, tab *browser.Tab, name, path string) {
	t.Helper()
	for _, view := range []struct {
		name  string
		width int64
		dark  bool
	}{{"wide", 1280, false}, {"wide-dark", 1280, true}, {"narrow", 390, false}, {"narrow-dark", 390, true}} {
		tab.View(view.width, 900, view.dark)
		tab.Open(s.URL + path)
		if dir := os.Getenv("PORTREEVE_SCREENSHOTS"); dir != "" {
			tab.Screenshot(filepath.Join(dir, unsafeName.ReplaceAllString(strings.ToLower(name), "-")+"-"+view.name+".png"))
		}
		tab.WantNoOverflow()
		if view.name == "wide" || view.name == "narrow-dark" {
			tab.WantAccessible()
		}
	}
}

// TestTour looks at every page of the demo that needs no input, as the people
// who use it.
func TestTour(t *testing.T) {
	s := startDemo(t, t.TempDir(), "+25d")
	var list struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	s.cli("reviewer", "risk", "list", "--json").must(t, 0).decode(t, &list)
	if len(list.Items) == 0 {
		t.Fatal("the demo has no risk")
	}
	risk := "/risks/" + list.Items[0].ID
	var detail struct {
		Acceptances []struct {
			ID string `json:"id"`
		} `json:"acceptances"`
	}
	s.cli("reviewer", "risk", "show", list.Items[0].ID, "--json").must(t, 0).decode(t, &detail)
	if len(detail.Acceptances) == 0 {
		t.Fatal("the demo has no acceptance")
	}
	acceptance := risk + "/acceptances/" + detail.Acceptances[0].ID
	waiting := map[string]string{} // what waits for a decision or a rating, by title
	for _, item := range list.Items {
		var other struct {
			ID, Title   string
			Acceptances []struct {
				ID string `json:"id"`
			} `json:"acceptances"`
		}
		s.cli("reviewer", "risk", "show", item.ID, "--json").must(t, 0).decode(t, &other)
		waiting[other.Title] = "/risks/" + other.ID
		if len(other.Acceptances) > 0 {
			waiting[other.Title+", request"] = "/risks/" + other.ID + "/acceptances/" + other.Acceptances[0].ID
		}
	}
	const sketch = "/reviews/property-suggester-ab-test"
	const unrated, asked = "Answers of the survey lie with a supplier", "Old figures are taken for new ones"
	tours := []struct {
		login string
		pages map[string]string
	}{
		{"", map[string]string{"front": "/", "sign-in": "/sign-in", "checkpoints": "/ledger/checkpoints", "abstract": "/reviews/new-ci/abstract", "front-again": "/"}},
		{"reviewer", map[string]string{
			"desk": "/", "register": "/risks", "risk": risk, "risk-new": "/risks/new", "subjects": "/subjects",
			"subject": "/subjects/flow:property-suggester-ab-test", "gate": "/gate", "ledger": "/ledger", "entry": "/ledger/10", "me": "/me", "tokens": "/me/tokens",
			"acceptance": acceptance, "gate-allow": "/gate?subject=flow:property-suggester-ab-test&action=call",
			"gate-deny": "/gate?subject=flow:property-suggester-ab-test&action=erase", "search": "/search?q=suggester", "nothing-found": "/search?q=unheard",
			"register-inherent": "/risks?by=inherent&likelihood=4&impact=3", "register-nothing": "/risks?rating=critical", "risk-unrated": waiting[unrated], "rate": waiting[unrated] + "/rate",
			"discussion": "/items/risk/" + list.Items[0].ID + "/discussion", "drafts": "/me/drafts", "my-posts": "/me/posts", "subject-new": "/subjects/new?kind=flow",
			"review-board": "/reviews", "review-board-none": "/reviews?kind=privacy", "review-list": "/reviews/list?column=all", "review-new": "/reviews/new", "review-request": "/reviews/new?kind=concept&prescreen.what=idea",
			"review": "/reviews/new-ci", "review-assessments": "/reviews/new-ci/assessment/versions", "review-abstract": "/reviews/new-ci/abstract/edit",
			"review-advice": sketch, "review-move": sketch + "/move", "review-edit": sketch + "/edit", "review-ask": sketch + "/questions/new", "review-assign": sketch + "/reviewers/new",
			"review-plan": "/reviews/plan", "review-capacity": "/reviews/plan/capacity", "review-meeting": "/reviews/meeting", "review-metrics": "/reviews/metrics",
			"review-kinds": "/review-kinds", "review-kind": "/review-kinds/third-party-hosting", "review-kind-edit": "/review-kinds/concept/edit",
		}},
		{"release", map[string]string{"release-desk": "/", "release-review": "/reviews/new-ci"}},
		{"owner", map[string]string{"owner-desk": "/", "owner-reviews": "/reviews", "owner-review": "/reviews/new-ci", "owner-risk": risk, "ask": risk + "/acceptances/new"}},
		{"executive", map[string]string{"executive-desk": "/", "executive-risk": waiting[asked], "decide": waiting[asked+", request"]}},
		{"requester", map[string]string{"requester-desk": "/", "requester-risk": waiting[unrated]}},
		{"triager", map[string]string{"triager-desk": "/"}},
		{"admin", map[string]string{"configuration": "/admin/configuration", "people": "/admin/people", "groups": "/admin/groups", "organisations": "/admin/organisations", "admin-tokens": "/admin/tokens",
			"posts": "/admin/posts", "post-new": "/admin/posts/new", "delegations": "/admin/delegations", "ranks": "/admin/ranks", "person-new": "/admin/people/new"}},
	}
	chromium := browser.Start(t)
	for _, tour := range tours {
		t.Run("as "+tour.login, func(t *testing.T) {
			tab := chromium.Tab(t)
			if tour.login != "" {
				s.signIn(tab, tour.login)
			}
			for name, path := range tour.pages {
				s.look(t, tab, name, path)
			}
			s.glance(t, tab, "error-"+tour.login, "/no-such-page")
		})
	}
}
