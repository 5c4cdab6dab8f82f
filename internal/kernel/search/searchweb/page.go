// SPDX-License-Identifier: Apache-2.0

package searchweb

import (
	"html/template"
	"net/http"
	"net/url"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/search"
	"portreeve.org/portreeve/internal/kernel/web"
)

// pageView is what templates/search.html shows.
type pageView struct {
	Query   string
	Kinds   []web.Choice
	Hits    []hitView
	Nothing *web.Empty
	Pager   web.Pager
}

// hitView is one line of the result.
type hitView struct {
	Title   any    // a text, or HTML with what was asked for marked
	Of      string // what a part hangs on, if its own title is shown
	URL     string
	Icon    string
	Kind    string
	State   string
	Secret  bool // restricted: the reader is one of few who see it
	Snippet template.HTML
	At      time.Time
}

func (s *Site) showSearch(c *web.Ctx) error {
	query, kind := c.Query("q"), c.Query("kind")
	hits, next, err := s.find(c.Context(), query, kind, c.Query("cursor"), search.DefaultLimit)
	if err != nil {
		return err
	}
	v := pageView{Query: query}
	for _, k := range s.Kinds {
		v.Kinds = append(v.Kinds, web.Choice{Value: k.Name, Label: c.Text(k.Label)})
	}
	for _, h := range hits {
		v.Hits = append(v.Hits, s.hitView(c, h))
	}
	switch {
	case query == "":
		v.Nothing = &web.Empty{Icon: "search", Title: c.Text("search.ask"), Text: c.Text("search.ask_text")}
	case len(hits) == 0:
		v.Nothing = &web.Empty{Icon: "search", Title: c.Text("search.nothing"), Text: c.Text("search.nothing_text")}
	}
	values := url.Values{"q": {query}}
	if kind != "" {
		values.Set("kind", kind)
	}
	c.Prefill(web.SearchAction, values)
	v.Pager = c.Pager(web.SearchAction, values, next)
	return c.Render(http.StatusOK, "search/search", v)
}

func (s *Site) hitView(c *web.Ctx, h found) hitView {
	v := hitView{
		Title: h.item.Title, URL: h.url, Icon: "file-text", Kind: h.Kind, State: h.item.State,
		Secret: h.Visibility == authz.Restricted, Snippet: search.HTML(h.Snippet), At: h.At,
	}
	if search.Text(h.Hit.Title) != "" {
		v.Title = search.HTML(h.Hit.Title)
		if h.Part != "" {
			v.Of = h.item.Title
		}
	}
	for _, k := range s.Kinds {
		if k.Name == h.Kind {
			v.Icon, v.Kind = k.Icon, c.Text(k.One)
		}
	}
	return v
}
