// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"net/url"
	"strings"
	"testing"
)

// onReview makes a request about a review, on the version that it has now.
func (s *server) onReview(t *testing.T, login, method, path string, body any) answer {
	t.Helper()
	c := s.caller(login)
	path = "/api/v1/reviews/" + path
	tag := c.get("/api/v1/reviews/"+strings.Split(path, "/")[4]).want(t, 200).header.Get("ETag")
	return c.call(method, path, body, "If-Match", tag)
}

// reviewStep is one request about a review.
type reviewStep struct {
	login, method, part string
	body                map[string]any
}

// takeSteps makes requests about a review that all have to succeed.
func (s *server) takeSteps(t *testing.T, review string, steps ...reviewStep) {
	t.Helper()
	for _, step := range steps {
		if a := s.onReview(t, step.login, step.method, review+"/"+step.part, step.body); a.status >= 300 {
			t.Fatalf("%s: %s", step.part, a)
		}
	}
}

// markedReview makes a review with the markup in each of its texts, of its questions,
// statements, findings, assessment and outcome, and returns the pages that show it.
func (s *server) markedReview(t *testing.T, name, evil string) []string {
	t.Helper()
	answers := map[string]string{}
	for _, field := range []string{"project", "owning_team", "primary_contact", "quarterly_goal", "prior_talk", "risk_assessment", "description", "test_environment", "dependencies", "sensitive_data", "own_privacy_policy"} {
		answers[field] = evil
	}
	answers["repository"] = "data:text/html,<script>alert(1)</script>\njavascript:alert(1)\n" + evil
	s.caller("release").call("POST", "/api/v1/reviews", map[string]any{
		"name": name, "kind": "concept", "subject": "project:new-ci", "visibility": "public", "title": evil, "sketch": evil + " [x](javascript:alert(1))", "answers": answers,
		"technologies": []map[string]string{{"name": evil, "replaces": evil, "state": "candidate", "owner": evil}},
		"scenarios":    []map[string]string{{"title": evil, "who": evil, "steps": evil, "trust": evil}},
	}).want(t, 201)
	statement := func(label string) map[string]any {
		return map[string]any{"kind": "requirement", "origin": "unknown", "label": label, "text": evil, "who": evil, "note": evil, "source": map[string]string{"kind": "document", "title": evil, "version": evil, "place": evil}}
	}
	finding := func(kind string) map[string]any {
		return map[string]any{"kind": kind, "title": evil, "text": evil, "evidence": evil + " <svg onload=alert(1)>", "first": "A1", "second": "A2", "state": "settled", "became": evil}
	}
	type body = map[string]any
	s.takeSteps(t, name,
		reviewStep{"triager", "POST", "moves", body{"to": "planned", "quarter": quarterNow()}},
		reviewStep{"triager", "POST", "reviewers", body{"person": "reviewer", "part": "lead"}},
		reviewStep{"reviewer", "POST", "declarations", body{"conflict": "soft", "words": evil}},
		reviewStep{"triager", "POST", "moves", body{"to": "in_progress"}},
		reviewStep{"reviewer", "POST", "questions", body{"text": evil + " [x](javascript:alert(1))"}},
		reviewStep{"release", "POST", "questions/Q1/answers", body{"text": evil + " ![x](https://evil.example/pixel.png)"}},
		reviewStep{"reviewer", "POST", "questions/Q1/settlement", body{"settled": "partly", "note": evil}},
		reviewStep{"reviewer", "POST", "statements", statement("A1")}, reviewStep{"reviewer", "POST", "statements", statement("A2")},
		reviewStep{"reviewer", "POST", "findings", finding("contradiction")}, reviewStep{"reviewer", "POST", "findings", finding("weakness")},
	)
	s.markedSource(t, name)
	s.takeSteps(t, name,
		reviewStep{"reviewer", "POST", "assessments", body{"written": 0, "text": evil + "\n\n<iframe src=x></iframe> [x](javascript:alert(1))"}},
		reviewStep{"triager", "POST", "moves", body{"to": "waiting", "reason": evil}},
		reviewStep{"reviewer", "POST", "outcome", body{"outcome": "advice", "reason": evil, "conditions": []map[string]string{{"text": evil, "owner": "release", "proof": evil}}}},
		reviewStep{"reviewer", "PUT", "abstract", body{"publish": true, "text": evil + "\n\n<iframe src=x></iframe> [x](javascript:alert(1))"}},
	)
	page := "/reviews/" + name
	return []string{page, page + "/abstract", page + "/assessment/versions"}
}

