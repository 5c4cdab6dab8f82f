// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/catalog/catalogtest"
	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/gate"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

func mux(t *testing.T, f *fixture) *web.Mux {
	t.Helper()
	deps := webtest.Deps(gate.Actions()...)
	people := webtest.ByRole()
	for login, a := range people {
		a.ID = "fictional-" + login
		people[login] = a
	}
	deps.People, deps.Policy, deps.Navigation = people, f.Policy, gate.Navigation()
	m := web.NewMux(deps)
	f.gate.Pages(m)
	f.gate.API(m.API())
	return m
}

func blocked() answers {
	return answers{missing(gate.Missing{Code: "test.open", Message: "Nobody accepted the risk.", LiftedBy: "An executive.", URL: "/risks/a"}), nil,
		missing(gate.Missing{Code: "test.advice", Message: "A review is advised."})}
}

func TestPage(t *testing.T) {
	f := newFixture(t, storetest.SQLite(t, catalogtest.Migrations())).answer(t, blocked())
	ref := f.Register(as(t, authz.RoleOwner), t, catalog.Registration{Kind: "project", Name: "hidden", Title: "Hidden", Visibility: authz.Restricted}).Ref
	anyone := webtest.Serve(t, mux(t, f))
	me := anyone.As("reviewer")
	me.Get("/gate").Want(200).WantText("The gate", "test.first", "test.second (from: high)", "must be in force")
	me.Get("/gate?subject="+flowRef+"&action=call").Want(200).WantText("Denied", "Nobody accepted the risk.", "An executive.", "A review is advised.", "portreeve.gate/v1").
		Find(`a[href="https://office.test/risks/a"]`)
	me.Get("/gate?subject=" + flowRef + "&action=watch").Want(200).WantText("Allowed")
	me.Get("/gate?subject="+flowRef).Want(200).WantText("call", "watch").WantNoText("portreeve.gate/v1")
	me.Get("/gate?subject="+flowRef+"&action=").Want(422).WantText("There is no answer", "Say what is to be done with it").WantNoText("«")
	me.Get("/gate?subject=&action=call").Want(422).WantText("Say what it is to be done with").WantNoText("«")
	me.Get("/gate?subject=&action=").Want(422).WantText("an action and a subject").WantNoText("«")
	absent := me.Get("/gate?subject=project:absent&action=call").Want(404).WantText("There is no answer to this question")
	hidden := me.Get("/gate?subject=" + ref + "&action=call").Want(404)
	if absent.Text() != strings.ReplaceAll(hidden.Text(), ref, "project:absent") {
		t.Errorf("hidden and absent differ:\n%s\n%s", absent.Text(), hidden.Text())
	}
	me.Get("/gate?subject=" + flowRef + "&action=CALL").Want(422)
	anyone.As("outsider").Get("/gate?subject=" + flowRef + "&action=call").Want(403)
}

func TestAPI(t *testing.T) {
	f := newFixture(t, storetest.SQLite(t, catalogtest.Migrations())).answer(t, blocked())
	anyone := webtest.Serve(t, mux(t, f))
	for action, want := range map[string]string{"call": "deny", "watch": "allow", "unheard-of": "deny"} {
		r := anyone.Token("reviewer").Get("/api/v1/gate?subject=" + flowRef + "&action=" + action).Want(200)
		if got := r.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("Cache-Control %q", got)
		}
		var got map[string]json.RawMessage
		r.Into(&got)
		if string(got["decision"]) != `"`+want+`"` {
			t.Errorf("%s: %s", action, got["decision"])
		}
		for _, key := range []string{"blockers", "advice", "evaluated_at", "valid_until", "note", "subject", "action", "version", "digest"} {
			if len(got[key]) == 0 || string(got[key]) == "null" {
				t.Errorf("%s: %s is %s", action, key, got[key])
			}
			delete(got, key)
		}
		if delete(got, "decision"); len(got) > 0 {
			t.Errorf("also holds %v", got)
		}
	}
	anyone.Token("reviewer").Get("/api/v1/gate?subject=flow:absent&action=call").Want(404)
	anyone.Token("reviewer").Get("/api/v1/gate?subject=" + flowRef).Want(422)
	anyone.Token("outsider").Get("/api/v1/gate?subject=" + flowRef + "&action=call").Want(403)
	anyone.Get("/api/v1/gate?subject=" + flowRef + "&action=call").Want(401)
}

// run runs `portreeve gate ARGS` against a server and returns its exit code and output.
func run(t *testing.T, c client.Config, now time.Time, args ...string) (int, string) {
	t.Helper()
	var out bytes.Buffer
	parser, err := kong.New(gate.NewCommands(func() time.Time { return now }), kong.Name("gate"), kong.Exit(func(int) {}), kong.Writers(&out, &out))
	if err != nil {
		t.Fatal(err)
	}
	k, err := parser.Parse(args)
	if err != nil {
		t.Fatal(err)
	}
	session := &client.Session{Context: t.Context(), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Config: c}
	return client.Report(&out, k.Run(session)), out.String()
}

