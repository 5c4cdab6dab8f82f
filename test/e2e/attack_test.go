// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestAttacks tries on a running server what an attacker would try first.
func TestAttacks(t *testing.T) {
	s := startDemo(t, t.TempDir(), "")
	for _, attack := range []struct {
		name string
		try  func(t *testing.T)
	}{
		{"names that lie", s.lyingNames},
		{"markup in names and texts", s.markup},
		{"what is restricted in a public review", s.restrictedFinding},
		{"a form that is stale", s.staleForm},
		{"two clicks", s.twoClicks},
		{"half a request", s.halfRequests},
		{"requests too large", s.largeRequests},
		{"a session planted before signing in", s.plantedSession},
		{"a way out to another site", s.openRedirect},
		{"a host name of the attacker's", s.forgedHost},
		{"a one-time code twice", s.replayedCode},
		{"who has an account here", s.accountOracle},
		{"erasing the ledger", s.eraseLedger},
		{"asking the gate from outside", s.gateFromOutside},
		{"the same vote many times at once", s.votesAtOnce},
		{"an invitation twice", s.invitationTwice},
		{"a closed account", s.closedAccount},
	} {
		t.Run(attack.name, attack.try)
	}
}

// firstRisk is the id of the risk of the worked case.
func (s *server) firstRisk(t *testing.T) string {
	t.Helper()
	var list struct {
		Items []riskView `json:"items"`
	}
	s.caller("reviewer").get("/api/v1/risks?subject=flow:property-suggester-ab-test").want(t, 200).decode(t, &list)
	if len(list.Items) != 1 {
		t.Fatalf("%d risks of the worked case", len(list.Items))
	}
	return list.Items[0].ID
}

// lyingNames tries to give every kind of thing a name that reorders its
// neighbours on a page, moves the cursor of a terminal, or adds a line.
func (s *server) lyingNames(t *testing.T) {
	foundation, risk := s.foundation(), s.firstRisk(t)
	named := func(role string, args ...string) func(string) result {
		return func(name string) result {
			typed := slices.Clone(args)
			for i := range typed {
				typed[i] = strings.ReplaceAll(typed[i], "NAME", name)
			}
			return s.cli(role, typed...)
		}
	}
	register := []string{"risk", "register", "--subject=flow:property-suggester-ab-test", "--data=public", "--threat=x", "--scope=x"}
	options := func(name string) result {
		data, err := json.Marshal([]map[string]string{{"kind": "none", "title": name, "cost": "x", "delay": "x", "risk": "x"}})
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "options.json")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return s.cli("owner", "risk", "options", risk, file)
	}
	things := map[string]func(name string) result{
		"subject":      named("triager", "subject", "register", "project", "--title=NAME", "--organisation="+foundation),
		"risk":         named("triager", append(register, "--title=NAME")...),
		"party":        named("triager", append(register, "--title=x", "--party=community::NAME")...),
		"mitigation":   named("owner", "risk", "mitigate", risk, "--title=NAME", "--owner=owner", "--due="+day(3)),
		"option":       options,
		"hearing":      named("triager", "risk", "hear", risk, "--party=The Chapter", "--heard=NAME", "--said=x"),
		"account":      named("admin", "person", "invite", "liar", "--name=NAME"),
		"group":        named("admin", "group", "create", "NAME"),
		"organisation": named("admin", "organisation", "create", "NAME"),
		"post":         named("admin", "post", "create", "NAME", "--organisation="+foundation, "--rank=manager"),
		"body":         named("admin", "body", "create", "NAME", "--organisation="+foundation, "--member=owner", "--quorum=1"),
		"token":        named("owner", "token", "create", "NAME", "--everything", "--days=1"),
	}
	for what, make := range things {
		for lie, name := range map[string]string{"reorders": "abc\u202etxt.exe", "moves the cursor": "abc\x1b[2Jx", "C1 control": "abc\u009b2Jx", "adds a line": "abc\nowner: you", "is not seen": "ad\u200bmin"} {
			if r := make(name); r.code != exitRefused || r.stdout != "" || !strings.Contains(r.stderr, "portreeve: ") {
				t.Errorf("the name of a %s that %s: exit %d\n%q\n%s", what, lie, r.code, r.stdout, r.stderr)
			}
		}
	}
	for lie, text := range map[string]string{"moves the cursor": "abc\x1b[2Jx", "C1 control": "abc\u009b2Jx"} {
		for what, r := range map[string]result{
			"comment": s.cli("owner", "comment", "add", "risk:"+risk, text),
			"threat":  s.cli("owner", "risk", "edit", risk, "--threat="+text),
			"reason":  s.cli("owner", "risk", "ask", risk, "--until="+day(9), "--reason="+text),
			"review":  s.cli("reviewer", "risk", "review", risk, "--note="+text),
			"what":    s.cli("owner", "subject", "change", "flow:property-suggester-ab-test", "--description="+text),
			"for":     s.cli("owner", "subject", "change", "flow:property-suggester-ab-test", "--set=purpose="+text),
		} {
			if r.code != exitRefused {
				t.Errorf("a %s that %s: exit %d\n%q\n%s", what, lie, r.code, r.stdout, r.stderr)
			}
		}
	}
	s.attachedNames(t, risk)
}

