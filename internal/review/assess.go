// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Assess writes the next version of the assessment, in Markdown; [Compose] makes a
// first one from the record. It is for a reviewer who takes part. written is the
// version that it was made from, 0 for none.
func (s *Service) Assess(ctx context.Context, id string, version, written int64, text string) (Assessment, error) {
	var a Assessment
	_, err := s.onReview(ctx, change{action: ActionAssess, id: id, version: version}, func(d *decision) error {
		if _, err := d.taking(ctx); err != nil {
			return err
		}
		latest, err := latestAssessment(ctx, d.tx, d.review.ID)
		if err != nil {
			return err
		}
		if latest.Version != written {
			return stale()
		}
		var f item.Fields
		a = Assessment{Version: written + 1, Text: f.Text("text", text, MaxAssessment, true), Author: d.actor.ID, At: d.tx.Now()}
		if err := f.Err(CodeInvalid); err != nil {
			return err
		}
		// What the record holds in confidence may stand in it: it is for those who take part.
		body := writtenBody{Review: d.review.ID, Version: d.review.Version, Written: a.Version, Text: item.SHA(a.Text)}
		if err := d.record(ctx, KindAssessed, body, item.Change{Field: "assessment"}); err != nil {
			return err
		}
		a.Entry = d.review.Entry
		if err := assessmentRows.Insert(ctx, d.tx.Tx, a, d.of()); err != nil {
			return err
		}
		return d.indexPart(ctx, "assessment:"+d.review.ID, d.review.Title, a.Text, true)
	})
	if err != nil {
		return Assessment{}, err
	}
	return a, nil
}

// AbstractInput is what everybody may read of a review.
type AbstractInput struct {
	Text    string `json:"text" maxLength:"10000" doc:"Markdown"`
	Publish bool   `json:"publish" doc:"everybody may read it from now on; false: it is kept, and taken back if it was public"`
}

// SetAbstract writes the abstract of a review, and publishes it or takes it back.
// What leaves is exactly [AbstractOf]. A review that is restricted has none in public:
// that it exists is not for everybody.
func (s *Service) SetAbstract(ctx context.Context, id string, version int64, in AbstractInput) (Review, error) {
	return s.onReview(ctx, change{action: ActionPublish, after: true, id: id, version: version}, func(d *decision) error {
		var f item.Fields
		d.review.Abstract = f.Text("text", in.Text, MaxText, in.Publish)
		if err := f.Err(CodeInvalid); err != nil {
			return err
		}
		switch {
		case in.Publish && d.review.Visibility == "restricted":
			return fault.New(fault.Conflict, "review.restricted", "That this review exists is not for everybody, so nothing of it is published. Show the review to more people first.")
		case in.Publish && d.review.Imported():
			return fault.New(fault.Conflict, "review.imported", "How this review ended was not decided here, so nothing of it is published. Request another one that follows it.")
		case in.Publish && !d.review.Done():
			return fault.New(fault.Conflict, "review.not_done", "An abstract says how a review ended. Publish it once there is an outcome.")
		case in.Publish && d.review.PublishedAt.IsZero():
			d.review.PublishedAt = d.tx.Now()
		case !in.Publish:
			d.review.PublishedAt = d.before.PublishedAt
			if in.Text == "" || !d.before.PublishedAt.IsZero() {
				d.review.PublishedAt = Review{}.PublishedAt
			}
		}
		body := writtenBody{Review: d.review.ID, Version: d.review.Version, Text: item.SHA(d.review.Abstract), Published: in.Publish}
		published := item.Change{Field: "abstract"}
		if in.Publish {
			published.To = "published"
		}
		return d.record(ctx, KindAbstract, body, published)
	})
}

// loadAssessments returns all versions, the latest first.
func loadAssessments(ctx context.Context, rd store.Reader, review string) ([]Assessment, error) {
	return assessmentRows.All(ctx, rd, "WHERE a.review = $1 ORDER BY a.version DESC", review)
}
