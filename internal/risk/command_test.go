// SPDX-License-Identifier: Apache-2.0

package risk_test

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/gate"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
	"portreeve.org/portreeve/internal/risk"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// served is a desk behind an HTTPS server, and a command line for each person.
type served struct {
	*desk
	url, ca string
}

func serve(t *testing.T) *served {
	t.Helper()
	d := newDesk(t, storetest.SQLite(t, tables()))
	h, err := d.mux().Handler()
	d.must(err)
	server := httptest.NewTLSServer(h)
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	d.must(os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	return &served{desk: d, url: server.URL, ca: ca}
}

// mux serves the API of risks and of the gate; a person's token is their login.
func (d *desk) mux() *web.Mux {
	d.t.Helper()
	deps := webtest.Deps(append(risk.Actions(), gate.Actions()...)...)
	people := webtest.People{}
	for login, roles := range cast {
		people[login] = authz.Actor{ID: login, Login: login, Name: login, Kind: authz.KindPerson, Roles: roles}
	}
	deps.People, deps.Policy, deps.Submissions, deps.Clock = people, d.authz, d.log, d.db.Clock()
	m := web.NewMux(deps)
	d.risks.API(m.API())
	return m
}

// run runs `portreeve risk ...` as the person and returns the output and exit code.
func (o *served) run(person string, args ...string) (string, int) {
	o.t.Helper()
	var out, errs bytes.Buffer
	session := &client.Session{Context: o.t.Context(), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs,
		Config: client.Config{URL: o.url, Token: person, CA: o.ca}}
	parser, err := kong.New(&risk.Commands{}, kong.Name("risk"), kong.Exit(func(int) {}), kong.Writers(&out, &errs))
	o.must(err)
	cmd, err := parser.Parse(args)
	if err != nil {
		return err.Error(), 64
	}
	err = cmd.Run(session)
	code := client.Report(&errs, err)
	return out.String() + errs.String(), code
}

// ok runs a command that must succeed and reads its JSON.
func (o *served) ok(into any, person string, args ...string) {
	o.t.Helper()
	out, code := o.run(person, append(args, "--json")...)
	if code != 0 {
		o.t.Fatalf("%v exits %d: %s", args, code, out)
	}
	o.must(json.Unmarshal([]byte(out), into))
}

func TestCommandsRunCaseA(t *testing.T) {
	o := serve(t)
	flow := o.flow()
	options := filepath.Join(t.TempDir(), "options.json")
	o.must(os.WriteFile(options, []byte(`[
		{"kind": "temporary", "title": "Thirty days", "cost": "little", "delay": "none", "risk": "high for a while", "rating": "high"},
		{"kind": "production", "title": "A service", "cost": "a quarter", "delay": "six months", "risk": "low", "rating": "low"},
		{"kind": "none", "title": "No test", "cost": "no answer", "delay": "none", "risk": "none"}]`), 0o600))

	var proposal matrix.Proposal
	o.ok(&proposal, "owner", "propose", "--data", "public", "--volume", "low", "--crosses-boundary", "--lower-trust")
	if proposal.Residual.Rating != matrix.High {
		t.Errorf("proposed %s", proposal.Residual.Rating)
	}
	var d risk.Detail
	o.ok(&d, "owner", "register", "--subject", flow.Ref, "--act", "call", "--title", "Production calls the cloud realm",
		"--threat", "Answers are forged.", "--scope", "The suggester.", "--data", "public", "--direction", "both", "--volume", "low",
		"--party", "organisation:chapter:The chapter, in full", "--party", "community::The community")
	if len(d.Parties) != 2 || d.Parties[0].Organisation != "chapter" || d.Parties[0].Requirement != risk.RequireHearing || d.Rated() {
		t.Errorf("registered: %+v", d.Parties)
	}
	o.ok(&d, "reviewer", "rate", d.ID, "--likelihood", "3", "--impact", "4")
	o.ok(&d, "owner", "options", d.ID, options)
	o.ok(&d, "triager", "hear", d.ID, "--party", "The chapter, in full", "--heard", "Its board", "--said", "With a date.", "--held", "2026-11-23")
	o.ok(&d, "triager", "hear", d.ID, "--party", "The community", "--heard", "Its council", "--said", "With a date.")
	var a risk.AcceptanceDetail
	o.ok(&a, "owner", "ask", d.ID, "--until", "2026-12-23", "--reason", "To learn.", "--option", "temporary", "--condition", "2026-12-01:ops:Log: every call, always")
	if a.Until.Format("2006-01-02T15:04") != "2026-12-24T00:00" || a.Conditions[0].Text != "Log: every call, always" {
		t.Errorf("asked until %v with %+v", a.Until, a.Conditions)
	}
	if out, code := o.run("owner", "accept", d.ID, "--reason", "Mine."); code != 77 || !strings.Contains(out, "Nobody accepts what they asked for") {
		t.Errorf("the asker: exit %d, %s", code, out)
	}
	if out, code := o.run("director", "accept", d.ID, "--reason", "Mine."); code != 77 || !strings.Contains(out, "rank executive") {
		t.Errorf("the director: exit %d, %s", code, out)
	}
	o.ok(&a, "executive", "accept", d.ID, "--reason", "Thirty days.")
	wantCodes(t, o.codes(flow.Ref))
	o.ok(&a, "ops", "meet", d.ID, "--evidence", "Dashboard 7.")
	out, code := o.run("reviewer", "acceptance", d.ID)
	if code != 0 || !strings.Contains(out, "in_force") || !strings.Contains(out, "As Chief executive.") {
		t.Errorf("exit %d: %s", code, out)
	}
	o.ok(&a, "reviewer", "revoke", d.ID, "--reason", "It leaks.")
	wantCodes(t, o.codes(flow.Ref), "risk.acceptance_revoked")
	o.ok(&a, "owner", "settle", d.Item(), "--undone", "Route removed.", "--learnt", "Ask earlier.")
	o.ok(&d, "reviewer", "close", d.Item(), "--note", "The test is over.")
	for _, args := range [][]string{{"list", "--state", "all"}, {"matrix"}, {"show", d.ID}, {"show", d.Item()}, {"acceptance", d.Item()}} {
		if out, code := o.run("auditor", args...); code != 0 || len(out) < 20 {
			t.Errorf("%v: exit %d, %s", args, code, out)
		}
	}
}

func TestCommandErrors(t *testing.T) {
	o := serve(t)
	r := o.registered(o.flow().Ref)
	for _, c := range []struct {
		name, person string
		args         []string
		code         int
		want         string
	}{
		{"unknown flag", "owner", []string{"show", r.ID, "--jsn"}, 64, "unknown flag --jsn"},
		{"missing argument", "owner", []string{"show"}, 64, "<risk>"},
		{"bad rating", "owner", []string{"list", "--rating", "huge"}, 64, "--rating"},
		{"not there", "owner", []string{"show", "abcdefghijklmnop"}, 1, "nothing here"},
		{"not allowed", "owner", []string{"rate", r.ID, "--likelihood", "3", "--impact", "4"}, 77, ""},
		{"not signed in", "ghost", []string{"list"}, 77, ""},
		{"stale", "reviewer", []string{"rate", r.ID, "--likelihood", "3", "--impact", "4", "--version", "9"}, 1, "Somebody changed this"},
		{"a field", "reviewer", []string{"rate", r.ID, "--likelihood", "3", "--impact", "9"}, 64, "--impact: must be from 1 to 5"},
		{"no such row", "reviewer", []string{"list", "--likelihood", "7"}, 64, "--likelihood: must be from 1 to 5"},
		{"no reason", "reviewer", []string{"rate", r.ID, "--likelihood", "1", "--impact", "1", "--inherent-likelihood", "3", "--inherent-impact", "4"}, 1, "reason"},
		{"no acceptance", "executive", []string{"accept", r.ID, "--reason", "x"}, 1, "no acceptance"},
		{"no party", "owner", []string{"parties", r.ID}, 64, "--none"},
		{"parties and none", "owner", []string{"parties", r.ID, "--none", "--party", "organisation::X"}, 64, "--none"},
		{"no kind of subject", "owner", []string{"list", "--subject", "suggestions"}, 1, "kind:name"},
		{"nobody's", "owner", []string{"list", "--owner", "nobody"}, 1, "no such person"},
		{"parties twice", "owner", []string{"parties", r.ID, "--none", "--file", "x.json"}, 64, "--none"},
		{"nothing to change", "owner", []string{"edit", r.ID}, 64, "Say what to change"},
		{"no such organisation", "owner", []string{"parties", r.ID, "--party", "organisation:abc:The chapter"}, 1, "portreeve organisation list"},
		{"party syntax", "owner", []string{"parties", r.ID, "--party", "The chapter"}, 64, "kind:organisation:name"},
		{"condition syntax", "owner", []string{"ask", r.ID, "--until", "2026-12-23", "--reason", "x", "--condition", "soon"}, 64, "date:login:text"},
		{"no such file", "owner", []string{"options", r.ID, "nowhere.json"}, 64, "cannot be read"},
		{"bad date", "owner", []string{"mitigate", r.ID, "--title", "x", "--owner", "ops", "--due", "tomorrow"}, 1, "2026-12-23"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, code := o.run(c.person, c.args...)
			if code != c.code || !strings.Contains(out, c.want) {
				t.Errorf("exit %d, want %d with %q: %s", code, c.code, c.want, out)
			}
		})
	}
}

