// SPDX-License-Identifier: Apache-2.0

package contentweb

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

// attachmentTable lists the attachments of an item. Of an erased one remains that
// there was one.
func (s *Site) attachmentTable(c *web.Ctx, r store.Reader, files []content.Attachment) (web.Table, error) {
	t := c.Table(c.Text("content.attachment.all"), "content.attachment.name", "content.attachment.size", "content.attachment.by",
		"content.attachment.added", "content.attachment.act")
	t.Columns[1].Number = true
	ids := make([]string, len(files))
	for i, f := range files {
		ids[i] = f.Author
	}
	names, err := s.names(c.Context(), r, ids)
	for _, f := range files {
		if f.Erased() {
			t.Add(c.Text("content.attachment.erased"), nil, nil, f.AddedAt, nil)
			continue
		}
		var act any
		if s.Content.MayErase(c.Actor, f.Author) {
			act = web.Link{URL: attachmentPath(f.ID) + "/erase", Text: c.Text("content.comment.erase"), About: f.Name}
		}
		t.Add(web.Link{Text: f.Name, URL: attachmentPath(f.ID), Icon: "paperclip"}, size(f.Size), s.author(c, names, f.Author), f.AddedAt, act)
	}
	return t, err
}

// size writes a number of bytes for people.
func size(n int64) string {
	switch {
	case n >= 1<<20:
		return strconv.FormatFloat(float64(n)/(1<<20), 'f', 1, 64) + " MiB"
	case n >= 1<<10:
		return strconv.FormatFloat(float64(n)/(1<<10), 'f', 1, 64) + " KiB"
	default:
		return strconv.FormatInt(n, 10) + " B"
	}
}

// attachView is what templates/attach.html shows.
type attachView struct {
	Item        catalog.Described
	Attachments web.Table
	Action      string // where a file is sent to; empty: may not
	ThreadURL   string
	Kinds       string // what may be attached, for the hint
	Accept      string // and for the browser's dialogue
	MaxSize     string
	Refused     *web.Alert
}

func (s *Site) showAttachments(c *web.Ctx) error {
	v, err := s.attachView(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, "content/attach", v)
}

func (s *Site) attachView(c *web.Ctx) (attachView, error) {
	item, limits := itemHere(c), s.Content.Limits()
	files, err := s.Content.Attachments(c.Context(), item)
	if err != nil {
		return attachView{}, err
	}
	v := attachView{ThreadURL: threadPath(item), Kinds: strings.Join(limits.Kinds, ", "), Accept: "." + strings.Join(limits.Kinds, ",."), MaxSize: limits.MaxSize.String()}
	if c.Can(content.ActionAttach) {
		v.Action = attachmentsPath(item)
	}
	err = s.DB.Read(c.Context(), func(r *store.ReadTx) error {
		if v.Item, err = s.item(c.Context(), r, item); err != nil {
			return err
		}
		v.Attachments, err = s.attachmentTable(c, r, files)
		return err
	})
	return v, err
}

func (s *Site) postAttachment(c *web.Ctx) error {
	f, err := c.Form()
	if fault.HasCode(err, web.CodeTooLarge) {
		return s.refuseUpload(c)
	}
	if err != nil {
		return err
	}
	f.Require("file")
	// One byte more than is allowed gets past here, to be refused by content.
	file, _ := f.File("file", s.uploadLimit())
	if err = f.Err(); err == nil {
		_, err = s.Content.Attach(c.Context(), itemHere(c), file.Name, bytes.NewReader(file.Data))
	}
	if err != nil {
		v, missing := s.attachView(c)
		if missing != nil {
			return missing
		}
		return c.Again(err, "content/attach", v)
	}
	c.Flash("content.attachment.added_flash", content.FileName(file.Name))
	return c.SeeOther(threadPath(itemHere(c)))
}

// refuseUpload answers an upload that was too large to be read at all.
func (s *Site) refuseUpload(c *web.Ctx) error {
	v, err := s.attachView(c)
	if err != nil {
		return err
	}
	v.Refused = &web.Alert{Tone: web.ToneBad, Title: c.Text("content.attachment.too_large", v.MaxSize), Body: c.Text("content.attachment.too_large_next")}
	return c.Render(http.StatusRequestEntityTooLarge, "content/attach", v)
}

// download sends a file piece by piece. When it fails on the way the connection
// is broken, so that nobody takes half a file for the whole.
func (s *Site) download(c *web.Ctx) error {
	a, data, err := s.Content.Download(c.Context(), c.Path("id"))
	if err != nil {
		return err
	}
	a.Headers(c.W.Header())
	if _, err := io.Copy(web.StillWriter(c.Context(), c.W), data); err != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}
