// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/gate"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/item/itemweb"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

type riskView struct {
	Risk        Detail
	Badges      []any
	Primary     *web.Link // what the reader should do next, if anything
	Actions     []web.Link
	Matrix      web.Matrix
	Proposal    proposalView
	RatedBy     string
	Facts       web.Terms
	Parties     web.Table
	Hearings    web.Timeline
	Treatment   string
	Mitigations web.Table
	Options     web.Table
	Acceptances web.Timeline
	Gate        []gateView
	History     web.Timeline // the latest steps
	Older       web.Timeline // those before
	Ways        []wayGroup
	May         map[string]bool
	CanAsk      bool
	Discussion  web.Discussion
}

// gateView is what the gate would say about one act, as far as this risk goes.
type gateView struct {
	Act     string
	Allowed bool
	Until   string
	Blocked web.Blocked
	URL     string
}

func (s *Service) riskView(c *web.Ctx, d Detail) (riskView, error) {
	v := riskView{
		Risk: d, Badges: s.riskBadges(c, d), Proposal: s.proposalOf(c, d.Proposal), Facts: s.riskFacts(c, d),
		Parties: partyTable(c, d), Hearings: hearingLine(c, d, d.Rating.Seq, ""), Mitigations: mitigationTable(c, d), Options: s.optionTable(c, d.Options),
		Acceptances: s.acceptanceLine(c, d), Ways: s.ways(c, d.Needs, d.Names), May: map[string]bool{},
	}
	for _, verb := range d.Verbs {
		v.May[verb] = true
	}
	v.History.Events, v.Older.Events = latest(historyLine(c, d).Events)
	for i := range v.Proposal.Tables {
		v.Proposal.Tables[i].Open = false // a person's rating stands beside it
	}
	if err := s.riskActions(c, d, &v); err != nil {
		return riskView{}, err
	}
	v.Matrix = s.grid(c, c.Text("risk.risk.matrix"))
	v.Matrix.Hint = c.Text("risk.risk.matrix_hint")
	if d.Rated() {
		s.mark(c, &v.Matrix, d.Rating.Inherent.Cell, d.Rating.Residual.Cell)
		v.RatedBy = c.Text("risk.risk.rated_by", itemweb.NameOf(c, d.Names, d.Rating.By), c.Day(d.Rating.At))
	} else if d.Proposed.Valid() {
		field(&v.Matrix, d.Proposed.Cell).Mark = c.Text("risk.proposed")
	}
	if d.Treatment != "" {
		v.Treatment = c.Text("risk.treatment_" + string(d.Treatment))
	}
	var err error
	if s.Discussion != nil {
		if v.Discussion, err = s.Discussion(c.Context(), d.Item()); err != nil {
			return riskView{}, err
		}
	}
	v.Gate, err = s.gateViews(c, d)
	return v, err
}

// shownSteps is how much of a risk's history its page shows unfolded.
const shownSteps = 5

// latest parts the latest steps of a history, which begins with them, from those
// before. One alone is not folded away.
func latest(events []web.Event) (recent, older []web.Event) {
	if len(events) <= shownSteps+1 {
		return events, nil
	}
	return events[:shownSteps], events[shownSteps:]
}

func (s *Service) riskBadges(c *web.Ctx, d Detail) []any {
	all := []any{ratingBadge(c, d.Effective().Rating)}
	switch {
	case d.Rating.Outdated:
		all = append(all, web.Badge{Tone: web.ToneWarning, Text: c.Text("risk.outdated")})
	case !d.Rated():
		all = append(all, web.Badge{Tone: web.ToneNotice, Text: c.Text("risk.proposed")})
	}
	all = append(all, stateBadge(c, d.State))
	if len(d.Acceptances) > 0 {
		all = append(all, standingBadge(c, mostTelling(d.Acceptances)))
	}
	if d.Visibility != authz.Internal {
		all = append(all, c.Visibility(d.Visibility))
	}
	if !d.Closed() && !d.ReviewDue.IsZero() && d.ReviewDue.Before(d.AsOf) {
		all = append(all, web.Badge{Tone: web.ToneWarning, Text: c.Text("risk.review_overdue")})
	}
	return all
}

