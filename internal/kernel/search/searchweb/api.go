// SPDX-License-Identifier: Apache-2.0

package searchweb

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/search"
	"portreeve.org/portreeve/internal/kernel/web"
)

// Hit is one result in the API.
type Hit struct {
	Item       string            `json:"item" doc:"reference of the item, type:id"`
	Part       string            `json:"part,omitempty" doc:"what of it was found, such as comment:id; absent: the item itself"`
	Kind       string            `json:"kind"`
	Title      string            `json:"title" doc:"of the item"`
	PartTitle  string            `json:"part_title,omitempty" doc:"of the part, such as the name of a file"`
	State      string            `json:"state,omitempty"`
	URL        string            `json:"url" doc:"its page, relative to the server's root"`
	Visibility authz.Visibility  `json:"visibility" enum:"public,internal,restricted"`
	Snippet    []search.Fragment `json:"snippet" nullable:"false" doc:"part of the text; mark says which pieces were asked for"`
	ChangedAt  time.Time         `json:"changed_at"`
}

type findInput struct {
	web.Paging
	Query string `query:"q" required:"true" maxLength:"1000" doc:"words, \"phrases\" and prefixes such as acc*"`
	Kind  string `query:"kind" maxLength:"60" doc:"only this kind"`
}

// API registers GET /api/v1/search.
func (s *Site) API(api *web.API) {
	web.Op(api, search.ActionFind, huma.Operation{
		OperationID: "search", Method: http.MethodGet, Path: "/search", Tags: []string{"search"},
		Summary: "Search what you may see; most terms first, then terms in titles, then the newest",
	}, s.apiFind)
}

// checkKind refuses a kind that no document has.
func (s *Site) checkKind(kind string) error {
	var names []string
	for _, k := range s.Kinds {
		names = append(names, k.Name)
	}
	if kind == "" || slices.Contains(names, kind) {
		return nil
	}
	return fault.InvalidFields("search.kind", []fault.Field{{Path: "kind", Code: "not_offered", Message: "Choose one of: " + strings.Join(names, ", ") + "."}})
}

func (s *Site) apiFind(ctx context.Context, in *findInput) (*web.Listed[Hit], error) {
	if err := s.checkKind(in.Kind); err != nil {
		return nil, err
	}
	hits, next, err := s.find(ctx, in.Query, in.Kind, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return web.ListOf(hits, next, func(h found) Hit {
		partTitle := ""
		if h.Part != "" {
			partTitle = search.Text(h.Hit.Title)
		}
		return Hit{
			PartTitle: partTitle,
			Item:      h.Item, Part: h.Part, Kind: h.Kind, Title: h.item.Title, State: h.item.State, URL: h.url,
			Visibility: h.Visibility, Snippet: append([]search.Fragment{}, h.Snippet...), ChangedAt: h.At,
		}
	}), nil
}
