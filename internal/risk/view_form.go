// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"net/url"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/item/itemweb"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// formView is what a form about a risk shows around its fields.
type formView struct {
	Action        string
	Risk          Detail // zero for a new one
	Data          []web.Choice
	Directions    []web.Choice
	Access        []web.Choice
	Volumes       []web.Choice
	Visibilities  []web.Choice
	Organisations []web.Choice // nil: they are typed
	Proposal      proposalView
	Kinds         []web.Choice
	Requirements  []web.Choice
	Rows          int
	OptionKinds   []web.Choice
	Ratings       []web.Choice
	text          func(key string, args ...any) string
}

// proposalView is a proposed rating with how it came about.
type proposalView struct {
	Shown    bool // it was asked for
	Problem  string
	Inherent any
	Residual any
	Tables   []stepsView // the last one counts
}

// stepsView is the steps of one proposed rating, which may be folded away.
type stepsView struct {
	Title string
	Open  bool
	Table web.Table
}

// baseView fills in what the inputs offer.
func (s *Service) baseView(c *web.Ctx, d Detail) (formView, error) {
	v := formView{
		text: c.Text, Risk: d, Data: c.Choices("risk.data_", web.Strings(matrix.AllData())...), Directions: c.Choices("risk.direction_", web.Strings(matrix.AllDirections())...),
		Access: c.Choices("risk.access_", web.Strings(matrix.AllAccess())...), Volumes: c.Choices("risk.volume_", web.Strings(matrix.AllVolumes())...),
		Visibilities: c.Hinted("risk.visibility_", web.Visibilities()...),
		Kinds:        c.Choices("risk.party_", string(PartyOrganisation), string(PartyCommunity)),
		Requirements: c.Choices("risk.require_", web.Strings(Requirements())...),
		OptionKinds:  c.Choices("risk.option_", web.Strings(OptionKinds())...), Ratings: c.Choices("risk.rating_", ratingNames()...),
	}
	var err error
	v.Organisations, err = s.organisations(c)
	return v, err
}

// organisationLister is a directory that can name all organisations.
type organisationLister interface {
	Organisations(ctx context.Context, r store.Reader) ([]Named, error)
}

func (s *Service) organisations(c *web.Ctx) ([]web.Choice, error) {
	lister, ok := s.Directory.(organisationLister)
	if !ok {
		return nil, nil
	}
	var all []web.Choice
	err := s.DB.Read(c.Context(), func(r *store.ReadTx) error {
		known, err := lister.Organisations(c.Context(), r)
		for _, o := range known {
			all = append(all, web.Choice{Value: o.ID, Label: o.Name})
		}
		return err
	})
	return all, err
}

// fieldRow is one row of a repeated part of a form.
type fieldRow struct {
	Title  string
	Above  []web.Field // each on a line of its own
	Fields []web.Field // beside each other
	Below  []web.Field // each on a line of its own
}

// PartyRows makes the rows of the parties; it is for the template.
func (v formView) PartyRows(f *web.Form) []fieldRow {
	rows := make([]fieldRow, f.Rows(max(1, v.Rows), MaxParties))
	for i := range rows {
		name := f.Line(web.RowField("parties", i, "name"), "risk.party.name")
		name.Max = MaxTitle
		rows[i].Fields = []web.Field{f.Select(web.RowField("parties", i, "kind"), "risk.party.kind", v.Kinds), name, v.speaker(f, i),
			f.Select(web.RowField("parties", i, "require"), "risk.party.require", v.Requirements)}
		exposure := f.Line(web.RowField("parties", i, "exposure"), "risk.party.exposure")
		exposure.Max = MaxShort
		rows[i].Below = []web.Field{exposure}
		rows[i].Title = v.text("risk.party.row", i+1)
	}
	return rows
}

// speaker is the field for the organisation that speaks for a party.
func (v formView) speaker(f *web.Form, row int) web.Field {
	name := web.RowField("parties", row, "organisation")
	if v.Organisations == nil {
		return f.Line(name, "risk.party.organisation")
	}
	field := f.Select(name, "risk.party.organisation", v.Organisations)
	if known := slices.ContainsFunc(v.Organisations, func(o web.Choice) bool { return o.Value == field.Value }); !known && field.Value != "" {
		// What is saved is offered, whatever has become of the organisation.
		field.Options = append(slices.Clone(field.Options), web.Choice{Value: field.Value, Label: field.Value})
	}
	return field
}

// OptionRows makes the rows of the options; it is for the template.
func (v formView) OptionRows(f *web.Form) []fieldRow {
	rows := make([]fieldRow, f.Rows(max(len(OptionKinds())-1, v.Rows), MaxOptions))
	for i := range rows {
		line := func(name, label string, limit int) web.Field {
			field := f.Line(web.RowField("options", i, name), label)
			field.Max = limit
			return field
		}
		rows[i].Title = v.text("risk.option.row", i+1)
		rows[i].Fields = []web.Field{f.Select(web.RowField("options", i, "kind"), "risk.option.kind", v.OptionKinds),
			f.Select(web.RowField("options", i, "rating"), "risk.option.rating", v.Ratings)}
		rows[i].Above = []web.Field{line("title", "risk.option.title", MaxTitle)}
		rows[i].Below = []web.Field{line("cost", "risk.option.cost", MaxShort), line("delay", "risk.option.delay", MaxShort),
			line("risk", "risk.option.risk", MaxShort), line("notes", "risk.option.notes", MaxShort)}
	}
	return rows
}

