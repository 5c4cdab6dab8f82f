// SPDX-License-Identifier: Apache-2.0

package app

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/web"
)

var update = flag.Bool("update", false, "rewrite the golden files from what the code does now")

const goldenRoutes = "testdata/routes.golden"

// operatorRoutes stand beside the mux, for tools that are no person: see
// [office.front].
func operatorRoutes() []web.Route {
	return []web.Route{
		{Method: "GET", Pattern: "/healthz", Public: "says that the process lives"},
		{Method: "GET", Pattern: "/readyz", Public: "says whether it can be used, part by part"},
		{Method: "GET", Pattern: "/metrics", Action: actionMetrics, API: true},
	}
}

// TestEveryRouteAsEveryRole tries each page and operation as each role and as
// nobody, and holds the outcome against a golden file: who widens a grant or adds
// a route shows it to the reviewer as a line that changed.
//
// The ids in the addresses do not exist, so that what is refused is refused for
// the role and not for the item. Run with -update to rewrite the file.
func TestEveryRouteAsEveryRole(t *testing.T) {
	in := openInstallation(t, t.TempDir(), loadedAt())
	addAuditor(t, in)
	roles := []string{""}
	visitors := map[string]*visitor{"": in.visit("")}
	actors := map[string]authz.Actor{"": authz.Anonymous()}
	for _, role := range authz.Roles() {
		login := string(role)
		roles = append(roles, login)
		visitors[login] = in.visit(login)
		actors[login] = authz.ActorFrom(in.as(login))
	}
	var lines []string
	for _, r := range append(in.mux.Routes(), operatorRoutes()...) {
		if (r.Action == "") == (r.Public == "") {
			t.Errorf("%s %s: a route has an action or says why it is public", r.Method, r.Pattern)
		}
		marks := ""
		for _, role := range roles {
			allowed := try(t, visitors[role], r)
			// What a public route makes of nobody is its own business: /api/v1/me answers 401.
			if want := in.policy.Allowed(actors[role], r.Action); r.Public == "" && allowed != want {
				t.Errorf("%s %s as %q: allowed %t, but the policy says %t", r.Method, r.Pattern, role, allowed, want)
			}
			marks += fmt.Sprintf("%-*s", len(column(role))+1, map[bool]string{true: "allow", false: "-"}[allowed])
		}
		lines = append(lines, marks+" "+r.Pattern+"  "+r.Method+"  "+guardOf(r))
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[strings.Index(a, "/"):], b[strings.Index(b, "/"):]) })
	head := ""
	for _, role := range roles {
		head += column(role) + " "
	}
	compareGolden(t, "# Every route, who gets past its guard, and the guard: an action, or why it is public.\n"+
		head+" route\n"+strings.Join(lines, "\n")+"\n")
}

// column is the head of a role's column, which a mark fits below.
func column(role string) string {
	if role == "" {
		role = "nobody"
	}
	return fmt.Sprintf("%-5s", role)
}

func guardOf(r web.Route) string {
	if r.Public != "" {
		return "public: " + r.Public
	}
	return string(r.Action)
}

// addAuditor adds the one role that the demo's cast lacks.
func addAuditor(t *testing.T, in *installation) {
	t.Helper()
	_, invitation, err := in.identity.CreatePerson(in.as("admin"), identity.PersonInput{
		Login: "auditor", Name: "Aron Auditor", Roles: []authz.Role{authz.RoleAuditor},
	})
	if err != nil {
		t.Fatal(err)
	}
	l := &loader{office: in.office, state: in.state, people: map[string]string{}}
	if err := l.enrol(t.Context(), castMember{Login: "auditor", Name: "Aron Auditor", Role: "auditor"}, invitation); err != nil {
		t.Fatal(err)
	}
}

var placeholder = regexp.MustCompile(`\{([a-z$.]+)\}`)

