// SPDX-License-Identifier: Apache-2.0

package searchweb

import (
	"fmt"
	"strings"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/search"
	"portreeve.org/portreeve/internal/kernel/web"
)

// Cmd is `portreeve search`.
type Cmd struct {
	Query []string `arg:"" help:"Words; quote phrases for the shell and for the search: '\"proxy rule\"'. A prefix ends with *."`
	Kind  string   `help:"Only this kind, such as risk, subject, comment or attachment." placeholder:"KIND" query:"kind"`
	client.Paging
	client.JSONFlag
}

// Run searches and prints the hits.
func (c *Cmd) Run(s *client.Session) error {
	query := client.Query(c)
	query.Set("q", strings.Join(c.Query, " "))
	list, err := client.Get[web.List[Hit]](s, "/search", query)
	return client.Show(s, list, err, c.JSON, printHits)
}

func printHits(s *client.Session, list web.List[Hit]) error {
	for _, h := range list.Items {
		title := h.Title
		if h.PartTitle != "" {
			title = h.PartTitle + " (" + h.Title + ")"
		}
		s.Printf("%s  %s\n  %s\n", h.Kind, title, h.URL)
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
