// SPDX-License-Identifier: Apache-2.0

package officeweb

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"portreeve.org/portreeve/internal/kernel/client"
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

func instant(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339)
}

// RankCommands are the verbs of `portreeve rank`.
type RankCommands struct {
	List RankListCmd `cmd:"" help:"List ranks, low to high, as configured."`
	Mine RankMineCmd `cmd:"" help:"What you may exercise now, and by which right."`
}

// RankListCmd lists ranks.
type RankListCmd struct {
	JSON bool `help:"Print JSON." name:"json"`
}

// Run lists the ranks.
func (c *RankListCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	all, err := api.Ranks(s.Context)
	if err != nil {
		return err
	}
	if c.JSON {
		return s.PrintJSON(all)
	}
	var rows [][]string
	for _, r := range all.Items {
		rows = append(rows, []string{r.Name, r.Title})
	}
	return table(s, []string{"RANK", "TITLE"}, rows)
}

// RankMineCmd lists the caller's rights.
type RankMineCmd struct {
	JSON bool `help:"Print JSON." name:"json"`
}

// Run lists what the caller may exercise.
func (c *RankMineCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	all, err := api.Rights(s.Context)
	if err != nil {
		return err
	}
	if c.JSON {
		return s.PrintJSON(all)
	}
	var rows [][]string
	for _, r := range all.Items {
		rows = append(rows, []string{r.Organisation, r.Kind, r.Rank + r.Body, r.Function, r.Explanation})
	}
	return table(s, []string{"ORGANISATION", "KIND", "RANK OR BODY", "FUNCTION", "WHY"}, rows)
}

// BodyCommands are the verbs of `portreeve body`.
type BodyCommands struct {
	List     BodyListCmd     `cmd:"" help:"List bodies that decide by quorum."`
	Create   BodyCreateCmd   `cmd:"" help:"Establish a body."`
	Change   BodyChangeCmd   `cmd:"" help:"Change name, members or quorum of a body."`
	Dissolve BodyDissolveCmd `cmd:"" help:"Dissolve a body for good."`
}

// BodyListCmd lists bodies.
type BodyListCmd struct {
	Organisation string `help:"Only of the organisation of this id." placeholder:"ID"`
	JSON         bool   `help:"Print JSON." name:"json"`
}

// Run lists bodies.
func (c *BodyListCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	all, err := api.Bodies(s.Context, c.Organisation)
	if err != nil {
		return err
	}
	if c.JSON {
		return s.PrintJSON(all)
	}
	var rows [][]string
	for _, b := range all.Items {
		rows = append(rows, []string{b.ID, b.Organisation, fmt.Sprintf("%d of %d", b.Quorum, len(b.Members)), b.Name})
	}
	return table(s, []string{"ID", "ORGANISATION", "QUORUM", "NAME"}, rows)
}

func printBody(s *client.Session, b Body, asJSON bool) error {
	if asJSON {
		return s.PrintJSON(b)
	}
	return facts(s, [2]string{"id", b.ID}, [2]string{"name", b.Name}, [2]string{"organisation", b.Organisation},
		[2]string{"members", strings.Join(b.Members, ", ")}, [2]string{"quorum", fmt.Sprint(b.Quorum)}, [2]string{"version", version(b.Version)})
}

// BodyCreateCmd establishes a body.
type BodyCreateCmd struct {
	Name         string   `arg:"" help:"What it is called."`
	Organisation string   `required:"" help:"Id of its organisation." placeholder:"ID"`
	Member       []string `required:"" help:"Login or id of a member; repeat for more." placeholder:"LOGIN"`
	Quorum       int      `required:"" help:"How many members must agree." placeholder:"N"`
	JSON         bool     `help:"Print JSON." name:"json"`
}

// Run establishes the body.
func (c *BodyCreateCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	b, err := api.CreateBody(s.Context, NewBody{Organisation: c.Organisation, Name: c.Name, Members: c.Member, Quorum: c.Quorum})
	if err != nil {
		return err
	}
	return printBody(s, b, c.JSON)
}

// BodyChangeCmd changes a body.
type BodyChangeCmd struct {
	ID     string   `arg:"" help:"The body's id."`
	Name   *string  `help:"A new name." placeholder:"NAME"`
	Member []string `help:"Login or id of a member; name all that it is to have." placeholder:"LOGIN"`
	Quorum *int     `help:"A new quorum." placeholder:"N"`
	JSON   bool     `help:"Print JSON." name:"json"`
}

// Run changes what was named.
func (c *BodyChangeCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	b, err := api.Body(s.Context, c.ID)
	if err != nil {
		return err
	}
	edit := BodyEdit{Name: c.Name, Quorum: c.Quorum}
	if len(c.Member) > 0 {
		edit.Members = &c.Member
	}
	if b, err = api.ChangeBody(s.Context, b.ID, b.Version, edit); err != nil {
		return err
	}
	return printBody(s, b, c.JSON)
}

// BodyDissolveCmd dissolves a body.
type BodyDissolveCmd struct {
	ID string `arg:"" help:"The body's id."`
}

// Run dissolves the body.
func (c *BodyDissolveCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	b, err := api.Body(s.Context, c.ID)
	if err != nil {
		return err
	}
	return api.DissolveBody(s.Context, b.ID, b.Version)
}
