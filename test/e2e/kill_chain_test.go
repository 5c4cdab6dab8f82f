// SPDX-License-Identifier: Apache-2.0

//go:build integration

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// chain is a life of one subject and its risk: each step is one decision of the
// person whose part it is, and stands on the answer to the one before.
type chain struct {
	name         string
	organisation string
	steps        int // taken and known to be in effect

	subject, risk, acceptance string // ids, as far as they are known
	subjectTag                string
	riskTag                   string // ETags, for If-Match
	acceptanceTag             string
}

// step is one request of a chain and what it must leave in the ledger.
type step struct {
	role, method, path string
	body               any
	match              string
	kinds              []string // entries about the item, one of each
	item               func(*chain) string
	learn              func(*chain, outcome)
}

// outcome is what an answer tells about a subject, a risk or an acceptance.
type outcome struct {
	ID   string `json:"id"`
	etag string
}

func onSubject(c *chain) string { return "subject:" + c.subject }
func onRisk(c *chain) string    { return "risk:" + c.risk }

func learnSubject(c *chain, d outcome)    { c.subject, c.subjectTag = d.ID, d.etag }
func learnRisk(c *chain, d outcome)       { c.risk, c.riskTag = d.ID, d.etag }
func learnAcceptance(c *chain, d outcome) { c.acceptance, c.acceptanceTag = d.ID, d.etag }

// next returns the step that follows; ok is false at the end of the chain.
func (c *chain) next() (s step, ok bool) {
	ref := "project:" + c.name
	risk := "/api/v1/risks/" + c.risk
	acceptance := risk + "/acceptances/" + c.acceptance
	text := func(what string) map[string]any { return map[string]any{what: "Because " + c.name + " says so."} }
	low := map[string]any{"likelihood": 1, "impact": 1}
	switch c.steps {
	case 0:
		return step{"owner", "POST", "/api/v1/subjects", project(c.name, c.organisation), "", []string{"catalog.subject.registered"}, onSubject, learnSubject}, true
	case 1:
		return step{"owner", "PATCH", "/api/v1/subjects/" + ref, map[string]any{"title": "Changed " + c.name}, c.subjectTag, []string{"catalog.subject.changed"}, onSubject, learnSubject}, true
	case 2:
		body := map[string]any{
			"subject": ref, "title": "Risk " + c.name, "threat": "It stops.", "scope": "All of it.",
			"inputs": map[string]any{"data": "public", "direction": "both", "access": "read", "volume": "low", "crosses_boundary": false, "lower_trust": false},
		}
		return step{"owner", "POST", "/api/v1/risks", body, "", []string{"risk.registered", "catalog.link.added"}, onRisk, learnRisk}, true
	case 3:
		body := map[string]any{"inherent": low, "residual": low, "reason": "Little can happen."}
		return step{"reviewer", "POST", risk + "/ratings", body, c.riskTag, []string{"risk.rated"}, onRisk, learnRisk}, true
	case 4:
		body := map[string]any{"reason": "Asked by " + c.name, "until": time.Now().AddDate(0, 0, 20).Format(time.DateOnly)}
		return step{"owner", "POST", risk + "/acceptances", body, c.riskTag, []string{"risk.acceptance.asked"}, onRisk, learnAcceptance}, true
	case 5:
		return step{"executive", "POST", acceptance + "/approvals", text("reason"), c.acceptanceTag, []string{"risk.acceptance.approved", "risk.acceptance.granted"}, onRisk, learnAcceptance}, true
	case 6:
		return step{"executive", "POST", acceptance + "/revocation", text("reason"), c.acceptanceTag, []string{"risk.acceptance.revoked"}, onRisk, learnAcceptance}, true
	}
	return step{}, false
}

// key is the same for every try of a step.
func (c *chain) key() string { return fmt.Sprintf("%s-%d", c.name, c.steps) }

// do sends the step once. An error is that of the network: nobody knows then
// whether it is in effect.
func (c *chain) do(client *http.Client, base, token string, s step) (answer, error) {
	data, err := json.Marshal(s.body)
	if err != nil {
		return answer{}, err
	}
	r, err := http.NewRequest(s.method, base+s.path, bytes.NewReader(data))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Idempotency-Key", c.key())
	if s.match != "" {
		r.Header.Set("If-Match", s.match)
	}
	resp, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, body}, err
}

// took notes that the step is in effect, and what its answer says.
func (c *chain) took(s step, a answer) error {
	d := outcome{etag: a.header.Get("ETag")}
	if err := json.Unmarshal(a.body, &d); err != nil || d.ID == "" {
		return fmt.Errorf("an answer without an id: %s", a.body)
	}
	s.learn(c, d)
	c.steps++
	return nil
}

// find learns, for a step that was in effect although its answer was lost, what
// the answer would have told.
func (c *chain) find(client *http.Client, base, token string) error {
	get := func(path string, into any) error {
		r, err := http.NewRequest(http.MethodGet, base+path, nil)
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+token)
		resp, err := client.Do(r)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		return json.NewDecoder(resp.Body).Decode(into)
	}
	if c.subject == "" {
		var d outcome
		if err := get("/api/v1/subjects/project:"+c.name, &d); err != nil {
			return err
		}
		c.subject = d.ID
	}
	if c.risk == "" && c.steps > 2 {
		var list struct{ Items []outcome }
		if err := get("/api/v1/risks?state=all&subject=project:"+c.name, &list); err != nil {
			return err
		}
		if len(list.Items) != 1 {
			return fmt.Errorf("%d risks of %s, want 1", len(list.Items), c.name)
		}
		c.risk = list.Items[0].ID
	}
	return nil
}