// mostTelling is where the acceptance stands that says most about the risk.
func mostTelling(all []Placed) StandingCode {
	code := all[0].Standing.Code
	for _, a := range all {
		if a.Standing.Code == InForce {
			return InForce
		}
		if telling(a.Standing.Code) > telling(code) {
			code = a.Standing.Code
		}
	}
	return code
}

func (s *Service) riskFacts(c *web.Ctx, d Detail) web.Terms {
	t := web.Terms{Compact: true}
	add := func(label string, v any) { t.Items = append(t.Items, web.Term{Name: c.Text(label), Value: v}) }
	when := func(label string, at time.Time) {
		if !at.IsZero() {
			add(label, at)
		}
	}
	if d.Subject != "" {
		add("risk.field.subject", itemweb.SubjectLink(d.Subject, d.SubjectTitle))
	}
	if d.Act != "" {
		add("risk.field.act", d.Act)
	}
	add("risk.field.owner", itemweb.NameOf(c, d.Names, d.Owner))
	add("risk.field.organisation", itemweb.NameOf(c, d.Names, d.Organisation))
	add("risk.field.visibility", c.Text("risk.visibility_"+string(d.Visibility)+"_hint"))
	if len(d.Participants) > 0 {
		add("risk.field.participants", participantNames(c, d))
	}
	due := []any{d.ReviewDue}
	if d.ReviewDue.Before(d.AsOf) {
		due = append(due, web.Badge{Tone: web.ToneWarning, Text: c.Text("risk.overdue")})
	}
	if !d.Closed() && d.Rated() {
		add("risk.field.review_due", due)
	}
	if !d.Closed() {
		when("risk.field.notice_due", d.NoticeDue)
	}
	if d.Follows != "" {
		add("risk.field.follows", web.Link{Text: c.Text("risk.risk.earlier"), URL: "/risks/" + d.Follows})
	}
	when("risk.field.registered", d.RegisteredAt)
	when("risk.field.closed", d.ClosedAt)
	add("risk.field.version", d.Version)
	if link := c.EntryLink("#"+strconv.FormatInt(d.Entry, 10), d.Entry); link != nil {
		add("risk.field.entry", link)
	}
	return t
}

func participantNames(c *web.Ctx, d Detail) string {
	var all []string
	for _, p := range d.Participants {
		if person := item.PersonOf(p); person != "" {
			p = itemweb.NameOf(c, d.Names, person)
		}
		all = append(all, p)
	}
	return strings.Join(all, ", ")
}

