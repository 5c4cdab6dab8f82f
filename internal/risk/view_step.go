// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"net/url"
	"strconv"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/item/itemweb"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// stepView is what the form of one step shows.
type stepView struct {
	Action     string
	Risk       Detail
	Choices    []web.Choice
	Likely     []web.Choice
	Impacts    []web.Choice
	Proposal   proposalView
	Matrix     web.Matrix
	Voids      bool // what was decided is void afterwards
	Mitigation Mitigation
	Owner      string
	Due        string
}

func (s *Service) rateView(c *web.Ctx, d Detail, _ *web.Form) (any, error) {
	m := &s.Policy().Matrix
	v := stepView{
		Action: c.R.URL.Path, Risk: d, Proposal: s.proposalOf(c, d.Proposal), Likely: scale(c, m.Likelihood), Impacts: scale(c, m.Impact),
		Matrix: s.grid(c, c.Text("risk.rate.matrix")), Voids: hasLive(d),
	}
	s.mark(c, &v.Matrix, d.Proposal.Inherent.Cell, d.Proposal.Residual.Cell)
	return v, nil
}

// scale offers the steps of a scale with what they mean.
func scale(c *web.Ctx, steps []matrix.Step) []web.Choice {
	all := make([]web.Choice, len(steps))
	for i, step := range steps {
		all[i] = web.Choice{Value: strconv.Itoa(i + 1), Label: c.Text("risk.scale", i+1, step.Name, step.Meaning)}
	}
	return all
}

// mark puts inherent and residual into the fields of a grid.
func (s *Service) mark(c *web.Ctx, g *web.Matrix, inherent, residual matrix.Cell) {
	switch {
	case inherent == residual && residual.Valid():
		field(g, residual).Mark = c.Text("risk.mark_both")
	default:
		if inherent.Valid() {
			field(g, inherent).Mark = c.Text("risk.mark_inherent")
		}
		if residual.Valid() {
			field(g, residual).Mark = c.Text("risk.mark_residual")
		}
	}
}

// hasLive reports whether an acceptance is asked for or granted, and would be
// void after a change of what it is pinned to.
func hasLive(d Detail) bool {
	for _, a := range d.Acceptances {
		if a.State == Asked || a.State == Granted && a.Standing.Code != Expired {
			return true
		}
	}
	return false
}

func rateValues(_ *web.Ctx, d Detail) url.Values {
	in := RateInput{Inherent: d.Proposal.Inherent.Cell, Residual: d.Proposal.Residual.Cell}
	if d.Rated() {
		in.Inherent, in.Residual = d.Rating.Inherent.Cell, d.Rating.Residual.Cell
	}
	return web.Values(in)
}

func (s *Service) treatView(c *web.Ctx, d Detail, _ *web.Form) (any, error) {
	return stepView{Action: c.R.URL.Path, Risk: d, Choices: c.Hinted("risk.treatment_", web.Strings(Treatments())...)}, nil
}

func treatValues(_ *web.Ctx, d Detail) url.Values {
	return web.Values(TreatInput{Treatment: d.Treatment, Note: d.TreatmentNote})
}

func (s *Service) hearView(c *web.Ctx, d Detail, _ *web.Form) (any, error) {
	v := stepView{Action: c.R.URL.Path, Risk: d}
	for _, p := range d.Parties {
		v.Choices = append(v.Choices, web.Choice{Value: p.ID, Label: p.Name})
	}
	return v, nil
}

// hearValues begins with the first party that still has to be heard.
func hearValues(c *web.Ctx, d Detail) url.Values {
	v := url.Values{"party": {c.Query("party")}}
	for _, p := range d.Parties {
		if v.Get("party") == "" && mustBeHeard(p) {
			v.Set("party", p.ID)
		}
	}
	return v
}

func mustBeHeard(p Exposed) bool { return p.Requirement == RequireHearing && !p.Heard && !p.Answers }

