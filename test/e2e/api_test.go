// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestAPI is what every client of the API relies on, whatever the operation.
func TestAPI(t *testing.T) {
	s := startDemo(t, t.TempDir(), "")
	t.Run("paging while others write", func(t *testing.T) { s.pages(t) })
	t.Run("idempotency", func(t *testing.T) { s.repeats(t) })
	t.Run("preconditions", func(t *testing.T) { s.preconditions(t) })
	t.Run("bad bodies", func(t *testing.T) { s.badBodies(t) })
	t.Run("bad addresses", func(t *testing.T) { s.badAddresses(t) })
	t.Run("other sites", func(t *testing.T) { s.otherSites(t) })
	t.Run("scopes of a token", func(t *testing.T) { s.scopes(t) })
}

// subject is a registration that the API takes.
func (s *server) subject(name string) map[string]any {
	return map[string]any{"kind": "project", "name": name, "title": "Project " + name, "organisation": s.foundation(), "attributes": map[string]string{}}
}

// foundation is the id of the Foundation.
func (s *server) foundation() string {
	s.t.Helper()
	var list struct {
		Items []struct{ ID, Name string } `json:"items"`
	}
	s.caller("reviewer").get("/api/v1/organisations").want(s.t, 200).decode(s.t, &list)
	for _, o := range list.Items {
		if o.Name == "The Foundation" {
			return o.ID
		}
	}
	s.t.Fatal("there is no Foundation")
	return ""
}

// pages reads lists to their end, two at a time, while new items come in between
// any two pages: nothing comes twice, and what was there at the start is there.
func (s *server) pages(t *testing.T) {
	triager := s.caller("triager")
	for i := range 5 {
		triager.call("POST", "/api/v1/subjects", s.subject(fmt.Sprintf("page-%c", 'b'+2*i))).want(t, 201)
	}
	inserted := 0
	insert := func() {
		name := fmt.Sprintf("page-%c%d", 'a'+inserted%12, inserted) // before, between and after
		triager.call("POST", "/api/v1/subjects", s.subject(name)).want(t, 201)
		register := map[string]any{
			"subject": "project:" + name, "title": "Risk " + name, "threat": "Something", "scope": "All of it",
			"inputs": map[string]any{"data": "public", "direction": "both", "access": "read", "volume": "low", "crosses_boundary": false, "lower_trust": false},
		}
		triager.call("POST", "/api/v1/risks", register).want(t, 201)
		inserted++
	}
	insert()
	insert()
	for _, list := range []struct{ path, id string }{
		{"/api/v1/subjects?state=all", "ref"}, {"/api/v1/risks?state=all&sort=worst", "id"}, {"/api/v1/risks?state=all&sort=recent", "id"},
		{"/api/v1/ledger/entries?kind=risk.registered", "seq"}, {"/api/v1/people?", "id"},
	} {
		before := s.all(t, triager, list.path, list.id, "200", func() {})
		seen := s.all(t, triager, list.path, list.id, "2", insert)
		for _, id := range before {
			if !slices.Contains(seen, id) {
				t.Errorf("%s: %s was there at the start and is on no page", list.path, id)
			}
		}
		if len(before) < 3 {
			t.Errorf("%s: only %d items, so paging is not tried", list.path, len(before))
		}
	}
}

// all reads a list to its end and returns the items' ids; between pages it calls
// meanwhile. No item may come twice.
func (s *server) all(t *testing.T, c *caller, path, id, limit string, meanwhile func()) []string {
	t.Helper()
	var seen []string
	cursor := ""
	for page := 0; ; page++ {
		var list struct {
			Items []map[string]any `json:"items"`
			Next  string           `json:"next"`
		}
		c.get(path+"&limit="+limit+"&cursor="+url.QueryEscape(cursor)).want(t, 200).decode(t, &list)
		for _, item := range list.Items {
			value := fmt.Sprint(item[id])
			if slices.Contains(seen, value) {
				t.Errorf("%s: %s comes twice", path, value)
			}
			seen = append(seen, value)
		}
		if list.Next == "" {
			return seen
		}
		if page > 200 {
			t.Fatalf("%s: no end after %d pages", path, page)
		}
		cursor = list.Next
		if page < 8 {
			meanwhile()
		}
	}
}