func partyTable(c *web.Ctx, d Detail) web.Table {
	t := c.Table(c.Text("risk.parties.caption"), "risk.party.name", "risk.party.exposure", "risk.party.requirement", "risk.party.state")
	t.Empty = &web.Empty{Icon: "users", Title: c.Text("risk.parties.empty"), Text: c.Text("risk.parties.empty_text")}
	for _, p := range d.Parties {
		row := web.Row{}
		state := any(itemweb.None(c))
		switch {
		case p.Answers:
			state = c.Text("risk.party.answers")
		case p.Heard:
			state = web.Badge{Tone: web.ToneGood, Text: c.Text("risk.party.heard")}
		case p.Requirement == RequireHearing:
			row.Tone = web.ToneWarning
			state = web.Badge{Tone: web.ToneWarning, Text: c.Text("risk.party.unheard")}
		}
		who := []any{p.Name, web.Badge{Tone: web.ToneNeutral, Text: c.Text("risk.party_" + string(p.Kind))}}
		row.Cells = []any{who, itemweb.Shown(c, p.Exposure), c.Text("risk.require_" + string(p.Requirement)), state}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func mitigationTable(c *web.Ctx, d Detail) web.Table {
	t := c.Table(c.Text("risk.mitigations.caption"), "risk.mitigation.title", "risk.mitigation.owner", "risk.mitigation.due", "risk.mitigation.state")
	t.Empty = &web.Empty{Icon: "list-checks", Title: c.Text("risk.mitigations.empty"), Text: c.Text("risk.mitigations.empty_text")}
	tones := map[MitigationState]string{MitigationOpen: web.ToneNotice, MitigationDone: web.ToneGood, MitigationDropped: web.ToneNeutral}
	for i, m := range d.Mitigations {
		row := web.Row{}
		due := []any{web.LastDay(m.Due)}
		if m.State == MitigationOpen && m.Due.Before(d.AsOf) {
			row.Tone = web.ToneWarning
			due = append(due, web.Badge{Tone: web.ToneWarning, Text: c.Text("risk.overdue")})
		}
		state := []any{web.Badge{Tone: tones[m.State], Text: c.Text("risk.mitigation_" + string(m.State))}}
		if m.Evidence != "" {
			state = append(state, m.Evidence)
		}
		title := any(m.Title)
		if mayReport(c, d, &d.Mitigations[i]) {
			title = web.Link{Text: m.Title, URL: d.URL() + "/mitigations/" + m.ID}
		}
		row.Cells = []any{title, itemweb.NameOf(c, d.Names, m.Owner), due, state}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// gateViews says what the gate answers about the acts that depend on this risk,
// as far as this risk goes: other risks on the subject may close the gate too.
func (s *Service) gateViews(c *web.Ctx, d Detail) ([]gateView, error) {
	if s.Gate == nil || d.Subject == "" || d.Closed() {
		return nil, nil
	}
	var subject catalog.Subject
	err := s.DB.Read(c.Context(), func(r *store.ReadTx) error {
		var err error
		subject, err = s.Subjects.Subject(c.Context(), r, d.Subject)
		return err
	})
	if err != nil {
		return nil, err
	}
	var all []gateView
	for _, row := range s.Gate().Rows {
		if row.Kind != subject.Kind {
			continue
		}
		v := gateView{Act: row.Action, Allowed: true, URL: web.With("/gate", "subject", d.Subject, "action", row.Action)}
		for _, demand := range row.Requires {
			s.answer(c, &v, d, subject, demand)
		}
		all = append(all, v)
	}
	return all, nil
}

// answer adds what one requirement finds to say about this risk.
func (s *Service) answer(c *web.Ctx, v *gateView, d Detail, subject catalog.Subject, demand gate.Demand) {
	switch demand.Decision {
	case DecisionAcceptance:
		if !d.Effective().Rating.AtLeast(fromRating(demand.With)) {
			return
		}
	case DecisionAssessment:
		if d.Rating.Seq > 0 || demand.Mode == gate.Blocking {
			return
		}
	default:
		return
	}
	acceptances := make([]Acceptance, len(d.Acceptances))
	for i, a := range slices.Backward(d.Acceptances) {
		acceptances[len(acceptances)-1-i] = a.Acceptance
	}
	until, missing := cover(s.Policy(), d.Risk, acceptances, BasisOf(d.Risk, d.partiesOnly(), subject), d.AsOf, s.Zone())
	if missing == nil {
		v.Until = c.Day(web.LastDay(until))
		return
	}
	blocker := fault.Blocker{Code: missing.Code, Message: missing.Message, LiftedBy: missing.LiftedBy, URL: missing.URL}
	if slices.ContainsFunc(append(v.Blocked.Items, v.Blocked.Advice...), func(b fault.Blocker) bool { return b.Code == blocker.Code }) {
		return
	}
	if demand.Mode == gate.Advisory {
		v.Blocked.Advice = append(v.Blocked.Advice, blocker)
		return
	}
	v.Allowed = false
	v.Blocked.Items = append(v.Blocked.Items, blocker)
}
