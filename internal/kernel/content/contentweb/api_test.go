// SPDX-License-Identifier: Apache-2.0

package contentweb_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog/catalogtest"
	"portreeve.org/portreeve/internal/kernel/content/contentweb"
	"portreeve.org/portreeve/internal/kernel/web"
)

// as returns a context in which somebody with the role of the id's end acts.
func as(t *testing.T, id string) context.Context {
	return catalogtest.As(t.Context(), id, authz.Role(strings.TrimPrefix(id, "fictional-")))
}

func TestCommentAPI(t *testing.T) {
	h := newHouse(t)
	api, base := h.Token("owner"), "/api/v1"+h.path+"/comments"
	var c contentweb.Comment
	posted := api.JSON("POST", base, map[string]string{"text": "Hello."}, "Idempotency-Key", "one").Want(201).Into(&c)
	api.JSON("POST", base, map[string]string{"text": "Hello."}, "Idempotency-Key", "one").Want(201)
	one := "/api/v1/comments/" + c.ID
	if posted.Header.Get("Location") != one || posted.Header.Get("ETag") != `"v1"` || c.AuthorName != "Fictional owner" || c.Item != h.subject.Item() {
		t.Errorf("%v %+v", posted.Header, c)
	}
	var list web.List[contentweb.Comment]
	if api.Get(base).Want(200).Into(&list); len(list.Items) != 1 {
		t.Errorf("%+v", list)
	}
	api.JSON("PATCH", one, map[string]string{"text": "Changed."}).Want(428)
	api.JSON("PATCH", one, map[string]string{"text": "Changed."}, "If-Match", `"v1"`).Want(200).Into(&c)
	api.JSON("PATCH", one, map[string]string{"text": "Again."}, "If-Match", `"v1"`).Want(412)
	if api.Get(one + "/versions").Want(200).Into(&list); len(list.Items) != 2 || list.Items[0].Text != "Hello." || c.Version != 2 {
		t.Errorf("%+v", list)
	}
	h.Token("reviewer").JSON("PATCH", one, map[string]string{"text": "Not mine."}, "If-Match", `"v2"`).Want(403)
	h.Token("reviewer").JSON("PATCH", one, map[string]string{"text": "Not mine."}).Want(403)
	h.Token("reviewer").JSON("PATCH", one, map[string]string{"text": "Not mine."}, "If-Match", "*").Want(403)
	api.JSON("POST", base, map[string]string{"text": ""}).Want(422)
	api.JSON("POST", base, map[string]string{"text": "Do not \u202eevorppa\u202c."}).Want(422).WantText("hide or reorder")
	api.JSON("POST", base, map[string]string{"text": "Hid\u200bden."}).Want(422)
	api.JSON("POST", base, map[string]string{"text": strings.Repeat("x", 33<<10)}).Want(422)
	api.JSON("POST", base, map[string]string{"text": strings.Repeat("x", 10<<20)}).Want(413)
	api.JSON("POST", base, map[string]string{"txt": "x"}).Want(422)
	h.Token("auditor").JSON("POST", base, map[string]string{"text": "x"}).Want(403)
	api.JSON("POST", "/api/v1/items/subject/absent/comments", map[string]string{"text": "x"}).Want(404)
	api.JSON("POST", one+"/erasure", map[string]string{"reason": ""}).Want(422)
	api.JSON("POST", one+"/erasure", map[string]string{"reason": "Wrong place."}).Want(204)
	api.JSON("POST", one+"/erasure", map[string]string{"reason": "Wrong place."}).Want(409)
	if api.Get(one).Want(200).Into(&c); c.Text != "" || !c.Erased() {
		t.Errorf("%+v", c)
	}
	// The answer that was kept for a repeat held the text.
	repeat := api.JSON("POST", base, map[string]string{"text": "Hello."}, "Idempotency-Key", "one").Want(409).WantText("idempotency.repeated")
	if strings.Contains(repeat.Body, "Hello") || repeat.Header.Get("Location") != one {
		t.Errorf("a repeat after the erasure: %s %v", repeat.Body, repeat.Header)
	}
}

