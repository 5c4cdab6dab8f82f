// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

type listView struct {
	Kinds, States []web.Choice
	Table         web.Table
	Pager         web.Pager
}

func (s *Service) listView(c *web.Ctx, f Filter, page Page) listView {
	v := listView{}
	for _, k := range s.Kinds().Kinds {
		v.Kinds = append(v.Kinds, web.Choice{Value: k.Name, Label: k.Title})
	}
	v.States = c.Choices("catalog.state_", StateActive, StateRetired, StateAll)
	empty := &web.Empty{Icon: "layers", Title: c.Text("catalog.list.empty"), Text: c.Text("catalog.list.empty_text")}
	if c.Can(ActionRegister) {
		empty.Action = &web.Link{Text: c.Text("catalog.new.title"), URL: "/subjects/new", Icon: "plus"}
	}
	v.Table = c.Table(c.Text("catalog.list.caption"), "catalog.field.title", "catalog.field.kind", "catalog.field.ref",
		"catalog.field.visibility", "catalog.field.version", "catalog.field.changed")
	v.Table.Empty, v.Table.Columns[4].Number = empty, true
	for _, sub := range page.Subjects {
		first := []any{web.Link{Text: sub.Title, URL: sub.URL()}}
		if sub.Retired() {
			first = append(first, web.Badge{Tone: web.ToneNeutral, Text: c.Text("catalog.state_retired")})
		}
		v.Table.Add(first, s.kindTitle(sub.Kind), sub.Ref, c.Visibility(sub.Visibility), sub.Version, sub.ChangedAt)
	}
	v.Pager = c.Pager("/subjects", url.Values{"kind": {f.Kind}, "state": {f.State}}, page.Next)
	return v
}

func (s *Service) kindTitle(name string) string {
	if k, ok := s.Kinds().Kind(name); ok {
		return k.Title
	}
	return name
}

type subjectView struct {
	Subject    Subject
	Kind       string
	Badges     []any
	Attributes web.Terms
	Facts      web.Terms
	Pinned     web.Terms
	Digest     web.Code
	Links      web.Table
	Referrers  []web.Link
	Relations  []web.Choice
	MayChange  bool
	MayRetire  bool
	MayLink    bool
	LinkAction string
	Discussion web.Discussion
	Steps      []web.Link
}

// subjectView loads what the page of a subject shows besides the subject.
func (s *Service) subjectView(c *web.Ctx, d Detail, _ *web.Form) (any, error) {
	sub := d.Subject
	may := func(action authz.Action) bool {
		return !sub.Retired() && s.MayEdit(c.Context(), action, sub.Ref) == nil
	}
	v := subjectView{
		Subject: sub, Kind: s.kindTitle(sub.Kind), Attributes: s.attributeTerms(sub), Facts: facts(c, d), Pinned: pinned(c, sub),
		Digest:    web.Code{Label: c.Text("catalog.field.digest"), Text: sub.Digest},
		MayChange: may(ActionChange), MayRetire: may(ActionRetire), MayLink: may(ActionLink), LinkAction: sub.URL() + "/links",
	}
	if s.Discussion != nil {
		var err error
		if v.Discussion, err = s.Discussion(c.Context(), sub.Item()); err != nil {
			return nil, err
		}
	}
	v.Badges = []any{web.Badge{Tone: web.ToneNotice, Text: v.Kind}, c.Visibility(sub.Visibility)}
	if sub.Retired() {
		v.Badges = append(v.Badges, web.Badge{Tone: web.ToneBad, Text: c.Text("catalog.state_retired")})
	}
	for _, step := range s.Steps {
		if !sub.Retired() && c.Can(step.Action) {
			v.Steps = append(v.Steps, web.Link{Text: c.Text(step.Label), URL: web.With(step.URL, "subject", sub.Ref), Icon: step.Icon})
		}
	}
	v.Links = linkTable(c, sub, d.Links, v.MayLink)
	for _, r := range d.Referrers {
		v.Referrers = append(v.Referrers, web.Link{Text: r.Title + " (" + r.Ref + ")", URL: r.URL()})
	}
	for _, r := range s.Kinds().Relations {
		v.Relations = append(v.Relations, web.Choice{Value: r.Name, Label: r.Title})
	}
	return v, nil
}

