// SPDX-License-Identifier: Apache-2.0

package contentweb

import (
	"net/http"
	"net/url"

	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

// shownLatest is how many comments the page of an item shows.
const shownLatest = 3

// threadView is what templates/thread.html shows.
type threadView struct {
	Item        catalog.Described
	Thread      string // "": the general discussion
	Comments    web.Comments
	Pager       web.Pager
	Attachments web.Table
	Write       string // where a comment is sent to; empty: may not
	AttachURL   string
	ThreadURL   string
	Earlier     int // comments that a fragment leaves out
}

func (s *Site) showThread(c *web.Ctx) error {
	if c.Partial() {
		return s.showLatest(c)
	}
	v, err := s.threadView(c, c.Query("thread"))
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, "content/thread", v)
}

// threadView loads one page of a thread of the item that the address names. The
// item's attachments go with its general discussion.
func (s *Site) threadView(c *web.Ctx, thread string) (threadView, error) {
	item := itemHere(c)
	page, err := s.Content.Comments(c.Context(), item, thread, c.Query("cursor"), 0)
	if err != nil {
		return threadView{}, err
	}
	v := threadView{Thread: thread, ThreadURL: threadPath(item)}
	if c.Can(content.ActionComment) {
		v.Write = itemPath(item) + "/comments"
	}
	var files []content.Attachment
	query := url.Values{}
	if thread == "" {
		v.AttachURL = attachmentsPath(item)
		files, err = s.Content.Attachments(c.Context(), item)
	} else {
		query.Set("thread", thread)
	}
	if err != nil {
		return threadView{}, err
	}
	err = s.DB.Read(c.Context(), func(r *store.ReadTx) error {
		if v.Item, err = s.item(c.Context(), r, item); err != nil {
			return err
		}
		if v.Comments, err = s.Comments(c, r, page.Comments); err != nil {
			return err
		}
		v.Attachments, err = s.attachmentTable(c, r, files)
		return err
	})
	v.Pager = c.Pager(v.ThreadURL, query, page.Next)
	return v, err
}

// showLatest answers htmx with the end of the thread, for the item's own page.
func (s *Site) showLatest(c *web.Ctx) error {
	item := itemHere(c)
	t, err := s.Content.Thread(c.Context(), item, shownLatest)
	if err != nil {
		return err
	}
	files, err := s.Content.Attachments(c.Context(), item)
	if err != nil {
		return err
	}
	v := threadView{ThreadURL: threadPath(item)}
	err = s.DB.Read(c.Context(), func(r *store.ReadTx) error {
		if v.Comments, err = s.Comments(c, r, t.Latest); err != nil {
			return err
		}
		v.Attachments, err = s.attachmentTable(c, r, files)
		return err
	})
	if err != nil {
		return err
	}
	shown := 0
	for _, comment := range t.Latest {
		if !comment.Erased() {
			shown++
		}
	}
	v.Earlier = t.Comments - shown
	return c.Fragment(http.StatusOK, "content/thread", "latest", v)
}

// Comments makes the component of comments, with what the reader may do to each;
// modules show threads of their items with it, too.
func (s *Site) Comments(c *web.Ctx, r store.Reader, all []content.Comment) (web.Comments, error) {
	ids := make([]string, len(all))
	for i, comment := range all {
		ids[i] = comment.Author
	}
	names, err := s.names(c.Context(), r, ids)
	if err != nil {
		return web.Comments{}, err
	}
	thread := web.Comments{Empty: c.Text("content.thread.empty")}
	for _, comment := range all {
		one := web.Comment{ID: comment.ID, At: comment.PostedAt, Edited: comment.EditedAt, Erased: comment.Erased()}
		if !one.Erased {
			one.Author, one.Body = s.author(c, names, comment.Author), comment.HTML()
			one.Actions = s.commentActions(c, comment)
		}
		thread.Items = append(thread.Items, one)
	}
	return thread, nil
}

func (s *Site) author(c *web.Ctx, names map[string]string, id string) string {
	if names[id] == "" {
		return c.Text("content.author_unknown")
	}
	return names[id]
}

func (s *Site) commentActions(c *web.Ctx, comment content.Comment) []web.Link {
	var actions []web.Link
	path := CommentPath(comment.ID)
	if comment.Author == c.Actor.ID && c.Can(content.ActionComment) {
		actions = append(actions, web.Link{Text: c.Text("content.comment.edit"), URL: path + "/edit", Icon: "pencil"})
	}
	if comment.Version > 1 {
		actions = append(actions, web.Link{Text: c.Text("content.comment.versions"), URL: path + "/versions", Icon: "history"})
	}
	if s.Content.MayErase(c.Actor, comment.Author) {
		actions = append(actions, web.Link{Text: c.Text("content.comment.erase"), URL: path + "/erase", Icon: "trash-2"})
	}
	return actions
}