func (s *Service) mitigationView(c *web.Ctx, d Detail, _ *web.Form) (any, error) {
	m := mitigationOf(d, c.Path("mitigation"))
	v := stepView{Action: c.R.URL.Path, Risk: d, Mitigation: *m, Owner: itemweb.NameOf(c, d.Names, m.Owner), Due: c.Day(web.LastDay(m.Due))}
	states := []MitigationState{MitigationDone}
	for _, verb := range d.Verbs {
		if verb == "treat" {
			states = []MitigationState{MitigationDone, MitigationDropped, MitigationOpen}
		}
	}
	v.Choices = c.Hinted("risk.mitigation_", web.Strings(states)...)
	return v, nil
}

func mitigationValues(c *web.Ctx, d Detail) url.Values {
	if m := mitigationOf(d, c.Path("mitigation")); m.State != MitigationOpen {
		return web.Values(MitigationChange{State: m.State, Evidence: m.Evidence})
	}
	return web.Values(MitigationChange{State: MitigationDone})
}

// noteField is the text that a question asks for.
func noteField(name, label, hint string, c *web.Ctx) func(f *web.Form) []web.Field {
	return func(f *web.Form) []web.Field {
		field := f.Area(name, label)
		field.Hint, field.Required, field.Rows = c.Text(hint), true, 4
		return []web.Field{field}
	}
}

func (s *Service) reviewQuestion(c *web.Ctx, d Detail) web.Confirm {
	next := c.Now().Add(s.Policy().ReviewInterval(d.Rating.Residual.Rating))
	return web.Confirm{
		Title: c.Text("risk.review.title"), Lead: c.Text("risk.review.lead", d.Title),
		Consequences: []any{c.Text("risk.review.next", c.Day(next)), c.Text("risk.review.else")},
		Fields:       noteField("note", "risk.review.note", "risk.review.note_hint", c),
		Button:       c.Text("risk.review.save"), Cancel: d.URL(),
	}
}

func (s *Service) completeQuestion(c *web.Ctx, d Detail) web.Confirm {
	return web.Confirm{
		Title: c.Text("risk.complete.title"), Lead: c.Text("risk.complete.lead", d.Title, c.Text("risk.treatment_"+string(d.Treatment))),
		Consequences: []any{c.Text("risk.complete.then")}, Button: c.Text("risk.complete.save"), Cancel: d.URL(),
	}
}

func (s *Service) closeQuestion(c *web.Ctx, d Detail) web.Confirm {
	return web.Confirm{
		Title: c.Text("risk.close.title"), Lead: c.Text("risk.close.lead", d.Title),
		Consequences: []any{c.Text("risk.close.final"), c.Text("risk.close.covers")},
		Fields:       noteField("note", "risk.close.note", "risk.close.note_hint", c),
		Button:       c.Text("risk.close.save"), Danger: true, Cancel: d.URL(),
	}
}

// askView is what the request for an acceptance shows.
type askView struct {
	Action  string
	Risk    Detail
	Options []web.Choice
	Wanted  bool // policy wants options compared, and one of them proposed
	Compare web.Table
	Ways    []wayGroup
	Rating  any
	Unheard []string
	Extends *Placed
	Ends    string // of what is extended
	text    func(key string, args ...any) string
}

// wayGroup is who must decide for one party, in any of several ways.
type wayGroup struct {
	Title string
	Met   bool
	Table web.Table
}

// TermRows makes the rows of the conditions; it is for the template.
func (v askView) TermRows(f *web.Form) []fieldRow {
	rows := make([]fieldRow, f.Rows(1, MaxTerms))
	for i := range rows {
		text := f.Line(web.RowField("conditions", i, "text"), "risk.term.text")
		text.Max = MaxShort
		rows[i].Title = v.text("risk.term.row", i+1)
		rows[i].Above = []web.Field{text}
		rows[i].Fields = []web.Field{f.Line(web.RowField("conditions", i, "owner"), "risk.term.owner"), f.Day(web.RowField("conditions", i, "due"), "risk.term.due")}
	}
	return rows
}

