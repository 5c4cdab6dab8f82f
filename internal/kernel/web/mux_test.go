// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

func readAction() authz.ActionDef {
	return authz.ActionDef{Name: "note:entry:read", Summary: "Read notes.", Roles: []authz.Role{authz.RoleReviewer}, Read: true}
}

func text(s string) func(*web.Ctx) error {
	return func(c *web.Ctx) error {
		_, err := c.W.Write([]byte(s))
		return err
	}
}

func TestGuard(t *testing.T) {
	m := web.NewMux(webtest.Deps(readAction()))
	m.Page("GET /notes/{id}", "note:entry:read", text("a note"))
	m.Public("GET /about", "says who we are", func(c *web.Ctx) error { return text("about us, " + c.Actor.Name)(c) })
	client := webtest.Serve(t, m)

	client.Get("/about").Want(200)
	client.As("reviewer").Get("/about").Want(200).WantText("The reviewer")
	client.As("nobody").Get("/about").Want(200)
	client.Get("/notes/1?a=b").WantLocation("/sign-in?next=%2Fnotes%2F1%3Fa%3Db")
	client.As("reviewer").Get("/notes/1").Want(200).WantText("a note")
	client.As("requester").Get("/notes/1").Want(403)
	client.As("expired:reviewer").Get("/notes/1").WantLocation("/sign-in?next=%2Fnotes%2F1")
	client.As("nobody").Get("/notes/1").WantLocation("/sign-in?next=%2Fnotes%2F1")
	client.Token("reviewer").Get("/notes/1").WantLocation("/sign-in?next=%2Fnotes%2F1")
	client.Get("/nothing").Want(404).WantText("Not found")
	if got := client.Send("POST", "/about", "text/plain", nil).Want(405).Header.Get("Allow"); got != "GET, HEAD" {
		t.Errorf("Allow %q", got)
	}
}

func TestStartUpRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		register func(*web.Mux)
		want     string
	}{
		"an action nobody declared": {func(m *web.Mux) { m.Page("GET /x", "note:entry:write", text("")) }, `nobody declared the action "note:entry:write"`},
		"no action":                 {func(m *web.Mux) { m.Page("GET /x", "", text("")) }, "needs an action"},
		"no reason":                 {func(m *web.Mux) { m.Public("GET /x", " ", text("")) }, "states its reason"},
		"no method":                 {func(m *web.Mux) { m.Public("/x", "for a test", text("")) }, "a pattern is a method"},
		"a conflict": {func(m *web.Mux) {
			m.Public("GET /x/{a}", "for a test", text(""))
			m.Public("GET /x/{b}", "for a test", text(""))
		}, "conflict"},
		"security.txt without contact": {func(m *web.Mux) { m.Front(web.Front{}) }, "there is no contact"},
	} {
		t.Run(name, func(t *testing.T) {
			m := web.NewMux(webtest.Deps(readAction()))
			tc.register(m)
			_, err := m.Handler()
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

func TestRoutesAreRecorded(t *testing.T) {
	_, m := openNotes(t)
	var got []string
	for _, r := range m.Routes() {
		got = append(got, r.String())
	}
	want := []string{
		"GET /static/{hash}/{file} public: static files hold no data",
		"GET /favicon.ico public: static files hold no data",
		"GET /robots.txt public: tells crawlers to stay away",
		"GET /notes/new note:entry:write",
		"POST /notes note:entry:write",
		"POST /notes/file note:entry:write",
		"GET /notes/{id} note:entry:read",
		"GET /panic note:entry:read",
		"GET /api/v1/openapi.json public: describes the interface, holds no data",
		"POST /api/v1/notes note:entry:write",
		"PUT /api/v1/notes/{id} note:entry:write",
		"GET /api/v1/notes note:entry:read",
		"GET /api/v1/alive public: says that it is alive",
		"GET /api/v1/broken note:entry:read",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestHeaders: every answer, errors included, carries the headers that make a
// browser refuse what we never send.
func TestHeaders(t *testing.T) {
	_, m := openNotes(t)
	c := webtest.Serve(t, m)
	for _, res := range []*webtest.Response{c.As("reviewer").Get("/notes/1"), c.Get("/nothing"), c.Get("/notes/1"), c.As("reviewer").Get("/panic"), c.Get("/api/v1/notes"), c.Get("/api/v1/openapi.json")} {
		for name, want := range map[string]string{
			"Content-Security-Policy":      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
			"Strict-Transport-Security":    "max-age=31536000",
			"X-Content-Type-Options":       "nosniff",
			"Referrer-Policy":              "same-origin",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Cache-Control":                "no-store",
			"Content-Encoding":             "",
		} {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%d: %s is %q, want %q", res.Status, name, got, want)
			}
		}
		if res.Header.Get("X-Request-Id") == "" {
			t.Error("no request id")
		}
	}
}

func TestCrossSite(t *testing.T) {
	n, m := openNotes(t)
	c := webtest.Serve(t, m)
	values := filled(c.As("reviewer"), nil)
	for name, header := range map[string][2]string{
		"another site": {"Sec-Fetch-Site", "cross-site"},
		"a sibling":    {"Sec-Fetch-Site", "same-site"},
		"old browser":  {"Origin", "https://evil.example"},
	} {
		for _, path := range []string{"/notes", "/api/v1/notes"} {
			r := httptest.NewRequest("POST", "https://office.test"+path, strings.NewReader(values.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set(header[0], header[1])
			if res := c.As("reviewer").Do(r); res.Status != 403 || len(n.saved) > 0 {
				t.Errorf("%s %s: status %d", name, path, res.Status)
			}
		}
	}
}

func TestStatic(t *testing.T) {
	_, m := openNotes(t)
	c := webtest.Serve(t, m)
	page := c.As("reviewer").Get("/notes/1").Want(200)
	for _, el := range append(page.All("script[src]"), page.All(`link[rel="stylesheet"]`)...) {
		path := el.Attr("src") + el.Attr("href")
		res := c.Get(path).Want(200)
		if got := res.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("%s: Cache-Control %q", path, got)
		}
	}
	c.Get("/static/0123456789abcdef/app.css").Want(404)
	c.Get("/static/vendor/VENDOR.md").Want(404)
	c.Get("/favicon.ico").Want(200)
	c.Get("/robots.txt").Want(200).WantText("Disallow: /")
	if len(page.All("[style]"))+len(page.All("style"))+len(page.All("[onclick]")) > 0 {
		t.Error("inline style or script")
	}
}

// TestPanic: the reader gets a page and an id, the log the cause.
func TestPanic(t *testing.T) {
	var log bytes.Buffer
	_, m := openNotes(t, func(d *web.Deps) { d.Log = slog.New(slog.NewJSONHandler(&log, nil)) })
	res := webtest.Serve(t, m).As("reviewer").Get("/panic").Want(500)
	res.WantText("Something went wrong", res.Header.Get("X-Request-Id")).WantNoText("a secret in the panic")
	if !strings.Contains(log.String(), "a secret in the panic") || !strings.Contains(log.String(), res.Header.Get("X-Request-Id")) {
		t.Errorf("the log does not explain: %s", log.String())
	}
}

// TestLogIsImpersonal: neither log nor metrics hold what was asked for, or by whom.
// TestHungUp: that the reader hung up is noted for the log alone.
func TestHungUp(t *testing.T) {
	var log bytes.Buffer
	deps := webtest.Deps()
	deps.Log = slog.New(slog.NewTextHandler(&log, nil))
	m := web.NewMux(deps)
	m.Public("GET /gone", "for a test", func(c *web.Ctx) error {
		if err := text("some of it")(c); err != nil {
			return err
		}
		c.W.WriteHeader(499)
		return nil
	})
	webtest.Serve(t, m).Get("/gone").Want(200).WantText("some of it")
	if !strings.Contains(log.String(), "status=499") {
		t.Errorf("the log says %s", log.String())
	}
}

// TestOneAnswer: what goes wrong while a response is written is not answered again,
// and what is there of it does not pass for all of it.
func TestOneAnswer(t *testing.T) {
	m := web.NewMux(webtest.Deps())
	m.Public("GET /half", "for a test", func(c *web.Ctx) error {
		if err := text("the first half")(c); err != nil {
			return err
		}
		return errors.Join(errors.New("the disk is gone"), http.NewResponseController(c.W).Flush())
	})
	h, err := m.Handler()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = slog.NewLogLogger(slog.NewTextHandler(&log, nil), slog.LevelError)
	s.Start()
	answer, err := http.Get(s.URL + "/half")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil || answer.StatusCode != http.StatusOK || string(body) != "the first half" {
		t.Errorf("answered %d %q, %v", answer.StatusCode, body, err)
	}
	s.Close()
	if log.Len() > 0 {
		t.Errorf("the server says: %s", log.String())
	}
}

func TestLogIsImpersonal(t *testing.T) {
	var log bytes.Buffer
	metrics := prometheus.NewRegistry()
	_, m := openNotes(t, func(d *web.Deps) {
		d.Log = slog.New(slog.NewJSONHandler(&log, nil))
		d.Metrics = metrics
	})
	c := webtest.Serve(t, m).As("reviewer")
	c.Get("/notes/embargoed-case?q=embargoed-case").Want(200)
	c.Get("/embargoed-case").Want(404)
	c.Send("EMBARGOED", "/notes/1", "text/plain", nil)
	families, err := metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	seen := log.String()
	for _, f := range families {
		seen += f.String()
	}
	for _, bad := range []string{"embargoed-case", "EMBARGOED", "The reviewer", "192.0.2"} {
		if strings.Contains(seen, bad) {
			t.Errorf("log or metrics hold %q:\n%s", bad, seen)
		}
	}
	for _, want := range []string{`"route":"/notes/{id}"`, `"status":404`, `value:"/notes/{id}"`} {
		if !strings.Contains(seen, want) {
			t.Errorf("log and metrics lack %s:\n%s", want, seen)
		}
	}
}

func TestOddAddresses(t *testing.T) {
	_, m := openNotes(t)
	c := webtest.Serve(t, m).As("reviewer")
	for _, path := range []string{"/notes/%ff", "/notes/%00", "/notes/a%0Ab", "/notes/1?q=%ff", "/notes/1?q=%00", "/notes/1?q=%zz"} {
		c.Get(path).Want(400)
	}
	c.Get("/notes//1").Want(http.StatusTemporaryRedirect)
}

func TestHTMXSignIn(t *testing.T) {
	_, m := openNotes(t)
	r := httptest.NewRequest("GET", "https://office.test/notes/1", nil)
	r.Header.Set("HX-Request", "true")
	r.Header.Set("HX-Current-URL", "https://office.test/notes?page=2")
	res := webtest.Serve(t, m).Do(r).Want(401)
	if got := res.Header.Get("HX-Redirect"); got != "/sign-in?next=%2Fnotes%3Fpage%3D2" {
		t.Errorf("redirect %q", got)
	}
}

// TestHTMXError: a part of a page that fails is a part, not a page in a page.
func TestHTMXError(t *testing.T) {
	_, m := openNotes(t)
	r := httptest.NewRequest("GET", "https://office.test/panic", nil)
	r.Header.Set("HX-Request", "true")
	r.Header.Set("HX-Request-Type", "partial")
	res := webtest.Serve(t, m).As("requester").Do(r).Want(500)
	res.WantText("Something went wrong", res.Header.Get("X-Request-Id")).WantNoText("<html", "<header")
}

func TestDepsAreChecked(t *testing.T) {
	deps := webtest.Deps()
	deps.Policy, deps.Clock = nil, nil
	_, err := web.NewMux(deps).Handler()
	if err == nil || !strings.Contains(err.Error(), "Deps.Policy") || !strings.Contains(err.Error(), "Deps.Clock") {
		t.Errorf("error %v", err)
	}
}

func TestLimit(t *testing.T) {
	now := webtest.Start()
	limiter := web.NewMemoryLimiter(1, 2, func() time.Time { return now })
	people := webtest.ByRole()
	people["another token"] = people["reviewer"]
	_, m := openNotes(t, func(d *web.Deps) { d.Limit, d.People = limiter, people })
	c := webtest.Serve(t, m)
	for range 2 {
		c.Token("reviewer").Get("/api/v1/notes").Want(200)
	}
	res := c.Token("reviewer").Get("/api/v1/notes").Want(429)
	if res.Header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q", res.Header.Get("Retry-After"))
	}
	c.Token("another token").Get("/api/v1/notes").Want(429) // of the same account
	c.Token("requester").Get("/api/v1/notes").Want(200)
	c.As("reviewer").Get("/notes/1").Want(200)
	now = now.Add(time.Second)
	c.Token("reviewer").Get("/api/v1/notes").Want(200)
}

// TestErrorPages: each says what happened, what to do, and the request id.
func TestErrorPages(t *testing.T) {
	m := web.NewMux(webtest.Deps(readAction()))
	m.Public("GET /fail/{kind}", "for a test", func(c *web.Ctx) error {
		for k := fault.Internal; k <= fault.Unavailable; k++ {
			if c.Path("kind") == http.StatusText(k.HTTPStatus()) {
				return fault.New(k, "test.code", "What happened.").Because(http.ErrBodyNotAllowed)
			}
		}
		return nil
	})
	c := webtest.Serve(t, m)
	for k := fault.Internal; k <= fault.Unavailable; k++ {
		res := c.Get("/fail/" + url.PathEscape(http.StatusText(k.HTTPStatus()))).Want(k.HTTPStatus())
		res.WantText("What happened.", res.Header.Get("X-Request-Id")).WantNoText(http.ErrBodyNotAllowed.Error())
		if title := res.Find("h1").Text(); title == http.StatusText(k.HTTPStatus()) && k.HTTPStatus() != 404 && k.HTTPStatus() != 429 {
			t.Errorf("%d has no title of its own", k.HTTPStatus())
		}
	}
}

func TestFront(t *testing.T) {
	m := web.NewMux(webtest.Deps(webtest.GalleryActions()...))
	webtest.Gallery(m)
	c := webtest.Serve(t, m)
	c.Get("/").Want(200).WantText("Security Office", "security@office.test", "Latest checkpoint", "For the period that began on")
	c.As("executive").Get("/").WantLocation("/gallery")
	want := "Contact: mailto:security@office.test\nCanonical: https://office.test/.well-known/security.txt\nExpires: 2026-08-29T00:00:00Z\n"
	if got := c.Get("/.well-known/security.txt").Want(200).Body; got != want {
		t.Errorf("security.txt:\n%s", got)
	}
}

func TestLocalPath(t *testing.T) {
	for in, want := range map[string]string{
		"/risks?x=1": "/risks?x=1", "/a b": "/a%20b", "/a#b": "/a",
		"": "/", "risks": "/", "//evil.example": "/", "https://evil.example/": "/", "javascript:alert(1)": "/",
		"/\\evil.example": "/", "/%5cevil.example": "/", "/\tevil": "/", "/%2fevil.example": "/", "\\\\evil": "/", "/a\nb": "/", "/\xff": "/",
	} {
		if got := web.LocalPath(in); got != want {
			t.Errorf("LocalPath(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzLocalPath(f *testing.F) {
	for _, s := range []string{"/risks", "//evil", "/\\evil", "/%2f%2fevil", "/..//evil", "/;@evil", "/?//evil", "/.//evil.example"} {
		f.Add(s)
	}
	base, err := url.Parse("https://office.test/sign-in")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := web.LocalPath(s)
		u, err := base.Parse(got)
		if err != nil || u.Scheme != "https" || u.Host != "office.test" {
			t.Errorf("LocalPath(%q) = %q leads to %v (%v)", s, got, u, err)
		}
		if strings.HasPrefix(got, "//") || strings.ContainsAny(got, "\\\r\n\t") {
			t.Errorf("LocalPath(%q) = %q", s, got)
		}
	})
}
