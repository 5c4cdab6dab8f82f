// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

// filled returns what a browser would send from a fresh form, with changes.
func filled(c *webtest.Client, changes map[string]string) url.Values {
	values := c.Get("/notes/new").Want(200).FormValues("/notes")
	values.Set("title", "a title")
	values.Set("until", "2026-03-31")
	for name, v := range changes {
		values.Set(name, v)
	}
	return values
}

func TestFormSaves(t *testing.T) {
	n, m := openNotes(t)
	c := webtest.Serve(t, m).As("reviewer")
	c.Post("/notes", filled(c, map[string]string{"body": "two\r\nlines"})).WantLocation("/notes/1")
	want := []note{{Title: "a title", Body: "two\nlines", Until: config.Date{Year: 2026, Month: 3, Day: 31}}}
	if diff := cmp.Diff(want, n.saved); diff != "" {
		t.Error(diff)
	}
	page := c.Get("/notes/1").Want(200)
	page.WantText("«a title» was written, 1 in all.")
	c.Get("/notes/1").Want(200).WantNoText("was written")
}

// TestFormRefuses: whatever is wrong, the page comes back with the reason at the
// field and everything that was entered, and nothing is saved.
func TestFormRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		field, value string
		status       int
		want         string
	}{
		"blank":              {"title", "  ", 422, "This is needed."},
		"too long":           {"title", strings.Repeat("ü", 21), 422, "At most 20 characters fit here; this has 21."},
		"control character":  {"title", "a\x00b", 422, "control characters"},
		"line break in line": {"title", "a\nb", 422, "control characters"},
		"invalid UTF-8":      {"title", "caf\xe9", 422, "bytes that are not text"},
		"invalid in text":    {"body", "caf\xe9", 422, "bytes that are not text"},
		"no date":            {"until", "soon", 422, "Enter a date"},
		"date too far":       {"until", "99999-01-01", 422, "Enter a date"},
		"not offered":        {"kind", "c", 422, "Choose one of the values offered."},
		"no number":          {"count", "many", 422, "whole number"},
		"out of range":       {"count", "10", 422, "from 1 to 9"},
		"blocked":            {"title", "blocked", 409, "A decision is missing."},
	} {
		t.Run(name, func(t *testing.T) {
			n, m := openNotes(t)
			c := webtest.Serve(t, m).As("reviewer")
			values := filled(c, map[string]string{"body": "a long text", "password": "not-shown-again"})
			values.Set(tc.field, tc.value)
			page := c.Post("/notes", values).Want(tc.status)
			page.WantText(tc.want).WantNoText("not-shown-again")
			page.Find(`[role="alert"]`)
			if tc.field != "body" && page.Find("textarea").Text() != "a long text" {
				t.Errorf("the text is lost: %q", page.Find("textarea").Text())
			}
			if tc.field == "title" && tc.status == 422 {
				input := page.Find(`input[name="title"]`)
				if input.Attr("aria-invalid") != "true" || input.Attr("aria-describedby") != input.Attr("id")+"-error" {
					t.Errorf("the error is not tied to its field: %q", input.Attr("aria-describedby"))
				}
				if page.Find(`[role="alert"] a`).Attr("href") != "#"+input.Attr("id") {
					t.Error("the summary does not lead to the field")
				}
			}
			if len(n.saved) > 0 {
				t.Errorf("saved: %v", n.saved)
			}
		})
	}
}

// TestStale: the saved version stands beside what was entered, and the next
// submission is based on it.
func TestStale(t *testing.T) {
	_, m := openNotes(t)
	c := webtest.Serve(t, m).As("reviewer")
	page := c.Post("/notes", filled(c, map[string]string{"title": "stale", "_version": "1"})).Want(412)
	page.WantText("Somebody changed it.", "Saved meanwhile by somebody else: theirs")
	values := page.FormValues("/notes")
	if values.Get("title") != "stale" || values.Get("_version") != "2" {
		t.Errorf("the form now holds %v", values)
	}
}