func TestAttachmentAPI(t *testing.T) {
	h := newHouse(t)
	api, base := h.Token("owner"), "/api/v1"+h.path+"/attachments"
	send := func(name, data string) string { return base + "?" + url.Values{"name": {name}}.Encode() }
	var a contentweb.Attachment
	api.Send("POST", send("notes.txt", ""), "application/octet-stream", strings.NewReader("notes\n")).Want(201).Into(&a)
	if a.Name != "notes.txt" || a.Size != 6 || len(a.SHA256) != 64 || a.AuthorName != "Fictional owner" {
		t.Errorf("%+v", a)
	}
	file := api.Get("/api/v1/attachments/" + a.ID + "/content").Want(200)
	if file.Body != "notes\n" || !strings.HasPrefix(file.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("%q %v", file.Body, file.Header)
	}
	api.Get("/api/v1/attachments/" + a.ID).Want(200).WantText("notes.txt")
	api.Send("POST", send("run.exe", ""), "application/octet-stream", strings.NewReader("MZ")).Want(422).WantText("content.kind_forbidden")
	api.Send("POST", send("big.txt", ""), "application/octet-stream", strings.NewReader(strings.Repeat("x", 3<<10))).Want(422).WantText("content.too_large")
	api.Send("POST", send("huge.txt", ""), "application/octet-stream", strings.NewReader(strings.Repeat("x", 1<<20))).Want(413)
	api.Send("POST", base, "application/octet-stream", strings.NewReader("x")).Want(422)
	api.JSON("POST", "/api/v1/attachments/"+a.ID+"/erasure", map[string]string{"reason": "Wrong file."}).Want(204)
	api.Get("/api/v1/attachments/" + a.ID + "/content").Want(404)
	var list web.List[contentweb.Attachment]
	if api.Get(base).Want(200).Into(&list); len(list.Items) != 1 || list.Items[0].Name != "" || !list.Items[0].Erased() {
		t.Errorf("%+v", list)
	}
}

func TestCommands(t *testing.T) {
	h := newHouse(t)
	ok := func(into any, stdin string, args ...string) {
		t.Helper()
		out, code := h.command("owner", stdin, append(args, "--json")...)
		if code != 0 {
			t.Fatalf("%v: %d\n%s", args, code, out)
		}
		if err := json.Unmarshal([]byte(out), into); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	if out, code := h.command("owner", "", "comment", "list", "project:harbour"); code != 0 || !strings.Contains(out, "no comment") {
		t.Errorf("no comment yet: %d %q", code, out)
	}
	var c contentweb.Comment
	ok(&c, "From a pipe.\n", "comment", "add", "project:harbour", "-")
	if c.Item != h.subject.Item() || c.Text != "From a pipe.\n" {
		t.Errorf("%+v", c)
	}
	ok(&c, "", "comment", "edit", c.ID, "Edited.")
	if out, code := h.command("owner", "", "comment", "list", "subject:"+h.subject.ID); code != 0 || !strings.Contains(out, "Edited.") || !strings.Contains(out, "Fictional owner") {
		t.Errorf("%d %s", code, out)
	}
	if out, code := h.command("owner", "", "comment", "show", "--versions", c.ID); code != 0 || !strings.Contains(out, "From a pipe.") {
		t.Errorf("%d %s", code, out)
	}
	if out, code := h.command("owner", "", "comment", "erase", c.ID, "--reason", "over"); code != 0 {
		t.Errorf("%d %s", code, out)
	}
	folder := t.TempDir()
	file, saved := filepath.Join(folder, "notes.txt"), filepath.Join(folder, "saved.txt")
	if err := os.WriteFile(file, []byte("notes\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	huge := filepath.Join(folder, "huge.txt")
	if err := os.WriteFile(huge, bytes.Repeat([]byte("notes\n"), 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, code := h.command("owner", "", "attachment", "add", "project:harbour", huge); code == 0 || !strings.Contains(out, "Attach a smaller") || strings.Contains(out, "attach it as a file") {
		t.Errorf("too large: %d %s", code, out)
	}
	var a contentweb.Attachment
	ok(&a, "", "attachment", "add", "project:harbour", file)
	if out, code := h.command("owner", "", "attachment", "get", a.ID, "--out", saved); code != 0 {
		t.Errorf("%d %s", code, out)
	}
	if data, err := os.ReadFile(saved); err != nil || string(data) != "notes\n" {
		t.Errorf("%q %v", data, err)
	}
	if out, code := h.command("owner", "", "attachment", "get", a.ID, "--out", saved, "--force"); code != 0 {
		t.Errorf("get, replacing: %d %s", code, out)
	}
	if out, code := h.command("owner", "", "attachment", "get", a.ID, "--out", saved); code == 0 {
		t.Errorf("overwritten: %s", out)
	}
	if out, code := h.command("reviewer", "", "attachment", "list", "project:harbour"); code != 0 || !strings.Contains(out, "notes.txt") {
		t.Errorf("%d %s", code, out)
	}
	if out, code := h.command("owner", "", "attachment", "erase", a.ID, "--reason", "over"); code != 0 {
		t.Errorf("%d %s", code, out)
	}
	if out, code := h.command("reviewer", "", "comment", "list", "project:cellar"); code != 1 {
		t.Errorf("%d %s", code, out)
	}
	if _, code := h.command("owner", "", "comment", "add", "nothing", "x"); code != 64 {
		t.Errorf("%d", code)
	}
}