// markedSource: an address that is none of the web's is refused, or shown as text.
func (s *server) markedSource(t *testing.T, review string) {
	t.Helper()
	for _, address := range []string{"javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "//evil.example", "https://a\" onmouseover=\"alert(1)"} {
		a := s.onReview(t, "reviewer", "POST", review+"/statements", map[string]any{"kind": "statement", "text": "x", "source": map[string]string{"kind": "document", "title": "x", "url": address}})
		if a.status != 422 {
			t.Errorf("a source at %s: %s", address, a)
		}
	}
}

// restrictedFinding: what is found in confidence in a review that everybody may see
// is on no page, in no answer and in no search of somebody who takes no part.
func (s *server) restrictedFinding(t *testing.T) {
	s.caller("release").call("POST", "/api/v1/reviews", map[string]any{"name": "in-confidence", "kind": "concept", "subject": "project:new-ci", "visibility": "public", "title": "In confidence",
		"scenarios": []map[string]string{{"title": "x", "who": "x", "steps": "x", "trust": "x"}}}).want(t, 201)
	type body = map[string]any
	s.takeSteps(t, "in-confidence",
		reviewStep{"triager", "POST", "moves", body{"to": "planned", "quarter": quarterNow()}},
		reviewStep{"triager", "POST", "reviewers", body{"person": "reviewer-two", "part": "lead"}},
		reviewStep{"reviewer-two", "POST", "declarations", body{"conflict": "none"}},
		reviewStep{"triager", "POST", "moves", body{"to": "in_progress"}},
		reviewStep{"reviewer-two", "POST", "findings", body{"kind": "weakness", "title": "An open marmoset", "text": "Seen by all."}},
		reviewStep{"reviewer-two", "POST", "findings", body{"kind": "weakness", "title": "A hidden axolotl", "text": "The axolotl has no door.", "restricted": true}},
	)
	for login, takesPart := range map[string]bool{"release": true, "reviewer-two": true /* a code is good once: others sign in as the reviewer */, "owner": false, "executive": false, "reviewer-three": false, "outsider": false} {
		b, c := s.browser(), s.caller(login)
		b.signIn(login)
		for where, a := range map[string]answer{
			"the page": b.get("/reviews/in-confidence"), "the API": c.get("/api/v1/reviews/in-confidence"),
		} {
			said := strings.Contains(string(a.body), "axolotl")
			if said != takesPart || !strings.Contains(string(a.body), "marmoset") {
				t.Errorf("%s: %s says what is restricted: %v, want %v; or not what is open (status %d)", login, where, said, takesPart, a.status)
			}
		}
		for _, word := range []string{"axolotl", "marmoset"} {
			for where, a := range map[string]answer{
				"the search": b.get("/search?q=" + url.QueryEscape(word)), "the search of the API": c.get("/api/v1/search?q=" + url.QueryEscape(word)),
			} {
				found, want := strings.Contains(string(a.body), "in-confidence"), takesPart || word == "marmoset"
				if found != want || a.status != 200 {
					t.Errorf("%s: %s for %q finds the review: %v, want %v (status %d)", login, where, word, found, want, a.status)
				}
			}
		}
		if strings.Contains(string(c.get("/api/v1/ledger/entries?item=review:in-confidence").body), "axolotl") && !takesPart {
			t.Errorf("%s: the ledger says what is restricted", login)
		}
	}
}
