// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/review/kind"
)

// barred are the people who may not judge a review.
type barred struct {
	near       []string // requested it, answer for it or ever did, or own or owned its subject while it runs
	conflicted []string // declared a hard conflict of interest
}

// bars reports whether the person may not judge the review.
func (b barred) bars(person string) bool {
	return slices.Contains(b.near, person) || slices.Contains(b.conflicted, person)
}

// all returns who may not judge the review, each once.
func (b barred) all() []string { return item.Distinct(slices.Concat(b.near, b.conflicted)) }

// barredFrom returns the people who may not judge a review: whoever requested it,
// answers for the project or ever did, and whoever owns the subject or did since the
// review was received. Counting the owner of the moment alone would leave a way: hand
// the project over, approve, take it back (decision 0006). And whoever declared a hard
// conflict of interest as a reviewer, even if they were released since.
func (s *Service) barredFrom(ctx context.Context, rd store.Reader, r Review, subject catalog.Subject) (barred, error) {
	steps, err := history.Of(ctx, rd, []string{r.ID}, KindEdited, KindDeclared)
	if err != nil {
		return barred{}, err
	}
	b := barred{near: []string{r.Requester, r.Owner, subject.Owner}}
	for _, step := range steps[r.ID] {
		for _, c := range step.Changes {
			switch {
			case step.Kind == KindEdited && c.Field == "owner":
				b.near = append(b.near, c.From)
			case step.Kind == KindDeclared && c.Field == "conflict" && c.To == string(Hard):
				b.conflicted = append(b.conflicted, item.PersonOf(step.Actor))
			}
		}
	}
	if subject.ID != "" {
		former, err := s.Catalog.FormerOwners(ctx, rd, subject, r.ReceivedAt)
		if err != nil {
			return barred{}, err
		}
		b.near = append(b.near, former...)
	}
	b.near = slices.DeleteFunc(b.near, func(person string) bool { return person == "" })
	return b, nil
}

// barred returns who may not judge the review of the decision; see [Service.barredFrom].
func (d *decision) barred(ctx context.Context) (barred, error) {
	if d.bars != nil {
		return *d.bars, nil
	}
	b, err := d.s.barredFrom(ctx, d.tx, d.review, d.subject)
	if err == nil {
		d.bars = &b
	}
	return b, err
}

// impartial refuses an actor who is too near to the review, or who declared, as one
// of its reviewers, a conflict of interest that keeps them from taking part: by their
// rank they would take part all the same.
func (d *decision) impartial(ctx context.Context) error {
	b, err := d.barred(ctx)
	switch {
	case err != nil:
		return err
	case slices.Contains(b.near, d.actor.ID):
		return fault.New(fault.Forbidden, "review.own_review", "Nobody decides about what they requested, answer for or answered for.")
	case slices.Contains(b.conflicted, d.actor.ID):
		return conflicted()
	}
	return nil
}

func conflicted() error {
	return fault.New(fault.Forbidden, "review.conflict", "You declared a conflict of interest that keeps you from taking part. It stands until the review is done.")
}

// handsOver notes the field if the requesting side makes somebody answer for the
// project who could judge it: that would keep them from it for good, so that who asks
// for a review would choose who does not judge it. Whoever triages may, and everybody
// may answer for a project themselves.
func (d *decision) handsOver(ctx context.Context, f *item.Fields, k *kind.Kind) error {
	to := d.review.Owner
	if to == "" || to == d.before.Owner || to == d.actor.ID || d.s.Authz.Allowed(d.actor, ActionMove) {
		return nil
	}
	judges, err := d.judges(ctx, to, k)
	if judges {
		f.Add("owner", "judges", "This person could be asked to judge the review, and nobody judges what they answer for. Let the security team name them, or name somebody else.")
	}
	return err
}

// judges reports whether somebody works on reviews, was named to assess this one, or
// decides about its kind by their rank.
func (d *decision) judges(ctx context.Context, person string, k *kind.Kind) (bool, error) {
	a, err := d.s.Directory.ActorOf(ctx, d.tx, person)
	if err != nil || d.s.Authz.Allowed(a, ActionAsk) {
		return err == nil, err
	}
	opinions, err := loadOpinions(ctx, d.tx, d.review.ID)
	if err != nil || slices.ContainsFunc(opinions, func(o Opinion) bool { return o.Assessor == person }) {
		return err == nil, err
	}
	if k.DecidedBy == "" {
		return false, nil
	}
	office, err := authz.LoadAuthority(ctx, d.tx)
	if err != nil {
		return false, err
	}
	_, entitled := byRank(office, barred{}, person, d.subject.Organisation, k.DecidedBy, d.tx.Now())
	return entitled, nil
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
