// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
)

// AbstractOf returns what everybody may read of a review once its abstract is
// published, in Markdown: title, kind, outcome, day and abstract, and nothing else.
func AbstractOf(r Review) string {
	var w written
	w.heading(1, "%s", inline(r.Title))
	w.line("Security review (%s)", inline(strings.ReplaceAll(r.Kind, "-", " ")))
	if r.Verdict.Outcome != "" {
		w.space()
		w.line("Outcome: %s, %s", plainWord(r.Verdict.Outcome), date(r.Verdict.At))
	}
	w.space()
	w.text.WriteString(r.Abstract)
	return strings.TrimRight(w.text.String(), "\n") + "\n"
}

// Draft composes an assessment from what the actor may see of the record.
func (s *Service) Draft(ctx context.Context, id string) (Draft, error) {
	if err := s.require(ctx, ActionAssess); err != nil {
		return Draft{}, err
	}
	d, err := s.Get(ctx, id)
	if err != nil {
		return Draft{}, err
	}
	draft := Draft{Text: Compose(d, func(id string) string {
		if n := d.Names[id]; n.Name != "" {
			return n.Name
		}
		return id
	})}
	if d.Assessment != nil {
		draft.Written = d.Assessment.Version
	}
	return draft, nil
}

// Assessments returns the versions of the assessment, the latest first: none for
// somebody who does not take part, as if there were none.
func (s *Service) Assessments(ctx context.Context, id string) ([]Assessment, error) {
	if err := s.require(ctx, ActionRead); err != nil {
		return nil, err
	}
	var all []Assessment
	err := s.DB.Read(ctx, func(r *store.ReadTx) error {
		a := authz.ActorFrom(ctx)
		found, err := loadReview(ctx, r, a, id)
		if err != nil {
			return err
		}
		participants, err := authz.Participants(ctx, r, found.Item())
		if err != nil {
			return err
		}
		written, err := loadAssessments(ctx, r, found.ID)
		if insider(a, participants) {
			all = written
		}
		return err
	})
	return all, err
}
