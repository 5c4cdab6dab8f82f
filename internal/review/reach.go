// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/store"
)

// triages reports whether somebody is one of the people who triage reviews.
func (s *Service) triages(a authz.Actor) bool {
	return a.Kind == authz.KindPerson && s.Authz.Allowed(a, ActionMove)
}

// orphaned reports whether nobody is left who could show that a condition of a review
// is met: its owner left or does not see the review any more, and nobody who works on
// reviews and is not too near to this one takes part in it. Of a review that is not restricted they all see it.
func (s *Service) orphaned(ctx context.Context, rd store.Reader, subject catalog.Subject, r Review, participants []string, c Condition) (bool, error) {
	if r.Visibility != authz.Restricted || !c.MetAt.IsZero() {
		return false, nil
	}
	owner, err := s.Directory.ActorOf(ctx, rd, c.Owner)
	switch {
	case fault.Is(err, fault.NotFound):
	case err != nil:
		return false, err
	case s.Authz.Check(owner, ActionMeet, resourceOf(r, participants)) == nil:
		return false, nil
	}
	bars, err := s.barredFrom(ctx, rd, r, subject)
	if err != nil {
		return false, err
	}
	found, err := item.Anybody(ctx, rd, s.Directory, participants, func(a authz.Actor) bool { return s.triages(a) && !bars.bars(a.ID) })
	return err == nil && !found, err
}

// standsIn reports whether the person shows that a condition is met in place of
// everybody else: the owner of the subject, of one that is orphaned. Otherwise its
// gate would stay closed for good.
func (s *Service) standsIn(ctx context.Context, rd store.Reader, person string, subject catalog.Subject, r Review, participants []string, c Condition) (bool, error) {
	if person == "" || person != subject.Owner || c.Owner == person {
		return false, nil
	}
	return s.orphaned(ctx, rd, subject, r, participants, c)
}

// fillOrphans notes for which conditions the reader stands in.
func (s *Service) fillOrphans(ctx context.Context, rd store.Reader, a authz.Actor, d *Detail) error {
	d.standsIn = map[string]bool{}
	for _, c := range d.Conditions {
		stands, err := s.standsIn(ctx, rd, a.ID, d.subject, d.Review, d.Participants, c)
		if err != nil {
			return err
		}
		d.standsIn[c.ID] = stands
	}
	return nil
}

// reachable lets the owner of the subject into a restricted review with a condition
// that keeps the gate closed, if nobody who works on reviews is left in it.
func (d *decision) reachable(ctx context.Context) error {
	if d.review.Visibility != authz.Restricted {
		return nil
	}
	if owing, err := d.owing(ctx); err != nil || !owing {
		return err
	}
	found, err := item.Anybody(ctx, d.tx, d.s.Directory, d.participants, d.s.triages)
	if err == nil && !found {
		d.participants = item.WithPeople(d.participants, d.subject.Owner)
	}
	return err
}