// attributeTerms lists the attributes in the order of the kind; those that the
// kind no longer defines come last.
func (s *Service) attributeTerms(sub Subject) web.Terms {
	var terms web.Terms
	kind, _ := s.Kinds().Kind(sub.Kind)
	shown := map[string]bool{}
	for _, a := range kind.Attributes {
		shown[a.Name] = true
		var value any
		if text := sub.Attributes[a.Name]; text != "" && a.Refers != "" {
			value = web.Link{Text: text, URL: "/subjects/" + a.Refers + ":" + text}
		} else if text != "" {
			value = text
		}
		terms.Items = append(terms.Items, web.Term{Name: a.Title, Value: value})
	}
	for _, name := range sortedKeys(sub.Attributes) {
		if !shown[name] {
			terms.Items = append(terms.Items, web.Term{Name: name, Value: sub.Attributes[name]})
		}
	}
	return terms
}

func facts(c *web.Ctx, d Detail) web.Terms {
	terms := web.Terms{Compact: true, Items: []web.Term{
		{Name: c.Text("catalog.field.owner"), Value: d.Owner.Name},
		{Name: c.Text("catalog.field.organisation"), Value: d.Organisation.Name},
		{Name: c.Text("catalog.field.visibility"), Value: c.Text("catalog.visibility_" + string(d.Subject.Visibility) + "_hint")},
	}}
	if len(d.Participants) > 0 {
		var names []string
		for _, p := range d.Participants {
			if p.Name == "" {
				p.Name = p.Text
			}
			names = append(names, p.Name)
		}
		terms.Items = append(terms.Items, web.Term{Name: c.Text("catalog.field.participants"), Value: strings.Join(names, ", ")})
	}
	return terms
}

func pinned(c *web.Ctx, sub Subject) web.Terms {
	terms := web.Terms{Compact: true, Items: []web.Term{
		{Name: c.Text("catalog.field.version"), Value: strconv.FormatInt(sub.Version, 10)},
		{Name: c.Text("catalog.field.registered"), Value: sub.RegisteredAt},
		{Name: c.Text("catalog.field.changed"), Value: sub.ChangedAt},
	}}
	if sub.Retired() {
		terms.Items = append(terms.Items, web.Term{Name: c.Text("catalog.field.retired"), Value: sub.RetiredAt})
	}
	if link := c.EntryLink(strconv.FormatInt(sub.Entry, 10), sub.Entry); link != nil {
		terms.Items = append(terms.Items, web.Term{Name: c.Text("catalog.field.entry"), Value: link})
	}
	return terms
}

func linkTable(c *web.Ctx, sub Subject, links []Linked, mayLink bool) web.Table {
	t := c.Table(c.Text("catalog.links.caption"), "catalog.links.other", "catalog.links.relation", "catalog.links.added")
	t.Empty = &web.Empty{Icon: "link", Title: c.Text("catalog.links.empty")}
	if mayLink {
		t.Columns = append(t.Columns, web.Column{Text: c.Text("catalog.links.edit")})
	}
	for _, l := range links {
		other := []any{web.Link{Text: l.Title, URL: l.URL}}
		if l.State != "" {
			other = append(other, web.Badge{Tone: web.ToneNeutral, Text: l.State})
		}
		cells := []any{other, l.Words, l.AddedAt}
		if mayLink {
			var remove any = c.Text("catalog.links.elsewhere")
			if l.Ref != "" && !l.Incoming {
				remove = web.Link{Text: c.Text("catalog.links.remove", l.Title), URL: sub.URL() + "/links/" + l.Relation + "/" + l.Ref + "/remove"}
			}
			cells = append(cells, remove)
		}
		t.Add(cells...)
	}
	return t
}

type kindsView struct{ Kinds []Kind }

// formView is what the pages for a new and for an existing subject share.
type formView struct {
	Kind          Kind
	Subject       Subject // zero on the page for a new one
	Action        string
	Organisations []web.Choice
	Visibilities  []web.Choice
	targets       map[string][]Subject
	attribute     string // a label for Form's builders; Titled replaces it
}

func (s *Service) newView(c *web.Ctx, kind Kind) (formView, error) {
	v, err := s.formView(c, kind)
	v.Action = "/subjects"
	return v, err
}

