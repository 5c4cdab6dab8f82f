// SPDX-License-Identifier: Apache-2.0

package officeweb_test

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

	"portreeve.org/portreeve/internal/kernel/authz/officeweb"
	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

func wantProblem(t *testing.T, r *webtest.Response, status int, code string) {
	t.Helper()
	var p struct {
		Code string `json:"code"`
	}
	if r.Want(status).Into(&p); p.Code != code {
		t.Errorf("code %q, want %q", p.Code, code)
	}
}

// send sends a request without a body; headers are pairs of name and value.
func send(c *webtest.Client, method, path string, headers ...string) *webtest.Response {
	r := httptest.NewRequest(method, "https://office.test"+path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return c.Do(r)
}

func TestAPIPosts(t *testing.T) {
	w := newTown(t)
	admin, reader := w.web.Token("ada"), w.web.Token("rita")
	var chief, p officeweb.Post
	admin.JSON("POST", "/api/v1/posts", officeweb.NewPost{Organisation: w.organisation, Rank: "chief", Title: "Chief Executive", Holder: "cleo"}).Want(201).Into(&chief)
	made := admin.JSON("POST", "/api/v1/posts", officeweb.NewPost{
		Organisation: w.organisation, Rank: "director", Function: "security", Title: "Director of Security", Holder: "sam", Until: "2027-01-31",
	}).Want(201).Into(&p)
	if p.Vacant || p.HolderName != "Sam" || p.Until.Format("2006-01-02T15:04") != "2027-02-01T00:00" || made.Header.Get("Location") != "/api/v1/posts/"+p.ID {
		t.Errorf("made %+v", p)
	}
	path := "/api/v1/posts/" + p.ID
	nobody, sam := "", "sam"
	wantProblem(t, admin.JSON("PATCH", path, officeweb.PostEdit{Holder: &nobody}), 428, "request.if_match_missing")
	wantProblem(t, admin.JSON("PATCH", path, officeweb.PostEdit{Holder: &nobody}, "If-Match", `"v9"`), 412, "authz.stale")
	wantProblem(t, reader.JSON("PATCH", path, officeweb.PostEdit{Holder: &nobody}, "If-Match", `"v1"`), 403, "authz.forbidden")
	p = officeweb.Post{}
	admin.JSON("PATCH", path, officeweb.PostEdit{Holder: &nobody}, "If-Match", `"v1"`).Want(200).Into(&p)
	if !p.Vacant || !p.Until.IsZero() || len(p.Successors) != 1 || p.Successors[0].Name != "Cleo" || p.Successors[0].Post != chief.ID {
		t.Errorf("vacated %+v", p)
	}
	var vacant web.List[officeweb.Post]
	reader.Get("/api/v1/posts?vacant=true").Want(200).Into(&vacant)
	if len(vacant.Items) != 1 || vacant.Items[0].ID != p.ID {
		t.Errorf("vacant are %+v", vacant)
	}
	bad := "soon"
	wantProblem(t, admin.JSON("PATCH", path, officeweb.PostEdit{Holder: &sam, Until: &bad}, "If-Match", `"v2"`), 422, "authz.time_invalid")
	hidden := "Director\u202e"
	wantProblem(t, admin.JSON("PATCH", path, officeweb.PostEdit{Title: &hidden}, "If-Match", `"v2"`), 422, "authz.post_invalid")
	wantProblem(t, admin.JSON("POST", "/api/v1/posts", officeweb.NewPost{Organisation: "nothing", Rank: "chief", Title: "X"}), 422, "authz.post_invalid")
	wantProblem(t, admin.JSON("POST", "/api/v1/posts", officeweb.NewPost{Organisation: w.organisation, Rank: "chief", Title: "X", Holder: "ada"}), 403, "authz.self_appointment")
	wantProblem(t, w.web.Token("out").Get("/api/v1/posts"), 403, "authz.forbidden")
	wantProblem(t, reader.Get("/api/v1/posts/nothing"), 404, "not_found")
	send(admin, "DELETE", path, "If-Match", `"v2"`).Want(204)
	wantProblem(t, reader.Get(path), 404, "not_found")
}

func TestAPIDelegations(t *testing.T) {
	w := newTown(t)
	id := w.post("Director of Security", "director", "security", "sam")
	sam, dan := w.web.Token("sam"), w.web.Token("dan")
	in := officeweb.NewDelegation{Post: id, To: "dan", Until: "2026-12-24", Reason: "Leave"}
	wantProblem(t, dan.JSON("POST", "/api/v1/delegations", in), 403, "authz.not_holder")
	var d officeweb.Delegation
	sam.JSON("POST", "/api/v1/delegations", in).Want(201).Into(&d)
	if !d.InForce || d.ToName != "Dan" || d.PostTitle != "Director of Security" {
		t.Errorf("granted %+v", d)
	}
	dan.Get("/api/v1/me/rights").Want(200).WantText(`"delegation":"`+d.ID+`"`, `"function":"security"`)
	revocation := "/api/v1/delegations/" + d.ID + "/revocation"
	wantProblem(t, send(dan, "POST", revocation), 428, "request.if_match_missing")
	wantProblem(t, send(w.web.Token("rita"), "POST", revocation, "If-Match", `"v1"`), 403, "authz.not_party")
	send(dan, "POST", revocation, "If-Match", `"v1"`).Want(200).WantText("revoked_at")
	wantProblem(t, send(sam, "POST", revocation, "If-Match", `"v2"`), 409, "authz.delegation_ended")
	dan.Get("/api/v1/delegations").Want(200).WantText(`"items":[]`)
	dan.Get("/api/v1/delegations?state=all").Want(200).WantText(d.ID)
}

func TestAPIBodies(t *testing.T) {
	w := newTown(t)
	admin := w.web.Token("ada")
	var b officeweb.Body
	admin.JSON("POST", "/api/v1/bodies", officeweb.NewBody{Organisation: w.organisation, Name: "Council", Members: []string{"sam", "cleo"}, Quorum: 2}).Want(201).Into(&b)
	path := "/api/v1/bodies/" + b.ID
	more := []string{"sam", "cleo", "dan"}
	admin.JSON("PATCH", path, officeweb.BodyEdit{Members: &more}, "If-Match", `"v1"`).Want(200).Into(&b)
	if len(b.Members) != 3 || b.Quorum != 2 || b.Active != 3 {
		t.Errorf("changed %+v", b)
	}
	wantProblem(t, admin.JSON("POST", "/api/v1/bodies", officeweb.NewBody{Organisation: w.organisation, Name: "Own", Members: []string{"ada"}, Quorum: 1}), 403, "authz.self_appointment")
	wantProblem(t, admin.JSON("PATCH", path, officeweb.BodyEdit{Members: &[]string{"nobody"}}, "If-Match", `"v2"`), 422, "authz.person_unknown")
	wantProblem(t, send(w.web.Token("rita"), "DELETE", path, "If-Match", `"v2"`), 403, "authz.forbidden")
	send(admin, "DELETE", path, "If-Match", `"v2"`).Want(204)
}

// verbs is the part of the command line that this package gives.
type verbs struct {
	Post       officeweb.PostCommands       `cmd:""`
	Body       officeweb.BodyCommands       `cmd:""`
	Delegation officeweb.DelegationCommands `cmd:""`
	Rank       officeweb.RankCommands       `cmd:""`
}

func TestCommands(t *testing.T) {
	w := newTown(t)
	server := httptest.NewTLSServer(w.handler)
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(login string, args ...string) (string, error) {
		t.Helper()
		var commands verbs
		parser, err := kong.New(&commands)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := parser.Parse(args)
		if err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		var out bytes.Buffer
		err = parsed.Run(&client.Session{Context: t.Context(), Stdout: &out, Stderr: &out, Config: client.Config{URL: server.URL, Token: login, CA: ca}})
		return out.String(), err
	}
	want := func(text, login string, args ...string) string {
		t.Helper()
		out, err := run(login, args...)
		if err != nil || !strings.Contains(out, text) {
			t.Fatalf("%v: %v; %q is not in:\n%s", args, err, text, out)
		}
		return out
	}
	id := func(login string, args ...string) string {
		t.Helper()
		var made struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal([]byte(want("", login, append(args, "--json")...)), &made); err != nil || made.ID == "" {
			t.Fatalf("%v: %v", args, err)
		}
		return made.ID
	}
	want("director", "rita", "rank", "list")
	id("ada", "post", "create", "Chief Executive", "--organisation", w.organisation, "--rank", "chief", "--holder", "cleo")
	post := id("ada", "post", "create", "Director of Security", "--organisation", w.organisation, "--rank", "director", "--function", "security")
	want("vacant: authority is with Cleo", "rita", "post", "list", "--vacant")
	want(w.organisation, "rita", "post", "list", "--vacant")
	want("Sam", "ada", "post", "appoint", post, "sam", "--until", "2027-01-31")
	want("2027-01-31", "rita", "post", "show", post)
	want("Head of Security", "ada", "post", "change", post, "--title", "Head of Security")
	delegation := id("sam", "delegation", "grant", post, "dan", "--until", "2026-12-24", "--reason", "Leave")
	want("in force", "rita", "delegation", "list")
	want("by delegation", "dan", "rank", "mine")
	want("revoked", "dan", "delegation", "revoke", delegation)
	want("vacant", "ada", "post", "vacate", post)
	want("", "ada", "post", "abolish", post)
	body := id("ada", "body", "create", "Council", "--organisation", w.organisation, "--member", "sam", "--member", "cleo", "--quorum", "2")
	want("The council", "ada", "body", "change", body, "--name", "The council")
	want("2 of 2", "rita", "body", "list")
	want("", "ada", "body", "dissolve", body)
	if _, err := run("rita", "post", "vacate", post); client.Report(&bytes.Buffer{}, err) != 1 {
		t.Errorf("an abolished post is vacated: %v", err)
	}
	if _, err := run("rita", "post", "create", "X", "--organisation", w.organisation, "--rank", "chief"); client.Report(&bytes.Buffer{}, err) != 77 {
		t.Errorf("a reviewer creates a post: %v", err)
	}
}
