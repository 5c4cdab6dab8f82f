// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/module"
)

// Held is one thing that a part holds about a person.
type Held struct {
	Part  string `json:"part" doc:"the part of the product that holds it"`
	What  string `json:"what"`
	Where string `json:"where,omitempty"`
	Value string `json:"value,omitempty"`
}

// held collects what all parts hold about a person as far as the reader may see
// it: items by their visibility, and what is the person's alone. People are told
// of themselves also that there is something about them at an item that they may
// not see, but not at which, and nothing that others wrote there.
func (s *Site) held(ctx context.Context, person string, reader authz.Actor) ([]Held, error) {
	all := []Held{}
	err := s.DB.Read(ctx, func(r *store.ReadTx) error {
		if _, err := s.People.PersonByID(ctx, r, person); err != nil {
			return err
		}
		for _, m := range s.Modules() {
			if m.Holds == nil {
				continue
			}
			some, err := m.Holds(ctx, r, person)
			if err != nil {
				return err
			}
			for _, h := range some {
				shown, err := s.shown(ctx, r, h, person, reader)
				if err != nil {
					return err
				}
				switch {
				case shown:
					all = append(all, Held{m.Name, h.What, h.Where, h.Value})
				case person == reader.ID && h.Own:
					all = append(all, Held{Part: m.Name, What: h.What, Value: h.Value})
				case person == reader.ID:
					all = append(all, Held{Part: m.Name, What: h.What})
				}
			}
		}
		return nil
	})
	return all, err
}

func (s *Site) shown(ctx context.Context, r store.Reader, h module.Held, person string, reader authz.Actor) (bool, error) {
	if h.Private && person != reader.ID {
		return false, nil
	}
	if h.Item == "" {
		return true, nil
	}
	kind, id, _ := strings.Cut(h.Item, ":")
	resource := s.Resource[kind]
	if resource == nil {
		return false, nil
	}
	res, err := resource(ctx, r, id)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil && authz.CanSee(reader, res), err
}

// dataView is what templates/data.html shows.
type dataView struct {
	Tabs     web.Tabs
	Person   identity.Person
	Own      bool
	Table    web.Table
	Page     string
	MayErase bool
}

func (s *Site) showData(c *web.Ctx) error {
	p, err := s.personHere(c)
	if err != nil {
		return err
	}
	all, err := s.held(c.Context(), p.ID, c.Actor)
	if err != nil {
		return err
	}
	v := dataView{Tabs: s.tabs(c), Person: p, Table: dataTable(c, all), Page: personPath(p.ID)}
	v.MayErase = c.Can(ActionErase) && p.ErasedAt.IsZero() && p.ID != c.Actor.ID
	return c.Render(http.StatusOK, "admin/data", v)
}

func personPath(id string) string { return "/admin/people/" + url.PathEscape(id) }

// personHere loads the account of the page.
func (s *Site) personHere(c *web.Ctx) (p identity.Person, err error) {
	err = s.DB.Read(c.Context(), func(r *store.ReadTx) error {
		p, err = s.People.PersonByID(c.Context(), r, c.Path("id"))
		return err
	})
	return p, err
}

func dataTable(c *web.Ctx, all []Held) web.Table {
	t := c.Table(c.Text("admin.data.caption"), "admin.data.what", "admin.data.value", "admin.data.where", "admin.data.part")
	t.Empty = &web.Empty{Icon: "user", Title: c.Text("admin.data.empty")}
	for _, h := range all {
		var where any = h.Where
		if strings.HasPrefix(h.Where, "/") {
			where = web.Link{Text: h.Where, URL: h.Where}
		}
		t.Add(h.What, h.Value, where, h.Part)
	}
	return t
}

func (s *Site) showOwnData(c *web.Ctx) error {
	all, err := s.held(c.Context(), c.Actor.ID, c.Actor)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, "admin/data", dataView{
		Tabs: c.Tabs(c.Text("admin.profile"), s.Profile), Own: true, Table: dataTable(c, all), Page: ownDataPath,
	})
}

