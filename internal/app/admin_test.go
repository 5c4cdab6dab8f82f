// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/risk"
)

// exec puts rows into the database that only failures of other machines make.
func (in *installation) exec(statement string, args ...any) {
	in.t.Helper()
	err := in.ledger.Writer("admin", []string{"admin.test"}).Quiet(context.Background(), "a test makes a failure", func(tx *store.Tx) error {
		_, err := tx.Exec(context.Background(), statement, args...)
		return err
	})
	if err != nil {
		in.t.Fatal(err)
	}
}

func (in *installation) breakDown() {
	in.t.Helper()
	in.exec(`INSERT INTO notify_mail (id, person, state, attempts, next_at, created_at, last_error) VALUES ('deadmail', $1, 'dead', 14, $2, $2, 'no such mailbox')`,
		in.person("owner"), store.At(loadedAt()))
	in.exec(`INSERT INTO job_job (id, kind, key, dedupe, payload, state, run_at, enqueued_at, attempts, holder, lease_until, last_error)
		VALUES ('deadjob', 'risk.remind', '', NULL, '{"secret":"payload"}', 'dead', $1, $1, 10, '', NULL, 'it broke')`, store.At(loadedAt()))
}

func TestWhatWasGivenUpIsTriedAgain(t *testing.T) {
	in := openInstallation(t, t.TempDir(), loadedAt())
	in.breakDown()
	admin := in.visit("admin")
	for path, want := range map[string][]string{
		"/admin/mail":           {"no such mailbox", "owner", "/admin/mail/deadmail/requeue"},
		"/admin/jobs":           {"it broke", "risk.remind", "/admin/jobs/deadjob/requeue"},
		"/api/v1/mail":          {"no such mailbox", "deadmail"},
		"/api/v1/jobs":          {"it broke", "deadjob"},
		"/api/v1/configuration": {"T285098", "source"},
	} {
		w := admin.get(path)
		for _, text := range want {
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), text) {
				t.Errorf("%s: %d without %q", path, w.Code, text)
			}
		}
		if strings.Contains(w.Body.String(), "payload") && strings.Contains(w.Body.String(), "secret\"") {
			t.Errorf("%s shows the payload", path)
		}
	}
	for _, path := range []string{"/admin/mail/deadmail", "/admin/jobs/deadjob"} {
		if w := in.visit("reviewer").post(path+"/requeue", nil); w.Code != http.StatusForbidden {
			t.Errorf("a reviewer requeues %s: %d", path, w.Code)
		}
		if w := admin.post(path+"/requeue", nil); w.Code != http.StatusSeeOther {
			t.Errorf("requeue %s: %d\n%s", path, w.Code, w.Body)
		}
		if w := admin.post(path+"/requeue", nil); w.Code != http.StatusNotFound {
			t.Errorf("requeue %s twice: %d", path, w.Code)
		}
	}
	if w := admin.get("/admin/jobs"); strings.Contains(w.Body.String(), "deadjob") {
		t.Error("the job is still given up")
	}
	for _, kind := range []string{"notify.requeued", "job.requeued"} {
		if w := admin.get("/api/v1/ledger/entries?kind=" + kind); !strings.Contains(w.Body.String(), kind) {
			t.Errorf("no entry %s: %s", kind, w.Body)
		}
	}
}

// post sends a form.
func (v *visitor) post(path string, values url.Values) *httptest.ResponseRecorder {
	return v.send(http.MethodPost, path, "application/x-www-form-urlencoded", values.Encode())
}

func TestConfigurationShowsWhatRunsAndWhatWasRefused(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "content.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("attachments: {max_size: 3MiB}\n")
	in := openInstallation(t, t.TempDir(), loadedAt(), func(c *Config) { c.Policy = PolicyFiles{"content": file} })
	page := in.visit("admin").get("/admin/configuration").Body.String()
	for _, text := range []string{"3MiB", "content.yaml", "shipped default", "task T285098, lines 36–38", ">Source<", ">Chosen<", "risk.acceptance", "From realm", "Chief officer", "almost certain"} {
		if !strings.Contains(page, text) {
			t.Errorf("the page lacks %q", text)
		}
	}
	write("attachments: {max_sise: 1MiB}\n")
	in.reload()
	page = in.visit("admin").get("/admin/configuration").Body.String()
	for _, text := range []string{"max_sise", "max_size", "was refused", "3MiB"} {
		if !strings.Contains(page, text) {
			t.Errorf("after a bad reload the page lacks %q", text)
		}
	}
	if strings.Contains(page, dir) {
		t.Error("the page names a folder of the server")
	}
	write("attachments: {max_size: 5MiB}\n")
	in.reload()
	page = in.visit("admin").get("/admin/configuration").Body.String()
	if strings.Contains(page, "was refused") || !strings.Contains(page, "5MiB") {
		t.Error("after a good reload the problem still stands")
	}
	for login, want := range map[string]int{"requester": http.StatusForbidden, "outsider": http.StatusForbidden, "reviewer": http.StatusOK} {
		if w := in.visit(login).get("/admin/configuration"); w.Code != want {
			t.Errorf("as %s: %d", login, w.Code)
		}
	}
}