// findComment leads to a comment wherever it stands in its thread.
func (s *Site) findComment(c *web.Ctx) error {
	comment, cursor, err := s.Content.Place(c.Context(), c.Path("id"))
	if err != nil {
		return err
	}
	// Not SeeOther: an address that came with a request loses its fragment there.
	c.W.Header().Set("Location", s.placeOf(comment, cursor))
	c.W.WriteHeader(http.StatusSeeOther)
	return nil
}

// commentForms registers the forms by which comments are written and changed.
func (s *Site) commentForms(m *web.Mux) {
	web.FormPage[web.None, posting]{
		Sends: "/items/{type}/{id}/comments", Action: content.ActionComment, Page: "content/thread",
		View: func(c *web.Ctx, _ web.None, f *web.Form) (any, error) { return s.threadView(c, threadIn(f)) },
		Read: func(_ *web.Ctx, _ web.None, f *web.Form) posting { return posting{threadIn(f), readText(f)} },
		Do: func(c *web.Ctx, _ web.None, _ int64, in posting) (web.Next, error) {
			comment, err := s.Content.Post(c.Context(), itemHere(c), in.thread, in.text)
			return web.To(CommentPath(comment.ID), "content.comment.posted"), err
		},
	}.Register(m)
	web.FormPage[content.Comment, string]{
		Path: "/comments/{id}/edit", Action: content.ActionComment, Page: "content/edit", Load: s.ownComment,
		Version: func(comment content.Comment) int64 { return comment.Version },
		Values:  func(_ *web.Ctx, comment content.Comment) url.Values { return url.Values{"text": {comment.Text}} },
		View: func(_ *web.Ctx, comment content.Comment, _ *web.Form) (any, error) {
			return editView{Action: CommentPath(comment.ID) + "/edit", Back: CommentPath(comment.ID)}, nil
		},
		Read: func(_ *web.Ctx, _ content.Comment, f *web.Form) string { return readText(f) },
		Do: func(c *web.Ctx, comment content.Comment, version int64, text string) (web.Next, error) {
			_, err := s.Content.Edit(c.Context(), comment.ID, version, text)
			return web.To(CommentPath(comment.ID), "content.comment.edited"), err
		},
	}.Register(m)
}

// posting is what the form of a new comment holds.
type posting struct{ thread, text string }

// threadIn is the thread that the form is shown in.
func threadIn(f *web.Form) string { return f.String("thread", content.MaxThread) }

func readText(f *web.Form) string {
	f.Require("text")
	return f.Text("text", content.MaxComment)
}

// editView is what templates/edit.html shows.
type editView struct {
	Action, Back string
}

// ownComment returns the comment of the page if its author asks.
func (s *Site) ownComment(c *web.Ctx) (content.Comment, error) {
	comment, err := s.Content.Comment(c.Context(), c.Path("id"))
	switch {
	case err != nil:
		return content.Comment{}, err
	case comment.Author != c.Actor.ID:
		return content.Comment{}, fault.New(fault.Forbidden, "content.not_author", "Only its author can change a comment. Write one of your own.")
	case comment.Erased():
		return content.Comment{}, fault.New(fault.Conflict, content.CodeErased, "This comment was erased. There is nothing left to change.")
	}
	return comment, nil
}

// versionsView is what templates/versions.html shows.
type versionsView struct {
	Versions web.Timeline
	Back     string
}

func (s *Site) showVersions(c *web.Ctx) error {
	all, err := s.Content.Versions(c.Context(), c.Path("id"))
	if err != nil {
		return err
	}
	v := versionsView{Back: CommentPath(c.Path("id"))}
	err = s.DB.Read(c.Context(), func(r *store.ReadTx) error {
		names, err := s.names(c.Context(), r, []string{all[0].Author})
		if err != nil {
			return err
		}
		for i := len(all) - 1; i >= 0; i-- {
			var body any = all[i].HTML()
			if all[i].Erased() {
				body = c.Text("content.comment.gone")
			}
			v.Versions.Events = append(v.Versions.Events, web.Event{
				At: all[i].PostedAt, Icon: "message-square", Title: c.Text("content.comment.version", all[i].Version), By: s.author(c, names, all[i].Author), Body: body,
			})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, "content/versions", v)
}