func TestCommands(t *testing.T) {
	f := newFixture(t, storetest.SQLite(t, catalogtest.Migrations())).answer(t, blocked())
	h, err := mux(t, f).Handler()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(h)
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	server.StartTLS()
	defer server.Close()
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ca := write("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	config := client.Config{URL: server.URL, Token: "reviewer", CA: ca}
	key := write("ledger.pub", []byte(f.signer.Verifiers()))
	now := storetest.Start()
	for name, c := range map[string]struct {
		args []string
		at   time.Time
		code int
		want []string
	}{
		"deny":    {[]string{"check", "--subject", flowRef, "--action", "call", "--out", filepath.Join(dir, "deny")}, now, 3, []string{"DENY", "Nobody accepted the risk.", "lifted by: An executive.", "see: https://office.test/risks/a", "advice: A review is advised."}},
		"allow":   {[]string{"check", "--subject", flowRef, "--action", "watch", "-o", filepath.Join(dir, "allow")}, now, 0, []string{"ALLOW"}},
		"as JSON": {[]string{"check", "--subject", flowRef, "--action", "call", "--json"}, now, 3, []string{`"decision": "deny"`, `"lifted_by": "An executive."`}},
		"absent":  {[]string{"check", "--subject", "flow:absent", "--action", "call"}, now, 1, []string{"There is nothing here"}},
	} {
		code, out := run(t, config, c.at, c.args...)
		if code != c.code {
			t.Errorf("%s: exit %d, want %d:\n%s", name, code, c.code, out)
		}
		for _, want := range c.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is not in:\n%s", name, want, out)
			}
		}
	}
	deny, allow := filepath.Join(dir, "deny"), filepath.Join(dir, "allow")
	// What cannot be kept is said all the same, and not with the code of an answer.
	again := []string{"check", "--subject", flowRef, "--action", "call", "--out", deny}
	if code, out := run(t, config, now, again...); code != 64 || !strings.Contains(out, "DENY") || !strings.Contains(out, "--force") {
		t.Errorf("over a file: exit %d:\n%s", code, out)
	}
	if code, out := run(t, config, now, append(again, "--force")...); code != 3 {
		t.Errorf("over a file, forced: exit %d:\n%s", code, out)
	}
	_, answer := run(t, config, now, "check", "--subject", flowRef, "--action", "watch", "--json")
	asJSON := write("allow.json", []byte(answer))
	forged := write("forged.json", []byte(strings.Replace(answer, `"decision": "allow"`, `"decision": "deny"`, 1)))
	unsigned := write("unsigned.json", []byte(`{"decision": "allow"}`))
	later := now.Add(time.Hour)
	for name, c := range map[string]struct {
		args []string
		at   time.Time
		code int
	}{
		"valid allow":       {[]string{"verify", allow, "--key", key}, now, 0},
		"valid deny":        {[]string{"verify", deny, "--key", key}, now, 3},
		"the key itself":    {[]string{"verify", allow, "--key", strings.TrimSpace(f.signer.Verifiers())}, now, 0},
		"JSON":              {[]string{"verify", asJSON, "--key", key}, now, 0},
		"JSON, as signed":   {[]string{"verify", forged, "--key", key}, now, 0},
		"JSON, no note":     {[]string{"verify", unsigned, "--key", key}, now, 1},
		"JSON, another key": {[]string{"verify", asJSON, "--key", strings.TrimSpace(newSigner(t).Verifiers())}, now, 1},
		"to come":           {[]string{"verify", allow, "--key", key}, now.Add(-time.Hour), 1},
		"clock behind":      {[]string{"verify", allow, "--key", key}, now.Add(-4 * time.Minute), 0},
		"expired":           {[]string{"verify", allow, "--key", key}, later, 1},
		"expired, at":       {[]string{"verify", allow, "--key", key, "--at", now.Format(time.RFC3339)}, later, 0},
		"at, too early":     {[]string{"verify", allow, "--key", key, "--at", now.Add(-time.Hour).Format(time.RFC3339)}, later, 1},
		"at, no instant":    {[]string{"verify", allow, "--key", key, "--at", "yesterday"}, now, 64},
		"not a note":        {[]string{"verify", ca, "--key", key}, now, 1},
		"another key":       {[]string{"verify", allow, "--key", strings.TrimSpace(newSigner(t).Verifiers())}, now, 1},
		"no such file":      {[]string{"verify", filepath.Join(dir, "none"), "--key", key}, now, 64},
		"no such key file":  {[]string{"verify", allow, "--key", filepath.Join(dir, "none")}, now, 64},
		"a file as the key": {[]string{"verify", allow, "--key", ca}, now, 1},
	} {
		// Offline: no server is configured.
		if code, out := run(t, client.Config{}, c.at, c.args...); code != c.code {
			t.Errorf("verify, %s: exit %d, want %d:\n%s", name, code, c.code, out)
		}
	}
}
