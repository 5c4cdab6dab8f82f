// SPDX-License-Identifier: Apache-2.0

package review

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/item/itemweb"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

// outcomePages registers the forms about the assessment, the abstract, the outcome
// and what it asks for.
func (s *Service) outcomePages(m *web.Mux) {
	here := s.spot()
	assess := itemweb.FormOf[Detail, AssessRequest, Assessment](here, ActionAssess, "assessment", "assess", "review/step", "", nil)
	assess.View, assess.Values, assess.Redraw = assessView, assessValues, []string{"preview"}
	assess.Do = func(c *web.Ctx, d Detail, version int64, in AssessRequest) (web.Next, error) {
		_, err := s.Assess(c.Context(), d.ID, version, in.Written, in.Text)
		return web.ToPart(d.URL(), "assessment", "review.flash.assessed"), err
	}
	assess.Register(m)
	m.Page("GET /reviews/{id}/assessment/versions", ActionRead, s.showAssessments)
	abstract := itemweb.FormOf[Detail, AbstractInput, Review](here, ActionPublish, "abstract/edit", "publish", "review/step", "", nil)
	abstract.View, abstract.Values, abstract.Read, abstract.Redraw = abstractForm, abstractValues, readAbstract, []string{"preview"}
	abstract.Do = func(c *web.Ctx, d Detail, version int64, in AbstractInput) (web.Next, error) {
		_, err := s.SetAbstract(c.Context(), d.ID, version, in)
		done := "review.flash.abstract_kept"
		if in.Publish {
			done = "review.flash.abstract_public"
		}
		return web.ToPart(d.URL(), "assessment", done), err
	}
	abstract.Register(m)
	decide := itemweb.FormOf(here, ActionDecide, "decide", "decide", "review/step", "review.flash.decided", s.apiDecide)
	decide.View, decide.Values = s.decideView, decideValues
	decide.Register(m)
	itemweb.QuestionOf(here, ActionEnd, "withdraw", "review.flash.withdrawn", withdrawQuestion, s.apiWithdraw).Register(m)
	itemweb.QuestionOf(here, ActionMove, "dismiss", "review.flash.dismissed", dismissQuestion, s.apiDismiss).Register(m)
	itemweb.QuestionOf(here, ActionEnd, "supersede", "review.flash.superseded", supersedeQuestion, s.apiSupersede).Register(m)
	meet := itemweb.FormOf[Detail, ProofRequest, Review](here, ActionMeet, "conditions/{condition}", "meet", "review/step", "", nil)
	meet.Load, meet.View = s.withCondition, meetView
	meet.Do = func(c *web.Ctx, d Detail, version int64, in ProofRequest) (web.Next, error) {
		_, err := s.Meet(c.Context(), d.ID, version, c.Path("condition"), in.Shown)
		return web.To(d.URL(), "review.flash.met"), err
	}
	meet.Register(m)
}

// withCondition loads the review of a condition's page.
func (s *Service) withCondition(c *web.Ctx) (Detail, error) {
	d, err := s.here(c)
	if err == nil && d.condition(c.Path("condition")) == nil {
		return Detail{}, noCondition()
	}
	return d, err
}

// condition returns a condition by its id, or nil.
func (d Detail) condition(id string) *Condition {
	i := slices.IndexFunc(d.Conditions, func(o Condition) bool { return o.ID == id })
	if i < 0 {
		return nil
	}
	return &d.Conditions[i]
}

// assessValues begin with the latest version or, if there is none, with what is
// composed from the record.
func assessValues(c *web.Ctx, d Detail) url.Values {
	if d.Assessment != nil {
		return url.Values{"text": {d.Assessment.Text}}
	}
	return url.Values{"text": {Compose(d, func(id string) string { return d.named(c, id) })}}
}

func abstractValues(_ *web.Ctx, d Detail) url.Values { return url.Values{"text": {d.Abstract}} }

// readAbstract reads the form of the abstract. Nothing is published that was not
// shown in a preview first, letter by letter.
func readAbstract(c *web.Ctx, _ Detail, f *web.Form) AbstractInput {
	in := AbstractInput{Text: f.Text("text", MaxText), Publish: f.Bool("publish")}
	if in.Publish && f.String("previewed", 64) != item.SHA(in.Text) {
		f.Refuse("text", "unseen", c.Text("review.abstract.unseen"))
	}
	return in
}

// decideValues begin with the outcome that the kind's force makes likely.
func decideValues(c *web.Ctx, d Detail) url.Values {
	v := url.Values{"meeting": {c.Query("meeting")}}
	if outcomes := Outcomes(d.Required); len(outcomes) == 1 {
		v.Set("outcome", string(outcomes[0]))
	}
	return v
}

// showAssessments shows the versions of the assessment, each with what it changed.
func (s *Service) showAssessments(c *web.Ctx) error {
	d, err := s.here(c)
	if err != nil {
		return err
	}
	all, err := s.Assessments(c.Context(), d.ID)
	if err != nil {
		return err
	}
	v := versionsView{Review: d, Audience: audience(c, d)}
	for i, a := range all {
		one := versionView{Title: c.Text("review.assessment.version", a.Version), By: c.Text("review.assessment.written", d.named(c, a.Author), c.Day(a.At)), Anchor: "v" + strconv.FormatInt(a.Version, 10)}
		if i+1 < len(all) {
			one.Diff = &web.Diff{Caption: c.Text("review.assessment.diff", all[i+1].Version, a.Version), Lines: web.DiffLines(all[i+1].Text, a.Text)}
		}
		one.Text = prose(a.Text)
		v.Versions = append(v.Versions, one)
	}
	return c.Render(http.StatusOK, "review/versions", v)
}

// showAbstract shows what was published of a review, and nothing else of it.
func (s *Service) showAbstract(c *web.Ctx) error {
	var found Review
	err := s.DB.Read(c.Context(), func(r *store.ReadTx) error {
		var err error
		found, err = store.Found(reviewRows.One(c.Context(), r, "WHERE r.id = $1 AND r.published_at IS NOT NULL AND r.board_column = 'done' AND r.visibility <> $2",
			c.Path("id"), string(authz.Restricted)))
		return err
	})
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, "review/abstract", publicView{Title: found.Title, Text: prose(AbstractOf(found)), Since: found.PublishedAt})
}