func TestAPIPreconditions(t *testing.T) {
	d := newDesk(t, storetest.SQLite(t, tables()))
	r := d.ready(d.flow().Ref)
	anyone := webtest.Serve(t, d.mux())
	path := "/api/v1/risks/" + r.ID
	body := risk.RateInput{Inherent: high, Residual: high}
	anyone.Token("reviewer").JSON("POST", path+"/ratings", body).Want(428)
	anyone.Token("owner").JSON("PATCH", path, map[string]string{"threat": "Rain\u202e."}, "If-Match", fmt.Sprintf(`"v%d"`, r.Version)).Want(422).WantText(`"path":"threat"`)
	// Whoever may not do it is told so, not how it would be done.
	anyone.Token("executive").JSON("PATCH", path, map[string]string{"title": "Mine"}).Want(403)
	anyone.Token("executive").JSON("PATCH", path, map[string]string{"title": "Mine"}, "If-Match", "*").Want(403)
	anyone.Token("reviewer").JSON("POST", path+"/ratings", body, "If-Match", `"v1"`).Want(412)
	anyone.Token("reviewer").JSON("POST", path+"/ratings", body, "If-Match", `whatever`).Want(400)
	anyone.Token("owner").JSON("POST", path+"/ratings", body, "If-Match", `"v1"`).Want(403)
	anyone.Get(path).Want(401)
	etag := anyone.Token("reviewer").Get(path).Want(200).Header.Get("ETag")
	done := anyone.Token("reviewer").JSON("POST", path+"/ratings", body, "If-Match", etag, "Idempotency-Key", "one").Want(200)
	again := anyone.Token("reviewer").JSON("POST", path+"/ratings", body, "If-Match", etag, "Idempotency-Key", "one").Want(200)
	if done.Body != again.Body || again.Header.Get("Idempotency-Replayed") != "true" {
		t.Error("a repeat is answered differently")
	}
	anyone.Token("reviewer").JSON("POST", "/api/v1/risks/proposal", map[string]any{"data": "secret-plan"}).Want(422).WantNoText("secret-plan")
	// An acceptance is found under its own risk alone.
	a := d.granted(d.ready(d.another("second").Ref))
	anyone.Token("reviewer").Get("/api/v1" + a.URL()).Want(200)
	anyone.Token("reviewer").Get(path + "/acceptances/" + a.ID).Want(404)
}