func (s *Service) editView(c *web.Ctx, d Detail, _ *web.Form) (any, error) {
	kind, ok := s.Kinds().Kind(d.Subject.Kind)
	if !ok {
		kind = Kind{Name: d.Subject.Kind, Title: d.Subject.Kind}
	}
	v, err := s.formView(c, kind)
	v.Subject, v.Action = d.Subject, d.Subject.URL()+"/edit"
	return v, err
}

func (s *Service) formView(c *web.Ctx, kind Kind) (formView, error) {
	options, err := s.FormOptions(c.Context(), kind.Name)
	if err != nil {
		return formView{}, err
	}
	v := formView{Kind: kind, targets: options.Targets, attribute: "catalog.field.attribute"}
	for _, o := range options.Organisations {
		v.Organisations = append(v.Organisations, web.Choice{Value: o.ID, Label: o.Name})
	}
	v.Visibilities = c.Hinted("catalog.visibility_", web.Visibilities()...)
	return v, nil
}

// Attributes makes the inputs of the kind's attributes; it is for the templates.
func (v formView) Attributes(f *web.Form) []web.Field {
	var fields []web.Field
	for _, a := range v.Kind.Attributes {
		field := v.input(f, a)
		field.Required = a.Required
		fields = append(fields, f.Titled(field, a.Title, a.Description))
	}
	return fields
}

func (v formView) input(f *web.Form, a Attribute) web.Field {
	name := attributePath(a.Name)
	var options []web.Choice
	for _, value := range a.Allowed {
		options = append(options, web.Choice{Value: value, Label: strings.ReplaceAll(value, "_", " ")})
	}
	for _, sub := range v.targets[a.Refers] {
		options = append(options, web.Choice{Value: sub.Name, Label: sub.Title})
	}
	if a.Refers != "" && len(options) < store.MaxLimit || len(a.Allowed) > 0 {
		field := f.Select(name, v.attribute, options)
		if known := func(o web.Choice) bool { return o.Value == field.Value }; field.Value != "" && !slices.ContainsFunc(options, known) {
			// What stands there stays on offer: a target that is retired, or not shown to this editor.
			field.Options = append(field.Options, web.Choice{Value: field.Value, Label: field.Value})
		}
		return field
	}
	field := f.Line(name, v.attribute)
	field.Max = MaxAttribute
	return field
}

// valuesOf returns what the edit form shows of a subject.
func valuesOf(_ *web.Ctx, d Detail) url.Values {
	sub := d.Subject
	values := url.Values{
		"title": {sub.Title}, "description": {sub.Description}, "owner": {d.Owner.typed()}, "organisation": {sub.Organisation},
		"visibility": {string(sub.Visibility)},
	}
	for name, value := range sub.Attributes {
		values.Set(attributePath(name), value)
	}
	var participants []string
	for _, p := range d.Participants {
		participants = append(participants, p.Text)
	}
	values.Set("participants", strings.Join(participants, "\n"))
	return values
}

func retireQuestion(c *web.Ctx, d Detail) web.Confirm {
	sub := d.Subject
	return web.Confirm{
		Title: c.Text("catalog.retire.title", sub.Title), Lead: c.Text("catalog.retire.lead"),
		Consequences: []any{c.Text("catalog.retire.gate"), c.Text("catalog.retire.stays"), c.Text("catalog.retire.name")},
		Fields: func(f *web.Form) []web.Field {
			reason := f.Area("reason", "catalog.retire.reason")
			reason.Required, reason.Max, reason.Rows = true, MaxReason, 3
			return []web.Field{reason}
		},
		Button: c.Text("catalog.retire.button"), Danger: true, Cancel: sub.URL(),
	}
}

func (s *Service) unlinkQuestion(c *web.Ctx, _ Detail) web.Confirm {
	page := "/subjects/" + c.Path("ref")
	what := c.Text("catalog.unlink.what", c.Path("ref"), s.words(c.Path("relation"), false), c.Path("to"))
	return web.Confirm{
		Title: c.Text("catalog.unlink.title"), Consequences: []any{what, c.Text("catalog.unlink.recorded")},
		Button: c.Text("catalog.unlink.button"), Danger: true, Cancel: page,
	}
}
