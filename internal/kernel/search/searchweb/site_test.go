// SPDX-License-Identifier: Apache-2.0

package searchweb_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgertest"
	"portreeve.org/portreeve/internal/kernel/search"
	"portreeve.org/portreeve/internal/kernel/search/searchweb"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

// newSite serves the search over documents about things named t1, t2 and so on.
// What is named in gone is still in the index, but its module shows it to nobody.
func newSite(t *testing.T, gone string, documents ...search.Document) *webtest.Client {
	t.Helper()
	db := storetest.SQLite(t, []store.Migrations{ledger.Migrations(), authz.Migrations(), search.Migrations()})
	err := ledgertest.Writer(t, db, "test", "test.done").Quiet(t.Context(), "a test fills the index", func(tx *store.Tx) error {
		for _, d := range documents {
			if err := search.Index(t.Context(), tx, d); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	deps := webtest.Deps(search.Actions()...)
	deps.Clock, deps.Search = db.Clock(), search.ActionFind
	m := web.NewMux(deps)
	site := searchweb.New(searchweb.Deps{
		DB: db, Kinds: []searchweb.Kind{{Name: "thing", Label: "search.kind", One: "search.changed", Icon: "package"}},
		Describe: func(_ context.Context, _ store.Reader, _ authz.Actor, items []string) (map[string]catalog.Described, error) {
			all := map[string]catalog.Described{}
			for _, item := range items {
				if item != gone {
					all[item] = catalog.Described{Title: "Title of " + item, URL: "/things/" + strings.TrimPrefix(item, "thing:")}
				}
			}
			return all, nil
		},
		URL: func(d catalog.Described, _, part string) string { return d.URL + part },
	})
	site.Pages(m)
	site.API(m.API())
	return webtest.Serve(t, m)
}

func thing(id, title, body string, v authz.Visibility) search.Document {
	return search.Document{Item: "thing:" + id, Kind: "thing", Title: title, Body: body, Visibility: v}
}

func TestMessages(t *testing.T) { webtest.CheckMessages(t, "search") }

func TestPage(t *testing.T) {
	c := newSite(t, "", thing("t1", "A harbour <b>", "boats & harbours", authz.Internal), thing("t2", "Another", "the harbour wall", authz.Internal), thing("t3", "Secret harbour", "", authz.Restricted))
	me := c.As("reviewer")
	me.Get("/search").Want(200).WantText("What are you looking for?")
	page := me.Get("/search?q=harbour").Want(200).WantText("A harbour <b>", "Another", "boats").WantNoText("Secret", "t3")
	if strings.Contains(page.Body, "harbour</mark> <b>") {
		t.Error("a title brings its own mark-up")
	}
	if marks := page.All("mark"); len(marks) != 2 {
		t.Errorf("%d words are marked", len(marks))
	}
	page.Find(`a[href="/things/t1"]`)
	if box := page.Find(`main input[name="q"]`); box.Attr("value") != "harbour" {
		t.Errorf("the form holds %q", box.Attr("value"))
	}
	me.Get("/search?q=harbour&kind=other").Want(200).WantText("Nothing that is shown to you matches")
	me.Get("/search?q=" + url.QueryEscape(`"harbour wall"`)).WantText("Another").WantNoText("boats")
	me.Get("/search?q=" + url.QueryEscape(`<script>`)).Want(200)
	me.Get("/search?q=harbour&cursor=nonsense").Want(422)
	c.As("outsider").Get("/search?q=harbour").Want(200).WantText("Nothing that is shown to you matches")
	c.Get("/search?q=harbour").Want(303)
}

// TestModuleHasTheLastWord: what its module does not show is not shown, even if
// the index has it.
func TestModuleHasTheLastWord(t *testing.T) {
	c := newSite(t, "thing:t1", thing("t1", "A harbour", "", authz.Internal), thing("t2", "Harbour", "", authz.Internal))
	c.As("reviewer").Get("/search?q=harbour").WantNoText("A harbour").WantText("Harbour")
	var list web.List[searchweb.Hit]
	c.Token("reviewer").Get("/api/v1/search?q=harbour").Want(200).Into(&list)
	if len(list.Items) != 1 || list.Items[0].Item != "thing:t2" || list.Items[0].URL != "/things/t2" || list.Items[0].Title != "Title of thing:t2" {
		t.Errorf("%+v", list)
	}
}

func TestPages(t *testing.T) {
	var documents []search.Document
	for _, id := range strings.Split("abcdefghijklmnopqrstuvwxyz", "") {
		documents = append(documents, thing(id, "harbour "+id, "", authz.Internal))
	}
	me := newSite(t, "", documents...).As("reviewer")
	first := me.Get("/search?q=harbour")
	second := me.Get(first.Find(`a[rel="next"]`).Attr("href")).Want(200)
	if n, m := len(first.All("li.comment")), len(second.All("li.comment")); n != search.DefaultLimit || n+m != 26 {
		t.Errorf("%d and %d hits", n, m)
	}
	second.Find(`a[rel="prev"]`)
}

func TestAPIRefuses(t *testing.T) {
	c := newSite(t, "")
	c.Token("reviewer").Get("/api/v1/search").Want(422)
	c.Token("reviewer").Get("/api/v1/search?q=x&kind=nothing").Want(422).WantText("Choose one of: thing.")
	c.Token("reviewer").Get("/api/v1/search?q=x&kind=thing").Want(200)
	c.Token("reviewer").Get("/api/v1/search?q=" + strings.Repeat("x", 1001)).Want(422)
	c.Get("/api/v1/search?q=x").Want(401)
}