// attachedNames: a file is taken under a name that lies to nobody, whatever it is
// called; an address with control characters is refused.
func (s *server) attachedNames(t *testing.T, risk string) {
	file := filepath.Join(t.TempDir(), "x.txt")
	if err := os.WriteFile(file, []byte("Hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	attach := func(name string) result {
		return s.cli("owner", "attachment", "add", "risk:"+risk, file, "--name="+name, "--json")
	}
	for _, name := range []string{"a\r\nSet-Cookie: x=y.txt", "é\x1b[2J.txt"} {
		attach(name).must(t, exitRefused)
	}
	for _, name := range []string{"abc\u202etxt.exe.txt", `a"; filename="b.html.txt`, "../../etc/passwd.txt", `..\..\x.txt`, "con.txt", strings.Repeat("é", 300) + ".txt"} {
		var made struct{ ID, Name string }
		attach(name).must(t, 0).decode(t, &made)
		got := s.caller("owner").get("/api/v1/attachments/"+made.ID+"/content").want(t, 200)
		disposition := got.header.Get("Content-Disposition")
		if strings.ContainsAny(made.Name, "\r\n\x1b/\\\"") || strings.ContainsRune(made.Name, '\u202e') || len(made.Name) > 255 || made.Name == "" ||
			!strings.HasPrefix(disposition, "attachment") || string(got.body) != "Hello" {
			t.Errorf("%q became %q: %s", name, made.Name, disposition)
		}
		if got.header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(got.header.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%q would be shown in a browser: %v", name, got.header)
		}
	}
}

// markup is what no page may hold as such.
var markup = regexp.MustCompile(`<img src=x|<script>alert|href="javascript:|href="data:|onerror="|onmouseover="|<iframe|<svg onload|src="https?://evil`)

func (s *server) markup(t *testing.T) {
	foundation := s.foundation()
	triager := s.caller("triager")
	var ids, pages []string
	for i, evil := range []string{`<img src=x onerror=alert(1)>`, `"><script>alert(1)</script>`, `{{.Actor}}' onmouseover="alert(1)"`, `=HYPERLINK("https://evil.example","x")`} {
		subject := map[string]any{"kind": "project", "name": fmt.Sprintf("markup-%d", i), "title": evil, "description": evil, "organisation": foundation, "attributes": map[string]string{"homepage": "javascript:alert(1)"}}
		triager.call("POST", "/api/v1/subjects", subject).want(t, 201)
		risk := map[string]any{
			"subject": fmt.Sprintf("project:markup-%d", i), "title": evil, "threat": evil, "scope": evil + "\n\n[x](javascript:alert(1)) <iframe src=x>",
			"inputs": map[string]any{"data": "public", "direction": "both", "access": "read", "volume": "low", "crosses_boundary": false, "lower_trust": false},
		}
		var r riskView
		triager.call("POST", "/api/v1/risks", risk).want(t, 201).decode(t, &r)
		ids = append(ids, r.ID)
		pages = append(pages, s.markedReview(t, fmt.Sprintf("markup-%d", i), evil)...)
		for _, text := range []string{evil, "[x](javascript:alert(1))", "[x](JaVaScRiPt&#58;alert(1))", "![x](https://evil.example/pixel.png)", "<svg onload=alert(1)>", "[x](data:text/html,<script>alert(1)</script>)", "<a href=\"//evil.example\" onmouseover=\"alert(1)\">x</a>"} {
			s.cli("triager", "comment", "add", "risk:"+r.ID, text).must(t, 0)
		}
	}
	b := s.browser()
	b.signIn("triager")
	pages = append(pages, "/", "/reviews", "/reviews/list?column=all", "/reviews/plan", "/reviews/meeting", "/reviews/metrics", "/risks", "/risks?sort=recent", "/subjects", "/subjects/project:markup-0", "/subjects/project:markup-1/edit", "/ledger", "/search?q=alert", "/search?q="+url.QueryEscape(`"><script>alert(1)</script>`), "/gate?subject="+url.QueryEscape(`<img src=x onerror=alert(1)>`)+"&action=call")
	for _, id := range ids {
		pages = append(pages, "/risks/"+id, "/risks/"+id+"/edit", "/items/risk/"+id+"/discussion")
	}
	for _, page := range pages {
		a := b.get(page)
		if a.status >= 500 {
			t.Errorf("%s: %s", page, a)
		}
		if found := markup.Find(a.body); found != nil {
			t.Errorf("%s holds %s", page, found)
		}
		if policy := a.header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", page, policy)
		}
	}
}

