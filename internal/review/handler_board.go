// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/item/itemweb"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/review/kind"
)

// boardPages registers the forms that bring a review from column to column, those
// about its form, and those about the people who work on it.
func (s *Service) boardPages(m *web.Mux) {
	here := s.spot()
	edit := itemweb.FormOf(here, ActionEdit, "edit", "edit", "review/edit", "review.flash.edited", s.Edit)
	edit.Values, edit.View, edit.Read = editValues, s.editView, s.readEdit
	edit.Redraw, edit.Part = []string{"redraw", "check", listTechnologies + moreSuffix, listScenarios + moreSuffix}, "request-fields"
	edit.Register(m)
	move := itemweb.FormOf(here, ActionMove, "move", "move", "review/step", "review.flash.moved", s.Move)
	move.Values, move.View, move.Read = moveValues, s.moveView, readMove
	move.Redraw = []string{"choose"}
	move.Do = func(c *web.Ctx, d Detail, version int64, in MoveInput) (web.Next, error) {
		_, err := s.Move(c.Context(), d.ID, version, in)
		back := d.URL()
		if c.Query("from") == "board" {
			back = "/reviews"
		}
		return web.To(back, "review.flash.moved_to", d.Title, columnText(c, in.To)), err
	}
	move.Register(m)
	itemweb.QuestionOf(here, ActionEdit, "resubmit", "review.flash.resubmitted", resubmitQuestion, func(ctx context.Context, id string, version int64, _ web.None) (Review, error) {
		return s.Resubmit(ctx, id, version)
	}).Register(m)
	estimate := itemweb.FormOf(here, ActionMove, "estimate", "move", "review/step", "review.flash.estimated", s.Estimate)
	estimate.Values, estimate.View, estimate.Read = estimateValues, estimateView, readEstimate
	estimate.Register(m)
	s.reviewerPages(m)
}

// reviewerPages registers the forms about the people who work on a review.
func (s *Service) reviewerPages(m *web.Mux) {
	here := s.spot()
	assign := itemweb.FormOf(here, ActionAssign, "reviewers/new", "assign", "review/step", "review.flash.assigned", s.Assign)
	assign.View = s.assignView
	assign.Values = func(c *web.Ctx, d Detail) url.Values {
		part := Reviews
		if d.Lead == "" {
			part = Leads
		}
		return url.Values{"part": {string(part)}, "person": {c.Query("person")}}
	}
	assign.Register(m)
	release := itemweb.QuestionOf[Detail, web.None, Review](here, ActionAssign, "reviewers/{person}/release", "", nil, nil)
	release.Open = itemweb.OpenFor[Detail](notNow, "assign")
	release.Question = func(c *web.Ctx, d Detail) web.Confirm {
		return web.Confirm{
			Title: c.Text("review.release.title"), Lead: c.Text("review.release.lead", d.named(c, c.Path("person"))),
			Consequences: []any{c.Text("review.release.stays")}, Button: c.Text("review.release.save"), Danger: true, Cancel: d.URL(),
		}
	}
	release.Do = func(c *web.Ctx, d Detail, version int64, _ web.None) (web.Next, error) {
		_, err := s.Release(c.Context(), d.ID, version, c.Path("person"))
		return web.To(d.URL(), "review.flash.released"), err
	}
	release.Register(m)
	declare := itemweb.FormOf(here, ActionDeclare, "declare", "declare", "review/step", "review.flash.declared", s.Declare)
	declare.View, declare.Values = declareView, declareValues
	declare.Register(m)
	read := itemweb.FormOf(here, ActionDeclare, "read", "read", "review/step", "review.flash.read", s.apiRead)
	read.View = readView
	read.Register(m)
	assessor := itemweb.FormOf[Detail, AssessorRequest, Review](here, ActionAssign, "opinions/{aspect}/assessor", "assign", "review/step", "", nil)
	assessor.Load, assessor.View = s.withAspect, assessorView
	assessor.Do = func(c *web.Ctx, d Detail, version int64, in AssessorRequest) (web.Next, error) {
		_, err := s.AskOpinion(c.Context(), d.ID, version, c.Path("aspect"), in.Assessor)
		return web.To(d.URL(), "review.flash.assessor"), err
	}
	assessor.Register(m)
	opine := itemweb.FormOf[Detail, OpineInput, Review](here, ActionOpine, "opinions/{aspect}", "opine", "review/step", "", nil)
	opine.Load, opine.View, opine.Values = s.withAspect, opineView, opineValues
	opine.Do = func(c *web.Ctx, d Detail, version int64, in OpineInput) (web.Next, error) {
		_, err := s.Opine(c.Context(), d.ID, version, c.Path("aspect"), in)
		return web.To(d.URL(), "review.flash.opined"), err
	}
	opine.Register(m)
}

// withAspect loads the review of an opinion's page.
func (s *Service) withAspect(c *web.Ctx) (Detail, error) {
	d, err := s.here(c)
	if err == nil && aspectOf(d, c.Path("aspect")) == nil {
		return Detail{}, noPart("opinion", labelsOf(d.kind.Opinions, func(o kind.Opinion) string { return o.Aspect }))
	}
	return d, err
}

