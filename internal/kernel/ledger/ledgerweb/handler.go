// SPDX-License-Identifier: Apache-2.0

package ledgerweb

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	ledgerformat "portreeve.org/portreeve/docs/ledger-format"
	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

// Navigation returns the ledger's entry in the main navigation.
func Navigation() []web.NavItem {
	return []web.NavItem{{Label: "ledger.nav", URL: "/ledger", Icon: "scroll-text", Action: ledger.ActionRead}}
}

// Pages registers the pages under /ledger, their files and the verifier's scripts.
func (s *Service) Pages(m *web.Mux) {
	m.Files("ledger", pageFiles)
	m.Public("GET /static/ledger/{hash}/{file}", "static files hold no data", s.scripts.serve)
	m.Page("GET /ledger", ledger.ActionRead, s.showList)
	m.Page("GET /ledger/{seq}", ledger.ActionRead, s.showEntry)
	s.erasurePage(m)
	m.Public("GET /ledger/checkpoints", whyCheckpoint, s.showCheckpoints)
	m.Public("GET /ledger/format", whyTools, handOut("text/markdown", "format.md", ledgerformat.README()))
	m.Public("GET /ledger/verify.py", whyTools, handOut("text/x-python", "verify.py", ledgerformat.Verifier()))
}

// pageSize is the number of rows in a list.
const pageSize = 50

func (s *Service) showList(c *web.Ctx) error {
	v := listView{kinds: s.Kinds}
	filter, err := v.read(c)
	if err != nil {
		return err
	}
	before, err := cursor(c.Query("before"))
	if err != nil {
		return err
	}
	var page ledger.Page
	var names names
	err = s.read(c.Context(), func(r *store.ReadTx) error {
		var err error
		if page, err = s.Log.Entries(c.Context(), r, c.Actor, filter, before, pageSize); err != nil {
			return err
		}
		if v.head, err = s.Log.Head(c.Context(), r); err != nil {
			return err
		}
		if v.public, err = s.latest(c, r); err != nil {
			return err
		}
		shown := append(page.Records, ledger.Record{Actor: filter.Actor, Item: filter.Item}) // the filter is shown too
		names, err = s.describe(c.Context(), r, shown...)
		return err
	})
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, "ledger/list", v.build(c, page, names))
}

// latest returns the latest public checkpoint, or one of size zero before the first.
func (s *Service) latest(c *web.Ctx, r store.Reader) (ledger.Checkpoint, error) {
	public, err := s.Log.Latest(c.Context(), r)
	if fault.Is(err, fault.NotFound) {
		return ledger.Checkpoint{}, nil
	}
	return public, err
}

func (s *Service) showEntry(c *web.Ctx) error {
	seq, err := pathSeq(c)
	if err != nil {
		return err
	}
	v := entryView{scripts: s.scripts.url, kinds: s.Kinds}
	err = s.read(c.Context(), func(r *store.ReadTx) error {
		var err error
		if v.record, v.proof, err = s.prove(c.Context(), r, seq, 0); err != nil {
			return err
		}
		v.names, err = s.describe(c.Context(), r, v.record)
		return err
	})
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, "ledger/entry", v.build(c))
}

func (s *Service) showCheckpoints(c *web.Ctx) error {
	before, err := cursor(c.Query("before"))
	if err != nil {
		return err
	}
	list, next, err := s.checkpoints(c.Context(), before, pageSize)
	if err != nil {
		return err
	}
	v := checkpointsView{scripts: s.scripts.url, keys: s.Keys, list: list, next: next}
	return c.Render(http.StatusOK, "ledger/checkpoints", v.build(c))
}

// handOut gives a text as a file to keep.
func handOut(mediaType, name, text string) func(c *web.Ctx) error {
	return func(c *web.Ctx) error {
		h := c.W.Header()
		h.Set("Content-Type", mediaType+"; charset=utf-8")
		h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
		_, err := c.W.Write([]byte(text))
		return err
	}
}

// erasureOf is an entry that the actor may erase, and what is open of it.
type erasureOf struct {
	seq  int64
	open []format.Field
}