func (s *Service) askView(c *web.Ctx, d Detail, f *web.Form) (any, error) {
	v := askView{
		text: c.Text, Action: d.URL() + "/acceptances", Risk: d, Rating: s.assessed(c, d.Rating.Residual), Compare: s.optionTable(c, d.Options),
		Ways: s.ways(c, d.Needs, d.Names),
	}
	v.Wanted = d.Rating.Residual.Rating.AtLeast(s.Policy().Options.From)
	for _, o := range d.Options {
		if o.Kind != OptionNone {
			v.Options = append(v.Options, web.Choice{Value: o.ID, Label: o.Title, Hint: c.Text("risk.option_" + string(o.Kind))})
		}
	}
	for _, p := range d.Parties {
		if mustBeHeard(p) {
			v.Unheard = append(v.Unheard, p.Name)
		}
	}
	extends := c.Query("extends")
	if f != nil {
		extends = f.String("extends", 16)
	}
	for i, a := range d.Acceptances {
		if extends != "" && a.ID == extends && a.Standing.Code == InForce {
			v.Extends, v.Ends = &d.Acceptances[i], c.Day(web.LastDay(a.Until))
		}
	}
	return v, nil
}

// ways shows who must decide: for each the ways, one of which is enough.
func (s *Service) ways(c *web.Ctx, needs []NeedText, names map[string]Named) []wayGroup {
	var all []wayGroup
	for _, n := range needs {
		who := n.Party
		if who == "" {
			who = itemweb.NameOf(c, names, n.Organisation)
		}
		g := wayGroup{Title: who, Met: n.Met}
		g.Table = c.Table(c.Text("risk.ways.caption", who), "risk.ways.way", "risk.ways.longest", "risk.ways.latest", "risk.proposal.origin")
		g.Table.Empty = &web.Empty{Icon: "ban", Title: c.Text("risk.ways.nobody")}
		for _, w := range n.Ways {
			g.Table.Add(wayText(c, w), longest(c, w.Longest), web.LastDay(w.LatestEnd), origin(w.Origin, w.Cites))
		}
		all = append(all, g)
	}
	return all
}

// wayText says who decides in one of several ways.
func wayText(c *web.Ctx, w WayText) string {
	switch {
	case w.Rank != "":
		return c.Text("risk.way.rank", w.Rank)
	case w.Body != "" && w.Quorum > 1:
		return c.Text("risk.way.quorum", w.Quorum, w.Body)
	case w.Body != "":
		return c.Text("risk.way.body", w.Body)
	case w.OwnerEnds:
		return c.Text("risk.way.functions_until", w.Functions)
	default:
		return c.Text("risk.way.functions", w.Functions)
	}
}

// longest writes a duration such as 30d as days.
func longest(c *web.Ctx, text string) string {
	d, err := config.ParseDuration(text)
	if days := int(d.Std().Hours()) / 24; err == nil && days > 0 {
		return c.Text("risk.days", days)
	}
	return text
}

func askValues(c *web.Ctx, d Detail) url.Values {
	v := url.Values{"extends": {c.Query("extends")}}
	for _, o := range d.Options {
		if o.Kind == OptionTemporary {
			v.Set("option", o.ID)
		}
	}
	return v
}

// optionTable compares the options side by side.
func (s *Service) optionTable(c *web.Ctx, options []Option) web.Table {
	t := c.Table(c.Text("risk.options.caption"), "risk.options.aspect")
	t.Empty = &web.Empty{Icon: "scale", Title: c.Text("risk.options.empty"), Text: c.Text("risk.options.empty_text")}
	if len(options) == 0 {
		return t
	}
	rows := map[string]*web.Row{}
	aspects := []string{"kind", "rating", "cost", "delay", "risk", "notes"}
	for _, a := range aspects {
		rows[a] = &web.Row{Cells: []any{c.Text("risk.option." + a)}}
	}
	for _, o := range options {
		t.Columns = append(t.Columns, web.Column{Text: o.Title})
		add := func(aspect string, v any) { rows[aspect].Cells = append(rows[aspect].Cells, itemweb.Shown(c, v)) }
		add("kind", c.Text("risk.option_"+string(o.Kind)))
		if o.Rating.Known() {
			add("rating", ratingBadge(c, o.Rating))
		} else {
			add("rating", nil)
		}
		add("cost", o.Cost)
		add("delay", o.Delay)
		add("risk", o.Risk)
		add("notes", o.Notes)
	}
	for _, a := range aspects {
		t.Rows = append(t.Rows, *rows[a])
	}
	return t
}
