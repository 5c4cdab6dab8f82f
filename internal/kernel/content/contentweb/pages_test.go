// SPDX-License-Identifier: Apache-2.0

package contentweb_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/content/contentweb"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

func TestMessages(t *testing.T) { webtest.CheckMessages(t, "content") }

func TestThread(t *testing.T) {
	h := newHouse(t)
	page := h.path + "/discussion"
	me := h.As("owner")
	me.Get(page).Want(200).WantText("The harbour", "Nobody has written anything yet.")
	id := h.post("owner", "The *gate* is open.\n\n<script>alert(1)</script>")
	me.Get("/comments/" + id).WantLocation(page + "#c-" + id)
	thread := me.Get(page).Want(200).WantText("Fictional owner")
	if em := thread.Find("#c-" + id + " em").Text(); em != "gate" {
		t.Errorf("Markdown is shown as %q", em)
	}
	if strings.Contains(thread.Body, "<script>alert") {
		t.Error("a comment brings its own script")
	}
	thread.Find(`a[href="/comments/` + id + `/edit"]`)
	thread.Find(`a[href="/comments/` + id + `/erase"]`)
	if links := h.As("requester").Get(page).Want(200).All(`#c-` + id + ` .actions a`); len(links) != 0 {
		t.Errorf("somebody else may %v", links)
	}
	h.As("reviewer").Get(page).Find(`a[href="/comments/` + id + `/erase"]`)
	h.As("auditor").Get(page).Want(200).WantNoText("Write a comment")

	// A comment that is refused is still in the form.
	values := me.Get(page).FormValues(h.path + "/comments")
	values.Set("text", " ")
	me.Post(h.path+"/comments", values).Want(422)
	values.Set("text", strings.Repeat("ü", content.MaxComment/2+1)) // more bytes than characters
	again := me.Post(h.path+"/comments", values).Want(422).WantText("at most 32 KiB")
	if got := again.FormValues(h.path + "/comments").Get("text"); got != values.Get("text") {
		t.Errorf("%d of %d bytes are left", len(got), len(values.Get("text")))
	}
	// One that is sent twice is there once.
	values = me.Get(page).FormValues(h.path + "/comments")
	values.Set("text", "Once.")
	me.Post(h.path+"/comments", values).Want(303)
	me.Post(h.path+"/comments", values).Want(303)
	if all := me.Get(page).All("li.comment"); len(all) != 2 {
		t.Errorf("%d comments", len(all))
	}
	h.As("outsider").Get(page).Want(404)
	h.Get(page).WantLocation("/sign-in?next=" + url.QueryEscape(page))
	me.Get("/items/subject/absent/discussion").Want(404)
	me.Get("/items/spaceship/1/discussion").Want(404)
}

func TestEditAndVersions(t *testing.T) {
	h := newHouse(t)
	id := h.post("owner", "First text.")
	edit := "/comments/" + id + "/edit"
	me := h.As("owner")
	one, two := me.Get(edit).Want(200).FormValues(edit), me.Get(edit).FormValues(edit)
	if one.Get("text") != "First text." {
		t.Errorf("the form is filled with %v", one)
	}
	one.Set("text", "Second text.")
	me.Post(edit, one).WantLocation("/comments/" + id)
	two.Set("text", "Third text.")
	stale := me.Post(edit, two).Want(http.StatusPreconditionFailed).WantText("was changed after you opened it", "Second text.")
	again := stale.FormValues(edit)
	if again.Get("text") != "Third text." {
		t.Errorf("what I typed is gone: %v", again)
	}
	me.Post(edit, again).WantLocation("/comments/" + id)
	h.As("reviewer").Get("/comments/"+id+"/versions").Want(200).WantText("First text.", "Second text.", "Third text.", "Version 3")
	h.As("reviewer").Get(edit).Want(403)
	h.As("reviewer").Post(edit, url.Values{"text": {"Not mine."}, "_version": {"3"}}).Want(403)
}

