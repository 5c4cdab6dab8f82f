// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"slices"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/review/kind"
)

// Named is a person or an organisation for display.
type Named = catalog.Named

// Asked is a question with what was written in its thread, the oldest first: the
// question itself, then answers.
type Asked struct {
	Question
	Thread []content.Comment `json:"thread" nullable:"false"`
}

// Detail is a review with everything that belongs to it, as far as the reader may
// see it.
type Detail struct {
	Review
	KindTitle    string           `json:"kind_title"`
	SubjectTitle string           `json:"subject_title,omitempty" doc:"empty if the subject is not shown to the reader"`
	Participants []string         `json:"participants" nullable:"false" doc:"principals who take part; of a review that is not restricted they see its restricted parts"`
	Insider      bool             `json:"insider" doc:"the reader takes part, and sees the restricted parts"`
	Clock        Clock            `json:"clock"`
	Stages       []Stage          `json:"stages" nullable:"false" doc:"the oldest first"`
	Shortfalls   []kind.Shortfall `json:"shortfalls" nullable:"false" doc:"what falls short in the form, by the rules"`
	Reviewers    []Reviewer       `json:"reviewers" nullable:"false"`
	Questions    []Asked          `json:"questions" nullable:"false"`
	Statements   []Statement      `json:"statements" nullable:"false"`
	Findings     []Finding        `json:"findings" nullable:"false"`
	Opinions     []Opinion        `json:"opinions" nullable:"false"`
	Conditions   []Condition      `json:"conditions" nullable:"false"`
	Assessment   *Assessment      `json:"assessment,omitempty" doc:"the latest version, for those who take part"`
	Past         []Past           `json:"past" nullable:"false" doc:"of an imported review: what happened where it comes from, the oldest first"`
	PastMore     bool             `json:"past_more,omitempty" doc:"there is more of the past than is shown"`
	History      []item.Step      `json:"history" nullable:"false" doc:"latest first"`
	Verbs        []string         `json:"may" nullable:"false" doc:"what the reader may do now: edit, move, ask, decide, ..."`
	Names        map[string]Named `json:"names" doc:"people by id"`
	AsOf         time.Time        `json:"as_of"`

	kind    *kind.Kind
	subject catalog.Subject
	bars    barred // who may not judge it

	standsIn map[string]bool // conditions that the reader shows to be met in place of everybody else
}

// maxPast bounds what a page shows of the past of an imported review.
const maxPast = 300

// Get returns a review with everything that belongs to it. id is the id, or the
// number of an imported one. What the reader may not see answers exactly as what is
// not there.
func (s *Service) Get(ctx context.Context, id string) (Detail, error) {
	if err := s.require(ctx, ActionRead); err != nil {
		return Detail{}, err
	}
	var d Detail
	err := s.DB.Read(ctx, func(r *store.ReadTx) error {
		var err error
		d, err = s.detail(ctx, r, authz.ActorFrom(ctx), id)
		return err
	})
	if err != nil {
		return Detail{}, err
	}
	return d, nil
}

func (s *Service) detail(ctx context.Context, r store.Reader, a authz.Actor, id string) (Detail, error) {
	d := Detail{AsOf: r.Now()}
	var err error
	if d.Review, err = loadReview(ctx, r, a, id); err != nil {
		return Detail{}, err
	}
	if d.Participants, err = authz.Participants(ctx, r, d.Item()); err != nil {
		return Detail{}, err
	}
	if err := s.Authz.Check(a, ActionRead, resourceOf(d.Review, d.Participants)); err != nil {
		return Detail{}, err
	}
	d.Insider = insider(a, d.Participants)
	if d.kind, err = s.kindAt(ctx, r, d.Kind, d.KindVersion); err != nil {
		return Detail{}, err
	}
	d.KindTitle = d.kind.Title
	d.Shortfalls = append([]kind.Shortfall{}, d.kind.Shortfalls(d.form(), d.Technologies, d.Scenarios, s.Policy().Weak.Answers)...)
	if d.Subject != "" {
		if d.subject, err = s.Catalog.Subject(ctx, r, d.Subject); err != nil {
			return Detail{}, err
		}
	}
	if d.bars, err = s.barredFrom(ctx, r, d.Review, d.subject); err != nil {
		return Detail{}, err
	}
	for _, fill := range []func(context.Context, store.Reader, authz.Actor) error{
		func(ctx context.Context, r store.Reader, a authz.Actor) error { return s.fillSubject(ctx, r, a, &d) },
		d.fillClock, d.fillRecord, d.fillOutcome, d.fillPast, d.fillChain,
		func(ctx context.Context, r store.Reader, _ authz.Actor) error { return s.fillQuestions(ctx, r, &d) },
		func(ctx context.Context, r store.Reader, a authz.Actor) error { return s.fillOrphans(ctx, r, a, &d) },
	} {
		if err := fill(ctx, r, a); err != nil {
			return Detail{}, err
		}
	}
	if d.Names, err = item.Names(ctx, r, s.Directory, d.people(), []string{d.subject.Organisation}); err != nil {
		return Detail{}, err
	}
	d.Verbs = s.may(a, d)
	return d, nil
}

// fillSubject adds what the reader may know of the subject.
func (s *Service) fillSubject(ctx context.Context, r store.Reader, a authz.Actor, d *Detail) error {
	if d.Subject == "" {
		return nil
	}
	seen, err := s.Catalog.VisibleSubjects(ctx, r, a, []string{d.Subject})
	if err != nil {
		return err
	}
	found, visible := seen[d.Subject]
	if !visible {
		d.Subject = "" // the subject was hidden later; whoever takes part does not learn its name by that
	}
	d.SubjectTitle = found.Title
	return nil
}