func (s *Site) downloadOwnData(c *web.Ctx) error {
	all, err := s.held(c.Context(), c.Actor.ID, c.Actor)
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return c.Attachment("data-"+c.Actor.Login+".json", "application/json", data)
}

// erasedBody is the body of the entry admin.person.erased.
type erasedBody struct {
	Person string `json:"person"`
	Reason string `json:"reason"`
}

const maxReason = 500

// Erase removes what all parts hold about a person that is not part of the record
// of decisions, in one transaction, with an entry that keeps the reason. It
// needs admin:person:erase, and nobody does it to themselves.
func (s *Site) Erase(ctx context.Context, person, reason string) error {
	a := authz.ActorFrom(ctx)
	if err := s.Policy.Require(a, ActionErase); err != nil {
		return err
	}
	if strings.TrimSpace(reason) == "" || len(reason) > maxReason || !web.PlainName(reason) {
		return fault.InvalidFields("admin.erase", []fault.Field{{Path: "reason", Code: "required", Message: "Say why in one line of at most 500 bytes; the reason stays, so name nobody in it."}})
	}
	if person == a.ID {
		return fault.New(fault.Forbidden, "admin.self", "Nobody erases themselves. Ask another administrator.")
	}
	return s.Writer.Decide(ctx, func(tx *ledger.Tx) error {
		p, err := s.People.PersonByID(ctx, tx, person)
		if err != nil {
			return err
		}
		if !p.ErasedAt.IsZero() {
			return fault.New(fault.Conflict, "admin.erased", "This account was erased before.")
		}
		// The account comes last: slices look for the name that it still has.
		for _, m := range slices.Backward(s.Modules()) {
			if m.Erase == nil {
				continue
			}
			if err := m.Erase(ctx, tx, person); err != nil {
				return err
			}
		}
		_, err = s.Writer.Append(ctx, tx, ledger.Entry{
			Kind: KindErased, Actor: a.Ref(), Subject: authz.PersonPrincipal(person), Item: authz.PersonPrincipal(person),
			Visibility: string(authz.Internal), Body: erasedBody{person, reason},
		})
		return err
	})
}

func (s *Site) erasePage(m *web.Mux) {
	web.ConfirmPage[identity.Person, string]{
		Path: "/admin/people/{id}/erase", Action: ActionErase, Load: s.personHere, Question: eraseQuestion,
		Read: func(c *web.Ctx, p identity.Person, f *web.Form) string {
			f.Require("login", "reason")
			if login := f.String("login", 100); login != "" && login != p.Login {
				f.Refuse("login", "mismatch", c.Text("admin.erase.mismatch"))
			}
			return f.String("reason", maxReason)
		},
		Do: func(c *web.Ctx, p identity.Person, _ int64, reason string) (web.Next, error) {
			return web.To("/admin/people", "admin.erase.done"), s.Erase(c.Context(), p.ID, reason)
		},
	}.Register(m)
}

func eraseQuestion(c *web.Ctx, p identity.Person) web.Confirm {
	return web.Confirm{
		Title: c.Text("admin.erase.title", p.Name), Lead: c.Text("admin.erase.lead"),
		Consequences: []any{c.Text("admin.erase.account"), c.Text("admin.erase.words"), c.Text("admin.erase.stays"), c.Text("admin.erase.comments")},
		Fields: func(f *web.Form) []web.Field {
			login := f.Line("login", "admin.erase.login")
			login.Hint, login.Required, login.Autocomplete = c.Text("admin.erase.login_hint", p.Login), true, "off"
			reason := f.Line("reason", "admin.erase.reason")
			reason.Hint, reason.Required, reason.Max = c.Text("admin.erase.reason_hint"), true, maxReason
			return []web.Field{login, reason}
		},
		Button: c.Text("admin.erase.button"), Danger: true, Cancel: personPath(p.ID) + "/data",
	}
}