// address fills a pattern with ids that do not exist.
func address(pattern string) string {
	return placeholder.ReplaceAllStringFunc(pattern, func(name string) string {
		switch name {
		case "{$}":
			return ""
		case "{seq}", "{size}":
			return "987654"
		case "{ref}", "{to}":
			return "flow:there-is-none"
		default:
			return "there-is-none"
		}
	})
}

// try makes one request and reports whether it got past the guard.
func try(t *testing.T, v *visitor, r web.Route) bool {
	t.Helper()
	contentType, body := "", ""
	if r.Method != http.MethodGet {
		contentType, body = "application/x-www-form-urlencoded", "x=y"
		if r.API {
			contentType, body = "application/json", "{}"
		}
	}
	w := v.send(r.Method, address(r.Pattern), contentType, body)
	where := fmt.Sprintf("%s %s as %q", r.Method, r.Pattern, v.login)
	if w.Code >= 500 || w.Code < 200 {
		t.Errorf("%s: status %d\n%s", where, w.Code, w.Body)
	}
	if v.login == "" && r.Method == http.MethodGet && w.Header().Get("Set-Cookie") != "" {
		t.Errorf("%s: nobody asked for a cookie, and gets %s", where, w.Header().Get("Set-Cookie"))
	}
	keepSession(t, v)
	return !refused(w, r)
}

// refused reports whether the answer is that of the guard. Signing out leads to
// the sign-in page too, but takes the cookie away.
func refused(w *httptest.ResponseRecorder, r web.Route) bool {
	switch {
	case w.Code == http.StatusUnauthorized, w.Code == http.StatusForbidden:
		return true
	case r.Public == "" && w.Code == http.StatusSeeOther:
		return strings.HasPrefix(w.Header().Get("Location"), "/sign-in") && w.Header().Get("Set-Cookie") == ""
	default:
		return false
	}
}

// keepSession signs the visitor in again after a route that ended the session.
func keepSession(t *testing.T, v *visitor) {
	t.Helper()
	if v.login == "" {
		return
	}
	if _, err := v.in.identity.Authenticate(t.Context(), v.cookie); err != nil {
		v.signIn()
	}
}

func compareGolden(t *testing.T, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(goldenRoutes), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(goldenRoutes, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(goldenRoutes)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("who reaches what has changed (-file +now). If that is meant, run go test ./internal/app -run TestEveryRouteAsEveryRole -update and let somebody review the difference:\n%s", diff)
	}
}

// TestDescriptionHasEveryOperation: what answers JSON is described, with its guard.
func TestDescriptionHasEveryOperation(t *testing.T) {
	in := openInstallation(t, t.TempDir(), loadedAt())
	var doc struct {
		Paths map[string]map[string]struct {
			Action string `json:"x-action"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(in.visit("").get("/api/v1/openapi.json").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	described := 0
	for _, operations := range doc.Paths {
		described += len(operations)
	}
	routed := 0
	for _, r := range in.mux.Routes() {
		if !r.API {
			continue
		}
		routed++
		op, ok := doc.Paths[strings.TrimPrefix(r.Pattern, "/api/v1")][strings.ToLower(r.Method)]
		if !ok || op.Action != string(r.Action) {
			t.Errorf("%s %s: described %t, guarded by %q and described with %q", r.Method, r.Pattern, ok, r.Action, op.Action)
		}
	}
	if described != routed {
		t.Errorf("%d operations are described, %d answer", described, routed)
	}
}

// TestPagesTakeNoToken: a page acts for a browser, and a token that leaked into
// an address or a proxy must open none.
func TestPagesTakeNoToken(t *testing.T) {
	in := openInstallation(t, t.TempDir(), loadedAt())
	admin := in.visit("admin")
	for _, r := range in.mux.Routes() {
		if r.API || r.Public != "" {
			continue
		}
		w := (&visitor{in: in}).send(r.Method, address(r.Pattern), "application/x-www-form-urlencoded", "x=y", "Authorization", "Bearer "+admin.token)
		if !refused(w, r) {
			t.Errorf("%s %s answers %d to a token", r.Method, r.Pattern, w.Code)
		}
	}
}
