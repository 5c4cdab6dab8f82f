// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// View is "." in every page template. A page's own data is .Data.
type View struct {
	Data      any
	Actor     authz.Actor
	Product   string
	Version   string
	Path      string // of this page
	RequestID string
	Flash     []Message
	Alert     *fault.Error // why the form on this page was refused, if it was

	c     *Ctx
	given map[string]*Form
}

func (c *Ctx) view(data any) *View {
	v := &View{
		Data: data, Actor: c.Actor, Product: c.mux.deps.Product, Version: c.mux.deps.Version,
		Path: c.R.URL.Path, RequestID: RequestID(c.R.Context()), Alert: c.alert, Flash: c.flash,
		c: c, given: map[string]*Form{},
	}
	if value := cookieValue(c.R, flashCookie); value != "" && c.R.Method == http.MethodGet {
		v.Flash = append(decodeFlash(value), v.Flash...)
	}
	return v
}

// Can reports whether the reader may do action at all, to show or hide a button.
func (v *View) Can(action authz.Action) bool { return v.c.Can(action) }

// Form returns the state of the form that is sent to action: what was sent and
// refused, what a handler filled in, or an empty one.
func (v *View) Form(action string) *Form {
	if f := v.given[action]; f != nil {
		return f
	}
	f := v.c.forms[action]
	if f == nil {
		f = v.c.newForm(action, nil)
	}
	f.prefix = fmt.Sprintf("f%d-", len(v.given)+1)
	f.submission = v.c.mux.newID(16)
	if f.page == "" {
		f.page = pageAddress(v.c.R.URL)
	}
	v.given[action] = f
	return f
}

// NavLink is one entry of the navigation as this reader sees it.
type NavLink struct {
	Label   Message
	URL     string
	Icon    string
	Current bool
}

// Navigation lists the entries that the reader may use.
func (v *View) Navigation() []NavLink { return v.links(v.c.mux.deps.Navigation) }

func (v *View) links(items []NavItem) []NavLink {
	var links []NavLink
	current := -1
	for _, n := range items {
		if !v.Can(n.Action) {
			continue
		}
		links = append(links, NavLink{Label: Msg(n.Label), URL: n.URL, Icon: n.Icon})
		here := slices.ContainsFunc(append([]string{n.URL}, n.Also...), func(at string) bool {
			return v.Path == at || strings.HasPrefix(v.Path, strings.TrimSuffix(at, "/")+"/")
		})
		if here && (current < 0 || len(n.URL) > len(links[current].URL)) {
			current = len(links) - 1
		}
	}
	if current >= 0 {
		links[current].Current = true
	}
	return links
}

// SignIn is the address of the sign-in page that leads back here.
func (v *View) SignIn() string {
	if strings.HasPrefix(v.Path, "/sign-in") || v.c.R.Method != http.MethodGet {
		return "/sign-in"
	}
	return SignInURL(v.c.R.URL.RequestURI())
}

// SearchAction is where the search box of the header leads.
const SearchAction = "/search"

// CanSearch reports whether the header shows a search box.
func (v *View) CanSearch() bool {
	action := v.c.mux.deps.Search
	return action != "" && v.Can(action)
}

// Menu lists the entries of the person's menu.
func (v *View) Menu() []NavLink { return v.links(v.c.mux.deps.Menu) }
