// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
	"portreeve.org/portreeve/internal/review"
)

func TestAPIPreconditions(t *testing.T) {
	d := newDesk(t, storetest.SQLite(t, tables()))
	r := d.requested()
	anyone := webtest.Serve(t, d.mux())
	path := "/api/v1/reviews/" + r.ID
	move := review.MoveInput{To: review.BackOrders}
	anyone.Token("triager").JSON("POST", path+"/moves", move).Want(428)
	anyone.Token("triager").JSON("POST", path+"/moves", move, "If-Match", `"v9"`).Want(412)
	anyone.Token("triager").JSON("POST", path+"/moves", move, "If-Match", `whatever`).Want(400)
	anyone.Token("bystander").JSON("POST", path+"/moves", move).Want(403)
	anyone.Token("bystander").JSON("PATCH", path, map[string]string{"title": "Mine"}).Want(403)
	anyone.Get(path).Want(401)
	made := anyone.Token("requester").JSON("POST", "/api/v1/reviews", map[string]any{"title": "An idea", "sketch": "x"}).Want(201)
	if at := made.Header.Get("Location"); !strings.HasPrefix(at, "/api/v1/reviews/") || made.Header.Get("ETag") != `"v1"` {
		t.Errorf("made at %q, %q", at, made.Header.Get("ETag"))
	}
	etag := anyone.Token("triager").Get(path).Want(200).Header.Get("ETag")
	done := anyone.Token("triager").JSON("POST", path+"/moves", move, "If-Match", etag, "Idempotency-Key", "one").Want(200)
	again := anyone.Token("triager").JSON("POST", path+"/moves", move, "If-Match", etag, "Idempotency-Key", "one").Want(200)
	if done.Body != again.Body || again.Header.Get("Idempotency-Replayed") != "true" {
		t.Error("a repeat is answered differently")
	}
	// Nothing that was refused comes back.
	for _, body := range []map[string]any{
		{"title": "x", "kind": "secret-plan"}, {"title": "x", "sketch": "x", "visibility": "secret-plan"},
		{"title": "x", "sketch": "x", "prescreen": map[string]string{"exposure": "secret-plan"}},
		{"title": "x", "sketch": "x", "owner": "secret-plan"}, {"title": "x", "sketch": "x", "subject": "secret-plan"},
		{"title": "x", "kind": "concept", "answers": map[string]string{"target_date": "secret-plan"}},
	} {
		anyone.Token("requester").JSON("POST", "/api/v1/reviews", body).Want(422).WantNoText("secret-plan")
	}
	anyone.Token("requester").JSON("POST", "/api/v1/reviews/prescreen", map[string]any{"answers": map[string]string{"exposure": "secret-plan"}}).Want(422).WantNoText("secret-plan")
	version := d.version(r.ID)
	anyone.Token("reviewer").JSON("POST", path+"/questions", map[string]string{"text": "x", "due": "secret-plan"}, "If-Match", fmt.Sprintf(`"v%d"`, version)).Want(422).WantNoText("secret-plan").WantText(`"path":"due"`)
	anyone.Token("reviewer").JSON("PUT", "/api/v1/review-kinds/privacy", map[string]any{"text": "x", "note": "y"}).Want(428)
	anyone.Token("triager").JSON("PUT", "/api/v1/review-kinds/privacy", map[string]any{"text": "x", "note": "y"}).Want(403)
	kinds := anyone.Token("auditor").Get("/api/v1/review-kinds").Want(200)
	kinds.WantText(`"name":"concept"`, `"force":"required"`)
	anyone.Token("auditor").Get("/api/v1/review-kinds/nonsense").Want(404)
	anyone.Token("auditor").Get("/api/v1/review-kinds/concept?version=9").Want(404)
}

