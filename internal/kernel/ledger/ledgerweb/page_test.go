// SPDX-License-Identifier: Apache-2.0

package ledgerweb_test

import (
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

// complete fails the test if a page shows the key of a message that is missing.
func complete(r *webtest.Response) *webtest.Response { return r.Want(200).WantNoText("«", "%!") }

func TestListPage(t *testing.T) {
	o := newOffice(t)
	owner := o.As("owner")
	complete(owner.Get("/ledger")).WantText("No decision yet", "none yet")
	o.fill(3)
	o.decide(secret())
	fatal(t, o.log.Publish(t.Context()))
	page := complete(owner.Get("/ledger")).WantText("Acceptance granted", "Eve Executive", "flow:2", "over 8 entries", "Entry 2").WantNoText("flow:hidden", "Entry 3")
	if rows := page.All("tbody tr"); len(rows) != 3 {
		t.Errorf("%d rows, want 3", len(rows))
	}
	complete(o.As("reviewer").Get("/ledger")).WantText("flow:hidden", "Restricted")
	if rows := complete(owner.Get("/ledger?subject=flow:1")).All("tbody tr"); len(rows) != 1 {
		t.Errorf("by subject: %d rows", len(rows))
	}
	kept := complete(owner.Get("/ledger?item=risk:aaaa&actor=person:executive&kind=risk.rated")).WantText("No entry matches", "Belongs to A risk", "Decided by Eve Executive")
	if v := kept.Find(`input[name="item"]`).Attr("value"); v != "risk:aaaa" {
		t.Errorf("the form drops the item: %q", v)
	}
	if !kept.Find(`option[value="risk.rated"]`).Has("selected") {
		t.Error("the form forgot the kind")
	}
	complete(owner.Get("/ledger?since=2020-01-01&until=2020-01-02")).WantText("No entry matches")
	if rows := complete(owner.Get("/ledger?since=2020-01-01")).All("tbody tr"); len(rows) != 3 {
		t.Errorf("since: %d rows", len(rows))
	}
	owner.Get("/ledger?since=yesterday").Want(422).WantText("A day is written as year-month-day")
	owner.Get("/ledger?item=aaaa").Want(422).WantText("risk:ID")
	owner.Get("/ledger?before=x").Want(400)
	o.As("outsider").Get("/ledger").Want(403)
	o.Get("/ledger").WantLocation("/sign-in?next=%2Fledger")
}

func TestListPages(t *testing.T) {
	o := newOffice(t)
	o.fill(53)
	owner := o.As("owner")
	first := complete(owner.Get("/ledger?item=risk:aaaa"))
	next := first.Find(`a[rel="next"]`).Attr("href")
	second := complete(owner.Get(next)).WantText("flow:0", "flow:2").WantNoText(">flow:3<")
	if rows := second.All("tbody tr"); len(rows) != 3 || len(first.All("tbody tr")) != 50 {
		t.Errorf("%d rows on the second page", len(rows))
	}
	if back := second.Find(`a[rel="prev"]`).Attr("href"); back != "/ledger?item=risk%3Aaaaa" {
		t.Errorf("back: %q", back)
	}
}

func TestEntryPage(t *testing.T) {
	o := newOffice(t)
	o.fill(5)
	hidden := o.decide(secret())
	page := complete(o.As("owner").Get("/ledger/2")).WantText("Acceptance granted", "Eve Executive", "flow:2", "A risk",
		"conditions.1", "only the experiment group is routed", "<high>", "On its left, entries 0–1", "portreeve ledger show 2")
	for name, want := range map[string]string{"kind": "risk.acceptance.granted", "actor": "person:executive", "subject": "flow:2", "item": "risk:aaaa"} {
		if got := page.Find(`[data-ledger-value="` + name + `"]`).Text(); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if href := page.Find(`dd a[href="/risks/aaaa"]`).Text(); href != "A risk" {
		t.Errorf("the item is not linked: %q", href)
	}
	if erase := page.All(`a[href="/ledger/2/erasure"]`); len(erase) != 0 {
		t.Error("the owner is offered to erase")
	}
	complete(o.As("admin").Get("/ledger/2")).Find(`a[href="/ledger/2/erasure"]`)
	complete(o.As("reviewer").Get(fmt.Sprintf("/ledger/%d", hidden))).WantText("embargo", "Restricted")
	withheld := o.As("owner").Get(fmt.Sprintf("/ledger/%d", hidden)).Want(404)
	absent := o.As("owner").Get("/ledger/77").Want(404)
	if a, b := strings.ReplaceAll(mask(withheld), "5", "N"), strings.ReplaceAll(mask(absent), "77", "N"); !cmp.Equal(normal(a), normal(b)) {
		t.Errorf("what is withheld differs from what is absent: %s", cmp.Diff(normal(a), normal(b)))
	}
	for _, bad := range []string{"/ledger/x", "/ledger/-1", "/ledger/01", "/ledger/+1", "/ledger/99999999999999999999"} {
		o.As("owner").Get(bad).Want(404)
	}
	o.As("outsider").Get("/ledger/2").Want(403)
}

// normal drops the texts that are random in each answer.
func normal(body string) string {
	return regexp.MustCompile(`value="[0-9a-f]{32}"|[0-9N]+`).ReplaceAllString(body, "")
}

// What somebody needs to verify the log without this server is handed out by it,
// to people who are not signed in too.
func TestCheckpointsPageGivesTheTools(t *testing.T) {
	o := newOffice(t)
	o.fill(3)
	fatal(t, o.log.Publish(t.Context()))
	page := complete(o.Get("/ledger/checkpoints")).WantText("portreeve ledger key --out ledger.pub", "portreeve ledger checkpoint --out checkpoint.txt", "For the period that began")
	for address, text := range map[string]string{
		"/ledger/format": "append-only log", "/ledger/verify.py": "def ed25519", api + "/key": o.signer.Verifiers(), api + "/checkpoint": origin + "\n8\n",
	} {
		if got := o.Get(page.Find(`a[href="` + address + `"]`).Attr("href")).Want(200).Body; !strings.Contains(got, text) {
			t.Errorf("%s gives %.80q", address, got)
		}
	}
}

func TestErasurePage(t *testing.T) {
	o := newOffice(t)
	o.fill(2)
	admin := o.As("admin")
	o.As("reviewer").Get("/ledger/0/erasure").Want(403)
	admin.Get("/ledger/9/erasure").Want(404)
	form := complete(admin.Get("/ledger/0/erasure")).WantText("Erase what entry 0 says", "cannot be undone").FormValues("/ledger/0/erasure")

	refused := admin.Post("/ledger/0/erasure", form).Want(422).WantNoText("«").WantText("Nothing was saved")
	form = refused.FormValues("/ledger/0/erasure")
	form["fields"] = []string{"actor", "body"}
	form.Set("reason", "asked for <by> the person")
	kept := admin.Post("/ledger/0/erasure", form).Want(422) // not confirmed
	form = kept.FormValues("/ledger/0/erasure")
	if diff := cmp.Diff(url.Values{"fields": {"actor", "body"}, "reason": {"asked for <by> the person"}}, url.Values{"fields": form["fields"], "reason": form["reason"]}); diff != "" {
		t.Errorf("the refused form lost something: %s", diff)
	}
	form.Set("understood", "1")
	admin.Post("/ledger/0/erasure", form).WantLocation("/ledger/0")
	complete(admin.Get("/ledger/0")).WantText("Erased. Entry 2 records it.", "erased", "This was erased").WantNoText("person:executive", "experiment")
	admin.Post("/ledger/0/erasure", form).WantLocation("/ledger/0") // a double click
	if l := o.As("owner").Get("/api/v1/ledger/entries").Want(200); strings.Count(l.Body, ledger.KindErased) != 1 {
		t.Errorf("erased more than once: %s", l.Body)
	}
	all := complete(admin.Get("/ledger/0/erasure")).FormValues("/ledger/0/erasure")
	all["fields"], all["reason"], all["understood"] = []string{"kind", "subject", "body"}, []string{"x"}, []string{"1"}
	admin.Post("/ledger/0/erasure", all).WantLocation("/ledger/0") // body is passed over
	complete(admin.Get("/ledger/0")).WantText("Erased entry")
	again := admin.Get("/ledger/1/erasure").FormValues("/ledger/1/erasure")
	again["fields"], again["reason"], again["understood"] = []string{"colour"}, []string{"x"}, []string{"1"}
	admin.Post("/ledger/1/erasure", again).Want(422)
	if page := complete(admin.Get("/ledger/0")); len(page.All(`a[href="/ledger/0/erasure"]`)) != 0 {
		t.Error("there is nothing left to erase, but it is offered")
	}
}

func TestCheckpointsPage(t *testing.T) {
	o := newOffice(t)
	complete(o.Get("/ledger/checkpoints")).WantText("No public checkpoint yet", strings.TrimSpace(o.signer.Verifiers()))
	o.fill(1)
	fatal(t, o.log.Publish(t.Context()))
	note := o.Get("/api/v1/ledger/checkpoint").Want(200).Body
	text, _, _ := strings.Cut(note, "\n\n")
	o.JSON("POST", "/api/v1/ledger/checkpoints/cosignatures", map[string]string{"note": note + o.witness.Line(text+"\n", 5)}).Want(200)
	page := complete(o.Get("/ledger/checkpoints")).WantText("witness.test", "office.test/ledger 8")
	page.Find(`a[href="/api/v1/ledger/checkpoints/8"]`)
	if len(page.Header["Set-Cookie"]) > 0 {
		t.Error("the public page sets a cookie")
	}
	o.Get("/ledger/checkpoints?before=x").Want(400)
	complete(o.Get("/ledger/checkpoints?before=8")).WantText("No public checkpoint yet")
}

// The scripts import each other from one folder, and every text that they may
// show is on the page.
func TestVerifierIsServedWithItsTexts(t *testing.T) {
	o := newOffice(t)
	o.fill(1)
	page := complete(o.As("owner").Get("/ledger/0"))
	script := page.Find(`script[type="module"]`).Attr("src")
	served := o.Get(script).Want(200)
	if got := served.Header.Get("Content-Type"); got != "text/javascript; charset=utf-8" {
		t.Errorf("content type %q", got)
	}
	proof := o.Get(strings.Replace(script, "verify.js", "proof.js", 1)).Want(200).Body
	o.Get(strings.Replace(script, "verify.js", "other.js", 1)).Want(404)

	texts := page.Body[strings.Index(page.Body, `data-piece="texts"`):]
	uses := regexp.MustCompile(`"((?:fact|field|leaf|inclusion|root|signature|held|latest|consistency|end)_[a-z_]+)"|ProofError\("([a-z0-9_]+)"`)
	seen := 0
	for _, m := range uses.FindAllStringSubmatch(served.Body+proof, -1) {
		key := m[1]
		if m[2] != "" {
			key = "wrong_" + m[2]
		}
		seen++
		if strings.HasPrefix(key, "signature_w") || strings.HasPrefix(key, "signature_a") || key == "root_differs" || key == "leaf_shape" {
			continue // codes of errors, seen with their prefix
		}
		if !strings.Contains(texts, `data-text="`+key+`"`) {
			t.Errorf("the page has no text %q", key)
		}
	}
	if seen < 40 {
		t.Errorf("only %d uses found: the test checks too little", seen)
	}
	data, err := os.ReadFile("messages/en.yaml")
	fatal(t, err)
	for _, m := range regexp.MustCompile(`(?m)^ledger\.verify\.((?:fact|field|leaf|inclusion|root|signature|held_read|latest|consistency|end|wrong)_?[a-z0-9_]*):`).FindAllStringSubmatch(string(data), -1) {
		if !slices.Contains([]string{"held", "held_hint"}, m[1]) && !strings.Contains(texts, `data-text="`+m[1]+`"`) {
			t.Errorf("the text %q is never shown", m[1])
		}
	}
}