// staleForm: of two who edit, the second is told and keeps what they typed.
func (s *server) staleForm(t *testing.T) {
	s.caller("reviewer").call("POST", "/api/v1/subjects", s.subject("stale")).want(t, 201)
	const path = "/subjects/project:stale/edit"
	b := s.browser()
	b.signIn("reviewer")
	first, second := b.get(path).form(t, path), b.get(path).form(t, path)
	first.Set("title", "First come")
	second.Set("title", "Second come")
	if a := b.post(path, first); a.status != http.StatusSeeOther {
		t.Fatalf("the first: %s", a)
	}
	a := b.post(path, second)
	if a.status != http.StatusPreconditionFailed || !strings.Contains(string(a.body), "Second come") || !strings.Contains(string(a.body), "First come") {
		t.Errorf("the second is not shown both texts: status %d\n%s", a.status, a.body)
	}
	if body := string(b.get("/subjects/project:stale").body); !strings.Contains(body, "First come") || strings.Contains(body, "Second come") {
		t.Error("the second overwrote the first")
	}
}

// twoClicks: a form that is sent many times at once takes effect once, and every
// click leads to the same page.
func (s *server) twoClicks(t *testing.T) {
	b := s.browser()
	b.signIn("council-one")
	form := b.get("/subjects/new?kind=project").form(t, "/subjects")
	form.Set("kind", "project")
	form.Set("name", "clicked")
	form.Set("title", "Clicked many times")
	form.Set("organisation", s.foundation())
	form.Set("visibility", "internal")
	answers := make([]answer, 6)
	together(len(answers), func(i int) { answers[i] = b.post("/subjects", form) })
	for _, a := range answers {
		if a.status != http.StatusSeeOther || a.header.Get("Location") != "/subjects/project:clicked" {
			t.Errorf("status %d to %q\n%.2000s", a.status, a.header.Get("Location"), a.body)
		}
	}
	if n := s.entries(t, "project:clicked"); n != 1 {
		t.Errorf("%d entries", n)
	}
	form.Set("title", "Something else with the same form")
	if a := b.post("/subjects", form); a.status == http.StatusSeeOther || a.status >= 500 {
		t.Errorf("the same form with something else: %s", a)
	}
}