func (s *server) repeats(t *testing.T) {
	triager := s.caller("triager")
	body := s.subject("asked-twice")
	first := triager.call("POST", "/api/v1/subjects", body, "Idempotency-Key", "k1").want(t, 201)
	again := triager.call("POST", "/api/v1/subjects", body, "Idempotency-Key", "k1").want(t, 201)
	if string(first.body) != string(again.body) || again.header.Get("Idempotency-Replayed") != "true" || first.header.Get("Location") != again.header.Get("Location") {
		t.Errorf("the repeat answers otherwise: %s and %s", first.body, again.body)
	}
	triager.call("POST", "/api/v1/subjects", s.subject("another"), "Idempotency-Key", "k1").problem(t, 422, "idempotency.reused")
	triager.call("POST", "/api/v1/subjects", body).problem(t, 409, "catalog.ref_taken") // without a key it is a new request
	s.caller("reviewer").call("POST", "/api/v1/subjects", s.subject("of-another-person"), "Idempotency-Key", "k1").want(t, 201)
	triager.call("POST", "/api/v1/subjects", s.subject("bad-key"), "Idempotency-Key", strings.Repeat("k", 201)).problem(t, 400, "request.idempotency_key")
	triager.call("POST", "/api/v1/subjects", s.subject("spaced-key"), "Idempotency-Key", "a b").problem(t, 400, "request.idempotency_key")

	// Two clicks at the same moment.
	answers := make([]answer, 8)
	together(len(answers), func(i int) {
		answers[i] = triager.call("POST", "/api/v1/subjects", s.subject("at-once"), "Idempotency-Key", "k2")
	})
	for _, a := range answers {
		if a.status != 201 || string(a.body) != string(answers[0].body) {
			t.Errorf("status %d: %s", a.status, a.body)
		}
	}
	if n := s.entries(t, "project:at-once"); n != 1 {
		t.Errorf("%d entries for what was done once", n)
	}
}

// together runs fn n times at once.
func together(n int, fn func(i int)) {
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() { fn(i) })
	}
	wait.Wait()
}

// entries counts the ledger entries about a subject.
func (s *server) entries(t *testing.T, subject string) int {
	t.Helper()
	var list struct {
		Items []any `json:"items"`
	}
	s.caller("reviewer").get("/api/v1/ledger/entries?limit=200&subject="+url.QueryEscape(subject)).want(t, 200).decode(t, &list)
	return len(list.Items)
}

func (s *server) preconditions(t *testing.T) {
	triager := s.caller("triager")
	made := triager.call("POST", "/api/v1/subjects", s.subject("edited")).want(t, 201)
	path := made.header.Get("Location")
	change := map[string]any{"title": "Edited"}
	triager.call("PATCH", path, change).problem(t, 428, "request.if_match_missing")
	for _, tag := range []string{"*", `W/"v1"`, `"1"`, "v1", `"v-1"`, `"v1", "v2"`, `"v99999999999999999999"`} {
		triager.call("PATCH", path, change, "If-Match", tag).problem(t, 400, "request.if_match")
	}
	tag := triager.get(path).want(t, 200).header.Get("ETag")
	if tag == "" || tag != made.header.Get("ETag") {
		t.Errorf("tags %q and %q", made.header.Get("ETag"), tag)
	}
	// Many change the same version at once: one of them does.
	changed := make([]int, 6)
	together(len(changed), func(i int) {
		changed[i] = triager.call("PATCH", path, map[string]any{"title": fmt.Sprint("Edited ", i)}, "If-Match", tag).status
	})
	slices.Sort(changed)
	if changed[0] != 200 || slices.Index(changed, 412) != 1 || changed[len(changed)-1] != 412 {
		t.Errorf("statuses %v, want one 200 and 412 for the rest", changed)
	}
	triager.call("PATCH", path, change, "If-Match", tag).want(t, 412)
}