func (d *Detail) fillClock(ctx context.Context, r store.Reader, _ authz.Actor) error {
	pauses, err := loadPauses(ctx, r, d.ID)
	if err != nil {
		return err
	}
	d.Clock = ClockOf(d.Review, pauses[d.ID], r.Now())
	stages, err := loadStages(ctx, r, d.ID)
	d.Stages = append([]Stage{}, stages...)
	return err
}

// fillRecord adds what was stated and found; the restricted parts only for those
// who take part.
func (d *Detail) fillRecord(ctx context.Context, r store.Reader, _ authz.Actor) error {
	statements, err := loadStatements(ctx, r, d.ID)
	if err != nil {
		return err
	}
	findings, err := loadFindings(ctx, r, d.ID)
	if err != nil {
		return err
	}
	steps, err := history.Latest(ctx, r, d.ID, maxHistory)
	if err != nil {
		return err
	}
	if !d.Insider {
		statements = slices.DeleteFunc(statements, func(t Statement) bool { return t.Restricted })
		findings = slices.DeleteFunc(findings, func(n Finding) bool { return n.Restricted })
		steps = slices.DeleteFunc(steps, func(s item.Step) bool { return s.Part == partRestricted })
	}
	d.Statements, d.Findings, d.History = append([]Statement{}, statements...), append([]Finding{}, findings...), append([]item.Step{}, steps...)
	return nil
}

// fillOutcome adds who works on it and what the outcome rests on and asks for.
func (d *Detail) fillOutcome(ctx context.Context, r store.Reader, a authz.Actor) error {
	reviewers, err := loadReviewers(ctx, r, d.ID)
	if err != nil {
		return err
	}
	conditions, err := loadConditions(ctx, r, d.ID)
	if err != nil {
		return err
	}
	opinions, err := loadOpinions(ctx, r, d.ID)
	if err != nil {
		return err
	}
	if !d.Insider && !a.Internal() {
		for i := range reviewers[d.ID] {
			reviewers[d.ID][i].Words = "" // which interest somebody has is for those who work here
		}
	}
	d.Reviewers, d.Conditions, d.Opinions = append([]Reviewer{}, reviewers[d.ID]...), append([]Condition{}, conditions[d.ID]...), append([]Opinion{}, opinions...)
	written, err := latestAssessment(ctx, r, d.ID)
	if d.Insider && written.Version > 0 {
		d.Assessment = &written
	}
	return err
}

func (d *Detail) fillPast(ctx context.Context, r store.Reader, _ authz.Actor) error {
	d.Past = []Past{}
	if !d.Imported() {
		return nil
	}
	past, err := pastRows.All(ctx, r, "WHERE h.review = $1 ORDER BY h.at, h.id LIMIT $2", d.ID, maxPast+1)
	if len(past) > maxPast {
		past, d.PastMore = past[:maxPast], true
	}
	d.Past = append(d.Past, past...)
	return err
}

// fillQuestions adds the questions with their threads, all with one statement.
func (s *Service) fillQuestions(ctx context.Context, r store.Reader, d *Detail) error {
	all, err := loadQuestions(ctx, r, d.ID)
	if err != nil {
		return err
	}
	ids := make([]string, len(all[d.ID]))
	for i, q := range all[d.ID] {
		ids[i] = q.ID
	}
	threads, err := s.Comments().ThreadsIn(ctx, r, d.Item(), ids)
	if err != nil {
		return err
	}
	d.Questions = make([]Asked, len(ids))
	for i, q := range all[d.ID] {
		d.Questions[i] = Asked{Question: q, Thread: append([]content.Comment{}, threads[q.ID]...)}
	}
	return nil
}

// fillChain leaves out which review this one follows or replaces, or is replaced by,
// if that one is not shown to the reader.
func (d *Detail) fillChain(ctx context.Context, r store.Reader, a authz.Actor) error {
	seen, err := shown(ctx, r, a, d.Predecessor, d.Successor)
	if err != nil {
		return err
	}
	d.Review = d.Review.chained(seen)
	for _, step := range d.History {
		for i, c := range step.Changes {
			if c.Field == "predecessor" && !seen[c.To] {
				step.Changes[i].To = ""
			}
		}
	}
	return nil
}

// people are the ids of those whom the page names.
func (d *Detail) people() []string {
	all := []string{d.Requester, d.Owner, d.Lead, d.Verdict.By, d.Wait.By}
	for _, v := range d.Reviewers {
		all = append(all, v.Person)
	}
	for _, q := range d.Questions {
		all = append(all, q.Asker, q.Owner)
		for _, c := range q.Thread {
			all = append(all, c.Author)
		}
	}
	for _, t := range d.Statements {
		all = append(all, t.RecordedBy)
	}
	for _, n := range d.Findings {
		all = append(all, n.FoundBy)
	}
	for _, o := range d.Opinions {
		all = append(all, o.Assessor)
	}
	for _, c := range d.Conditions {
		all = append(all, c.Owner, c.MetBy)
	}
	for _, s := range d.History {
		all = append(all, item.PersonOf(s.Actor))
	}
	for _, p := range d.Participants {
		all = append(all, item.PersonOf(p))
	}
	if d.Assessment != nil {
		all = append(all, d.Assessment.Author)
	}
	return all
}
