// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"slices"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/store"
)

// nearTo returns the people who are too near to a review to judge it: whoever
// requested it, answers for the project or ever did, and whoever owns the subject.
// Counting the owner of the moment alone would leave a way: hand the project over,
// approve, take it back (decision 0006).
func nearTo(ctx context.Context, rd store.Reader, r Review, subjectOwner string) ([]string, error) {
	steps, err := history.Of(ctx, rd, []string{r.ID}, KindEdited)
	if err != nil {
		return nil, err
	}
	all := []string{r.Requester, r.Owner, subjectOwner}
	for _, step := range steps[r.ID] {
		for _, c := range step.Changes {
			if c.Field == "owner" {
				all = append(all, c.From)
			}
		}
	}
	all = slices.DeleteFunc(all, func(person string) bool { return person == "" })
	return item.Distinct(all), nil
}

// tooNear returns whoever is too near to the review of the decision; see [nearTo].
func (d *decision) tooNear(ctx context.Context) ([]string, error) {
	if d.near != nil {
		return d.near, nil
	}
	var err error
	d.near, err = nearTo(ctx, d.tx, d.review, d.subject.Owner)
	return d.near, err
}

// impartial refuses an actor who is too near to the review, or who declared, as one
// of its reviewers, a conflict of interest that keeps them from taking part: by their
// rank they would take part all the same.
func (d *decision) impartial(ctx context.Context) error {
	near, err := d.tooNear(ctx)
	if err != nil {
		return err
	}
	if slices.Contains(near, d.actor.ID) {
		return fault.New(fault.Forbidden, "review.own_review", "Nobody decides about what they requested, answer for or answered for.")
	}
	v, err := d.reviewer(ctx, d.actor.ID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if v.Conflict == Hard {
		return conflicted()
	}
	return nil
}

func conflicted() error {
	return fault.New(fault.Forbidden, "review.conflict", "You declared a conflict of interest that keeps you from taking part.")
}

// ownRules refuses an approval by whoever published the version of the kind that the
// review has: they would approve by rules of their own, without the rank, the second
// reader or the opinions that the version before had asked for.
func (d *decision) ownRules(ctx context.Context) error {
	v, err := d.s.kindVersion(ctx, d.tx, d.review.Kind, d.review.KindVersion)
	if err != nil || v.Author != d.actor.ID {
		return err
	}
	return fault.New(fault.Forbidden, "review.own_rules", "You published the form and the rules of this review, so its approval is for somebody else.")
}