func TestDoubleSubmit(t *testing.T) {
	n, m := openNotes(t)
	c := webtest.Serve(t, m).As("reviewer")
	values := filled(c, nil)
	c.Post("/notes", values).WantLocation("/notes/1")
	c.Get("/notes/1").WantText("was written")
	c.Post("/notes", values).WantLocation("/notes/1")
	c.Get("/notes/1").WantText("was written")
	if len(n.saved) != 1 {
		t.Errorf("saved %d times", len(n.saved))
	}
	values.Set("body", "something else")
	again := c.Post("/notes", values).Want(409).WantText("sent before with other content")
	if len(n.saved) != 1 {
		t.Errorf("saved %d times", len(n.saved))
	}
	c.Post("/notes", again.FormValues("/notes")).WantLocation("/notes/1")
	if len(n.saved) != 2 {
		t.Errorf("after confirming: saved %d times", len(n.saved))
	}
}

// TestDoubleClick: the second request arrives while the first is being decided.
func TestDoubleClick(t *testing.T) {
	n, m := openNotes(t)
	c := webtest.Serve(t, m).As("reviewer")
	values := filled(c, nil)
	inside, second := make(chan bool), make(chan *webtest.Response)
	n.before = func() {
		n.before = nil
		go func() {
			close(inside)
			second <- c.As("reviewer").Post("/notes", values)
		}()
		<-inside
	}
	c.Post("/notes", values).WantLocation("/notes/1")
	(<-second).WantLocation("/notes/1")
	if len(n.saved) != 1 {
		t.Errorf("saved %d times", len(n.saved))
	}
}

func TestOversize(t *testing.T) {
	_, m := openNotes(t)
	c := webtest.Serve(t, m)
	big := strings.Repeat("x", 10<<20)
	page := c.As("reviewer").Post("/notes", url.Values{"title": {big}}).Want(413)
	page.WantText("Too large", "1 MiB").WantNoText("xxxx")
	c.As("reviewer").Upload("/notes/file", nil, "file", "big.bin", []byte(big)).Want(413).WantText("4 MiB")
	c.As("reviewer").Upload("/notes/file", nil, "file", "mid.bin", []byte(big[:2<<20])).Want(422).WantText("larger than 1 MiB")
	c.Token("reviewer").JSON("POST", "/api/v1/notes", map[string]string{"title": big}).Want(413)
}

// TestOversizeOverTheWire: a client that is still sending 10 MB gets the answer
// and not a broken connection.
func TestOversizeOverTheWire(t *testing.T) {
	_, m := openNotes(t)
	h, err := m.Handler()
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h)
	defer s.Close()
	for _, path := range []string{"/notes", "/api/v1/notes"} {
		r, err := http.NewRequest(http.MethodPost, s.URL+path, bytes.NewReader(make([]byte, 10<<20)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.AddCookie(&http.Cookie{Name: web.SessionCookie, Value: "reviewer"})
		res, err := s.Client().Do(r)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: status %d", path, res.StatusCode)
		}
	}
}

func TestUpload(t *testing.T) {
	_, m := openNotes(t)
	c := webtest.Serve(t, m).As("reviewer")
	res := c.Upload("/notes/file", nil, "file", "../x\"y.html", []byte("<html><script>alert(1)</script>")).Want(200)
	if got := res.Header.Get("Content-Disposition"); got != "attachment; filename=x_y.html" {
		t.Errorf("disposition %q", got)
	}
	if !strings.Contains(res.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Error("an attachment is not sandboxed")
	}
	c.Send("POST", "/notes", "text/plain", strings.NewReader("x")).Want(415)
	c.Send("POST", "/notes", "multipart/form-data; boundary=x", strings.NewReader("--x\r\nbroken")).Want(400)
	c.Send("POST", "/notes", "application/x-www-form-urlencoded", strings.NewReader("a=%zz")).Want(400)
	c.Send("POST", "/notes", "application/x-www-form-urlencoded", strings.NewReader(strings.Repeat("&a=1", 2000))).Want(400)
}

