// SPDX-License-Identifier: Apache-2.0

package searchweb

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/search"
	"portreeve.org/portreeve/internal/kernel/web"
)

// Cmd is `portreeve search`.
type Cmd struct {
	Query  []string `arg:"" help:"Words; quote phrases for the shell and for the search: '\"proxy rule\"'. A prefix ends with *."`
	Kind   string   `help:"Only this kind, such as risk, subject or comment." placeholder:"KIND"`
	Limit  int      `help:"The most to show, up to 100." default:"20" placeholder:"N"`
	Cursor string   `help:"Go on after an earlier search." placeholder:"CURSOR"`
	JSON   bool     `help:"Print JSON." name:"json"`
}

// Run searches and prints the hits.
func (c *Cmd) Run(s *client.Session) error {
	api, err := s.Client()
	if err != nil {
		return err
	}
	query := url.Values{"q": {strings.Join(c.Query, " ")}, "limit": {strconv.Itoa(c.Limit)}}
	for name, value := range map[string]string{"kind": c.Kind, "cursor": c.Cursor} {
		if value != "" {
			query.Set(name, value)
		}
	}
	var list web.List[Hit]
	if err := api.Call(s.Context, client.Request{Path: "/api/v1/search", Query: query}, &list); err != nil {
		return err
	}
	if c.JSON {
		return s.PrintJSON(list)
	}
	for _, h := range list.Items {
		s.Printf("%s  %s\n  %s\n", h.Kind, h.Title, h.URL)
		if text := search.Text(h.Snippet); text != "" {
			s.Printf("  %s\n", text)
		}
	}
	if len(list.Items) == 0 {
		fmt.Fprintln(s.Stderr, "Nothing that is shown to you matches. Try fewer words, or only the beginning of one with an asterisk: accept*.")
	}
	if list.Next != "" {
		s.Printf("\nmore: --cursor %s\n", list.Next)
	}
	return nil
}
