// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"context"
	"embed"
	"io/fs"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

//go:embed testdata/note
var noteFiles embed.FS

// notes is a small slice as others write them: a page with a form, operations,
// and decisions in a real ledger.
type notes struct {
	log    *ledger.Log
	writer *ledger.Writer
	db     *store.DB

	mu     sync.Mutex
	saved  []note
	before func() // called while a note is being written
}

type note struct {
	Title string      `json:"title"`
	Body  string      `json:"body"`
	Until config.Date `json:"until"`
}

func noteActions() []authz.ActionDef {
	return []authz.ActionDef{
		{Name: "note:entry:read", Summary: "Read notes.", Roles: []authz.Role{authz.RoleReviewer, authz.RoleRequester}, Read: true},
		{Name: "note:entry:write", Summary: "Write notes.", Roles: []authz.Role{authz.RoleReviewer}},
	}
}

// openNotes returns the slice on a real store, and the mux it is registered on.
func openNotes(t *testing.T, change ...func(*web.Deps)) (*notes, *web.Mux) {
	t.Helper()
	db := storetest.SQLite(t, []store.Migrations{ledger.Migrations(), authz.Migrations()})
	log, err := ledger.Open(t.Context(), db, ledger.Config{})
	if err != nil {
		t.Fatal(err)
	}
	n := &notes{log: log, writer: log.Writer("note", []string{"note.written"}), db: db}
	deps := webtest.Deps(noteActions()...)
	deps.Submissions = log
	deps.Clock = db.Clock()
	for _, c := range change {
		c(&deps)
	}
	m := web.NewMux(deps)
	n.pages(t, m)
	n.operations(m)
	return n, m
}

func (n *notes) pages(t *testing.T, m *web.Mux) {
	files, err := fs.Sub(noteFiles, "testdata/note")
	if err != nil {
		t.Fatal(err)
	}
	m.Files("note", files)
	m.Page("GET /notes/new", "note:entry:write", func(c *web.Ctx) error { return c.Render(200, "note/new", nil) })
	m.Page("POST /notes", "note:entry:write", n.post)
	m.Page("POST /notes/file", "note:entry:write", n.file, web.MaxBody(4<<20))
	m.Page("GET /notes/{id}", "note:entry:read", func(c *web.Ctx) error { return c.Render(200, "note/new", nil) })
	m.Page("GET /panic", "note:entry:read", func(*web.Ctx) error { panic("a secret in the panic") })
}

// write takes the decision.
func (n *notes) write(ctx context.Context, in note) error {
	if in.Title == "blocked" {
		e := fault.New(fault.Blocked, "note.blocked", "Not now.")
		e.Blockers = []fault.Blocker{{Code: "note.missing", Message: "A decision is missing.", LiftedBy: "the director"}}
		return e
	}
	if in.Title == "stale" {
		return fault.New(fault.Stale, "note.stale", "Somebody changed it.")
	}
	return n.writer.Decide(ctx, func(tx *ledger.Tx) error {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.before != nil {
			n.before()
		}
		_, err := n.writer.Append(ctx, tx, ledger.Entry{Kind: "note.written", Actor: authz.ActorFrom(ctx).Ref(), Subject: "note:1", Item: "note:1", Visibility: string(authz.Internal), Body: in})
		if err == nil {
			n.saved = append(n.saved, in)
		}
		return err
	})
}

func (n *notes) post(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	f.Require("title", "until")
	in := note{Title: f.String("title", 20), Body: f.Text("body", 1000), Until: f.Date("until")}
	f.Choice("kind", "a", "b")
	f.Int("count", 1, 9)
	if err = f.Err(); err == nil {
		err = n.write(c.Context(), in)
	}
	if err != nil {
		if fault.Is(err, fault.Stale) {
			f.SetCurrent(url.Values{"title": {"theirs"}, "_version": {"2"}})
		}
		return c.Again(err, "note/new", nil)
	}
	c.Flash("note.written", in.Title, 1)
	return c.SeeOther("/notes/1")
}

func (n *notes) file(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	file, ok := f.File("file", 1<<20)
	if err := f.Err(); err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.Invalid, "note.no_file", "There is no file.")
	}
	return c.Attachment(file.Name, file.Type, file.Data)
}

type changeInput struct {
	web.IfMatch
	ID   string `path:"id"`
	Body struct {
		Title string `json:"title"`
	}
}

func (in changeInput) Item() string { return in.ID }

type noteInput struct {
	Body struct {
		Title string   `json:"title" maxLength:"20"`
		Text  string   `json:"text,omitempty"`
		Tags  []string `json:"tags,omitempty"`
		Mail  string   `json:"mail,omitempty" format:"email"`
		Kind  string   `json:"kind,omitempty" enum:"a,b"`
	}
}

type noteOutput struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     struct {
		Title string `json:"title"`
		Count int    `json:"count"`
	}
}

type listInput struct{ web.Paging }

type listOutput struct{ Body web.List[note] }

func (n *notes) operations(m *web.Mux) {
	api := m.API()
	web.Op(api, "note:entry:write", huma.Operation{Method: http.MethodPost, Path: "/notes", DefaultStatus: http.StatusCreated}, func(ctx context.Context, in *noteInput) (*noteOutput, error) {
		if err := n.write(ctx, note{Title: in.Body.Title}); err != nil {
			return nil, err
		}
		out := &noteOutput{Location: "/api/v1/notes/1", ETag: web.ETag(1)}
		out.Body.Title, out.Body.Count = in.Body.Title, len(n.saved)
		return out, nil
	})
	web.Op(api, "note:entry:write", huma.Operation{Method: http.MethodPut, Path: "/notes/{id}"}, web.Change(func(_ context.Context, id string) error {
		if id != "1" {
			return fault.ItemNotFound()
		}
		return nil
	}, func(_ context.Context, version int64, in *changeInput) (*web.Answer[note], error) {
		if version != 3 {
			return nil, fault.New(fault.Stale, "note.stale", "Somebody changed it.")
		}
		return web.AnswerAt(4, note{Title: in.Body.Title}), nil
	}))
	web.Op(api, "note:entry:read", huma.Operation{Method: http.MethodGet, Path: "/notes"}, func(_ context.Context, in *listInput) (*listOutput, error) {
		at := 0
		if err := web.DecodeCursor(in.Cursor, &at); err != nil {
			return nil, err
		}
		next, err := web.EncodeCursor(at + in.Limit)
		return &listOutput{Body: web.List[note]{Items: []note{}, Next: next}}, err
	})
	web.PublicOp(api, "says that it is alive", huma.Operation{Method: http.MethodGet, Path: "/alive"}, func(context.Context, *struct{}) (*struct{ Body string }, error) {
		return &struct{ Body string }{"yes"}, nil
	})
	web.Op(api, "note:entry:read", huma.Operation{Method: http.MethodGet, Path: "/broken"}, func(context.Context, *struct{}) (*struct{}, error) {
		return nil, context.Canceled
	})
}
