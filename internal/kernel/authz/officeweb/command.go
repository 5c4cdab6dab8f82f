// SPDX-License-Identifier: Apache-2.0

package officeweb

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/client"
)

func instant(t time.Time) string {
	if t.IsZero() {
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
	client.JSONFlag
}

// Run lists the ranks.
func (c *RankListCmd) Run(s *client.Session) error {
	return client.List(s, "/ranks", nil, c.JSON, []string{"RANK", "TITLE"}, func(r Rank) []string {
		return []string{r.Name, r.Title}
	})
}

// RankMineCmd lists the caller's rights.
type RankMineCmd struct {
	client.JSONFlag
}

// Run lists what the caller may exercise.
func (c *RankMineCmd) Run(s *client.Session) error {
	return client.List(s, "/me/rights", nil, c.JSON, []string{"ORGANISATION", "KIND", "RANK OR BODY", "FUNCTION", "WHY"}, func(r Right) []string {
		return []string{r.Organisation, string(r.Kind), r.Rank + r.Body, r.Function, r.Explanation}
	})
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
	Organisation string `help:"Only of the organisation of this id." placeholder:"ID" query:"organisation"`
	client.JSONFlag
}

// Run lists bodies.
func (c *BodyListCmd) Run(s *client.Session) error {
	return client.List(s, "/bodies", c, c.JSON, []string{"ID", "ORGANISATION", "QUORUM", "NAME"}, func(b Body) []string {
		return []string{b.ID, b.Organisation, fmt.Sprintf("%d of %d", b.Quorum, len(b.Members)), b.Name}
	})
}

func printBody(s *client.Session, b Body) error {
	return s.Facts([][2]string{
		{"id", b.ID}, {"name", b.Name}, {"organisation", b.Organisation}, {"members", strings.Join(b.Members, ", ")},
		{"quorum", fmt.Sprint(b.Quorum)}, {"version", fmt.Sprint(b.Version)},
	})
}

// BodyCreateCmd establishes a body.
type BodyCreateCmd struct {
	Name         string   `arg:"" help:"What it is called."`
	Organisation string   `required:"" help:"Id of its organisation." placeholder:"ID"`
	Member       []string `required:"" help:"Login or id of a member; repeat for more." placeholder:"LOGIN"`
	Quorum       int      `required:"" help:"How many members must agree." placeholder:"N"`
	client.JSONFlag
}

// Run establishes the body.
func (c *BodyCreateCmd) Run(s *client.Session) error {
	in := NewBody{Organisation: c.Organisation, Name: c.Name, Members: c.Member, Quorum: c.Quorum}
	b, err := client.Send[Body](s, http.MethodPost, "/bodies", 0, in)
	return client.Show(s, b, err, c.JSON, printBody)
}

// BodyChangeCmd changes a body.
type BodyChangeCmd struct {
	ID     string   `arg:"" help:"The body's id."`
	Name   *string  `help:"A new name." placeholder:"NAME"`
	Member []string `help:"Login or id of a member; name all that it is to have." placeholder:"LOGIN"`
	Quorum *int     `help:"A new quorum." placeholder:"N"`
	client.JSONFlag
}

// Run changes what was named.
func (c *BodyChangeCmd) Run(s *client.Session) error {
	edit := BodyEdit{Name: c.Name, Quorum: c.Quorum}
	if len(c.Member) > 0 {
		edit.Members = &c.Member
	}
	b, err := client.Change[Body](s, http.MethodPatch, client.Path("bodies", c.ID), "", 0, edit)
	return client.Show(s, b, err, c.JSON, printBody)
}

// BodyDissolveCmd dissolves a body.
type BodyDissolveCmd struct {
	ID string `arg:"" help:"The body's id."`
}

// Run dissolves the body.
func (c *BodyDissolveCmd) Run(s *client.Session) error {
	_, err := client.Change[struct{}](s, http.MethodDelete, client.Path("bodies", c.ID), "", 0, nil)
	return err
}