func TestErase(t *testing.T) {
	h := newHouse(t)
	id := h.post("owner", "A name that must go.")
	erase := "/comments/" + id + "/erase"
	h.As("requester").Get(erase).Want(403)
	reviewer := h.As("reviewer")
	form := reviewer.Get(erase).Want(200).WantText("Erase this comment?").FormValues(erase)
	reviewer.Post(erase, form).Want(422)
	form = reviewer.Get(erase).FormValues(erase)
	form.Set("reason", "It names a person.")
	reviewer.Post(erase, form).WantLocation("/comments/" + id)
	h.As("owner").Get(h.path + "/discussion").WantText("This comment was erased.").WantNoText("A name that must go.")
	h.As("owner").Get("/comments/" + id + "/versions").Want(200).WantNoText("A name that must go.")
	h.As("owner").Get("/comments/" + id + "/edit").Want(409)
	h.As("owner").Get(erase).Want(409)
}

// fileLinks are the links that download attachments.
func fileLinks(r *webtest.Response) []*webtest.Node {
	var all []*webtest.Node
	for _, a := range r.All("a") {
		if href := a.Attr("href"); strings.HasPrefix(href, "/attachments/") && !strings.HasSuffix(href, "/erase") {
			all = append(all, a)
		}
	}
	return all
}

func TestAttach(t *testing.T) {
	h := newHouse(t)
	me, page := h.As("owner"), h.path+"/attachments"
	values := func() url.Values { return me.Get(page).Want(200).FormValues(page) }
	me.Upload(page, values(), "file", "..\\..\\evil\"\u202ename.txt", []byte("notes\n")).WantLocation(h.path + "/discussion")
	thread := me.Get(h.path + "/discussion").Want(200)
	link := fileLinks(thread)[0]
	if link.Text() != "evil_name.txt" {
		t.Errorf("named %q", link.Text())
	}
	file := me.Get(link.Attr("href")).Want(200)
	if file.Body != "notes\n" || file.Header.Get("Content-Disposition") != "attachment; filename=evil_name.txt" ||
		file.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(file.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%q %v", file.Body, file.Header)
	}
	for name, c := range map[string]struct {
		file   string
		data   string
		status int
		text   string
	}{
		"a kind that is not allowed":   {"run.exe", "MZ", 422, "This kind of file cannot be attached"},
		"content of another kind":      {"page.png", "<html>", 422, "not what its name says"},
		"a page named as text":         {"page.txt", "<html><script>x</script>", 422, "web page"},
		"a little too large":           {"big.txt", strings.Repeat("x", 3<<10), 422, "larger than 2KiB"},
		"too large to be read":         {"huge.txt", strings.Repeat("x", 1<<20), 413, "larger than 2KiB"},
		"nothing":                      {"empty.txt", "", 422, "The file is empty"},
		"a name that is nothing":       {"...", "x", 422, "This kind of file"},
		"text that is not UTF-8 in it": {"latin.txt", "\xe4\xf6", 422, "UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			me.For(t).Upload(page, values(), "file", c.file, []byte(c.data)).Want(c.status).WantText(c.text)
		})
	}
	me.Upload(page, values(), "file", "two.txt", []byte("2")).Want(303)
	me.Upload(page, values(), "file", "three.txt", []byte("3")).Want(303)
	me.Upload(page, values(), "file", "four.txt", []byte("4")).Want(409).WantText("no more fit")
	if files := fileLinks(me.Get(page)); len(files) != 3 {
		t.Errorf("%d files", len(files))
	}
	h.As("auditor").Get(page).Want(200).WantNoText("Attach a file")

	erase := link.Attr("href") + "/erase"
	h.As("requester").Get(erase).Want(403)
	form := me.Get(erase).Want(200).WantText("evil_name.txt").FormValues(erase)
	form.Set("reason", "Attached by mistake.")
	me.Post(erase, form).WantLocation(h.path + "/discussion")
	me.Get(link.Attr("href")).Want(404)
	me.Get(page).WantText("A file that was erased").WantNoText("evil_name.txt")
}