// readMove reads the form of a move. A card of the board says the column alone.
func readMove(_ *web.Ctx, _ Detail, f *web.Form) MoveInput {
	return MoveInput{
		To: Column(f.Choice("to", web.Strings(Columns())...)), Priority: Priority(f.Choice("priority", web.Strings(Priorities())...)),
		Quarter: f.String("quarter", 7), ScheduledFor: f.String("scheduled_for", 10), Reason: f.Text("reason", MaxReason),
		NotReady: f.Strings("not_ready", 60),
	}
}

func moveValues(c *web.Ctx, d Detail) url.Values {
	to := c.Query("to")
	if moves := MovesFrom(d.Column); to == "" && len(moves) > 0 && d.Column != InProgress {
		to = string(moves[0])
		if i := slices.Index(moves, nextColumn(d.Column)); i >= 0 {
			to = string(moves[i])
		}
	}
	if c.R.Method == http.MethodPost {
		to = "" // where it could go is a proposal, and nothing that somebody saved meanwhile
	}
	v := url.Values{"to": {to}, "priority": {string(d.Priority)}, "quarter": {d.Quarter}, "scheduled_for": {d.ScheduledFor}, "reason": {d.Wait.Reason}}
	if d.Column != Waiting {
		for _, short := range d.Shortfalls {
			v.Add("falls_short", short.Field)
		}
	}
	return v
}

// nextColumn is the column that usually follows.
func nextColumn(column Column) Column {
	switch column {
	case Incoming:
		return BackOrders
	case BackOrders:
		return Planned
	default:
		return InProgress
	}
}

func estimateValues(_ *web.Ctx, d Detail) url.Values {
	return url.Values{"priority": {string(d.Priority)}, "effort": {web.Figure(d.Effort)}}
}

func readEstimate(_ *web.Ctx, _ Detail, f *web.Form) EstimateInput {
	var in EstimateInput
	if p := Priority(f.Choice("priority", web.Strings(Priorities())...)); p != "" {
		in.Priority = &p
	}
	if text := f.String("effort", 10); text != "" {
		effort, err := strconv.ParseFloat(text, 64)
		if err != nil {
			f.Refuse("effort", "not_a_number", "Enter a number of days, such as 2.5.")
		}
		in.Effort = &effort
	}
	return in
}

// editValues is the form of a review as it is saved.
func editValues(_ *web.Ctx, d Detail) url.Values {
	owner, participants := ownerOf(d), participantLines(d)
	v := web.Values(EditInput{Title: &d.Title, Sketch: &d.Sketch, Owner: &owner, Visibility: &d.Visibility, Participants: &participants})
	for name, answer := range d.Answers {
		v.Set("answers."+name, answer)
	}
	v.Set(listTechnologies+rowsSuffix, strconv.Itoa(len(d.Technologies)))
	v.Set(listScenarios+rowsSuffix, strconv.Itoa(len(d.Scenarios)))
	maps.Copy(v, rowValues(listTechnologies, d.Technologies))
	maps.Copy(v, rowValues(listScenarios, d.Scenarios))
	v.Set("kind", d.Kind)
	v.Set("kind_version", strconv.FormatInt(d.KindVersion, 10))
	return v
}

// rowValues are the values of the rows of one list.
func rowValues[T any](list string, rows []T) url.Values {
	v := url.Values{}
	for i, row := range rows {
		for name, value := range web.Values(row) {
			v[web.RowField(list, i, name)] = value
		}
	}
	return v
}

// participantLines are who takes part, as people type them.
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

// readEdit reads the form of a review. An owner who stands there as before is not
// changed. Who takes part is set only where it was changed: who was asked for
// something later is not lost.
func (s *Service) readEdit(c *web.Ctx, d Detail, f *web.Form) EditInput {
	var in EditInput
	web.Bind(f, &in)
	k, _, err := s.formOf(c, d, f)
	if err != nil {
		f.Refuse("kind", "unknown", c.Text("review.edit.no_kind"))
		return in
	}
	if k == d.kind {
		in.Kind = nil
	}
	if *in.Owner == ownerOf(d) {
		in.Owner = nil
	}
	if slices.Equal(*in.Participants, participantLines(d)) {
		in.Participants = nil
	}
	in.Answers = answersIn(k, f)
	return in
}

// formOf is the form that a review is edited with: its own, or the present one of the
// kind that was chosen. A review keeps its form unless somebody asks for the new one.
func (s *Service) formOf(c *web.Ctx, d Detail, f *web.Form) (*kind.Kind, int64, error) {
	if f == nil {
		return d.kind, d.KindVersion, nil
	}
	name := f.String("kind", 60)
	if name == "" || name == d.Kind && !f.Bool("renew") {
		return d.kind, d.KindVersion, nil
	}
	k, v, err := s.Kind(c.Context(), name, 0)
	return k, v.Version, err
}
