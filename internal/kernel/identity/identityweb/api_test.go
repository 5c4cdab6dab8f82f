// SPDX-License-Identifier: Apache-2.0

package identityweb_test

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/identity/identityweb"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

func TestAPIPeople(t *testing.T) {
	h := newHouse(t)
	h.settle("rita", authz.RoleReviewer)
	admin := h.admin.Token(h.token(h.admin))
	reader := h.admin.Token(h.token(h.settle("otto", authz.RoleOwner)))

	var made identityweb.InvitedAccount
	created := admin.JSON("POST", "/api/v1/people", identityweb.NewAccount{
		Login: "Olga", Name: "Olga Owner", Mail: "olga@example.org", Roles: []string{"owner"},
	}, "Idempotency-Key", "once").Want(201).Into(&made)
	if made.Account.Login != "olga" || made.Invitation == nil || created.Header.Get("Location") != "/api/v1/people/"+made.Account.ID {
		t.Fatalf("made %+v at %q", made, created.Header.Get("Location"))
	}
	// The link is a secret: the repeat learns that it was done, and not the link.
	again := admin.JSON("POST", "/api/v1/people", identityweb.NewAccount{
		Login: "Olga", Name: "Olga Owner", Mail: "olga@example.org", Roles: []string{"owner"},
	}, "Idempotency-Key", "once")
	wantProblem(t, again, 409, "idempotency.repeated")
	h.nobody().Get(strings.TrimPrefix(made.Invitation.URL, "https://office.test")).Want(200)

	var a identityweb.Account
	if reader.Get("/api/v1/people/olga").Want(200).Into(&a); a.Mail != "" {
		t.Error("the mail address is shown to everybody")
	}
	got := admin.Get("/api/v1/people/" + made.Account.ID).Want(200).Into(&a)
	if a.Mail != "olga@example.org" || got.Header.Get("ETag") != `"v1"` {
		t.Errorf("got %+v with %q", a, got.Header.Get("ETag"))
	}
	wantProblem(t, admin.Get("/api/v1/people/nobody"), 404, "not_found")

	name := "Olga the Owner"
	edit := identityweb.AccountEdit{Name: &name}
	wantProblem(t, admin.JSON("PATCH", "/api/v1/people/olga", edit), 428, "request.if_match_missing")
	wantProblem(t, admin.JSON("PATCH", "/api/v1/people/olga", edit, "If-Match", `"v7"`), 412, "identity.stale")
	admin.JSON("PATCH", "/api/v1/people/olga", edit, "If-Match", `"v1"`).Want(200).WantText(name)
	wantProblem(t, reader.JSON("PATCH", "/api/v1/people/olga", edit, "If-Match", `"v2"`), 403, "authz.forbidden")
	admin.JSON("PUT", "/api/v1/people/olga/roles", identityweb.Roles{Roles: []string{"owner", "executive"}}, "If-Match", `"v2"`).Want(200).WantText("executive")
	wantProblem(t, admin.JSON("POST", "/api/v1/people/olga/deactivation", identityweb.Reason{Reason: "left"}, "If-Match", `"v2"`), 412, "identity.stale")
	admin.JSON("POST", "/api/v1/people/olga/deactivation", identityweb.Reason{Reason: "left"}, "If-Match", `"v3"`).Want(200)
	admin.JSON("POST", "/api/v1/people/olga/reactivation", nil, "If-Match", `"v4"`).Want(200).WantText("invitation")
}

func TestAPIRefusesHiddenNames(t *testing.T) {
	h := newHouse(t)
	admin := h.admin.Token(h.token(h.admin))
	for _, name := range []string{"Olga\u202eevil", "Olga\u200b", "Olga\u2028", "Olga\u009b2J", "Olga\nOwner"} {
		wantProblem(t, admin.JSON("POST", "/api/v1/people", identityweb.NewAccount{Login: "olga", Name: name}), 422, "identity.person_invalid")
		wantProblem(t, admin.JSON("POST", "/api/v1/groups", identityweb.GroupEdit{Name: name, Members: []string{}}), 422, "identity.group_invalid")
		wantProblem(t, admin.JSON("POST", "/api/v1/organisations", identityweb.OrganisationEdit{Name: name}), 422, "identity.organisation_invalid")
		wantProblem(t, admin.JSON("POST", "/api/v1/me/tokens", identityweb.NewToken{Name: name, Everything: true, Days: 1}), 422, "identity.token_invalid")
	}
	wantProblem(t, admin.JSON("POST", "/api/v1/people", identityweb.NewAccount{Login: "olga", Name: strings.Repeat("x", 10240)}), 422, "request.invalid")
}

