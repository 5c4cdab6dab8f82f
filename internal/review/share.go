// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/item"
)

// share sets who takes part in a new review: those who are named, who requested it
// and who owns it. They see its restricted parts, and a restricted review at all.
func (d *decision) share(ctx context.Context, f *item.Fields, named []string) error {
	principals, err := item.Principals(ctx, d.tx, d.s.Directory, f, "participants", named)
	if err != nil {
		return err
	}
	bound, err := item.BoundOf(ctx, d.tx, d.subject)
	if err != nil {
		return err
	}
	d.participants = bound.Share(f, "participants", "review", d.actor, principals, d.always()...)
	return d.someoneReviews(ctx, f)
}

// reshare sets who takes part after an edit. A former owner stays only if named;
// whoever was asked for something in the review stays.
func (d *decision) reshare(ctx context.Context, f *item.Fields, named *[]string) error {
	reviewers, err := loadReviewers(ctx, d.tx, d.review.ID)
	if err != nil {
		return err
	}
	always := d.always()
	for _, v := range reviewers[d.review.ID] {
		always = append(always, v.Person)
	}
	debtors, err := d.debtors(ctx)
	if err != nil {
		return err
	}
	always = append(always, debtors...)
	before, keep := d.participants, d.participants
	bound, err := item.BoundOf(ctx, d.tx, d.subject)
	if err != nil {
		return err
	}
	if named != nil {
		if keep, err = item.Principals(ctx, d.tx, d.s.Directory, f, "participants", *named); err != nil {
			return err
		}
		d.participants = bound.Share(f, "participants", "review", d.actor, keep, always...)
	} else {
		former := authz.PersonPrincipal(d.before.Owner)
		if d.before.Owner != d.review.Owner {
			keep = slices.DeleteFunc(slices.Clone(keep), func(p string) bool { return p == former })
		}
		d.participants = bound.Narrow(item.WithPeople(keep, always...))
	}
	if slices.Equal(before, d.participants) && d.before.Visibility == d.review.Visibility || len(*f) > 0 {
		return nil
	}
	if err := d.someoneReviews(ctx, f); err != nil {
		return err
	}
	return authz.SetParticipants(ctx, d.tx.Tx, d.review.Item(), d.participants)
}

// debtors are those who still owe something to a review that is restricted: they could
// not see any more what they are asked for.
func (d *decision) debtors(ctx context.Context) ([]string, error) {
	if d.review.Visibility != authz.Restricted {
		return nil, nil
	}
	questions, err := loadQuestions(ctx, d.tx, d.review.ID)
	if err != nil {
		return nil, err
	}
	opinions, err := loadOpinions(ctx, d.tx, d.review.ID)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, q := range questions[d.review.ID] {
		if q.State == QuestionOpen {
			all = append(all, q.Owner)
		}
	}
	for _, o := range opinions {
		if o.Verdict == "" {
			all = append(all, o.Assessor)
		}
	}
	return all, nil
}

// always are the people who take part whatever is named.
func (d *decision) always() []string {
	return []string{d.review.Requester, d.review.Owner, d.subject.Owner}
}

// someoneReviews makes sure that somebody who works on reviews sees a restricted
// one: nobody could do it otherwise.
func (d *decision) someoneReviews(ctx context.Context, f *item.Fields) error {
	if d.review.Visibility != authz.Restricted || len(*f) > 0 {
		return nil
	}
	found, err := item.Anybody(ctx, d.tx, d.s.Directory, d.participants, func(a authz.Actor) bool {
		return a.Kind == authz.KindPerson && d.s.Authz.Allowed(a, ActionMove)
	})
	if err != nil || found {
		return err
	}
	f.Add("participants", "nobody_reviews", "Nobody who would see this review may work on it. Name somebody in the security team, or its group; if the subject is restricted, let them take part in it first.")
	return nil
}
