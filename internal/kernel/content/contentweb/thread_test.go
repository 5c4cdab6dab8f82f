// SPDX-License-Identifier: Apache-2.0

package contentweb_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/content/contentweb"
	"portreeve.org/portreeve/internal/kernel/web"
)

// TestThreadOfAnItem: a thread has a page of its own, and the general discussion
// says nothing of it.
func TestThreadOfAnItem(t *testing.T) {
	h := newHouse(t)
	h.post("owner", "In general.")
	me, page, send := h.As("owner"), h.path+"/discussion?thread=Q1", h.path+"/comments"
	values := me.Get(page).Want(200).WantText("Discussion: The harbour, Q1", "Nobody has written anything yet.").WantNoText("In general.", "Attach a file").FormValues(send)

	// What is refused is shown in the same thread.
	values.Set("text", " ")
	again := me.Post(send, values).Want(422).WantText("Discussion: The harbour, Q1").WantNoText("In general.").FormValues(send)
	again.Set("text", "An answer.")
	at := me.Post(send, again).Want(303).Header.Get("Location")
	id := strings.TrimPrefix(at, "/comments/")
	me.Get(at).WantLocation(page + "#c-" + id)
	me.Get(page).Want(200).WantText("An answer.").Find("#c-" + id)
	me.Get(h.path + "/discussion").Want(200).WantText("In general.").WantNoText("An answer.")
	me.Get(h.subject.URL()).Want(200).WantNoText("An answer.")

	// There is no such thread, whatever the form says.
	values = me.Get(page).FormValues(send)
	values.Set("thread", "Q9")
	values.Set("text", "Into nothing.")
	me.Post(send, values).Want(404)

	// After it is edited or erased one is back where it stands.
	edit := "/comments/" + id + "/edit"
	form := me.Get(edit).FormValues(edit)
	form.Set("text", "A better answer.")
	me.Post(edit, form).WantLocation("/comments/" + id)
	me.Get("/comments/"+id+"/versions").Want(200).WantText("An answer.", "A better answer.")
	h.shown = map[string]string{"Q1": "/subjects/project:harbour?questions=1#q-Q1"}
	me.Get("/comments/" + id).WantLocation("/subjects/project:harbour?questions=1#c-" + id)
	erase := "/comments/" + id + "/erase"
	form = me.Get(erase).FormValues(erase)
	form.Set("reason", "It named somebody.")
	me.Post(erase, form).WantLocation("/comments/" + id)
	h.shown = nil
	me.Get(page).Want(200).WantText("This comment was erased.")
	h.As("outsider").Get(page).Want(404)
}

// TestPagingInAThread: the next page is of the same thread, and a permalink finds it.
func TestPagingInAThread(t *testing.T) {
	h := newHouse(t)
	ctx := as(t, "fictional-owner")
	var last content.Comment
	for range content.DefaultLimit + 1 {
		var err error
		if last, err = h.content.Post(ctx, h.subject.Item(), "Q2", "Again."); err != nil {
			t.Fatal(err)
		}
	}
	me := h.As("owner")
	first := me.Get(h.path + "/discussion?thread=Q2").Want(200)
	second := me.Get(first.Find(`a[rel="next"]`).Attr("href")).Want(200)
	if n := len(second.All("li.comment")); n != 1 {
		t.Errorf("%d comments on the second page", n)
	}
	back := me.Get(second.Find(`a[rel="prev"]`).Attr("href")).Want(200)
	if n := len(back.All("li.comment")); n != content.DefaultLimit {
		t.Errorf("%d comments on the first page", n)
	}
	to := me.Get("/comments/" + last.ID).Want(303).Header.Get("Location")
	page, anchor, _ := strings.Cut(to, "#")
	me.Get(page).Want(200).Find("#" + anchor)
}

func TestThreadsInAPIAndCommands(t *testing.T) {
	h := newHouse(t)
	api, base := h.Token("owner"), "/api/v1"+h.path+"/comments"
	var c contentweb.Comment
	api.JSON("POST", base+"?thread=Q1", map[string]string{"text": "Answered."}).Want(201).Into(&c)
	if c.Thread != "Q1" {
		t.Errorf("%+v", c)
	}
	api.JSON("POST", base+"?thread=Q9", map[string]string{"text": "x"}).Want(404).WantText(content.CodeNoThread)
	api.JSON("POST", base+"?thread="+url.QueryEscape("../x"), map[string]string{"text": "x"}).Want(404).WantText(content.CodeNoThread)
	api.JSON("POST", base+"?thread="+strings.Repeat("Q", 65), map[string]string{"text": "x"}).Want(422)
	var list web.List[contentweb.Comment]
	if api.Get(base).Want(200).Into(&list); len(list.Items) != 0 {
		t.Errorf("in the general discussion: %+v", list)
	}
	if api.Get(base + "?thread=Q1").Want(200).Into(&list); len(list.Items) != 1 {
		t.Errorf("in the thread: %+v", list)
	}
	out, code := h.command("owner", "", "comment", "add", "project:harbour", "By command.", "--thread", "Q1", "--json")
	if err := json.Unmarshal([]byte(out), &c); err != nil || code != 0 || c.Thread != "Q1" {
		t.Fatalf("%v: %d %s", err, code, out)
	}
	if out, code = h.command("owner", "", "comment", "list", "project:harbour", "--thread", "Q1"); code != 0 || !strings.Contains(out, "Answered.") || !strings.Contains(out, "By command.") {
		t.Errorf("%d %s", code, out)
	}
	if out, code = h.command("owner", "", "comment", "list", "project:harbour"); code != 0 || !strings.Contains(out, "no comment") {
		t.Errorf("%d %s", code, out)
	}
}
