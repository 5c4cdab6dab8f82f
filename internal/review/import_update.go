// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/item"
)

// update brings the review of a task that was imported before up to date.
func (im *importer) update(ctx context.Context, k *keptTask, m *madeTask) (ImportResult, int, error) {
	d := im.decision()
	d.before, d.review, d.participants = k.review, k.review, k.participants
	var changes item.Changes
	added := k.merge(m.past)
	changes.Note("past", len(added) > 0)
	changes.Note("origin", d.renewOrigin(m))
	if m.review.Visibility != authz.Restricted && d.review.Visibility == authz.Restricted {
		m.lose(lossHidden)
	}
	if k.touched {
		im.compare(d, m)
	} else {
		im.follow(d, m, &changes)
	}
	if len(changes) == 0 {
		return Unchanged, 0, nil
	}
	if err := d.write(ctx, func() error {
		k.review = d.review
		if err := d.recordImport(ctx, k, changes...); err != nil {
			return err
		}
		if d.before.Visibility == d.review.Visibility {
			return nil
		}
		if err := authz.SetParticipants(ctx, im.tx.Tx, d.review.Item(), d.participants); err != nil {
			return err
		}
		return im.s.Reclassify(ctx, im.tx, d.review.Item(), string(d.review.Visibility))
	}); err != nil {
		return "", 0, err
	}
	k.review, k.participants = d.review, d.participants
	return Updated, len(added), im.storePast(ctx, d, k, added)
}

// renewOrigin takes over where the review comes from as it is there now, and
// reports whether that is something else. What was lost once stays named: a large
// task comes in several pieces, each with losses of its own.
func (d *decision) renewOrigin(m *madeTask) bool {
	old, o := d.review.Origin, m.review.Origin
	o.Losses = lossTexts(old.Losses, m.losses)
	d.review.Origin = o
	same := o.System == old.System && o.URL == old.URL && o.Status == old.Status && o.Priority == old.Priority && o.Column == old.Column &&
		o.Author == old.Author && o.At.Equal(old.At) && o.ClosedAt.Equal(old.ClosedAt) && slices.Equal(o.Losses, old.Losses)
	return !same
}

// follow brings a review that nobody changed here to what the task is now. What is
// done stays done, and nothing is shown to more people than before.
func (im *importer) follow(d *decision, m *madeTask, changes *item.Changes) {
	changes.Note("title", d.review.Title != m.review.Title)
	changes.Note("sketch", d.review.Sketch != m.review.Sketch)
	d.review.Title, d.review.Sketch = m.review.Title, m.review.Sketch
	switch {
	case !d.review.Done():
		changes.Value("column", string(d.review.Column), string(m.review.Column))
		changes.Value("priority", string(d.review.Priority), string(m.review.Priority))
		d.review.Column, d.review.DoneAt, d.review.Priority = m.review.Column, m.review.DoneAt, m.review.Priority
	case !m.review.Done():
		m.lose(lossReopened)
	}
	if m.review.Visibility == authz.Restricted && d.review.Visibility != authz.Restricted {
		changes.Value("visibility", string(d.review.Visibility), string(authz.Restricted))
		d.review.Visibility, d.review.Owner, d.participants = authz.Restricted, m.review.Owner, im.participants(m)
	}
}

// compare says where the task and a review that was changed here have parted.
func (im *importer) compare(d *decision, m *madeTask) {
	if d.review.Done() && !m.review.Done() && d.review.Verdict.Outcome == "" {
		m.lose(lossReopened)
	}
	if m.review.Visibility == authz.Restricted && d.review.Visibility != authz.Restricted {
		m.lose(lossShown)
	}
}
