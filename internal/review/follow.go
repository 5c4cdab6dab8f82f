// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"fmt"
	"slices"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/ledger"
)

// FollowSubject makes the reviews of a subject follow its change, in the transaction
// that changes it: none is shown to more people than the subject. A wider one
// becomes as narrow, and of a restricted subject only those who take part in it, as
// they are named there, still take part in its reviews; its owner always does. An
// abstract that was public is taken back from a review that becomes restricted.
// Opening the subject again leaves its reviews as they are.
//
// An approval needs nothing: it is pinned to the subject's version and digest. Nor
// does a review end because its subject is retired: whoever works on it is told
// ([Service.Inbox]).
//
// It checks no action: whoever may change the subject changes this with it, also for
// reviews that they may not see. Each review that changes gets the entry
// review.followed, which names the subject and its version.
func (s *Service) FollowSubject(ctx context.Context, tx *ledger.Tx, subject catalog.Subject) error {
	if subject.Visibility == authz.Public {
		return nil // it narrows nothing
	}
	all, err := reviewRows.All(ctx, tx, "WHERE r.subject = $1 ORDER BY r.id", subject.Ref)
	if err != nil || len(all) == 0 {
		return err
	}
	items := make([]string, len(all))
	for i, r := range all {
		items[i] = r.Item()
	}
	participants, err := authz.ParticipantsOf(ctx, tx, items)
	if err != nil {
		return err
	}
	bound, err := item.BoundOf(ctx, tx, subject)
	if err != nil {
		return err
	}
	for _, r := range all {
		d := &decision{
			s: s, tx: tx, actor: authz.ActorFrom(ctx), policy: s.Policy(), subject: subject,
			before: r, review: r, participants: participants[r.Item()],
		}
		if err := d.followSubject(ctx, bound); err != nil {
			return fmt.Errorf("let a review follow its subject: %w", err)
		}
	}
	return nil
}

// followedBody is the state of a review after its subject changed.
type followedBody struct {
	reviewBody
	Cause          string `json:"cause"` // the subject
	SubjectVersion int64  `json:"subject_version"`
	Unpublished    bool   `json:"unpublished,omitempty"` // its abstract was public
}

// followSubject writes the review if the subject leaves it another one.
func (d *decision) followSubject(ctx context.Context, b item.Bound) error {
	before := d.participants
	d.review.Visibility = item.Stricter(d.review.Visibility, d.subject.Visibility)
	if err := d.narrow(ctx, b); err != nil {
		return err
	}
	unpublished := d.review.Visibility == authz.Restricted && !d.review.PublishedAt.IsZero()
	if unpublished {
		d.review.PublishedAt = time.Time{}
	}
	changes := item.Changes(edits(d.before, d.review, !slices.Equal(before, d.participants)))
	changes.Note("abstract", unpublished)
	if len(changes) == 0 {
		return nil
	}
	return d.write(ctx, func() error {
		if err := authz.SetParticipants(ctx, d.tx.Tx, d.review.Item(), d.participants); err != nil {
			return err
		}
		body := followedBody{reviewBody: stateOf(d.review, d.participants), Cause: d.subject.Ref, SubjectVersion: d.subject.Version, Unpublished: unpublished}
		if err := d.record(ctx, KindFollowed, body, changes...); err != nil {
			return err
		}
		if !item.Narrower(d.review.Visibility, d.before.Visibility) {
			return nil
		}
		return d.s.Reclassify(ctx, d.tx, d.review.Item(), string(d.review.Visibility))
	})
}

// narrow leaves those in the review who take part in its restricted subject, and its
// owner. The others at the subject do not join: they would see the restricted parts.
// Only if nobody is left who could work on an open review, or say that a condition is
// met that keeps the gate closed, those at the subject who can do; and if there are
// none, its owner says that a condition is met ([Service.Meet]).
func (d *decision) narrow(ctx context.Context, b item.Bound) error {
	if !b.Restricted {
		return d.reachable(ctx)
	}
	d.participants = b.Narrow(item.WithPeople(d.participants, d.subject.Owner))
	if owing, err := d.owing(ctx); err != nil || d.review.Done() && !owing {
		return err
	}
	found, err := item.Anybody(ctx, d.tx, d.s.Directory, d.participants, d.s.triages)
	if err != nil || found {
		return err
	}
	joined := d.participants
	for _, p := range b.Principals {
		able, err := item.Anybody(ctx, d.tx, d.s.Directory, []string{p}, d.s.triages)
		if err != nil {
			return err
		}
		if able {
			joined = append(slices.Clone(joined), p)
		}
	}
	d.participants = item.Distinct(joined)
	return nil
}

// owing reports whether a condition of the review closes the gate until it is met:
// whoever owns it may no longer see the review.
func (d *decision) owing(ctx context.Context) (bool, error) {
	if !binds(d.review) {
		return false, nil
	}
	all, err := loadConditions(ctx, d.tx, d.review.ID)
	return slices.ContainsFunc(all[d.review.ID], func(c Condition) bool { return c.MetAt.IsZero() }), err
}
