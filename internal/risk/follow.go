// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"fmt"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// RelationToSubject is the catalogue's relation from a risk to its subject.
const RelationToSubject = "concerns"

// FollowSubject makes the risks about a subject follow its change, in the
// transaction that changes it:
//
//   - None is shown to more people than the subject: a wider one becomes as narrow,
//     and of a restricted subject only those who take part in it see its risks. The
//     subject's owner takes part in each restricted one. Opening the subject again
//     leaves its risks as they are; somebody opens each of them on purpose.
//   - None rests on milder facts than the subject states: inputs rise.
//   - No rating stands that was made on another version of the subject
//     ([Rating.Outdated]).
//
// Acceptances need nothing: they are pinned to the subject's version.
//
// It checks no action: whoever may change the subject changes this with it, also
// for risks that they may not see. Each risk that changes gets the entry
// risk.followed, which names the subject and its version.
func (s *Service) FollowSubject(ctx context.Context, tx *ledger.Tx, subject catalog.Subject) error {
	risks, err := risksOn(ctx, tx, subject.Ref)
	if err != nil || len(risks) == 0 {
		return err
	}
	g, err := s.groundsOf(ctx, tx, subject)
	if err != nil {
		return err
	}
	ids, items := make([]string, len(risks)), make([]string, len(risks))
	for i, r := range risks {
		ids[i], items[i] = r.ID, r.Item()
	}
	participants, err := authz.ParticipantsOf(ctx, tx, items)
	if err != nil {
		return err
	}
	parties, err := loadParties(ctx, tx, ids...)
	if err != nil {
		return err
	}
	var lines []item.Line
	d := &decision{s: s, tx: tx, actor: authz.ActorFrom(ctx), policy: s.Policy(), subject: subject, history: &lines}
	bound, err := item.BoundOf(ctx, tx, subject)
	if err != nil {
		return err
	}
	for _, r := range risks {
		d.before, d.risk, d.participants, d.parties = r, r, participants[r.Item()], parties[r.ID]
		if err := d.follow(ctx, g, bound); err != nil {
			return fmt.Errorf("let a risk follow its subject: %w", err)
		}
	}
	return history.AddAll(ctx, tx.Tx, lines)
}

// follow writes the risk if the subject leaves it another one.
func (d *decision) follow(ctx context.Context, g grounds, b item.Bound) error {
	narrowed := d.narrow(b)
	if !d.risk.Closed() {
		if d.risk.Inputs = g.Raise(d.risk.Inputs); d.risk.Inputs != d.before.Inputs {
			d.proposeAnew()
		}
		d.outdate(d.parties)
		if d.risk.Inputs != d.before.Inputs || d.risk.Rating != d.before.Rating {
			d.risk.State = StateOpen // as with any other edit, what was treated is open again
		}
	}
	changes := edits(d.before, d.risk, narrowed)
	if len(changes) == 0 {
		return nil
	}
	if narrowed {
		if err := authz.SetParticipants(ctx, d.tx.Tx, d.risk.Item(), d.participants); err != nil {
			return err
		}
	}
	d.risk.Version++
	d.risk.ChangedAt = d.tx.Now()
	body := followedBody{riskBody: riskState(d.risk, d.participants, d.parties), Cause: d.subject.Ref, SubjectVersion: d.subject.Version}
	if err := d.recordRisk(ctx, KindFollowed, body, changes...); err != nil {
		return err
	}
	if err := d.hide(ctx); err != nil {
		return err
	}
	if err := riskRows.Update(ctx, d.tx.Tx, d.risk, d.before.Version); err != nil {
		return err
	}
	return d.index(ctx)
}

// narrow gives the risk visibility and participants no wider than the subject's,
// and reports whether other people take part now.
func (d *decision) narrow(b item.Bound) bool {
	old := d.participants
	d.risk.Visibility = item.Stricter(d.risk.Visibility, d.subject.Visibility)
	switch {
	case d.risk.Visibility != authz.Restricted:
		return false
	case b.Restricted && d.before.Visibility != authz.Restricted:
		// Who took part had no meaning: everybody inside saw it.
		d.participants = b.Principals
	case !slices.Contains(old, authz.PersonPrincipal(d.subject.Owner)):
		d.participants = append(slices.Clone(old), authz.PersonPrincipal(d.subject.Owner))
		slices.Sort(d.participants)
		fallthrough
	default:
		d.participants = b.Narrow(d.participants)
	}
	return !slices.Equal(old, d.participants)
}

// hide makes what was decided in the open as hidden as the risk is now. What was
// decided while it was hidden stays so when the risk is opened: those entries may
// speak of others, too. The catalogue does the same.
func (d *decision) hide(ctx context.Context) error {
	if !item.Narrower(d.risk.Visibility, d.before.Visibility) {
		return nil
	}
	return d.s.Reclassify(ctx, d.tx, d.risk.Item(), string(d.risk.Visibility))
}

// risksOn returns all risks on the subject, closed ones and hidden ones too.
func risksOn(ctx context.Context, rd store.Reader, subject string) ([]Risk, error) {
	return riskRows.All(ctx, rd, "WHERE r.subject = $1 ORDER BY r.id", subject)
}