// TestHidden: of an item that becomes restricted, nobody else gets a comment, a
// file or a count, by whatever address, and the answer is that of what is absent.
func TestHidden(t *testing.T) {
	h := newHouse(t)
	id := h.post("owner", "The combination is known.")
	me := h.As("owner")
	me.Upload(h.path+"/attachments", me.Get(h.path+"/attachments").FormValues(h.path+"/attachments"), "file", "a.txt", []byte("combination")).Want(303)
	file := fileLinks(me.Get(h.path + "/discussion"))[0].Attr("href")
	h.changeSubject(authz.Restricted)
	paths := []string{h.path + "/discussion", h.path + "/attachments", "/comments/" + id, "/comments/" + id + "/versions", "/comments/" + id + "/erase", file, file + "/erase",
		"/api/v1" + h.path + "/comments", "/api/v1" + h.path + "/attachments", "/api/v1/comments/" + id, "/api/v1/comments/" + id + "/versions", "/api/v1" + file, "/api/v1" + file + "/content"}
	for _, path := range paths {
		for _, login := range []string{"reviewer", "admin", "auditor"} {
			if login == "auditor" && strings.HasSuffix(path, "/erase") {
				continue // may not comment at all
			}
			c := h.As(login)
			if strings.HasPrefix(path, "/api/") {
				c = h.Token(login)
			}
			c.Get(path).Want(404).WantNoText("combination")
		}
	}
	me.Get(h.path + "/discussion").Want(200).WantText("The combination is known.")
	site := contentweb.New(contentweb.Deps{Content: h.content, Text: func(key string, _ ...any) string { return key }})
	for login, want := range map[string]string{"fictional-owner": h.path + "/discussion", "fictional-reviewer": ""} {
		include, err := site.Include(as(t, login), h.subject.Item())
		if err != nil || include.URL != want || want == "" && include.Text != "" {
			t.Errorf("%s: %+v, %v", login, include, err)
		}
	}
}

func TestFragment(t *testing.T) {
	h := newHouse(t)
	for _, text := range []string{"One.", "Two.", "Three.", "Four.", "Five."} {
		h.post("owner", text)
	}
	r := httptest.NewRequest(http.MethodGet, "https://office.test"+h.path+"/discussion", nil)
	r.Header.Set("HX-Request", "true")
	part := h.As("reviewer").Do(r).Want(200).WantText("Three.", "Four.", "Five.", "2 earlier comments").WantNoText("Two.", "Write a comment")
	if strings.Contains(part.Body, "<html") || strings.Contains(part.Body, "<form") {
		t.Error("the fragment is a page or has a form")
	}
}

func TestDrafts(t *testing.T) {
	h := newHouse(t)
	me, page := h.As("owner"), h.path+"/discussion"
	me.Get("/me/drafts").Want(200).WantText("You have no drafts")
	values := me.Get(page).FormValues(h.path + "/comments")
	values.Set("text", "Not finished")
	values.Set("_action", h.path+"/comments")
	me.Post("/drafts", values).Want(204)
	list := me.Get("/me/drafts").Want(200)
	resume := list.Find(`a[href="` + page + `?draft=1"]`).Attr("href")
	if got := me.Get(resume).Want(200).FormValues(h.path + "/comments").Get("text"); strings.TrimSpace(got) != "Not finished" {
		t.Errorf("the draft comes back as %q", got)
	}
	if got := me.Get(page).FormValues(h.path + "/comments").Get("text"); strings.TrimSpace(got) != "Not finished" {
		t.Errorf("on the page itself as %q", got)
	}
	h.As("reviewer").Get("/me/drafts").WantText("You have no drafts")
	// An upload that is refused leaves it alone.
	me.Upload(h.path+"/attachments", url.Values{}, "file", "run.exe", []byte("MZ")).Want(422)
	values = me.Get(page).FormValues(h.path + "/comments")
	values.Set("text", "Finished")
	me.Post(h.path+"/comments", values).Want(303)
	me.Get("/me/drafts").WantText("You have no drafts")
}

func TestPaging(t *testing.T) {
	h := newHouse(t)
	ctx := as(t, "fictional-owner")
	var last string
	for range content.DefaultLimit + 2 {
		c, err := h.content.Post(ctx, h.subject.Item(), "", "Again.")
		if err != nil {
			t.Fatal(err)
		}
		last = c.ID
	}
	me := h.As("owner")
	first := me.Get(h.path + "/discussion").Want(200)
	if n := len(first.All("li.comment")); n != content.DefaultLimit {
		t.Errorf("%d comments on the first page", n)
	}
	second := me.Get(first.Find(`a[rel="next"]`).Attr("href")).Want(200)
	if n := len(second.All("li.comment")); n != 2 {
		t.Errorf("%d comments on the second page", n)
	}
	to := me.Get("/comments/" + last).Want(303).Header.Get("Location")
	page, anchor, _ := strings.Cut(to, "#")
	me.Get(page).Want(200).Find("#" + anchor)
}
