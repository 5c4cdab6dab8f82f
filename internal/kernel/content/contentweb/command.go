// SPDX-License-Identifier: Apache-2.0

package contentweb

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// CommentCommands are the verbs of `portreeve comment`.
type CommentCommands struct {
	List  ListCmd  `cmd:"" help:"List the comments about an item, the oldest first."`
	Show  ShowCmd  `cmd:"" help:"Show a comment, with --versions all its texts."`
	Add   AddCmd   `cmd:"" help:"Comment on an item."`
	Edit  EditCmd  `cmd:"" help:"Change a comment of your own; the earlier text stays as a version."`
	Erase EraseCmd `cmd:"" help:"Erase a comment with all its versions, for good."`
}

func connect(s *client.Session) (Client, error) {
	api, err := s.Client()
	if err != nil {
		return Client{}, err
	}
	return NewClient(api), nil
}

// ListCmd lists comments.
type ListCmd struct {
	Item   string `arg:"" help:"risk:ID, or the kind:name of a subject."`
	Limit  int    `help:"The most to list, up to 200." default:"50" placeholder:"N"`
	Cursor string `help:"Go on after an earlier list." placeholder:"CURSOR"`
	JSON   bool   `help:"Print JSON." name:"json"`
}

// Run lists one page.
func (c *ListCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	item, err := api.resolve(s.Context, c.Item)
	if err != nil {
		return err
	}
	list, err := api.Comments(s.Context, item, c.Cursor, c.Limit)
	if err != nil {
		return err
	}
	if c.JSON {
		return s.PrintJSON(list)
	}
	for _, comment := range list.Items {
		printComment(s, comment)
	}
	if list.Next != "" {
		s.Printf("more: --cursor %s\n", list.Next)
	}
	return nil
}

// printComment prints a comment for people.
func printComment(s *client.Session, c Comment) {
	s.Printf("%s  %s  %s", c.ID, c.PostedAt.Format(time.RFC3339), c.AuthorName)
	if c.Version > 1 {
		s.Printf("  (version %d)", c.Version)
	}
	text := c.Text
	if c.ErasedAt != nil {
		text = "(erased)"
	}
	s.Printf("\n    %s\n", strings.ReplaceAll(text, "\n", "\n    "))
}

// ShowCmd shows one comment.
type ShowCmd struct {
	ID       string `arg:"" help:"The comment's id."`
	Versions bool   `help:"All its texts, the oldest first."`
	JSON     bool   `help:"Print JSON." name:"json"`
}

// Run shows the comment.
func (c *ShowCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	if c.Versions {
		list, err := api.Versions(s.Context, c.ID)
		if err != nil {
			return err
		}
		if c.JSON {
			return s.PrintJSON(list)
		}
		for _, version := range list.Items {
			printComment(s, version)
		}
		return nil
	}
	comment, err := api.Comment(s.Context, c.ID)
	return answer(s, comment, c.JSON, err)
}

// answer prints a comment that a command made or found.
func answer(s *client.Session, c Comment, asJSON bool, err error) error {
	if err != nil {
		return err
	}
	if asJSON {
		return s.PrintJSON(c)
	}
	printComment(s, c)
	return nil
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
	Item string `arg:"" help:"risk:ID, or the kind:name of a subject."`
	Text string `arg:"" help:"Markdown; - reads standard input."`
	JSON bool   `help:"Print JSON." name:"json"`
}

// Run posts the comment and shows it.
func (c *AddCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	text, err := textOf(s, c.Text)
	if err != nil {
		return err
	}
	item, err := api.resolve(s.Context, c.Item)
	if err != nil {
		return err
	}
	comment, err := api.Post(s.Context, item, text)
	return answer(s, comment, c.JSON, err)
}

// EditCmd changes a comment.
type EditCmd struct {
	ID      string `arg:"" help:"The comment's id."`
	Text    string `arg:"" help:"Markdown; - reads standard input."`
	Version int64  `help:"The version that the change is based on; default is the current one." placeholder:"N"`
	JSON    bool   `help:"Print JSON." name:"json"`
}

// Run changes the comment and shows it.
func (c *EditCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	text, err := textOf(s, c.Text)
	if err != nil {
		return err
	}
	if c.Version == 0 {
		now, err := api.Comment(s.Context, c.ID)
		if err != nil {
			return err
		}
		c.Version = now.Version
	}
	comment, err := api.Edit(s.Context, c.ID, c.Version, text)
	return answer(s, comment, c.JSON, err)
}

// EraseCmd erases a comment.
type EraseCmd struct {
	ID     string `arg:"" help:"The comment's id."`
	Reason string `required:"" help:"Why it must go; the reason stays in the ledger." placeholder:"TEXT"`
}

// Run erases the comment.
func (c *EraseCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	return api.EraseComment(s.Context, c.ID, c.Reason)
}

// printAttachments prints attachments for people.
func printAttachments(s *client.Session, all []Attachment) error {
	table := tabwriter.NewWriter(s.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tSIZE\tADDED\tBY\tNAME")
	for _, a := range all {
		name := a.Name
		if a.ErasedAt != nil {
			name = "(erased)"
		}
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\n", a.ID, a.Size, a.AddedAt.Format(time.DateOnly), a.AuthorName, name)
	}
	return table.Flush()
}
