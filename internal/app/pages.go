// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"crypto/rand"
	"embed"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/app/admin"
	"portreeve.org/portreeve/internal/kernel/authz/officeweb"
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity/identityweb"
	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/search"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/module"
)

//go:embed templates messages
var files embed.FS

// The rate at which one caller may use the API or send forms, in requests.
const (
	requestsPerSecond = 2000
	requestsAtOnce    = 4000
)

// openWeb registers every page and operation and checks them.
func (o *office) openWeb(context.Context) (err error) {
	// What the office works on comes first, then what it stands on.
	var work, ground []web.NavItem
	for _, m := range o.modules {
		if len(m.Decisions) > 0 {
			work = append(work, m.Navigation...)
		} else {
			ground = append(ground, m.Navigation...)
		}
	}
	o.mux = web.NewMux(web.Deps{
		Product: o.cfg.Organisation.Name, Version: Version, PublicURL: o.cfg.PublicURL,
		Location: o.cfg.location, Clock: o.db.Clock(), Rand: rand.Reader,
		Policy: o.policy, Actions: actions(), People: o.identity,
		Drafts: o.content, Markdown: content.Markdown, Menu: identityweb.Menu(), Search: search.ActionFind,
		Submissions: o.ledger, Limit: web.NewMemoryLimiter(requestsPerSecond, requestsAtOnce, o.db.Clock().Real),
		Log: o.log, Metrics: o.metrics, Navigation: append(work, ground...), Texts: kindMessages(),
	})
	o.mux.Files("office", files)
	o.mux.Files("job", job.Files())
	o.mux.Front(web.Front{
		Security: web.SecurityTxt{Contact: o.cfg.Organisation.Contact, Policy: list(o.cfg.Organisation.Policy), Languages: o.cfg.Organisation.Language},
		Read:     o.frontData,
		Home:     o.dashboard,
	})
	for _, m := range o.modules {
		if m.Pages != nil {
			m.Pages(o.mux)
		}
		if m.API != nil {
			m.API(o.mux.API())
		}
	}
	o.handler, err = o.mux.Handler()
	return err
}

// frontData is what the public front shows: how to reach the office, what is
// public, and the latest public checkpoint of the log.
func (o *office) frontData(ctx context.Context) (web.FrontData, error) {
	data := web.FrontData{
		Office: o.cfg.Organisation.Name, Lead: o.cfg.Organisation.Intro,
		Public: web.Table{
			Caption: o.mux.Text("office.public"),
			Columns: []web.Column{{Text: o.mux.Text("office.public_what")}, {Text: o.mux.Text("office.public_state")}, {Text: o.mux.Text("office.public_at")}},
			Empty:   &web.Empty{Icon: "scroll-text", Title: o.mux.Text("office.public_empty")},
		},
	}
	for _, contact := range o.cfg.Organisation.Contact {
		data.Contacts = append(data.Contacts, frontContact(contact))
	}
	err := o.db.Read(ctx, func(r *store.ReadTx) error {
		for _, m := range o.modules {
			if m.Public == nil {
				continue
			}
			items, err := m.Public(ctx, r)
			if err != nil {
				return err
			}
			for _, item := range items {
				data.Public.Add(publicTitle(item), item.State, item.At)
			}
		}
		c, err := o.ledger.Latest(ctx, r)
		if fault.Is(err, fault.NotFound) {
			return nil // the first period has not ended yet
		}
		data.Checkpoint = &web.Checkpoint{Note: c.Note, At: c.Period, URL: "/ledger/checkpoints"}
		return err
	})
	return data, err
}

// publicTitle is the title of what is public, with the way to more of it if there is.
func publicTitle(item module.PublicItem) any {
	if item.URL == "" {
		return item.Title
	}
	return web.Link{Text: item.Title, URL: item.URL}
}

// frontContact makes a line of an RFC 9116 Contact value.
func frontContact(uri string) web.Contact {
	scheme, rest, _ := strings.Cut(uri, ":")
	switch scheme {
	case "mailto":
		return web.Contact{Label: "E-mail", Text: rest, URL: uri, Icon: "mail"}
	case "tel":
		return web.Contact{Label: "Telephone", Text: rest, URL: uri}
	default:
		return web.Contact{Label: "Web", Text: uri, URL: uri}
	}
}

// list is a list of the text, or an empty one.
func list(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// adminSections are the tabs under /admin, of all parts.
func adminSections() []web.NavItem {
	return slices.Concat(identityweb.Sections(), officeweb.Sections(), admin.Sections())
}
