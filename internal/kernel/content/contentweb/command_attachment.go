// SPDX-License-Identifier: Apache-2.0

package contentweb

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
)

// AttachmentCommands are the verbs of `portreeve attachment`.
type AttachmentCommands struct {
	List  ListAttachmentsCmd `cmd:"" help:"List the attachments of an item."`
	Add   AttachCmd          `cmd:"" help:"Attach a file to an item."`
	Get   GetCmd             `cmd:"" help:"Save an attachment to a file."`
	Erase EraseAttachmentCmd `cmd:"" help:"Erase an attachment with its name, for good."`
}

// ListAttachmentsCmd lists attachments.
type ListAttachmentsCmd struct {
	Item string `arg:"" help:"risk:ID, or the kind:name of a subject."`
	client.JSONFlag
}

// Run lists the attachments.
func (c *ListAttachmentsCmd) Run(s *client.Session) error {
	item, err := resolve(s, c.Item)
	if err != nil {
		return err
	}
	return client.List(s, attachmentsPath(item), nil, c.JSON, attachmentHeads(), attachmentRow)
}

func attachmentHeads() []string { return []string{"ID", "SIZE", "ADDED", "BY", "NAME"} }

func attachmentRow(a Attachment) []string {
	name := a.Name
	if a.Erased() {
		name = "(erased)"
	}
	return []string{a.ID, fmt.Sprint(a.Size), a.AddedAt.Format(time.DateOnly), a.AuthorName, name}
}

// AttachCmd attaches a file.
type AttachCmd struct {
	Item string `arg:"" help:"risk:ID, or the kind:name of a subject."`
	File string `arg:"" help:"The file to attach." type:"existingfile"`
	Name string `help:"Attach it under this name; default is that of the file." placeholder:"NAME"`
	client.JSONFlag
}

// Run attaches the file.
func (c *AttachCmd) Run(s *client.Session) error {
	data, err := os.ReadFile(c.File)
	if err != nil {
		return fault.New(fault.Usage, "content.file", "The file %s cannot be read.", c.File).Because(err)
	}
	if c.Name == "" {
		c.Name = filepath.Base(c.File)
	}
	item, err := resolve(s, c.Item)
	if err != nil {
		return err
	}
	path := attachmentsPath(item) + "?name=" + url.QueryEscape(c.Name)
	a, err := client.Send[Attachment](s, http.MethodPost, path, 0, data)
	if fault.HasCode(err, web.CodeTooLarge) {
		// The server does not know that what is too large is a file already.
		limit, _, _ := strings.Cut(fault.From(err).Message, ". ")
		err = fault.New(fault.Malformed, content.CodeTooLarge, "%s. Attach a smaller file, or say in a comment where it can be found.", limit).Because(err)
	}
	return client.Show(s, a, err, c.JSON, func(s *client.Session, a Attachment) error {
		return s.Table(attachmentHeads(), [][]string{attachmentRow(a)}, "")
	})
}

// GetCmd saves an attachment.
type GetCmd struct {
	ID    string `arg:"" help:"The attachment's id."`
	Out   string `help:"File to write; default is the attachment's name; - writes to standard output." type:"path" placeholder:"FILE"`
	Force bool   `help:"Replace the file if it exists."`
}

// Run saves the attachment.
func (c *GetCmd) Run(s *client.Session) error {
	content := attachmentPath(c.ID) + "/content"
	if c.Out == "" {
		a, err := client.Get[Attachment](s, attachmentPath(c.ID), nil)
		if err != nil {
			return err
		}
		c.Out = filepath.Base(a.Name)
	}
	err := s.Write(c.Out, c.Force, func(w io.Writer) error { return s.Download(content, w) })
	if err == nil && filepath.Base(c.Out) != "-" {
		s.Printf("%s\n", c.Out)
	}
	return err
}

// EraseAttachmentCmd erases an attachment.
type EraseAttachmentCmd struct {
	ID     string `arg:"" help:"The attachment's id."`
	Reason string `required:"" help:"Why it must go; the reason stays in the ledger." placeholder:"TEXT"`
}

// Run erases the attachment.
func (c *EraseAttachmentCmd) Run(s *client.Session) error {
	return s.Do(http.MethodPost, attachmentPath(c.ID)+"/erasure", Reason{c.Reason})
}
