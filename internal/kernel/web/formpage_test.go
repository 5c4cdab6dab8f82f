// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

// plan is what the form of these tests holds, plans what it is about.
type plan struct {
	Title  string      `json:"title" minLength:"1" maxLength:"20"`
	Kind   string      `json:"kind" enum:"a,b"`
	Urgent *bool       `json:"urgent"`
	Tags   []string    `json:"tags"`
	Until  config.Date `json:"until"`
	Cell   struct {
		Likely int `json:"likely" minimum:"1" maximum:"5"`
	} `json:"cell"`
	Steps []step `json:"steps" maxItems:"5"`
	Entry int64  `json:"-"`
}

type step struct {
	Kind string `json:"kind" row:"preset"`
	Text string `json:"text" maxLength:"10"`
}

type plans struct {
	notes   *notes
	Name    string
	version int64
	saved   plan
	refuse  error
	carried int // how often Do was called
}

// Steps are the rows that the template shows.
func (p *plans) Steps() []step { return make([]step, 3) }

// form is a page as others write them: nobody but the reviewer sees a plan.
func (p *plans) form() web.FormPage[*plans, plan] {
	return web.FormPage[*plans, plan]{
		Path: "/plans/{name}/edit", Sends: "/plans/{name}", Action: "note:entry:write", Page: "note/plan", Redraw: []string{"more"},
		Load: func(c *web.Ctx) (*plans, error) {
			if c.Path("name") != p.Name {
				return nil, fault.ItemNotFound()
			}
			return p, nil
		},
		Open: func(*web.Ctx, *plans) error {
			if p.version > 5 {
				return fault.New(fault.Conflict, "plan.over", "It is over.")
			}
			return nil
		},
		Version: func(p *plans) int64 { return p.version },
		Values:  func(*web.Ctx, *plans) url.Values { return web.Values(p.saved) },
		Do: func(c *web.Ctx, _ *plans, version int64, in plan) (web.Next, error) {
			p.carried++
			if version != p.version {
				return nil, fault.New(fault.Stale, "plan.stale", "Somebody changed it.")
			}
			if p.refuse != nil {
				return nil, p.refuse
			}
			p.saved, p.version = in, version+1
			return web.To("/notes/1", "note.written", in.Title, 1), p.notes.write(c.Context(), note{Title: in.Title})
		},
	}
}

func openPlans(t *testing.T) (*plans, *webtest.Client) {
	t.Helper()
	urgent := true
	p := &plans{Name: "x", version: 3, saved: plan{Title: "old", Kind: "b", Urgent: &urgent, Tags: []string{"one", "two"}, Until: config.Date{Year: 2026, Month: 3, Day: 31}, Steps: []step{{"first", "go"}}}}
	p.saved.Cell.Likely = 2
	n, m := openNotes(t)
	p.notes = n
	p.form().Register(m)
	return p, webtest.Serve(t, m).As("reviewer")
}

// typed is the plan's form as sent, with the fields that its template leaves out.
func typed(c *webtest.Client, more map[string]string) url.Values {
	values := c.Get("/plans/x/edit").Want(200).FormValues("/plans/x")
	values.Set("kind", "a")
	values.Set("cell.likely", "4")
	for name, v := range more {
		values.Set(name, v)
	}
	return values
}

func named(t *testing.T, page *webtest.Response, field string) *webtest.Node {
	t.Helper()
	for _, input := range append(page.All("input"), page.All("textarea")...) {
		if input.Attr("name") == field {
			return input
		}
	}
	t.Fatalf("there is no field %q", field)
	return nil
}

func TestFormPage(t *testing.T) {
	p, c := openPlans(t)
	page := c.Get("/plans/x/edit").Want(200).FormValues("/plans/x")
	if page.Get("title") != "old" || page.Get("tags") != "one\ntwo\n" || page.Get("steps[0].text") != "go" || page.Get("until") != "2026-03-31" || page.Get("_version") != "3" {
		t.Errorf("the form begins with %v", page)
	}
	sent := typed(c, map[string]string{"title": "new", "tags": "three\r\n\r\n", "until": "2026-04-01", "steps[0].text": "", "steps[1].kind": "chosen", "steps[2].text": "last"})
	c.Post("/plans/x", sent).WantLocation("/notes/1")
	c.Post("/plans/x", sent).WantLocation("/notes/1")
	urgent := false
	want := plan{Title: "new", Kind: "a", Urgent: &urgent, Tags: []string{"three"}, Until: config.Date{Year: 2026, Month: 4, Day: 1}, Steps: []step{{"", "last"}}}
	want.Cell.Likely = 4
	if diff := cmp.Diff(want, p.saved); diff != "" {
		t.Error(diff)
	}
}