func (s *Service) plainView(c *web.Ctx, d Detail, _ *web.Form) (any, error) {
	v, err := s.baseView(c, d)
	v.Action = c.R.URL.Path
	return v, err
}

func (s *Service) editView(c *web.Ctx, d Detail, f *web.Form) (any, error) {
	v, err := s.baseView(c, d)
	v.Action = c.R.URL.Path
	v.Proposal = s.proposalOf(c, d.Proposal)
	if f != nil {
		in := inputsFrom(f)
		in.MitigationPlan = d.Inputs.MitigationPlan
		v.Proposal = s.preview(c, in)
	}
	return v, err
}

// preview proposes a rating from inputs that may not be complete yet.
func (s *Service) preview(c *web.Ctx, in matrix.Inputs) proposalView {
	p, err := s.Propose(c.Context(), in)
	if err != nil {
		return proposalView{Shown: true, Problem: c.Text("risk.proposal.incomplete")}
	}
	return s.proposalOf(c, p)
}

func (s *Service) proposalOf(c *web.Ctx, p matrix.Proposal) proposalView {
	v := proposalView{
		Shown:    true,
		Inherent: s.assessed(c, Assessment{Cell: p.Inherent.Cell, Rating: p.Inherent.Rating}),
		Residual: s.assessed(c, Assessment{Cell: p.Residual.Cell, Rating: p.Residual.Rating}),
		Tables:   []stepsView{s.moves(c, c.Text("risk.proposal.inherent"), p.Inherent)},
	}
	if len(p.Residual.Moves) != len(p.Inherent.Moves) || p.Residual.Cell != p.Inherent.Cell {
		v.Tables = append(v.Tables, s.moves(c, c.Text("risk.proposal.residual"), p.Residual))
	} else {
		v.Tables[0].Title = c.Text("risk.proposal.both")
	}
	v.Tables[len(v.Tables)-1].Open = true
	return v
}

// moves shows each step of a proposal: its factor, its effect, why, and by what.
func (s *Service) moves(c *web.Ctx, caption string, a matrix.Assessed) stepsView {
	t := c.Table(caption, "risk.proposal.factor", "risk.proposal.effect", "risk.proposal.then", "risk.proposal.why", "risk.proposal.origin")
	m := &s.Policy().Matrix
	start := Assessment{Cell: a.Base, Rating: m.Rate(a.Base)}
	t.Add(c.Text("risk.proposal.base"), itemweb.None(c), s.assessed(c, start), c.Text("risk.proposal.base_why"),
		origin(s.Policy().Proposal.Origin, s.Policy().Proposal.Cites))
	for _, move := range a.Moves {
		t.Add(move.Factor, move.Effect, s.assessed(c, Assessment{Cell: move.To, Rating: move.Rating}), move.Why, origin(move.Origin, move.Cites))
	}
	return stepsView{Title: caption, Table: t}
}

// origin says where a rule comes from.
func origin(o config.Origin, cites string) web.Origin {
	return web.Origin{Source: o == config.FromSource, Cites: cites}
}

func (s *Service) partiesView(c *web.Ctx, d Detail, _ *web.Form) (any, error) {
	v, err := s.baseView(c, d)
	v.Action, v.Rows = c.R.URL.Path, len(d.Parties)
	return v, err
}

func (s *Service) optionsView(c *web.Ctx, d Detail, _ *web.Form) (any, error) {
	v, err := s.baseView(c, d)
	v.Action, v.Rows = c.R.URL.Path, len(d.Options)
	return v, err
}

func editValues(_ *web.Ctx, d Detail) url.Values {
	owner, participants := itemweb.Handle(d.Names, d.Owner), participantLines(d)
	return web.Values(EditInput{
		Title: &d.Title, Threat: &d.Threat, Scope: &d.Scope, Owner: &owner, Visibility: &d.Visibility, Participants: &participants, Inputs: spoken(d.Inputs),
	})
}

// spoken are inputs as a form states them, which leaves nothing out.
func spoken(in matrix.Inputs) *matrix.Stated {
	all := in.Stated()
	return &all
}

func participantLines(d Detail) []string {
	all := make([]string, len(d.Participants))
	for i, p := range d.Participants {
		all[i] = p
		if person := item.PersonOf(p); person != "" {
			all[i] = authz.PersonPrincipal(itemweb.Handle(d.Names, person))
		}
	}
	return all
}

func partyValues(_ *web.Ctx, d Detail) url.Values {
	parties := make([]PartyInput, len(d.Parties))
	for i, p := range d.Parties {
		parties[i] = PartyInput{Kind: p.Kind, Name: p.Name, Organisation: p.Organisation, Exposure: p.Exposure, Require: p.Require}
	}
	return web.Values(PartiesRequest{parties})
}

func optionValues(_ *web.Ctx, d Detail) url.Values {
	if len(d.Options) == 0 {
		return web.Values(OptionsRequest{[]Option{{Kind: OptionTemporary}, {Kind: OptionProduction}, {Kind: OptionNone}}})
	}
	return web.Values(OptionsRequest{d.Options})
}
