// SPDX-License-Identifier: Apache-2.0

// Package web is how people and programs reach Portreeve: a mux on which no route
// can be unguarded, pages with one layout and one set of components, forms that
// lose nothing, and a JSON API. It owns no table and takes no decision.
//
// # A page
//
// A package embeds its templates and messages, registers them under its name,
// and registers each page with the action that it needs:
//
//	//go:embed templates messages
//	var files embed.FS
//
//	func (h *handler) Pages(m *web.Mux) {
//		m.Files("note", files)
//		web.FormPage[web.None, note.Entry]{
//			Path: "/notes/new", Sends: "/notes", Action: "note:entry:write", Page: "note/new",
//			Do: func(c *web.Ctx, _ web.None, _ int64, in note.Entry) (web.Next, error) {
//				id, err := h.notes.Write(c.Context(), in)
//				return web.To("/notes/"+id, "note.written", in.Title), err
//			},
//		}.Register(m)
//	}
//
// A [FormPage] is a page with a form, a [ConfirmPage] a question before an act. What
// a form holds is the struct that the API takes: [Bind] reads it by its tags, and
// [Values] fills it in; or Read does so with the getters of [Form]. Whatever goes
// wrong, the form is shown once more with everything that was entered and the
// reasons, and a double click takes effect once.
//
// Any other page is registered by [Mux.Page]. Handlers return errors; the mux
// answers them once, by [fault.From]. A handler that reads a form by itself uses
// c.Context() only after c.Form(), when it carries the submission, and shows the
// form once more by [Ctx.Again].
//
// # Its template
//
// templates/new.html of the package "note" is the page "note/new". It defines
// "title" and "main", and may define "crumbs" and "width" ("narrow"). Fragments
// that several pages of a package share are in templates/parts/*.html; a name
// that begins with "_" is not embedded. "." is a [View]; the handler's data is
// .Data.
//
//	{{define "title"}}{{t "note.new"}}{{end}}
//	{{define "crumbs"}}<ol class="crumbs"><li><a href="/notes">{{t "note.all"}}</a></li></ol>{{end}}
//	{{define "main"}}{{$f := .Form "/notes"}}
//	<h1>{{t "note.new"}}</h1>
//	<form class="form" method="post" action="{{$f.Action}}" data-draft>
//	  {{show $f}}
//	  {{$f.Line "title" "note.title" | hint "note.title_hint" | limit 200 | required | show}}
//	  {{$f.Day "until" "note.until" | required | show}}
//	  <p class="buttons"><button class="button primary">{{t "note.save"}}</button></p>
//	</form>
//	{{end}}
//
// {{show $f}} puts in the hidden fields of every form and, after a refusal, the
// list of what is wrong. What is edited carries its version, and after a stale
// edit what is saved now stands beside what was typed. Fields named like a password or code
// ("password", "new_password", "code") are never shown again nor kept.
// A form with files has enctype="multipart/form-data" and its route [MaxBody].
// A form with data-draft is kept on the server while it is written; its GET
// handler calls [Ctx.Draft] to bring back what was kept. A question before an
// act is a page: [ConfirmPage].
//
// # Its words
//
// messages/en.yaml holds every text; keys begin with the package's name. A value
// is a text with the verbs of fmt, or a plural:
//
//	note.title: "Title"
//	note.written: "«%s» was written."
//	note.count: {one: "%d note", other: "%d notes"}
//
// Start-up refuses a template that names a message which is missing or takes
// another number of arguments. For keys in Go code, a package's test calls
// webtest.CheckMessages.
//
// # Functions and components
//
// Templates have t, show, icon, asset, date, datetime, relative, markdown, url
// (url "/notes/%s" .ID escapes), query (sets one parameter of an address), list,
// badge, rating, and for fields required, hint, blank, limit, rows, between, complete
// (autocomplete), accept, suggest. [View.Can] asks whether to show a button.
//
// A component is a struct (component.go, board.go, timer.go, chart.go, diff.go,
// quote.go) which {{show .X}} renders: [Badge],
// [Rating], [Origin], [Link], [Act], [Mono], [Moment], [Alert], [Empty], [Table], [Pager], [Terms], [Timeline],
// [Steps], [Card], [Stat], [Progress], [Tabs], [Comments], [Discussion],
// [Code], [Blocked],
// [Verdict], [Matrix], [Board], [Timer], [Bars], [Series], [Diff], [Quote],
// [Contradiction], [Restricted], [Leaves], [Verbatim], and [Confirm] as a page. What
// is drawn stands in words or numbers beside the drawing. The classes that pages use
// directly are page-head, lead, actions, buttons, button (primary, danger,
// small), stack, columns (even), tiles, card, filters, dialog, prose, muted,
// small, number, unseen, part (restricted, leaves) with part-label and part-body.
// webtest.Gallery shows all of it.
//
// # An operation
//
//	web.Op(m.API(), "note:entry:write", huma.Operation{
//		Method: http.MethodPost, Path: "/notes", DefaultStatus: http.StatusCreated,
//	}, func(ctx context.Context, in *writeInput) (*writeOutput, error) { ... })
//
// Inputs embed [Paging], [ByID] or [IfMatch] (or another exported type: what is embedded
// unexported is not read). An operation answers with [Answer], one that lists with
// [ListOf], and one that changes an item is made by [Change]. Names are checked by [Form.Name]
// on pages and by [PlainName] over the API. Unknown members and
// parameters are refused, bodies are at most 1 MiB unless the operation's
// MaxBodyBytes says more, and no error repeats a value that was sent. A request
// with an Idempotency-Key is carried out once and its answer repeated, unless
// the handler says [ShownOnce].
//
// # What every response carries
//
// A content security policy without "unsafe-", no-store unless it is a static
// file, a request id. Nothing is compressed: a page mixes secrets with what
// others wrote. The log has route patterns, never addresses.
package web