// TestFormPageOrder: nothing is said about a form that is wrong before it is known
// that the reader may see what it is about, and nothing is done with it.
func TestFormPageOrder(t *testing.T) {
	p, c := openPlans(t)
	wrong := typed(c, map[string]string{"title": "", "kind": "c", "cell.likely": "9", "steps[2].text": strings.Repeat("x", 11)})
	c.Post("/plans/y", wrong).Want(404)
	c.Get("/plans/y/edit").Want(404)
	c.As("requester").Post("/plans/x", wrong).Want(403)
	page := c.Post("/plans/x", wrong).Want(422)
	page.WantText("This is needed.", "Choose one of the values offered.", "from 1 to 5", "At most 10 characters")
	unbased := typed(c, nil)
	unbased.Del("_version")
	c.Post("/plans/x", unbased).Want(422).WantText("does not say which version")
	redrawn := c.Post("/plans/x", typed(c, map[string]string{"title": "not yet", "more": "1"})).Want(200)
	if redrawn.FormValues("/plans/x").Get("title") != "not yet" {
		t.Error("one more row lost what was typed")
	}
	if p.carried != 0 {
		t.Errorf("carried out %d times", p.carried)
	}
	p.version = 6
	c.Get("/plans/x/edit").Want(409).WantText("It is over.")
}

// TestFormPageRefused: reasons that the service gives by the index of what it got
// stand at the rows that people see, and a stale form is based on what is now.
func TestFormPageRefused(t *testing.T) {
	p, c := openPlans(t)
	p.refuse = fault.InvalidFields("plan.invalid", []fault.Field{{Path: "steps[0].text", Code: "x", Message: "Not this step."}, {Path: "tags[1]", Code: "x", Message: "Not this tag."}})
	page := c.Post("/plans/x", typed(c, map[string]string{"steps[0].text": "", "steps[2].text": "last"})).Want(422)
	page.WantText("Not this step.", "Not this tag.")
	for field, want := range map[string]string{"steps[0].text": "", "steps[2].text": "true", "tags": "true"} {
		if got := named(t, page, field).Attr("aria-invalid"); got != want {
			t.Errorf("%s is marked %q, want %q", field, got, want)
		}
	}
	stale := typed(c, map[string]string{"title": "mine"})
	p.saved.Title, p.version, p.refuse = "theirs", 4, nil
	again := c.Post("/plans/x", stale).Want(412).WantText("Saved meanwhile by somebody else: theirs").FormValues("/plans/x")
	if again.Get("title") != "mine" || again.Get("_version") != "4" {
		t.Errorf("the form now holds %v", again)
	}
	again.Set("kind", "a")
	again.Set("cell.likely", "4")
	c.Post("/plans/x", again).WantLocation("/notes/1")
}

func TestConfirmPage(t *testing.T) {
	asked := []string{}
	_, m := openNotes(t)
	web.ConfirmPage[string, struct {
		Reason string `json:"reason" minLength:"1" maxLength:"10"`
	}]{
		Path: "/plans/{name}/end", Action: "note:entry:write",
		Load: func(c *web.Ctx) (string, error) { return c.Path("name"), nil },
		Question: func(c *web.Ctx, d string) web.Confirm {
			return web.Confirm{Title: "End " + d + "?", Button: "End it", Cancel: "/", Fields: func(f *web.Form) []web.Field {
				return []web.Field{f.Line("reason", "note.title")}
			}}
		},
		Do: func(_ *web.Ctx, d string, version int64, in struct {
			Reason string `json:"reason" minLength:"1" maxLength:"10"`
		}) (web.Next, error) {
			asked = append(asked, d+": "+in.Reason)
			return web.To("/notes/1", "note.new"), nil
		},
	}.Register(m)
	c := webtest.Serve(t, m).As("reviewer")
	values := c.Get("/plans/x/end").Want(200).WantText("End x?").FormValues("/plans/x/end")
	c.Post("/plans/x/end", values).Want(422).WantText("End x?", "This is needed.")
	values.Set("reason", "over")
	c.Post("/plans/x/end", values).WantLocation("/notes/1")
	if !slices.Equal(asked, []string{"x: over"}) {
		t.Errorf("carried out: %q", asked)
	}
}
