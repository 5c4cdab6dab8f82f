// SPDX-License-Identifier: Apache-2.0

package contentweb

import (
	"io"
	"net/http"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
)

// CommentCommands are the verbs of `portreeve comment`.
type CommentCommands struct {
	List  ListCmd  `cmd:"" help:"List the comments about an item, the oldest first."`
	Show  ShowCmd  `cmd:"" help:"Show a comment, with --versions all its texts."`
	Add   AddCmd   `cmd:"" help:"Comment on an item."`
	Edit  EditCmd  `cmd:"" help:"Change a comment of your own; the earlier text stays as a version."`
	Erase EraseCmd `cmd:"" help:"Erase a comment with all its versions, for good."`
}

// ListCmd lists comments.
type ListCmd struct {
	Item   string `arg:"" help:"risk:ID, review:ID, or the kind:name of a subject."`
	Thread string `help:"A thread of the item, such as a question; default is its general discussion." placeholder:"NAME" query:"thread"`
	client.Paging
	client.JSONFlag
}

// Run lists one page.
func (c *ListCmd) Run(s *client.Session) error {
	item, err := resolve(s, c.Item)
	if err != nil {
		return err
	}
	list, err := client.Get[web.List[Comment]](s, itemPath(item)+"/comments", c)
	return client.Show(s, list, err, c.JSON, printComments)
}

// printComment prints a comment for people.
func printComment(s *client.Session, c Comment) error {
	s.Printf("%s  %s  %s", c.ID, c.PostedAt.Format(time.RFC3339), c.AuthorName)
	if c.Version > 1 {
		s.Printf("  (version %d)", c.Version)
	}
	text := c.Text
	if c.Erased() {
		text = "(erased)"
	}
	s.Printf("\n    %s\n", strings.ReplaceAll(text, "\n", "\n    "))
	return nil
}

func printComments(s *client.Session, list web.List[Comment]) error {
	if len(list.Items) == 0 {
		s.Printf("There is no comment.\n")
	}
	for _, comment := range list.Items {
		if err := printComment(s, comment); err != nil {
			return err
		}
	}
	if list.Next != "" {
		s.Printf("more: --cursor %s\n", list.Next)
	}
	return nil
}

// ShowCmd shows one comment.
type ShowCmd struct {
	ID       string `arg:"" help:"The comment's id."`
	Versions bool   `help:"All its texts, the oldest first."`
	client.JSONFlag
}

// Run shows the comment.
func (c *ShowCmd) Run(s *client.Session) error {
	if c.Versions {
		list, err := client.Get[web.List[Comment]](s, CommentPath(c.ID)+"/versions", nil)
		return client.Show(s, list, err, c.JSON, printComments)
	}
	comment, err := client.Get[Comment](s, CommentPath(c.ID), nil)
	return client.Show(s, comment, err, c.JSON, printComment)
}

// textOf is what was given on the command line, or standard input for "-".
func textOf(s *client.Session, given string) (string, error) {
	if given != "-" {
		return given, nil
	}
	data, err := io.ReadAll(io.LimitReader(s.Stdin, content.MaxComment+1))
	if err != nil {
		return "", fault.New(fault.Usage, "content.stdin", "Standard input cannot be read.").Because(err)
	}
	return string(data), nil
}

// AddCmd posts a comment.
type AddCmd struct {
	Item   string `arg:"" help:"risk:ID, review:ID, or the kind:name of a subject."`
	Text   string `arg:"" help:"Markdown; - reads standard input."`
	Thread string `help:"A thread of the item, such as a question; default is its general discussion." placeholder:"NAME"`
	client.JSONFlag
}

// Run posts the comment and shows it.
func (c *AddCmd) Run(s *client.Session) error {
	text, err := textOf(s, c.Text)
	if err != nil {
		return err
	}
	item, err := resolve(s, c.Item)
	if err != nil {
		return err
	}
	comment, err := client.Send[Comment](s, http.MethodPost, inThread(itemPath(item)+"/comments", c.Thread), 0, Text{text})
	return client.Show(s, comment, err, c.JSON, printComment)
}

// EditCmd changes a comment.
type EditCmd struct {
	ID      string `arg:"" help:"The comment's id."`
	Text    string `arg:"" help:"Markdown; - reads standard input."`
	Version int64  `help:"The version that the change is based on; default is the current one." placeholder:"N"`
	client.JSONFlag
}

// Run changes the comment and shows it.
func (c *EditCmd) Run(s *client.Session) error {
	text, err := textOf(s, c.Text)
	if err != nil {
		return err
	}
	comment, err := client.Change[Comment](s, http.MethodPatch, CommentPath(c.ID), "", c.Version, Text{text})
	return client.Show(s, comment, err, c.JSON, printComment)
}

// EraseCmd erases a comment.
type EraseCmd struct {
	ID     string `arg:"" help:"The comment's id."`
	Reason string `required:"" help:"Why it must go; the reason stays in the ledger." placeholder:"TEXT"`
}

// Run erases the comment.
func (c *EraseCmd) Run(s *client.Session) error {
	return s.Do(http.MethodPost, CommentPath(c.ID)+"/erasure", Reason{c.Reason})
}

// resolve makes an item reference of what people type: type:id as it is, and the
// kind:name of a subject by asking for its id.
func resolve(s *client.Session, typed string) (string, error) {
	kind, rest, found := strings.Cut(typed, ":")
	if !found || rest == "" {
		return "", fault.New(fault.Usage, "content.item", "Say what it is about: risk:ID, review:ID, or the kind:name of a subject.")
	}
	if kind == "risk" || kind == "review" || kind == "subject" {
		return typed, nil
	}
	subject, err := client.Get[struct {
		ID string `json:"id"`
	}](s, client.Path("subjects", typed), nil)
	return "subject:" + subject.ID, err
}