// Numbers of entries are for those who may read the ledger.
func TestEntriesAreWithheld(t *testing.T) {
	d := newDesk(t, storetest.SQLite(t, tables()))
	r := d.begun(d.requested())
	d.stated(r.ID, "x")
	anyone := webtest.Serve(t, d.mux())
	for _, path := range []string{"/api/v1/reviews/" + r.ID, "/api/v1/reviews", "/api/v1/reviews/board"} {
		anyone.Token("reviewer").Get(path).Want(200).WantText(`"entry":`)
		for _, person := range []string{"bystander", "owner", "requester"} {
			if !d.authz.Allowed(authz.Actor{ID: person, Kind: authz.KindPerson, Roles: cast[person]}, "ledger:read") {
				anyone.Token(person).Get(path).Want(200).WantNoText(`"entry":`)
			}
		}
	}
}

// What a reader may not see answers like what is not there, on every operation.
func TestRestrictedAnswersAsAbsent(t *testing.T) {
	d := newDesk(t, storetest.SQLite(t, tables()))
	r := d.requested(restrictedTo("person:reviewer"))
	anyone := webtest.Serve(t, d.mux())
	for _, op := range [][3]string{
		{"GET", "", ""}, {"PATCH", "", `{"title":"x"}`}, {"POST", "/moves", `{"to":"back_orders"}`}, {"POST", "/resubmission", ""},
		{"PATCH", "/estimate", `{"effort":1}`}, {"POST", "/reviewers", `{"person":"reviewer2","part":"lead"}`}, {"POST", "/reviewers/reviewer/release", ""},
		{"POST", "/declarations", `{"conflict":"none"}`}, {"POST", "/readings", `{"concurs":"x"}`}, {"POST", "/questions", `{"text":"x"}`},
		{"POST", "/questions/Q1/answers", `{"text":"x"}`}, {"POST", "/questions/Q1/settlement", `{"settled":"fully"}`},
		{"POST", "/statements", `{"kind":"statement","text":"x","source":{"kind":"form","title":"x"}}`},
		{"PUT", "/statements/S1", `{"kind":"statement","text":"x","source":{"kind":"form","title":"x"}}`},
		{"POST", "/findings", `{"kind":"gap","title":"x"}`}, {"PUT", "/findings/F1", `{"kind":"gap","title":"x"}`}, {"POST", "/findings/F1/risk", `{}`},
		{"PUT", "/opinions/legal", `{"assessor":"legal"}`}, {"POST", "/opinions/legal/opinion", `{"verdict":"concerns","text":"x"}`},
		{"POST", "/assessments", `{"text":"x","written":0}`}, {"GET", "/assessments", ""}, {"GET", "/assessment/draft", ""}, {"GET", "/abstract", ""},
		{"PUT", "/abstract", `{"text":"x","publish":false}`}, {"POST", "/outcome", `{"outcome":"advice","reason":"x"}`}, {"POST", "/withdrawal", `{"reason":"x"}`},
		{"POST", "/dismissal", `{"reason":"x"}`}, {"POST", "/supersession", `{"successor":"x","reason":"x"}`}, {"POST", "/conditions/c/proof", `{"shown":"x"}`},
	} {
		var body any
		if op[2] != "" {
			body = json.RawMessage(op[2])
		}
		for _, person := range []string{"reviewer2", "triager", "bystander", "outsider"} {
			for _, match := range []string{"", `"v1"`} {
				ask := func(id string) (int, string) {
					at := "/api/v1/reviews/" + id + op[1]
					if op[0] == "GET" {
						w := anyone.Token(person).Get(at)
						return w.Status, masked(w.Body)
					}
					w := anyone.Token(person).JSON(op[0], at, body, "If-Match", match)
					return w.Status, masked(w.Body)
				}
				status, text := ask(r.ID)
				absentStatus, absent := ask("aaaaaaaaaaaaaaaa")
				if status != absentStatus || text != absent || status != 404 && status != 403 {
					t.Errorf("%s %s as %s with %q: %d %s, and of nothing %d %s", op[0], op[1], person, match, status, text, absentStatus, absent)
				}
			}
		}
	}
}

// masked takes out what differs in every answer.
func masked(body string) string {
	var doc map[string]any
	if json.Unmarshal([]byte(body), &doc) != nil {
		return body
	}
	delete(doc, "request_id")
	delete(doc, "instance")
	out, _ := json.Marshal(doc) //nolint:errcheck // it was JSON
	return string(out)
}
