// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
)

func connect(s *client.Session) (Client, error) {
	api, err := s.Client()
	if err != nil {
		return Client{}, err
	}
	return NewClient(api), nil
}

// table prints rows below their heads.
func table(s *client.Session, heads []string, rows [][]string) error {
	out := tabwriter.NewWriter(s.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, strings.Join(heads, "\t"))
	for _, row := range rows {
		fmt.Fprintln(out, strings.Join(row, "\t"))
	}
	return out.Flush()
}

// facts prints names and values, without those that are empty.
func facts(s *client.Session, rows ...[2]string) error {
	out := tabwriter.NewWriter(s.Stdout, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		if row[1] != "" {
			fmt.Fprintf(out, "%s\t%s\n", row[0], row[1])
		}
	}
	return out.Flush()
}

func more(s *client.Session, next string) {
	if next != "" {
		s.Printf("\nmore: --cursor %s\n", next)
	}
}

func checkLimit(limit int) error {
	if limit < 1 || limit > 200 {
		return fault.New(fault.Usage, "identity.limit", "--limit must be a number from 1 to 200; use --cursor for more.")
	}
	return nil
}

func day(t time.Time) string { return t.Format(time.RFC3339) }

// WhoamiCmd is `portreeve whoami`.
type WhoamiCmd struct {
	JSON bool `help:"Print JSON." name:"json"`
}

// Run says whom the token belongs to.
func (c *WhoamiCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	me, err := api.Me(s.Context)
	if err != nil {
		return err
	}
	if c.JSON {
		return s.PrintJSON(me)
	}
	return facts(s, [2]string{"login", me.Login}, [2]string{"name", me.Name}, [2]string{"kind", me.Kind}, [2]string{"id", me.ID},
		[2]string{"roles", strings.Join(me.Roles, ", ")}, [2]string{"groups", strings.Join(me.Groups, ", ")},
		[2]string{"token", me.Token}, [2]string{"limited to", strings.Join(me.Scopes, ", ")})
}

// SessionCommands are the verbs of `portreeve session`.
type SessionCommands struct {
	List SessionListCmd `cmd:"" help:"List your own sessions in browsers."`
	End  SessionEndCmd  `cmd:"" help:"End one of your own sessions, or all."`
}

// SessionListCmd lists sessions.
type SessionListCmd struct {
	JSON bool `help:"Print JSON." name:"json"`
}

// Run lists the caller's sessions.
func (c *SessionListCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	all, err := api.Sessions(s.Context)
	if err != nil {
		return err
	}
	if c.JSON {
		return s.PrintJSON(all)
	}
	var rows [][]string
	for _, one := range all.Items {
		rows = append(rows, []string{one.ID, day(one.CreatedAt), day(one.SeenAt), day(one.Until)})
	}
	return table(s, []string{"ID", "BEGAN", "LAST USED", "ENDS"}, rows)
}

// SessionEndCmd ends sessions.
type SessionEndCmd struct {
	ID  string `arg:"" optional:"" help:"The session's id."`
	All bool   `help:"End all of them."`
}

// Run ends one session or all.
func (c *SessionEndCmd) Run(s *client.Session) error {
	if c.All == (c.ID != "") {
		return fault.New(fault.Usage, "identity.session_which", "Name a session by its id, or say --all.")
	}
	api, err := connect(s)
	if err != nil {
		return err
	}
	return api.EndSession(s.Context, c.ID)
}