func (s *server) badBodies(t *testing.T) {
	triager := s.caller("triager")
	const secret = "Zwiebelkuchen"
	good := `{"kind":"project","name":"bad","title":"` + secret + `","organisation":"` + s.foundation() + `"`
	for i, bad := range []struct {
		name, body  string
		contentType string
		status      int
		code        string
	}{
		{"an unknown field", good + `,"colour":"` + secret + `"}`, "", 422, "request.invalid"},
		{"a field twice, once in other letters", good + `,"TITLE":"` + secret + `"}`, "", 400, "request.body"},
		{"a number for a text", `{"kind":"project","title":7,"organisation":"x"}`, "", 422, "request.invalid"},
		{"a list for an object", `["` + secret + `"]`, "", 422, "request.invalid"},
		{"null", `null`, "", 422, ""},
		{"nothing", ``, "", 400, ""},
		{"half of it", good[:len(good)-9], "", 400, "request.body"},
		{"two values", good + `}{}`, "", 400, "request.body"},
		{"no JSON", secret, "", 400, "request.body"},
		{"invalid UTF-8", strings.Replace(good, secret, "\xff\xfe"+secret, 1) + `}`, "", 400, "request.utf8"},
		{"a NUL", strings.Replace(good, secret, secret+`\u0000`, 1) + `}`, "", 400, "request.body"},
		{"half a surrogate pair", strings.Replace(good, secret, secret+`\ud800`, 1) + `}`, "", 0, ""},
		{"a field of 10 MB", strings.Replace(good, secret, strings.Repeat("x", 10<<20), 1) + `}`, "", 413, "request.too_large"},
		{"a field of half a MB", strings.Replace(good, secret, strings.Repeat("x", 1<<19), 1) + `}`, "", 422, "request.invalid"},
		{"depth", strings.Repeat("[", 400_000) + strings.Repeat("]", 400_000), "", 400, "request.body"},
		{"depth in a field", good + `,"attributes":` + strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000) + `}`, "", 400, "request.body"},
		{"a huge number", good + `,"attributes":{"homepage":1e999999}}`, "", 0, ""},
		{"a form", "title=" + secret, "application/x-www-form-urlencoded", 415, "request.media_type"},
		{"plain text", good + `}`, "text/plain", 415, "request.media_type"},
		{"XML", "<a/>", "application/xml", 415, "request.media_type"},
		{"another encoding", good + `}`, "application/json; charset=utf-16", 0, ""},
		{"control characters in a title", strings.Replace(good, secret, `a\r\nSet-Cookie: b`, 1) + `}`, "", 422, ""},
		{"an override of direction in a title", strings.Replace(good, secret, `abc\u202Etxt.exe`, 1) + `}`, "", 422, ""},
	} {
		t.Run(bad.name, func(t *testing.T) {
			bad.body = strings.Replace(bad.body, `"name":"bad"`, fmt.Sprintf(`"name":"bad-%d"`, i), 1)
			var headers []string
			if bad.contentType != "" {
				headers = []string{"Content-Type", bad.contentType}
			}
			a := triager.call("POST", "/api/v1/subjects", bad.body, headers...)
			if strings.Contains(string(a.body), secret) && a.status != 201 {
				t.Errorf("the refusal repeats what was sent: %s", a.body)
			}
			switch {
			case bad.code != "":
				a.problem(t, bad.status, bad.code)
			case bad.status != 0:
				a.want(t, bad.status)
			case a.status >= 500:
				t.Errorf("status %d: %s", a.status, a.body)
			}
		})
	}
	s.caller("reviewer").get("/api/v1/subjects").want(t, 200) // it still answers
}