// Who holds which post is for those who may see posts, wherever a right is shown.
func TestHoldersAreForThoseWhoSeePosts(t *testing.T) {
	d := newDesk(t, storetest.SQLite(t, tables()))
	r := d.shared(d.ready(d.flow().Ref), "m1")
	a := d.granted(r)
	anyone := webtest.Serve(t, d.mux())
	for _, path := range []string{"/api/v1/risks/" + r.ID, "/api/v1" + a.URL()} {
		anyone.Token("reviewer").Get(path).Want(200).WantText(`"holder":"executive"`)
		anyone.Token("m1").Get(path).Want(200).WantText(`"right":{`).WantNoText(`"holder"`, `"vacant"`)
	}
}

// What a reader may not see answers like what is not there, on every route.
func TestRestrictedIsNotThere(t *testing.T) {
	d := newDesk(t, storetest.SQLite(t, tables()))
	r := d.shared(d.ready(d.flow().Ref), "m1")
	a := d.granted(r)
	anyone := webtest.Serve(t, d.mux())
	for _, person := range []string{"reviewer2", "requester", "admin", "auditor", "outsider"} {
		c := anyone.Token(person)
		for _, hidden := range []string{"/api/v1/risks/" + r.ID, "/api/v1" + a.URL()} {
			real := c.Get(hidden)
			absent := c.Get(strings.NewReplacer(r.ID, "aaaaaaaaaaaaaaaa", a.ID, "aaaaaaaaaaaaaaaa").Replace(hidden))
			if real.Status != 404 || mask(real.Body) != mask(absent.Body) {
				t.Errorf("%s sees %s: %d %s, and of nothing %d %s", person, hidden, real.Status, real.Body, absent.Status, absent.Body)
			}
		}
		c.Get("/api/v1/risks").Want(200).WantNoText(r.ID, "cloud realm")
		var counts risk.Counts
		c.Get("/api/v1/risks/matrix").Want(200).Into(&counts)
		if counts.Total != 0 {
			t.Errorf("%s counts %d", person, counts.Total)
		}
	}
	anyone.Token("reviewer2").JSON("POST", "/api/v1/risks/"+r.ID+"/ratings", risk.RateInput{Inherent: high, Residual: high}).Want(404)
	anyone.Token("reviewer2").JSON("POST", "/api/v1"+a.URL()+"/revocation", risk.ReasonRequest{Reason: "x"}, "If-Match", `"v2"`).Want(404)
	anyone.Token("m1").Get("/api/v1/risks/" + r.ID).Want(200)
	// The gate tells that something is missing, and no more.
	_, err := d.risks.Revoke(d.as("reviewer"), a.ID, a.Version, "Over.")
	d.must(err)
	v, err := d.gate.Ask(d.as("reviewer2"), r.Subject, "call")
	d.must(err)
	if len(v.Blockers) != 1 || v.Blockers[0].Code != gate.CodeWithheld {
		t.Errorf("the gate tells %+v", v.Blockers)
	}
}

