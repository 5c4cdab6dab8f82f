// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/audit"
)

// hostile are owners that a path, a log or a hash could stumble over.
var hostile = map[string]string{
	"slash": "a/b", "only slashes": "///", "escaped already": "%2F", "per cent": "100%", "up": "..", "here": ".", "three dots": "...", "up in it": "a/../b", "above": "../../keys",
	"unicode": "Ægir Þórsson 山田", "composed": "e\u0301", "bidi": "\u202eecila", "not UTF-8": "\xff\xfe", "NUL": "a\x00b", "line end": "a\r\nSet-Cookie: x=1",
	"query": "a?values=true", "fragment": "a#b", "semicolon": "a;b", "space": " ", "plus": "a+b", "quotes": `"}{`, "wildcard": "{owner}", "star": "*",
	"longest": strings.Repeat("x", sessionstore.MaxOwner),
}

// TestHostileOwners: each is its own owner, by the client's paths; what it names is
// listed and ended, and nobody else's is.
func TestHostileOwners(t *testing.T) {
	b := newBed(t)
	for name, owner := range hostile {
		b.put("one", name, owner, "v")
		b.put("two", name, owner, "v")
	}
	for name, owner := range hostile {
		page := decode[Sessions](t, b.want(http.StatusOK, "administrator", "GET", ownerPath("one", owner), ""))
		if len(page.Sessions) != 1 {
			t.Fatalf("%s: %d sessions", name, len(page.Sessions))
		}
		b.want(http.StatusNoContent, "administrator", "DELETE", ownerPath("one", owner, page.Sessions[0].Handle), "")
		r := decode[SignedReceipt](t, b.want(http.StatusOK, "administrator", "DELETE", ownerPath("", owner), ""))
		if _, _, err := audit.VerifyReceipt([]byte(r.Note), b.verifiers()); err != nil || len(r.Namespaces) != 2 || r.Namespaces[0].Ended != 0 || r.Namespaces[1].Ended != 1 {
			t.Errorf("%s: %+v, %v", name, r.Namespaces, err)
		}
		for other := range hostile {
			ended := len(b.handles("two", hostile[other])) == 0
			if other == name && !ended || other != name && ended && b.live("two", other) {
				t.Errorf("%s: %s is ended: %v", name, other, ended)
			}
		}
		if b.live("one", name) || b.live("two", name) {
			t.Errorf("%s: still there", name)
		}
	}
	if n := len(b.records()); n != len(hostile)*6 {
		t.Errorf("%d records", n)
	}
}

// TestOwnersThatNobodyIs: an empty one is no owner, and least of all everybody; one of
// 10 kB has nothing, and what is recorded of it is as short as of any.
func TestOwnersThatNobodyIs(t *testing.T) {
	b := newBed(t)
	b.put("one", "nobody", "", "v")
	b.put("one", "alice", "alice", "v")
	for _, target := range []string{"/admin/v1/owners//sessions", "/admin/v1/namespaces/one/owners//sessions", "/admin/v1/namespaces/one/owners/sessions"} {
		for _, method := range []string{"GET", "DELETE"} {
			b.want(http.StatusNotFound, "administrator", method, target, "")
		}
	}
	long := strings.Repeat("x", 10_000)
	r := decode[SignedReceipt](t, b.want(http.StatusOK, "administrator", "DELETE", ownerPath("one", long), ""))
	if r.Namespaces[0].Ended != 0 || len(r.Note) > 1000 {
		t.Errorf("%+v", r)
	}
	if !b.live("one", "nobody") || !b.live("one", "alice") {
		t.Error("a session ended whose owner was not named")
	}
}

// TestHostileHandlesAndNamespaces are refused by their form, or are not there; nothing
// is done, nor recorded as if it were.
func TestHostileHandlesAndNamespaces(t *testing.T) {
	b := newBed(t)
	b.put("one", "id", "alice", "v")
	before := b.state()
	for _, handle := range []string{"x", "..", ".", "%", "\x00", "id", "a/b", "*", strings.Repeat("0", 63), strings.Repeat("0", 65), strings.Repeat("g", 64), strings.Repeat("0", 10_000), "0x" + strings.Repeat("0", 62), strings.Repeat("٠", 64)} {
		b.want(http.StatusUnprocessableEntity, "administrator", "DELETE", ownerPath("one", "alice", segment(handle)), "")
	}
	for _, namespace := range []string{"three", "ONE", "one ", "one/", "..", ".", "*", "\x00", "one\x00", "%6fne", strings.Repeat("x", 10_000), "{namespace}"} {
		for _, to := range b.api.routes() {
			if !strings.Contains(to.pattern, "{namespace}") {
				continue
			}
			method, target := filled(to.pattern, namespace, "alice", strings.Repeat("0", 64))
			text := b.want(http.StatusNotFound, "administrator", method, target, "")
			if !strings.Contains(text, "admin.namespace") {
				t.Errorf("%.50q: %s", namespace, text)
			}
		}
	}
	if b.state() != before {
		t.Error("something changed")
	}
	// A handle may be typed in capitals, and in percent.
	handle := b.handles("one", "alice")[0]
	b.want(http.StatusNoContent, "administrator", "DELETE", ownerPath("one", "alice", strings.ToUpper(handle)), "")
}