func TestDataAboutAPerson(t *testing.T) {
	d := newDiscussed(t)
	d.hide(t)
	in := d.in
	if err := in.content.Keep(in.as("owner"), in.person("owner"), "/risks/new", url.Values{"title": {"My secret draft"}}); err != nil {
		t.Fatal(err)
	}
	own := in.visit("owner").get("/me/data").Body.String()
	for _, text := range []string{placeName, "My secret draft", "owner of a subject"} {
		if !strings.Contains(own, text) {
			t.Errorf("my own data lack %q", text)
		}
	}
	download := in.visit("owner").get("/me/data/download")
	if !strings.Contains(download.Body.String(), placeName) || !strings.HasPrefix(download.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("%v", download.Header())
	}
	admin := in.visit("admin")
	for _, path := range []string{"/admin/people/" + in.person("owner") + "/data", "/api/v1/people/" + in.person("owner") + "/data"} {
		body := admin.get(path).Body.String()
		if strings.Contains(body, placeName) || strings.Contains(body, d.risk.ID) || strings.Contains(body, "My secret draft") {
			t.Errorf("%s shows an administrator what is restricted or the person's alone", path)
		}
		if !strings.Contains(body, "login") || !strings.Contains(body, "owner of a subject") {
			t.Errorf("%s lacks what an administrator sees:\n%s", path, body)
		}
	}
	if w := in.visit("reviewer").get("/admin/people/" + in.person("owner") + "/data"); w.Code != http.StatusForbidden {
		t.Errorf("a reviewer: %d", w.Code)
	}
}

// What is held about somebody at an item that they may not see any more is told to
// them as a fact, and in their own words.
func TestOwnDataOfWhatIsHidden(t *testing.T) {
	d := newDiscussed(t)
	in := d.in
	r, err := in.risk.AddMitigation(in.as("owner"), d.risk.ID, d.risk.Version, risk.MitigationInput{
		Title: "Raise the dams of " + placeName, Owner: in.person("operations"), Due: loadedAt().AddDate(0, 1, 0),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.content.Post(in.as("operations"), r.Item(), "", "My own words."); err != nil {
		t.Fatal(err)
	}
	v := in.visit("operations")
	if body := v.get("/me/data").Body.String(); !strings.Contains(body, placeName) || !strings.Contains(body, r.ID) {
		t.Errorf("what I see is not shown:\n%s", body)
	}
	d.hide(t)
	for _, path := range []string{"/me/data", "/me/data/download", "/api/v1/me/data"} {
		body := v.get(path).Body.String()
		if strings.Contains(body, placeName) || strings.Contains(body, r.ID) {
			t.Errorf("%s shows what is hidden:\n%s", path, body)
		}
		for _, text := range []string{"owner of a mitigation action", "My own words."} {
			if !strings.Contains(body, text) {
				t.Errorf("%s lacks %q:\n%s", path, text, body)
			}
		}
	}
}

func TestErasingAPerson(t *testing.T) {
	in := openInstallation(t, t.TempDir(), loadedAt())
	admin, person := in.visit("admin"), in.person("requester")
	if err := in.content.Keep(in.as("requester"), person, "/risks/new", url.Values{"title": {"A draft"}}); err != nil {
		t.Fatal(err)
	}
	page := "/admin/people/" + person + "/erase"
	if w := admin.get(page); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Nobody can take this back") {
		t.Fatalf("%d", w.Code)
	}
	wrong := admin.post(page, url.Values{"login": {"somebody-else"}, "reason": {"They asked for it."}})
	if wrong.Code != http.StatusUnprocessableEntity || !strings.Contains(wrong.Body.String(), "They asked for it.") {
		t.Errorf("a wrong login: %d", wrong.Code)
	}
	if w := admin.post(page, url.Values{"login": {"requester"}}); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("without a reason: %d", w.Code)
	}
	own := admin.post("/admin/people/"+in.person("admin")+"/erase", url.Values{"login": {"admin"}, "reason": {"x"}})
	if own.Code != http.StatusForbidden {
		t.Errorf("oneself: %d", own.Code)
	}
	requester := in.visit("requester")
	if w := admin.post(page, url.Values{"login": {"requester"}, "reason": {"They asked for it."}}); w.Code != http.StatusSeeOther {
		t.Fatalf("%d\n%s", w.Code, w.Body)
	}
	if w := requester.get("/"); w.Code == http.StatusOK && strings.Contains(w.Body.String(), "Your desk") {
		t.Error("the session still works")
	}
	if w := requester.get("/api/v1/risks"); w.Code != http.StatusUnauthorized {
		t.Errorf("the token still works: %d", w.Code)
	}
	drafts, err := in.content.Drafts(context.Background(), person)
	if err != nil || len(drafts) != 0 {
		t.Errorf("drafts %v, %v", drafts, err)
	}
	err = in.db.Read(context.Background(), func(r *store.ReadTx) error {
		p, err := in.identity.PersonByID(context.Background(), r, person)
		if err == nil && (p.Login == "requester" || p.Active || p.ErasedAt.IsZero()) {
			t.Errorf("%+v", p)
		}
		return err
	})
	if err != nil && !fault.Is(err, fault.NotFound) {
		t.Fatal(err)
	}
	for _, kind := range []string{"admin.person.erased", "identity.person.erased"} {
		if w := admin.get("/api/v1/ledger/entries?kind=" + kind); !strings.Contains(w.Body.String(), kind) {
			t.Errorf("no entry %s", kind)
		}
	}
	if w := admin.post(page, url.Values{"login": {"requester"}, "reason": {"again"}}); w.Code == http.StatusSeeOther {
		t.Error("erased twice")
	}
}