func (s *server) badAddresses(t *testing.T) {
	reviewer := s.caller("reviewer")
	for path, status := range map[string]int{
		"/api/v1/risks?colour=blue":                              422,
		"/api/v1/risks?limit=0":                                  422,
		"/api/v1/risks?limit=201":                                422,
		"/api/v1/risks?limit=ten":                                422,
		"/api/v1/risks?state=gone":                               422,
		"/api/v1/risks?cursor=bm9uc2Vuc2U":                       400,
		"/api/v1/risks?cursor=!":                                 400,
		"/api/v1/ledger/entries?cursor=" + url.QueryEscape("{}"): 400,
		"/api/v1/risks/%00":                                      400,
		"/api/v1/risks/a%0d%0ab":                                 400,
		"/api/v1/risks/%ff":                                      400,
		"/api/v1/risks?subject=%0a":                              400,
		"/api/v1/risks/" + strings.Repeat("a", 61):               422,
		"/api/v1/risks/..%2f..%2fhealthz":                        404,
		"/api/v1/nothing":                                        404,
		"/api/v1/":                                               404,
		"/api/v2/risks":                                          404,
		"/api/v1/subjects/" + url.PathEscape("flow:' OR 1=1 --"): 404,
		"/api/v1/gate":                                           422,
		"/api/v1/gate?subject=x&action=call":                     404,
		"/api/v1/gate?subject=flow:none&action=call":             404,
		"/api/v1/ledger/entries/-1":                              422,
		"/api/v1/ledger/entries/99999999999999999999":            422,
		"/api/v1/ledger/inclusion?seq=0&size=99999999":           404,
	} {
		a := reviewer.get(path)
		if a.status != status {
			t.Errorf("%s: status %d, want %d: %s", path, a.status, status, a.body)
		}
		if strings.HasPrefix(path, "/api/v1/") && a.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %s", path, a.header.Get("Content-Type"))
		}
	}
	for _, words := range []string{`"`, `""`, "*", "a*", "NEAR(a b)", "a AND OR NOT", "(", "^a", "{a}:b", "title:x", "-a", "'", "%", "_", `a"b"c`, "日本語", strings.Repeat("w ", 490), `\`, "\ufeff", "\u202eabc", "İ", "ﬁ"} {
		reviewer.get("/api/v1/search?q="+url.QueryEscape(words)).want(t, 200)
	}
	for _, method := range []string{"PUT", "TRACE", "CONNECTX", "OPTIONS"} {
		a := reviewer.call(method, "/api/v1/risks", nil)
		if a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") == "" {
			t.Errorf("%s: status %d, Allow %q", method, a.status, a.header.Get("Allow"))
		}
	}
}

// otherSites: a page elsewhere can neither read nor write with a visitor's
// session, and is told so by the absence of every CORS header.
func (s *server) otherSites(t *testing.T) {
	b := s.browser()
	b.signIn("requester")
	before := s.entries(t, "project:from-elsewhere")
	for name, headers := range map[string][]string{
		"another origin":         {"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"},
		"an old browser":         {"Origin", "https://evil.example"},
		"a neighbouring host":    {"Origin", "https://evil.localhost", "Sec-Fetch-Site", "same-site"},
		"an origin without name": {"Origin", "null", "Sec-Fetch-Site", "cross-site"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"/subjects", "/me/sign-out-everywhere", "/sign-out", "/sign-in", "/api/v1/subjects"} {
				a := b.send("POST", path, "application/x-www-form-urlencoded", "kind=project&name=from-elsewhere&title=x", headers...)
				if a.status != http.StatusForbidden {
					t.Errorf("%s: status %d", path, a.status)
				}
			}
			a := b.send("OPTIONS", "/api/v1/subjects", "", "", append(headers, "Access-Control-Request-Method", "POST")...)
			read := b.send("GET", "/api/v1/risks", "", "", headers...)
			for _, got := range []answer{a, read} {
				for header := range got.header {
					if strings.HasPrefix(header, "Access-Control-") {
						t.Errorf("%s: %v", header, got.header[header])
					}
				}
			}
		})
	}
	if s.entries(t, "project:from-elsewhere") != before {
		t.Error("something was written")
	}
	if b.get("/me").status != http.StatusOK {
		t.Error("the session ended by a request from elsewhere")
	}
}

// scopes: a token does what it names and nothing else, and can give no more than
// it has.
func (s *server) scopes(t *testing.T) {
	var made struct {
		Secret string `json:"secret"`
		Token  string `json:"token"`
	}
	r := s.cli("reviewer", "token", "create", "gate-only", "--scope", "gate:check", "--days", "7", "--json").must(t, 0)
	r.decode(t, &made)
	narrow := s.caller("")
	if narrow.token = made.Secret + made.Token; narrow.token == "" {
		t.Fatalf("no secret in %s", r.stdout)
	}
	narrow.get("/api/v1/gate?subject=flow:property-suggester-ab-test&action=call").want(t, 200)
	for _, path := range []string{"/api/v1/risks", "/api/v1/subjects", "/api/v1/ledger/entries", "/api/v1/me/tokens", "/api/v1/me/sessions", "/api/v1/people"} {
		narrow.get(path).problem(t, 403, "authz.forbidden")
	}
	narrow.call("POST", "/api/v1/me/tokens", map[string]any{"name": "wider", "everything": true}).want(t, 403)
}