// FuzzRequest: whatever comes from who may do nothing is refused and changes nothing.
func FuzzRequest(f *testing.F) {
	b := newBed(f)
	b.put("one", "id", "alice", "v")
	for _, to := range b.api.routes() {
		method, target := filled(to.pattern, "one", "alice", b.handles("one", "alice")[0])
		f.Add(method, target, `{"namespace":"one"}`)
	}
	for _, owner := range hostile {
		f.Add("DELETE", ownerPath("one", owner), "")
	}
	before := b.state()
	f.Fuzz(func(t *testing.T, method, target, body string) {
		r, err := http.NewRequest(method, "https://sessions.example"+target, strings.NewReader(body))
		if err != nil {
			return
		}
		r.Header.Set(who, "stranger")
		w := httptest.NewRecorder()
		b.t = t
		b.api.ServeHTTP(w, r)
		if w.Code != http.StatusForbidden {
			t.Errorf("%s %s: %d %s", method, target, w.Code, w.Body)
		}
		if b.state() != before {
			t.Errorf("%s %s changed something", method, target)
		}
	})
}

// FuzzHandle: a handle is read as it is written, or refused.
func FuzzHandle(f *testing.F) {
	f.Add("")
	f.Add(strings.Repeat("0f", 32))
	f.Add(strings.Repeat("F0", 32))
	f.Fuzz(func(t *testing.T, text string) {
		k, err := handle(text)
		if err != nil {
			return
		}
		if shown := sessionOf(sessionstore.Session{Meta: sessionstore.Meta{Handle: k}}, false).Handle; text != "" && shown != strings.ToLower(text) {
			t.Errorf("%q is read as %q", text, shown)
		}
	})
}

// TestNothingTellsASession runs everything and looks whether an id, a value, a key or an
// owner came out where it must not.
func TestNothingTellsASession(t *testing.T) {
	b := newBed(t)
	const id, value, owner = "id-9f8e7d6c5b4a", "value-1a2b3c4d5e6f", "owner-0011223344"
	b.put("one", id, owner, value)
	b.put("two", id, owner, value)
	if _, err := b.spaces["one"].Change(context.Background(), []byte(id), []byte(id+"-new"), sessionstore.Write{Owner: owner}, 1e10); err != nil {
		t.Fatal(err)
	}
	var answers strings.Builder
	all := b.api.routes()
	slices.SortStableFunc(all, func(x, y route) int { return -strings.Compare(x.pattern, y.pattern) }) // GET before DELETE
	for _, name := range []string{"", "stranger", "administrator"} {
		for _, to := range all {
			for _, handle := range append(b.handles("one", owner), id, value) {
				method, target := filled(to.pattern, "one", owner, handle)
				for _, body := range []string{"", `{"namespace":"one"}`, `{"namespace":"` + id + `","` + value + `":1}`, value, `{"cause":"` + value + `\n"}`} {
					w := b.ask(name, method, target, body)
					if err := w.Result().Header.Write(&answers); err != nil {
						t.Fatal(err)
					}
					answers.WriteString(w.Body.String())
				}
			}
		}
	}
	log := b.ask("administrator", "GET", "/admin/v1/audit", "").Body.String()
	for name, text := range map[string]string{"an answer": answers.String(), "the log": b.said.String(), "the audit log": log} {
		for what, secret := range map[string]string{"the id": id, "the value": value, "the value in base64": "dmFsdWUtMWEyYjNjNGQ1ZTZm", "the owner": owner} {
			if strings.Contains(text, secret) {
				t.Errorf("%s tells %s", name, what)
			}
		}
	}
	if !strings.Contains(answers.String(), `"handle":"`) || !strings.Contains(log, "owner.ended") {
		t.Error("nothing was listed or ended")
	}
}
