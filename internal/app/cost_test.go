// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// observer notes the statements of an installation.
type observer struct {
	mu   sync.Mutex
	seen []string
}

func (o *observer) note(statement string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.seen = append(o.seen, statement)
}

// during returns the statements that run while fn does.
func (o *observer) during(fn func()) []string {
	o.mu.Lock()
	o.seen = nil
	o.mu.Unlock()
	fn()
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.seen)
}

// withObserver makes the configuration report its statements.
func withObserver(o *observer) func(*Config) {
	return func(c *Config) { c.observe = o.note }
}

// TestHiddenCostsWhatAbsentCosts: who asks for, or acts on, what is hidden from
// them gets the answer of what does not exist, after the same statements. The
// time that an answer takes cannot tell more than that.
func TestHiddenCostsWhatAbsentCosts(t *testing.T) {
	_, other, hidden := twins(t)
	dir, at := other.dir, other.clock.Real()
	other.shut()
	var watch observer
	in := openInstallation(t, dir, at, hourly, withObserver(&watch))
	for _, login := range []string{"", "outsider", "requester", "operations", "admin"} {
		v := in.visit(login)
		v.get("/api/v1/me") // a token and a session note their first use
		v.get("/me")
		for _, r := range in.mux.Routes() {
			for name, ids := range hiddenIDs(hidden) {
				if !strings.Contains(r.Pattern, name) {
					continue
				}
				one, there := costOf(&watch, v, r.Method, r.Pattern, name, ids.hidden)
				two, absent := costOf(&watch, v, r.Method, r.Pattern, name, ids.absent)
				if one != two {
					t.Errorf("%s %s as %q: what is hidden answers\n%s\nand what is absent\n%s", r.Method, r.Pattern, login, one, two)
				}
				if diff := gocmp.Diff(absent, there); diff != "" {
					t.Errorf("%s %s as %q: other statements for what is hidden than for what is absent (-absent +hidden):\n%s", r.Method, r.Pattern, login, diff)
				}
			}
		}
	}
}

// pairOf is an id that exists and is hidden, and one of its form that does not.
type pairOf struct{ hidden, absent string }

// hiddenIDs returns what can be put for a placeholder.
func hiddenIDs(h secrets) map[string]pairOf {
	none := strings.Repeat("a", len(h.risk))
	return map[string]pairOf{
		"/risks/{id}":       {h.risk, none},
		"/reviews/{id}":     {h.review, none},
		"/comments/{id}":    {h.comment, none},
		"/attachments/{id}": {h.attachment, none},
		"{ref}":             {h.subject, "flow:" + guessedName + "-" + none},
		"/{to}":             {h.subject, "flow:" + guessedName + "-" + none},
		"{type}/{id}":       {h.risk, none},
	}
}

var volatile = regexp.MustCompile(`"request_id":"[0-9a-f]+"|<code>[0-9a-f]{16}</code>|name="_submission" value="[^"]*"|[a-z2-7]{16}`)

// costOf makes one request and returns its answer and its statements.
func costOf(watch *observer, v *visitor, method, pattern, name, id string) (string, []string) {
	path := strings.Replace(pattern, name, placeholder.ReplaceAllString(strings.Replace(name, "{type}", "risk", 1), id), 1)
	path = strings.ReplaceAll(path, "{acceptance}", strings.Repeat("b", 16))
	contentType, body := "", ""
	if method != http.MethodGet {
		contentType, body = "application/x-www-form-urlencoded", "reason=x&note=x&text=x&title=x&_version=1"
		if strings.HasPrefix(pattern, "/api/") {
			contentType, body = "application/json", bodies(pattern)
		}
	}
	var answer string
	statements := watch.during(func() {
		w := v.send(method, address(path), contentType, body, "If-Match", `"v1"`)
		answer = http.StatusText(w.Code) + " " + volatile.ReplaceAllString(w.Header().Get("Location")+"\n"+w.Body.String(), "~")
	})
	return answer, statements
}

// bodies returns a body that the operation takes, so that it gets as far as the
// item. What is not listed takes an empty object or refuses it before.
func bodies(pattern string) string {
	for suffix, body := range map[string]string{
		"/ratings": `{"inherent":{"likelihood":1,"impact":1},"residual":{"likelihood":1,"impact":1}}`, "/reviews": `{"note":"x"}`, "/closure": `{"note":"x"}`,
		"/{acceptance}/closure": `{"undone":"x","learnt":"x"}`, "/treatment": `{"treatment":"accept"}`, "/parties": `{"parties":[]}`, "/options": `{"options":[]}`,
		"/mitigations": `{"title":"x","owner":"owner","due":"2026-05-01"}`, "/{mitigation}": `{"state":"done","evidence":"x"}`,
		"/hearings": `{"party":"x","heard":"x","said":"x"}`, "/acceptances": `{"reason":"x","until":"2026-05-01"}`,
		"/approvals": `{"reason":"x"}`, "/objections": `{"reason":"x"}`, "/withdrawal": `{"reason":"x"}`, "/revocation": `{"reason":"x"}`,
		"/evidence": `{"evidence":"x"}`, "/retirement": `{"reason":"x"}`, "/links": `{"relation":"depends_on","to":"realm:cloud"}`,
		"/comments": `{"text":"x"}`, "/comments/{id}": `{"text":"x"}`, "/erasure": `{"reason":"x"}`,
	} {
		if strings.HasSuffix(pattern, suffix) && (suffix != "/closure" || !strings.Contains(pattern, "acceptance")) {
			return body
		}
	}
	return "{}"
}

// TestSignInCostsTheSame: an unknown login, a wrong password and a wrong code are
// the same work, so that no clock tells them apart.
func TestSignInCostsTheSame(t *testing.T) {
	var watch observer
	in := openInstallation(t, t.TempDir(), loadedAt(), withObserver(&watch))
	attempts := map[string][3]string{
		"unknown login":  {"nobody-here", demoPassword, "123456"},
		"wrong password": {"owner", "not the password at all", "123456"},
		"wrong code":     {"reviewer", demoPassword, "123456"},
		"closed account": {"triager", demoPassword, "123456"},
	}
	person, err := in.identity.Person(in.as("admin"), in.person("triager"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.identity.Deactivate(in.as("admin"), person.ID, person.Version, "Left"); err != nil {
		t.Fatal(err)
	}
	var want []string
	hashed := int64(0)
	for what, a := range attempts {
		before := in.identity.HashStats()
		got := watch.during(func() {
			if _, err := in.identity.SignIn(context.Background(), a[0], a[1], a[2], "192.0.2.7"); !fault.HasCode(err, "identity.sign_in_failed") {
				t.Errorf("%s: %v", what, err)
			}
		})
		work := in.identity.HashStats().Done - before.Done
		if want == nil {
			want, hashed = got, work
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("%s runs other statements (-others +this):\n%s", what, diff)
		}
		if work != hashed || work == 0 {
			t.Errorf("%s hashes %d times, others %d", what, work, hashed)
		}
	}
}
