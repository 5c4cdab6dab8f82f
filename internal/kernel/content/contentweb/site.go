// SPDX-License-Identifier: Apache-2.0

package contentweb

import (
	"context"
	"embed"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

//go:embed templates messages
var pageFiles embed.FS

// Deps are what pages and API need.
type Deps struct {
	Content *content.Service
	DB      *store.DB
	// Describe names items of any type as far as the actor may see them.
	Describe catalog.Describer
	// Person names an author; an unknown one is NotFound.
	Person func(ctx context.Context, r store.Reader, id string) (catalog.Named, error)
	// Text gives the text of a message key of the catalogue.
	Text    func(key string, args ...any) string
	Profile []web.NavItem // tabs under /me, of all parts
	// ThreadURL, if set, is the address at which the module that keeps an item shows
	// a thread of it, each comment under the id "c-" and its own. "" is the page of
	// the discussion, which has any thread.
	ThreadURL func(item, thread string) string
}

// Site is the pages and the API. It may be used concurrently.
type Site struct{ Deps }

// New returns the site.
func New(d Deps) *Site { return &Site{d} }

// draftsPath is the page of one's own drafts.
const draftsPath = "/me/drafts"

// ProfileSections returns this package's tab under /me.
func ProfileSections() []web.NavItem {
	return []web.NavItem{{Label: "content.drafts.title", URL: draftsPath, Action: web.ActionDraft}}
}

// uploadSlack is what a request may hold beside the file itself. A file that is
// a little too large gets in and is refused with a better answer.
const uploadSlack = 256 << 10

// longTransfer is how long a file may take on a slow line.
const longTransfer = 10 * time.Minute

func (s *Site) uploadLimit() int64 { return s.Content.Limits().MaxSize.Bytes() + uploadSlack }

// Pages registers the pages.
func (s *Site) Pages(m *web.Mux) {
	m.Files("content", pageFiles)
	m.Page("GET /items/{type}/{id}/discussion", content.ActionRead, s.showThread)
	s.commentForms(m)
	m.Page("GET /items/{type}/{id}/attachments", content.ActionRead, s.showAttachments)
	m.Page("POST /items/{type}/{id}/attachments", content.ActionAttach, s.postAttachment, web.MaxBodyOf(s.uploadLimit), web.Within(longTransfer))
	m.Page("GET /comments/{id}", content.ActionRead, s.findComment)
	m.Page("GET /comments/{id}/versions", content.ActionRead, s.showVersions)
	s.erasePages(m)
	m.Page("GET /attachments/{id}", content.ActionRead, s.download, web.Within(longTransfer))
	m.Page("GET "+draftsPath, web.ActionDraft, s.showDrafts)
}

// Include returns what the page of an item shows of its discussion, for the
// actor of ctx; it is empty for an actor who may not read it.
func (s *Site) Include(ctx context.Context, item string) (web.Discussion, error) {
	t, err := s.Content.Thread(ctx, item, 1)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Forbidden) || fault.Is(err, fault.Unauthenticated) {
		return web.Discussion{}, nil
	}
	if err != nil {
		return web.Discussion{}, err
	}
	return web.Discussion{URL: threadPath(item), Text: s.howMuch(t)}, nil
}

// howMuch says in words what a thread holds.
func (s *Site) howMuch(t content.Thread) string {
	if t.Comments == 0 && t.Attachments == 0 {
		return s.Text("content.thread.empty")
	}
	return s.Text("content.thread.comments", t.Comments) + ", " + s.Text("content.thread.attachments", t.Attachments)
}

// item returns what the actor may see of an item; what they may not is NotFound.
func (s *Site) item(ctx context.Context, r store.Reader, item string) (catalog.Described, error) {
	all, err := s.Describe(ctx, r, authz.ActorFrom(ctx), []string{item})
	if err != nil {
		return catalog.Described{}, err
	}
	d, shown := all[item]
	if !shown {
		return catalog.Described{}, fault.ItemNotFound()
	}
	return d, nil
}

// names returns the names of people by id; whoever is unknown is absent.
func (s *Site) names(ctx context.Context, r store.Reader, ids []string) (map[string]string, error) {
	names := map[string]string{}
	for _, id := range ids {
		if _, asked := names[id]; asked || id == "" {
			continue
		}
		n, err := s.Person(ctx, r, id)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		names[id] = n.Name
	}
	return names, nil
}