func (s *Service) erasurePage(m *web.Mux) {
	web.ConfirmPage[erasureOf, ErasureOrder]{
		Path: "/ledger/{seq}/erasure", Action: ledger.ActionErase, Load: s.erasureHere, Question: erasureQuestion,
		Read: func(_ *web.Ctx, _ erasureOf, f *web.Form) ErasureOrder {
			f.Require("fields", "reason", "understood")
			return ErasureOrder{Fields: f.Strings("fields", 20), Reason: f.Text("reason", MaxReason)}
		},
		Do: func(c *web.Ctx, e erasureOf, _ int64, order ErasureOrder) (web.Next, error) {
			done, err := s.Erase(c.Context(), e.seq, order)
			return web.To(fmt.Sprintf("/ledger/%d", e.seq), "ledger.erase.done", done.RecordedAs), err
		},
	}.Register(m)
}

func (s *Service) erasureHere(c *web.Ctx) (erasureOf, error) {
	seq, err := pathSeq(c)
	if err != nil {
		return erasureOf{}, err
	}
	e := erasureOf{seq: seq}
	err = s.read(c.Context(), func(r *store.ReadTx) error {
		record, err := s.erasable(c.Context(), r, c.Actor, seq)
		for f := format.Kind; f < format.Fields; f++ {
			if !slices.Contains(record.Erased, f) {
				e.open = append(e.open, f)
			}
		}
		return err
	})
	return e, err
}

func erasureQuestion(c *web.Ctx, e erasureOf) web.Confirm {
	open := make([]web.Choice, len(e.open))
	for i, f := range e.open {
		open[i] = web.Choice{Value: f.String(), Label: c.Text("ledger.field_" + f.String())}
	}
	return web.Confirm{
		Title: c.Text("ledger.erase.title", e.seq), Lead: c.Text("ledger.erase.lead"),
		Consequences: []any{c.Text("ledger.erase.gone"), c.Text("ledger.erase.stays"), c.Text("ledger.erase.elsewhere")},
		Fields: func(f *web.Form) []web.Field {
			fields := f.Checks("fields", "ledger.erase.fields", open)
			reason := f.Area("reason", "ledger.erase.reason")
			reason.Hint, reason.Max = c.Text("ledger.erase.reason_hint"), MaxReason
			understood := f.Checkbox("understood", "ledger.erase.understood")
			fields.Required, reason.Required, understood.Required = true, true, true
			return []web.Field{fields, reason, understood}
		},
		Button: c.Text("ledger.erase.button"), Danger: true, Cancel: fmt.Sprintf("/ledger/%d", e.seq),
	}
}

// pathSeq reads the entry's number. What is no number is no entry.
func pathSeq(c *web.Ctx) (int64, error) {
	text := c.Path("seq")
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != text {
		return 0, fault.ItemNotFound()
	}
	return n, nil
}

func cursor(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, fault.New(fault.Malformed, "ledger.cursor", "The cursor is not one of ours. Start from the first page.")
	}
	return n, nil
}

// names are descriptions of references.
type names map[string]Described

// link shows a reference: by its title if it is known, and else as it stands.
func (n names) link(ref string) any {
	d := n[ref]
	if d.Title == "" {
		d.Title = ref
	}
	if d.URL == "" {
		return d.Title
	}
	return web.Link{Text: d.Title, URL: d.URL}
}

// describe asks for the descriptions of everything that the entries refer to.
func (s *Service) describe(ctx context.Context, r store.Reader, records ...ledger.Record) (names, error) {
	if s.Describe == nil {
		return nil, nil
	}
	var refs []string
	for _, e := range records {
		refs = append(refs, e.Actor, e.Subject, e.Item)
	}
	slices.Sort(refs)
	refs = slices.DeleteFunc(slices.Compact(refs), func(ref string) bool { return ref == "" })
	return s.Describe(ctx, r, authz.ActorFrom(ctx), refs)
}

// day reads a date of the filter: from its beginning, or until its end.
func day(text string, end bool, zone *time.Location) (time.Time, bool) {
	if text == "" {
		return time.Time{}, true
	}
	t, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil {
		return time.Time{}, false
	}
	if end {
		return t.AddDate(0, 0, 1).UTC(), true
	}
	return t.UTC(), true
}

// address is the list's address with a filter.
func address(values url.Values) string {
	if len(values) == 0 {
		return "/ledger"
	}
	return "/ledger?" + values.Encode()
}
