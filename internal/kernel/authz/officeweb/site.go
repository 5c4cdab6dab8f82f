// SPDX-License-Identifier: Apache-2.0

package officeweb

import (
	"context"
	"embed"
	"slices"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/authz/office"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

//go:embed templates messages
var pageFiles embed.FS

// Deps are what the pages and the API need. Sections and Profile may be nil.
type Deps struct {
	Office   *office.Service
	People   *identity.Service
	DB       *store.DB
	Location *time.Location // zone of dates that people enter
	Sections []web.NavItem  // tabs under /admin, of all parts; nil: [Sections]
	Profile  []web.NavItem  // tabs under /me, of all parts; nil: [ProfileSections]
}

// Site is the pages and the API. It may be used concurrently.
type Site struct {
	Deps
}

// New returns the site.
func New(d Deps) *Site {
	if d.Sections == nil {
		d.Sections = Sections()
	}
	if d.Profile == nil {
		d.Profile = ProfileSections()
	}
	return &Site{d}
}

// Sections returns this package's tabs under /admin.
func Sections() []web.NavItem {
	return []web.NavItem{
		{Label: "authz.posts.title", URL: postsPath, Action: office.ActionRead},
		{Label: "authz.delegations.title", URL: delegationsPath, Action: office.ActionRead},
		{Label: "authz.ranks.title", URL: ranksPath, Action: office.ActionRead},
	}
}

// ProfileSections returns this package's tab under /me.
func ProfileSections() []web.NavItem {
	return []web.NavItem{{Label: "authz.mine.title", URL: minePath, Action: office.ActionRead}}
}

// Addresses of pages.
const (
	postsPath       = "/admin/posts"
	bodiesPath      = "/admin/bodies"
	delegationsPath = "/admin/delegations"
	ranksPath       = "/admin/ranks"
	minePath        = "/me/posts"
)

// Pages registers all pages and their files.
func (s *Site) Pages(m *web.Mux) {
	m.Files("authz", pageFiles)
	m.Page("GET /admin/posts", office.ActionRead, s.showChart)
	m.Page("GET /admin/ranks", office.ActionRead, s.showRanks)
	m.Page("GET /admin/delegations", office.ActionRead, s.showDelegations)
	m.Page("GET /me/posts", office.ActionRead, s.showMine)
	s.postPages(m)
	s.bodyPages(m)
	s.delegationPages(m)
}

// state is everything that pages and answers are made from, of one moment.
type state struct {
	authz.Authority
	names         map[string]string // of people, by id
	organisations []identity.Organisation
	now           time.Time // domain time
}

// load returns the authority of now with the names that belong to it.
func (s *Site) load(ctx context.Context) (state, error) {
	var st state
	var err error
	if st.Authority, err = s.Office.Authority(ctx); err != nil {
		return st, err
	}
	st.now = s.DB.Clock().Domain()
	err = s.DB.Read(ctx, func(r *store.ReadTx) error {
		if st.organisations, err = s.People.AllOrganisations(ctx, r); err != nil {
			return err
		}
		st.names, err = s.People.Names(ctx, r, st.people())
		return err
	})
	return st, err
}

// people returns the ids of everybody who appears, some of them twice.
func (st state) people() []string {
	var ids []string
	for _, p := range st.Posts {
		if p.Holder != "" {
			ids = append(ids, p.Holder)
		}
	}
	for _, b := range st.Bodies {
		ids = append(ids, b.Members...)
	}
	for _, d := range st.Delegations {
		ids = append(ids, d.Holder, d.To)
	}
	return ids
}

// name returns somebody's name, or their id if it is not known.
func (st state) name(person string) string {
	if name := st.names[person]; name != "" {
		return name
	}
	return person
}

func (st state) organisation(id string) string {
	for _, o := range st.organisations {
		if o.ID == id {
			return o.Name
		}
	}
	return id
}

// rank returns a rank's title.
func (st state) rank(name string) string {
	if i := st.RankIndex(name); i >= 0 {
		return st.Ranks[i].Title
	}
	return name
}

func (st state) findPost(id string) (authz.Post, error) {
	return find(st.Posts, func(p authz.Post) bool { return p.ID == id })
}

func (st state) findBody(id string) (authz.Body, error) {
	return find(st.Bodies, func(b authz.Body) bool { return b.ID == id })
}

func (st state) findDelegation(id string) (authz.Delegation, error) {
	return find(st.Delegations, func(d authz.Delegation) bool { return d.ID == id })
}

func find[T any](all []T, is func(T) bool) (T, error) {
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i], nil
	}
	var none T
	return none, fault.ItemNotFound()
}
