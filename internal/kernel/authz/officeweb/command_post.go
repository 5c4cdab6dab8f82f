// SPDX-License-Identifier: Apache-2.0

package officeweb

import (
	"fmt"
	"net/http"
	"strings"

	"portreeve.org/portreeve/internal/kernel/client"
)

// PostCommands are the verbs of `portreeve post`. Days are those of the server's
// configured zone.
type PostCommands struct {
	List    PostListCmd    `cmd:"" help:"List posts, highest rank first, with vacancies."`
	Show    PostShowCmd    `cmd:"" help:"Show a post."`
	Create  PostCreateCmd  `cmd:"" help:"Create a post."`
	Appoint PostAppointCmd `cmd:"" help:"Appoint somebody to a post."`
	Vacate  PostVacateCmd  `cmd:"" help:"Make a post vacant; its authority moves up."`
	Change  PostChangeCmd  `cmd:"" help:"Change title, rank or function of a post."`
	Abolish PostAbolishCmd `cmd:"" help:"Abolish a post for good."`
}

// PostListCmd lists posts.
type PostListCmd struct {
	Organisation string `help:"Only of the organisation of this id." placeholder:"ID" query:"organisation"`
	Vacant       bool   `help:"Only vacant ones." query:"vacant"`
	client.JSONFlag
}

// Run lists posts.
func (c *PostListCmd) Run(s *client.Session) error {
	return client.List(s, "/posts", c, c.JSON, []string{"ID", "ORGANISATION", "RANK", "FUNCTION", "TITLE", "HELD BY"}, func(p Post) []string {
		return []string{p.ID, p.Organisation, p.Rank, p.Function, p.Title, heldBy(p)}
	})
}

// heldBy says who holds a post, or where its authority is.
func heldBy(p Post) string {
	if !p.Vacant {
		return p.HolderName
	}
	if len(p.Successors) == 0 {
		return "vacant: nobody can act for it"
	}
	var names []string
	for _, a := range p.Successors {
		names = append(names, a.Name)
	}
	return "vacant: authority is with " + strings.Join(names, ", ")
}

func printPost(s *client.Session, p Post) error {
	return s.Facts([][2]string{
		{"id", p.ID}, {"title", p.Title}, {"organisation", p.Organisation}, {"rank", p.Rank}, {"function", p.Function},
		{"held by", heldBy(p)}, {"since", instant(p.Since)}, {"until", client.Until(p.Until)}, {"version", fmt.Sprint(p.Version)},
	})
}

// PostShowCmd shows a post.
type PostShowCmd struct {
	ID string `arg:"" help:"The post's id."`
	client.JSONFlag
}

// Run shows the post.
func (c *PostShowCmd) Run(s *client.Session) error {
	p, err := client.Get[Post](s, client.Path("posts", c.ID), nil)
	return client.Show(s, p, err, c.JSON, printPost)
}

// PostCreateCmd creates a post.
type PostCreateCmd struct {
	Title        string `arg:"" help:"As it is written on a door."`
	Organisation string `required:"" help:"Id of its organisation." placeholder:"ID"`
	Rank         string `required:"" help:"One of the configured ranks." placeholder:"RANK"`
	Function     string `help:"Such as security, operations or legal." placeholder:"FUNCTION"`
	Holder       string `help:"Login or id of who holds it; default is a vacancy." placeholder:"LOGIN"`
	Since        string `help:"First day of the appointment." placeholder:"DATE"`
	Until        string `help:"Last day of the appointment." placeholder:"DATE"`
	client.JSONFlag
}

// Run creates the post.
func (c *PostCreateCmd) Run(s *client.Session) error {
	p, err := client.Send[Post](s, http.MethodPost, "/posts", 0, NewPost{
		Organisation: c.Organisation, Rank: c.Rank, Function: c.Function, Title: c.Title, Holder: c.Holder, Since: c.Since, Until: c.Until,
	})
	return client.Show(s, p, err, c.JSON, printPost)
}

// changePost runs an edit on the present version of a post.
func changePost(s *client.Session, id string, edit PostEdit, asJSON bool) error {
	p, err := client.Change[Post](s, http.MethodPatch, client.Path("posts", id), "", 0, edit)
	return client.Show(s, p, err, asJSON, printPost)
}

// PostAppointCmd appoints somebody.
type PostAppointCmd struct {
	ID     string  `arg:"" help:"The post's id."`
	Person string  `arg:"" api:"holder" help:"Login or id of who is to hold it."`
	Since  *string `help:"First day; default is now." placeholder:"DATE"`
	Until  *string `help:"Last day; default is no end." placeholder:"DATE"`
	client.JSONFlag
}

// Run appoints the person.
func (c *PostAppointCmd) Run(s *client.Session) error {
	return changePost(s, c.ID, PostEdit{Holder: &c.Person, Since: c.Since, Until: c.Until}, c.JSON)
}

// PostVacateCmd makes a post vacant.
type PostVacateCmd struct {
	ID string `arg:"" help:"The post's id."`
	client.JSONFlag
}

// Run makes the post vacant.
func (c *PostVacateCmd) Run(s *client.Session) error {
	nobody := ""
	return changePost(s, c.ID, PostEdit{Holder: &nobody}, c.JSON)
}

// PostChangeCmd changes a post.
type PostChangeCmd struct {
	ID       string  `arg:"" help:"The post's id."`
	Title    *string `help:"A new title." placeholder:"TEXT"`
	Rank     *string `help:"Another rank." placeholder:"RANK"`
	Function *string `help:"Another function; empty for none." placeholder:"FUNCTION"`
	client.JSONFlag
}

// Run changes what was named.
func (c *PostChangeCmd) Run(s *client.Session) error {
	return changePost(s, c.ID, PostEdit{Title: c.Title, Rank: c.Rank, Function: c.Function}, c.JSON)
}

// PostAbolishCmd abolishes a post.
type PostAbolishCmd struct {
	ID string `arg:"" help:"The post's id."`
}

// Run abolishes the post.
func (c *PostAbolishCmd) Run(s *client.Session) error {
	_, err := client.Change[struct{}](s, http.MethodDelete, client.Path("posts", c.ID), "", 0, nil)
	return err
}
