// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"net/http"
	"strings"
	"testing"
)

// TestNothingWithoutTheRight tries every route there is, as everybody who may not: it
// is refused, and nothing is changed and nothing recorded.
func TestNothingWithoutTheRight(t *testing.T) {
	b := newBed(t)
	b.put("one", "id-1", "alice", "v")
	b.put("two", "id-2", "alice", "v")
	handle := b.handles("two", "alice")[0]
	before := b.state()
	all := b.api.routes()
	// Ending sessions is one right; seeing, and what a whole namespace loses, another.
	ending := map[string]bool{
		"DELETE /admin/v1/owners/{owner}/sessions": true, "DELETE /admin/v1/namespaces/{namespace}/owners/{owner}/sessions": true,
		"DELETE /admin/v1/namespaces/{namespace}/owners/{owner}/sessions/{handle}": true,
	}
	for _, to := range all {
		if want := map[bool]string{true: Revoke, false: Administer}[ending[to.pattern]]; to.verb != want {
			t.Errorf("%s asks for %q, want %q", to.pattern, to.verb, want)
		}
	}
	if len(all) < 10 {
		t.Fatalf("%d routes", len(all))
	}
	for _, to := range all {
		method, target := filled(to.pattern, "two", "alice", handle)
		// Each has every right but the one that counts.
		rights["nearly"] = []string{"one administer", "one revoke", "one read", "two read", "* read", "* write", "* delete"}
		for _, verb := range []string{Revoke, Administer} {
			if verb != to.verb {
				rights["nearly"] = append(rights["nearly"], "* "+verb)
			}
		}
		for _, body := range []string{"", `{"namespace":"two"}`, `{"hold_seconds":60}`, strings.Repeat("x", 1<<17)} {
			b.want(http.StatusUnauthorized, "", method, target, body)
			b.want(http.StatusForbidden, "stranger", method, target, body)
			b.want(http.StatusForbidden, "ender", method, target, body)
			b.want(http.StatusForbidden, "nearly", method, target, body)
		}
		if b.state() != before {
			t.Fatalf("%s changed something for who may not", to.pattern)
		}
	}
	delete(rights, "nearly")
}

// TestOneNamespaceIsNotAll: who may end in one namespace ends there alone, and never in
// all of them at once.
func TestOneNamespaceIsNotAll(t *testing.T) {
	b := newBed(t)
	b.put("one", "id-1", "alice", "v")
	b.put("two", "id-2", "alice", "v")
	b.want(http.StatusForbidden, "ender", "DELETE", "/admin/v1/owners/alice/sessions", "")
	b.want(http.StatusForbidden, "ender", "DELETE", "/admin/v1/namespaces/two/owners/alice/sessions", "")
	if !b.live("one", "id-1") || !b.live("two", "id-2") {
		t.Error("a session ended without the right")
	}
	b.want(http.StatusOK, "ender", "DELETE", "/admin/v1/namespaces/one/owners/alice/sessions", "")
	if b.live("one", "id-1") || !b.live("two", "id-2") {
		t.Error("it ended the wrong ones")
	}
}

// TestValuesNeedRead: administering is not reading; who may read may see values, and the
// log says that they did.
func TestValuesNeedRead(t *testing.T) {
	b := newBed(t)
	b.put("one", "id-1", "alice", "the-value")
	b.put("two", "id-2", "alice", "the-value")
	before := b.state()
	const list = "/admin/v1/namespaces/one/owners/alice/sessions"
	b.want(http.StatusForbidden, "administrator", "GET", list+"?values=true", "")
	b.want(http.StatusForbidden, "reader", "GET", strings.Replace(list, "one", "two", 1)+"?values=true", "")
	for _, query := range []string{"", "?values=", "?values=false", "?values=1", "?values=True", "?VALUES=true", "?values=false&values=true"} {
		page := decode[Sessions](t, b.want(http.StatusOK, "reader", "GET", list+query, ""))
		if len(page.Sessions) != 1 || page.Sessions[0].Value != nil || page.Sessions[0].Bytes != len("the-value") {
			t.Errorf("%q: %+v", query, page)
		}
	}
	if b.state() != before {
		t.Error("a list without values changed or recorded something")
	}
	page := decode[Sessions](t, b.want(http.StatusOK, "reader", "GET", list+"?values=true", ""))
	if len(page.Sessions) != 1 || string(page.Sessions[0].Value) != "the-value" {
		t.Errorf("%+v", page)
	}
	records := b.records()
	if len(records) != 1 || records[0].Act != "values.read" || records[0].By != "reader" || records[0].About["owner"] != ownerHash(b.spaces["one"], "alice") {
		t.Errorf("%+v", records)
	}
}

// TestNothingElseIsThere: other paths and methods are refused to who may not
// administer the whole, and are nothing for who may.
func TestNothingElseIsThere(t *testing.T) {
	b := newBed(t)
	b.put("one", "id-1", "alice", "v")
	before := b.state()
	known := map[string]bool{}
	targets := map[string]bool{
		"/": true, "/admin/v1": true, "/admin/v1/": true, "/admin/v2/status": true, "/metrics": true, "/one/v1/id-1": true, "/admin/v1/status/": true,
		"/admin/v1/namespaces": true, "/admin/v1/namespaces/one": true, "/admin/v1/namespaces/one/owners/alice": true,
		"/admin/v1/namespaces//sessions": true, "/admin/v1/owners//sessions": true, "/admin/v1/namespaces/one/owners/alice/sessions/": true,
		// Not clean: package http would redirect to what is meant, or to something else.
		"//admin/v1/status": true, "/admin/v1/./status": true, "/admin/v1/namespaces/../status": true, "/admin/v1/namespaces/one/owners/../sessions": true,
		"/admin/v1/namespaces/one/owners/alice/sessions/../../../sessions": true, "/admin/v1/namespaces/one/owners/./alice/sessions": true,
	}
	for _, to := range b.api.routes() {
		method, target := filled(to.pattern, "one", "alice", strings.Repeat("0", 64))
		known[method+target], targets[target] = true, true
		if method == "GET" {
			known["HEAD"+target] = true
		}
	}
	for target := range targets {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"} {
			if known[method+target] {
				continue
			}
			b.want(http.StatusUnauthorized, "", method, target, `{"namespace":"one"}`)
			b.want(http.StatusForbidden, "ender", method, target, `{"namespace":"one"}`)
			b.want(http.StatusNotFound, "administrator", method, target, `{"namespace":"one"}`)
		}
	}
	if b.state() != before {
		t.Error("something that is not there changed something")
	}
}