// TestSessionEndsInAForm: what was written is kept, nothing is saved, and after
// signing in the form is there as it was.
func TestSessionEndsInAForm(t *testing.T) {
	kept := webtest.Drafts{}
	n, m := openNotes(t, func(d *web.Deps) { d.Drafts = kept })
	c := webtest.Serve(t, m)
	values := filled(c.As("reviewer"), map[string]string{"body": "a long text", "password": "hunter2"})

	c.As("expired:reviewer").Post("/notes", values).WantLocation("/sign-in?next=%2Fnotes%2Fnew%3Fdraft%3D1")
	if len(n.saved) > 0 {
		t.Fatal("saved without a session")
	}
	if got := kept["reviewer /notes/new"].Get("password"); got != "" {
		t.Errorf("the password is in the draft")
	}
	c.As("reviewer").Get("/notes/new").Want(200).WantText("a long text", "is back in the form")
	again := c.As("reviewer")
	page := again.Get("/notes/new?draft=1").Want(200).WantText("a long text", "is back in the form")
	again.Post("/notes", page.FormValues("/notes")).WantLocation("/notes/1")
	if len(n.saved) != 1 || n.saved[0].Body != "a long text" {
		t.Errorf("saved %v", n.saved)
	}
	if len(kept) > 0 {
		t.Errorf("the draft is still there: %v", kept)
	}

	c.As("unknown").Post("/notes", values).WantLocation("/sign-in?next=%2Fnotes%2Fnew")
	c.As("requester").Get("/notes/new?draft=1").Want(403)
	if len(kept) > 0 {
		t.Errorf("a stranger's cookie kept a draft: %v", kept)
	}
}

func TestDraftWhileWriting(t *testing.T) {
	kept := webtest.Drafts{}
	_, m := openNotes(t, func(d *web.Deps) { d.Drafts = kept })
	c := webtest.Serve(t, m)
	values := filled(c.As("reviewer"), map[string]string{"body": "half a"})
	values.Set("_action", "/notes")
	c.As("reviewer").Post("/drafts", values).Want(204)
	if got := kept["reviewer /notes/new"].Get("body"); got != "half a" {
		t.Errorf("kept %q", got)
	}
	ask := c.As("reviewer").Get("/notes/new?draft=1").Want(200).Find(`[role="status"] a`).Attr("href")
	c.As("reviewer").Get(ask).Want(200).WantText("Discard the draft?")
	c.As("reviewer").Post(ask, nil).WantLocation("/notes/new")
	if len(kept) > 0 {
		t.Error("the draft is not discarded")
	}
	c.As("reviewer").Post("/drafts", values).Want(204)
	delete(kept, "reviewer /notes/new")
	c.As("expired:reviewer").Post("/drafts", values).WantLocation("/sign-in?next=%2Fnotes%2Fnew%3Fdraft%3D1")
	c.As("reviewer").Get("/notes/new").Want(200).WantText("half a", "is back in the form")
	values.Del("_action")
	values.Set("title", "Whole")
	c.As("reviewer").Post("/notes", values).WantLocation("/notes/1")
	if len(kept) > 0 {
		t.Errorf("the form is saved and the draft of it is still there: %v", kept)
	}
	values.Set("_page", "https://evil.example/")
	c.As("reviewer").Post("/drafts", values).Want(400)
	c.Post("/drafts", values).Want(303)
}

func FuzzForm(f *testing.F) {
	f.Add("application/x-www-form-urlencoded", "title=a&until=2026-01-01&_submission=0123456789abcdef")
	f.Add("application/x-www-form-urlencoded", "title=%ff%00&_version=-1")
	f.Add("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nx\r\n--b--\r\n")
	f.Add("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"\xff\"\r\n\r\nx\r\n--b--\r\n")
	m := web.NewMux(webtest.Deps())
	m.Public("POST /f", "for a test", func(c *web.Ctx) error {
		form, err := c.Form()
		if err != nil {
			return err
		}
		for _, v := range append(form.Strings("title", 50), form.String("title", 50), form.String("kind", 50)) {
			if strings.ContainsFunc(v, func(r rune) bool { return r < 0x20 }) {
				panic("a control character came through")
			}
		}
		form.Text("title", 50)
		form.Date("until")
		form.Int("count", 0, 5)
		form.Version()
		form.File("f", 10)
		return form.Err()
	})
	c := webtest.Serve(f, m)
	f.Fuzz(func(t *testing.T, kind, body string) {
		r := httptest.NewRequest("POST", "https://office.test/f", strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		if res := c.For(t).Do(r); res.Status >= 500 {
			t.Errorf("status %d", res.Status)
		}
	})
}