// mask takes out what differs in every answer.
func mask(body string) string {
	var doc map[string]any
	if json.Unmarshal([]byte(body), &doc) != nil {
		return body
	}
	delete(doc, "request_id")
	delete(doc, "instance")
	out, _ := json.Marshal(doc)
	return string(out)
}

// Facts are corrected one by one, and what else a party brings goes by a file.
func TestFactsAndPartiesByCommand(t *testing.T) {
	o := serve(t)
	r := o.registered(o.flow().Ref)
	var d risk.Detail
	o.ok(&d, "owner", "edit", r.ID, "--assurances", "A proxy checks every answer.")
	o.ok(&d, "owner", "edit", r.ID, "--access", "read_write", "--data", "personal")
	if d.Inputs.Access != matrix.ReadWrite || d.Inputs.Data != matrix.DataPersonal || d.Inputs.Assurances != "A proxy checks every answer." || d.Inputs.Direction != r.Inputs.Direction {
		t.Errorf("the facts became %+v, from %+v", d.Inputs, r.Inputs)
	}
	file := filepath.Join(t.TempDir(), "parties.json")
	o.must(os.WriteFile(file, []byte(`[{"kind": "community", "name": "Its readers", "exposure": "What they read", "require": "hearing"}]`), 0o600))
	o.ok(&d, "owner", "parties", r.ID, "--file", file)
	if len(d.Parties) != 1 || d.Parties[0].Exposure != "What they read" || d.Parties[0].Require != risk.RequireHearing {
		t.Errorf("the parties became %+v", d.Parties)
	}
}