func TestAPIMe(t *testing.T) {
	h := newHouse(t)
	r := h.settle("rita", authz.RoleReviewer)
	wantProblem(t, h.nobody().Get("/api/v1/me"), 401, "authz.unauthenticated")
	narrow := r.Token(h.token(r, "note:entry:write"))
	var me identityweb.Me
	narrow.Get("/api/v1/me").Want(200).Into(&me)
	if me.Login != "rita" || me.Token == "" || len(me.Scopes) != 1 {
		t.Errorf("me is %+v", me)
	}
	r.Get("/api/v1/me").Want(200).Into(&me) // with a session too
	if me.Session == "" {
		t.Error("the session is not named")
	}
	var sessions web.List[identityweb.Session]
	r.Get("/api/v1/me/sessions").Want(200).Into(&sessions)
	if len(sessions.Items) != 1 || !sessions.Items[0].Current {
		t.Errorf("sessions %+v", sessions)
	}
	send(r.Client, "DELETE", "/api/v1/me/sessions/"+sessions.Items[0].ID).Want(204)
	r.Get("/me").WantLocation("/sign-in?next=%2Fme")
}

// send sends a request without a body; headers are pairs of name and value.
func send(c *webtest.Client, method, path string, headers ...string) *webtest.Response {
	r := httptest.NewRequest(method, "https://office.test"+path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return c.Do(r)
}

func TestAPITokens(t *testing.T) {
	h := newHouse(t)
	r := h.settle("rita", authz.RoleReviewer)
	wide := r.Token(h.token(r))
	var made identityweb.MadeToken
	body := identityweb.NewToken{Name: "narrow", Scopes: []string{"identity:token:manage"}, Days: 1}
	wide.JSON("POST", "/api/v1/me/tokens", body, "Idempotency-Key", "k1").Want(201).Into(&made)
	wantProblem(t, wide.JSON("POST", "/api/v1/me/tokens", body, "Idempotency-Key", "k1"), 409, "idempotency.repeated")
	h.wantNowhere(made.Secret)
	narrow := r.Token(made.Secret)
	wider := identityweb.NewToken{Name: "wider", Scopes: []string{"identity:directory:read"}, Days: 1}
	wantProblem(t, narrow.JSON("POST", "/api/v1/me/tokens", wider), 403, "identity.token_widens")
	wantProblem(t, narrow.JSON("POST", "/api/v1/me/tokens", identityweb.NewToken{Name: "ends never", Everything: true}), 422, "identity.token_invalid")
	wantProblem(t, wide.Get("/api/v1/tokens"), 403, "authz.forbidden")
	wantProblem(t, send(h.admin.Token(h.token(h.settle("otto", authz.RoleOwner))), "DELETE", "/api/v1/me/tokens/"+made.ID), 404, "not_found")
	send(wide, "DELETE", "/api/v1/me/tokens/"+made.ID).Want(204)
	wantProblem(t, narrow.Get("/api/v1/me"), 401, "identity.token_invalid")
}

func TestAPIGroupsAndOrganisations(t *testing.T) {
	h := newHouse(t)
	h.settle("rita", authz.RoleReviewer)
	admin := h.admin.Token(h.token(h.admin))
	var g identityweb.Group
	admin.JSON("POST", "/api/v1/groups", identityweb.GroupEdit{Name: "Team", Members: []string{"rita"}}).Want(201).Into(&g)
	wantProblem(t, admin.JSON("PUT", "/api/v1/groups/"+g.ID, identityweb.GroupEdit{Name: "Team", Members: []string{"rita", "nobody"}}, "If-Match", `"v1"`), 422, "identity.person_unknown")
	admin.JSON("PUT", "/api/v1/groups/"+g.ID, identityweb.GroupEdit{Name: "The team", Members: []string{g.Members[0]}}, "If-Match", `"v1"`).Want(200)
	wantProblem(t, send(admin, "DELETE", "/api/v1/groups/"+g.ID, "If-Match", `"v1"`), 412, "identity.stale")
	send(admin, "DELETE", "/api/v1/groups/"+g.ID, "If-Match", `"v2"`).Want(204)
	var o identityweb.Organisation
	admin.JSON("POST", "/api/v1/organisations", identityweb.OrganisationEdit{Name: "Foundation"}).Want(201).Into(&o)
	admin.JSON("PUT", "/api/v1/organisations/"+o.ID, identityweb.OrganisationEdit{Name: "Chapter"}, "If-Match", `"v1"`).Want(200)
	admin.Get("/api/v1/organisations/" + o.ID).Want(200).WantText("Chapter")
	wantProblem(t, admin.Get("/api/v1/organisations/nothing"), 404, "not_found")
}

// verbs is the part of the command line that this package gives.
type verbs struct {
	Whoami       identityweb.WhoamiCmd            `cmd:""`
	Person       identityweb.PersonCommands       `cmd:""`
	Token        identityweb.TokenCommands        `cmd:""`
	Group        identityweb.GroupCommands        `cmd:""`
	Organisation identityweb.OrganisationCommands `cmd:""`
	Session      identityweb.SessionCommands      `cmd:""`
}

// terminal runs commands against a server over real TLS.
type terminal struct {
	t      *testing.T
	config client.Config
}

func (h *house) terminal(token string) terminal {
	h.t.Helper()
	server := httptest.NewTLSServer(h.handler)
	h.t.Cleanup(server.Close)
	ca := filepath.Join(h.t.TempDir(), "ca.pem")
	data := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(ca, data, 0o600); err != nil {
		h.t.Fatal(err)
	}
	return terminal{h.t, client.Config{URL: server.URL, Token: token, CA: ca}}
}

func (x terminal) run(args ...string) (string, error) {
	x.t.Helper()
	var commands verbs
	parser, err := kong.New(&commands)
	if err != nil {
		x.t.Fatal(err)
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		x.t.Fatalf("%v: %v", args, err)
	}
	var out bytes.Buffer
	err = parsed.Run(&client.Session{Context: x.t.Context(), Stdout: &out, Stderr: &out, Config: x.config})
	return out.String(), err
}

func (x terminal) want(texts []string, args ...string) string {
	x.t.Helper()
	out, err := x.run(args...)
	if err != nil {
		x.t.Fatalf("%v: %v", args, err)
	}
	for _, text := range texts {
		if !strings.Contains(out, text) {
			x.t.Errorf("%v does not say %q:\n%s", args, text, out)
		}
	}
	return out
}

// into runs a command with --json and decodes what it prints.
func (x terminal) into(v any, args ...string) {
	x.t.Helper()
	if err := json.Unmarshal([]byte(x.want(nil, append(args, "--json")...)), v); err != nil {
		x.t.Fatalf("%v: %v", args, err)
	}
}

func TestCommands(t *testing.T) {
	h := newHouse(t)
	x := h.terminal(h.token(h.admin))
	x.want([]string{"admin", "Ada Ministrator"}, "whoami")
	out := x.want([]string{"olga", "works once"}, "person", "invite", "olga", "--name", "Olga Owner", "--role", "owner", "--mail", "olga@example.org")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	olga := h.enrol("olga", strings.TrimPrefix(lines[len(lines)-1], "https://office.test"))
	x.want([]string{"olga", "owner", "active"}, "person", "list")
	x.want([]string{"owner, executive"}, "person", "roles", "olga", "owner", "executive")
	x.want([]string{"Olga the Owner"}, "person", "change", "olga", "--name", "Olga the Owner")
	x.want([]string{"olga@example.org", "executive"}, "person", "show", "olga")
	x.want(nil, "person", "end-sessions", "olga")
	olga.Get("/me").WantLocation("/sign-in?next=%2Fme")

	var token identityweb.MadeToken
	x.into(&token, "token", "create", "check", "--scope", "identity:directory:read", "--days", "7")
	narrow := x
	narrow.config.Token = token.Secret
	narrow.want([]string{"identity:directory:read"}, "whoami")
	if _, err := narrow.run("token", "list"); client.Report(&bytes.Buffer{}, err) != 77 {
		t.Errorf("a narrow token lists tokens: %v", err)
	}
	x.want([]string{token.ID, "live"}, "token", "list")
	x.want([]string{token.ID}, "token", "list", "--all")
	x.want(nil, "token", "revoke", token.ID)
	if _, err := narrow.run("whoami"); client.Report(&bytes.Buffer{}, err) != 77 {
		t.Errorf("a revoked token works: %v", err)
	}

	x.want([]string{"Team"}, "group", "create", "Team", "--member", "olga")
	x.want([]string{"The team", "0"}, "group", "change", "Team", "--name", "The team", "--remove", "olga")
	x.want(nil, "group", "remove", "The team")
	var o identityweb.Organisation
	x.into(&o, "organisation", "create", "Foundation")
	x.want([]string{"Chapter"}, "organisation", "rename", o.ID, "Chapter")
	x.want([]string{"deactivated"}, "person", "deactivate", "olga", "--reason", "left")
	x.want([]string{"works once"}, "person", "reactivate", "olga")
	x.want([]string{"works once"}, "person", "reinvite", "olga")
	x.want([]string{"ID"}, "session", "list")
	if _, err := x.run("person", "show", "nobody"); client.Report(&bytes.Buffer{}, err) != 1 {
		t.Errorf("nobody is shown: %v", err)
	}
}