// dial opens a connection as a client would.
func (s *server) dial(t *testing.T) *tls.Conn {
	t.Helper()
	config := s.http().Transport.(*http.Transport).TLSClientConfig.Clone()
	config.ServerName = "localhost"
	c, err := tls.Dial("tcp", strings.TrimPrefix(s.URL, "https://"), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// halfRequests: who begins to ask and then falls silent keeps nobody else waiting.
func (s *server) halfRequests(t *testing.T) {
	token := s.as("requester").Token
	for i := range 120 {
		c := s.dial(t)
		text := "POST /api/v1/subjects HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token + "\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n"
		switch i % 3 {
		case 1:
			text += "\r\n{\"kind\":"
		case 2:
			text = "POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000\r\n\r\n--x\r\nContent-Disposition: form-data; name=\"login\"\r\n"
		}
		if _, err := c.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	s.caller("reviewer").get("/api/v1/risks").want(t, 200)
	s.caller("triager").call("POST", "/api/v1/subjects", s.subject("beside-the-silent")).want(t, 201)
	s.caller("").get("/readyz").want(t, 200)
}

func (s *server) largeRequests(t *testing.T) {
	long := strings.Repeat("a", 100_000)
	reviewer := s.caller("reviewer")
	reviewer.client.Transport.(*http.Transport).ForceAttemptHTTP2 = false // HTTP/2 would hang up instead of answering
	for name, a := range map[string]answer{
		"header":  reviewer.call("GET", "/api/v1/risks", nil, "X-Long", long),
		"address": reviewer.get("/api/v1/risks?subject=" + long),
		"path":    reviewer.get("/risks/" + long),
		"cookie":  reviewer.call("GET", "/", nil, "Cookie", sessionCookie+"="+long),
		"token":   reviewer.call("GET", "/api/v1/risks", nil, "Authorization", "Bearer "+long),
	} {
		if a.status < 400 || a.status >= 500 {
			t.Errorf("%s: status %d", name, a.status)
		}
	}
	b := s.browser()
	b.signIn("council-two")
	for what, body := range map[string]string{
		"field":  "kind=project&title=" + strings.Repeat("x", 10<<20),
		"fields": strings.Repeat("a=b&", 300_000),
		"names":  "kind=project&" + manyNames(5000),
	} {
		if a := b.send("POST", "/subjects", "application/x-www-form-urlencoded", body); a.status < 400 || a.status >= 500 {
			t.Errorf("%s: status %d", what, a.status)
		}
	}
}

func manyNames(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("n%d=x", i)
	}
	return strings.Join(names, "&")
}

// plantedSession: a cookie that was there before signing in is worth nothing
// afterwards, and the new one cannot be read by scripts or sent elsewhere.
func (s *server) plantedSession(t *testing.T) {
	b := s.browser()
	planted := strings.Repeat("A", 43)
	home, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	b.client.Jar.SetCookies(home, []*http.Cookie{{Name: sessionCookie, Value: planted, Path: "/", Secure: true}})
	a := b.post("/sign-in", s.credentials("legal"))
	if a.status != http.StatusSeeOther || b.cookie(sessionCookie) == planted || b.cookie(sessionCookie) == "" {
		t.Fatalf("signed in with the cookie %q: %s", b.cookie(sessionCookie), a)
	}
	for _, line := range a.header.Values("Set-Cookie") {
		for _, flag := range []string{"; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax"} {
			if !strings.Contains(line, flag) {
				t.Errorf("a cookie without %q: %s", flag, line)
			}
		}
		if strings.Contains(line, "Domain=") || !strings.HasPrefix(line, "__Host-") {
			t.Errorf("a cookie that other hosts can set: %s", line)
		}
	}
	old := s.browser()
	old.client.Jar.SetCookies(home, []*http.Cookie{{Name: sessionCookie, Value: planted, Path: "/", Secure: true}})
	if got := old.get("/me"); got.status != http.StatusSeeOther || !strings.HasPrefix(got.header.Get("Location"), "/sign-in") {
		t.Errorf("the planted cookie is signed in: %s", got)
	}
	// Signing out ends the session, not only the cookie.
	kept := b.cookie(sessionCookie)
	b.post("/sign-out", url.Values{})
	old.client.Jar.SetCookies(home, []*http.Cookie{{Name: sessionCookie, Value: kept, Path: "/", Secure: true}})
	if got := old.get("/me"); got.status != http.StatusSeeOther {
		t.Errorf("the session lives on after signing out: %s", got)
	}
}

func (s *server) openRedirect(t *testing.T) {
	b := s.browser()
	b.signIn("operations")
	for _, next := range []string{
		"https://evil.example/", "//evil.example/", `/\evil.example/`, `\\evil.example`, "/%09/evil.example", "/\t/evil.example", "///evil.example", "javascript:alert(1)",
		"/sign-in?next=//evil.example", "https:evil.example", "/..//evil.example", "/%2f/evil.example", "/a/../..//evil.example", " //evil.example", "/\r\nSet-Cookie: a=b", "http://" + strings.TrimPrefix(s.URL, "https://") + "@evil.example/",
	} {
		a := b.get("/sign-in?next=" + url.QueryEscape(next))
		location := a.header.Get("Location")
		resolved, err := url.Parse(s.URL + "/sign-in")
		if err == nil {
			resolved, err = resolved.Parse(location)
		}
		if err != nil || a.status == http.StatusSeeOther && (resolved.Scheme+"://"+resolved.Host != s.URL || strings.HasPrefix(location, "//") || strings.Contains(location, `\`)) || a.status >= 500 || a.header.Get("Set-Cookie") != "" && strings.Contains(a.header.Get("Set-Cookie"), "a=b") {
			t.Errorf("next=%q: status %d to %q", next, a.status, location)
		}
	}
	for _, path := range []string{"//evil.example/", "//evil.example/..", "/.//evil.example", `/\evil.example`, "/%5cevil.example", "http://evil.example/risks"} {
		c := s.dial(t)
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path)
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if location := resp.Header.Get("Location"); strings.HasPrefix(location, "//") || strings.Contains(location, ":") || strings.Contains(location, `\`) || resp.StatusCode >= 500 {
			t.Errorf("GET %s: status %d to %q", path, resp.StatusCode, location)
		}
	}
	if a := b.get("/sign-in?next=" + url.QueryEscape("/risks?state=all")); a.header.Get("Location") != "/risks?state=all" {
		t.Errorf("an honest next leads to %q", a.header.Get("Location"))
	}
	if a := s.browser().get("/risks?state=all"); a.header.Get("Location") != "/sign-in?next=%2Frisks%3Fstate%3Dall" {
		t.Errorf("a page sends to %q", a.header.Get("Location"))
	}
}

// forgedHost: addresses are made from the configuration, never from what a
// request calls the server.
func (s *server) forgedHost(t *testing.T) {
	for _, path := range []string{"/", "/sign-in", "/risks", "/.well-known/security.txt", "/api/v1/gate?subject=flow:none&action=call", "/api/v1/openapi.json", "/nothing"} {
		c := s.dial(t)
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: forged.example\r\nX-Forwarded-Host: forged.example\r\nX-Forwarded-For: 10.9.8.7\r\nForwarded: host=forged.example\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n", path, s.as("reviewer").Token)
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		var text strings.Builder
		if err := resp.Write(&text); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if strings.Contains(text.String(), "forged.example") {
			t.Errorf("%s repeats the forged host:\n%.1000s", path, text.String())
		}
	}
}

// replayedCode: a one-time code that somebody saw over a shoulder is used up.
func (s *server) replayedCode(t *testing.T) {
	credentials := s.credentials("chapter-director")
	owner, thief := s.browser(), s.browser()
	if a := owner.post("/sign-in", credentials); a.status != http.StatusSeeOther {
		t.Fatalf("the owner of the code: %s", a)
	}
	if a := thief.post("/sign-in", credentials); a.status != http.StatusUnprocessableEntity || thief.cookie(sessionCookie) != "" {
		t.Errorf("the code was taken twice: %s", a)
	}
}

var perRequest = regexp.MustCompile(`name="_submission" value="[^"]*"|name="login" [^>]*>|<input [^>]*name="login"[^>]*>`)

// accountOracle: whatever is wrong with an attempt to sign in, the answer is the
// same, so that it tells nobody which part was right.
func (s *server) accountOracle(t *testing.T) {
	var first string
	for what, values := range map[string]url.Values{
		"no such login":  {"login": {"nobody-here"}, "password": {s.as("owner").Password}, "code": {"123456"}},
		"wrong password": {"login": {"council-three"}, "password": {"not the password at all"}, "code": {s.code("council-three")}},
		"wrong code":     {"login": {"council-three"}, "password": {s.as("owner").Password}, "code": {"000000"}},
		"no login":       {"login": {"\u202e'; --"}, "password": {"x"}, "code": {"000000"}},
	} {
		a := s.browser().post("/sign-in", values)
		text := fmt.Sprint(a.status, "\n", perRequest.ReplaceAllString(string(a.body), "~"))
		if first == "" {
			first = text
		}
		if text != first || len(a.header.Values("Set-Cookie")) > 0 {
			t.Errorf("%s is told apart:\n%s\n---\n%s", what, text, first)
		}
	}
}

func (s *server) eraseLedger(t *testing.T) {
	order := map[string]any{"fields": []string{"body"}, "reason": "It never happened"}
	var before struct{ Openings any }
	s.caller("reviewer").get("/api/v1/ledger/entries/3").want(t, 200).decode(t, &before)
	for _, role := range []string{"requester", "owner", "triager", "reviewer", "executive", "outsider"} {
		s.caller(role).call("POST", "/api/v1/ledger/entries/3/erasures", order).problem(t, 403, "authz.forbidden")
		if r := s.cli(role, "ledger", "erase", "3", "--field=body", "--reason=x"); r.code != exitNoPerm {
			t.Errorf("%s: exit %d: %s", role, r.code, r.stderr)
		}
	}
	s.caller("").call("POST", "/api/v1/ledger/entries/3/erasures", order).problem(t, 401, "authz.unauthenticated")
	var after struct{ Openings any }
	s.caller("reviewer").get("/api/v1/ledger/entries/3").want(t, 200).decode(t, &after)
	if fmt.Sprint(before) != fmt.Sprint(after) || before.Openings == nil {
		t.Errorf("something was erased: %v, then %v", before, after)
	}
}

func (s *server) gateFromOutside(t *testing.T) {
	for _, subject := range []string{"flow:property-suggester-ab-test", "flow:there-is-none"} {
		path := "/api/v1/gate?subject=" + subject + "&action=call"
		inside := s.caller("outsider").get(path).problem(t, 403, "authz.forbidden")
		outside := s.caller("").get(path).problem(t, 401, "authz.unauthenticated")
		for _, p := range []problem{inside, outside} {
			if strings.Contains(p.Detail, subject) {
				t.Errorf("the refusal speaks of the subject: %+v", p)
			}
		}
		if r := s.cli("outsider", "gate", "check", "--subject", subject, "--action", "call"); r.code != exitNoPerm {
			t.Errorf("exit %d: %s", r.code, r.stderr)
		}
	}
}

// votesAtOnce: the same person agrees many times at once; it is one voice.
func (s *server) votesAtOnce(t *testing.T) {
	risk := s.firstRisk(t)
	var a acceptanceView
	s.cli("owner", "risk", "ask", risk, "--option", "temporary", "--until", day(20), "--reason", "Counted once", "--json").must(t, 0).decode(t, &a)
	grants := func() int {
		var list struct {
			Items []any `json:"items"`
		}
		s.caller("owner").get("/api/v1/ledger/entries?kind=risk.acceptance.granted&item=risk:"+risk).want(t, 200).decode(t, &list)
		return len(list.Items)
	}
	before := grants()
	statuses := make([]int, 8)
	executive := s.caller("executive")
	together(len(statuses), func(i int) {
		statuses[i] = executive.call("POST", "/api/v1/risks/"+risk+"/acceptances/"+a.ID+"/approvals", map[string]string{"reason": "Once"}, "If-Match", `"v1"`).status
	})
	slices.Sort(statuses)
	if statuses[0] != 200 || statuses[1] != 412 && statuses[1] != 409 {
		t.Errorf("statuses %v", statuses)
	}
	if after := grants(); after != before+1 {
		t.Errorf("granted %d times", after-before)
	}
}

func (s *server) invitationTwice(t *testing.T) {
	r := s.cli("admin", "person", "invite", "newcomer", "--name", "Nora Newcomer", "--role", "owner", "--json")
	if r.code != 0 {
		t.Fatalf("exit %d: %s", r.code, r.stderr)
	}
	link := regexp.MustCompile(`/invitation/[A-Za-z0-9_-]+`).FindString(r.stdout)
	if link == "" {
		t.Fatalf("no link in %s", r.stdout)
	}
	secret := regexp.MustCompile(`\b[A-Z2-7]{4}(?: ?[A-Z2-7]{4}){7}\b`)
	b := s.browser()
	page := b.get(link)
	key := strings.ReplaceAll(secret.FindString(string(page.body)), " ", "")
	code := strings.TrimSpace(command(t, nil, "demo-code", key).must(t, 0).stdout)
	form := page.form(t, link)
	form.Set("password", "a bridge over the moat")
	form.Set("repeat_password", "a bridge over the moat")
	form.Set("code", code)
	if a := b.post(link, form); a.status >= 400 {
		t.Fatalf("the first use: %s", a)
	}
	for what, a := range map[string]answer{"looked at": s.browser().get(link), "used": s.browser().post(link, form)} {
		if a.status < 400 || strings.Contains(string(a.body), key) {
			t.Errorf("a used invitation %s: status %d", what, a.status)
		}
	}
}

// closedAccount: nothing of an account outlives it: no token, no session.
func (s *server) closedAccount(t *testing.T) {
	b := s.browser()
	b.signIn("requester")
	requester := s.caller("requester")
	requester.get("/api/v1/risks").want(t, 200)
	s.cli("admin", "person", "deactivate", "requester", "--reason", "Left").must(t, 0)
	requester.get("/api/v1/risks").want(t, 401)
	requester.call("POST", "/api/v1/subjects", s.subject("from-the-grave")).want(t, 401)
	if a := b.get("/risks"); a.status != http.StatusSeeOther || !strings.HasPrefix(a.header.Get("Location"), "/sign-in") {
		t.Errorf("the session lives on: %s", a)
	}
	if r := s.cli("requester", "risk", "list"); r.code != exitNoPerm {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
	s.cli("admin", "person", "reactivate", "requester").must(t, 0)
	requester.get("/api/v1/risks").want(t, 401) // what ended stays ended
}
