// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
)

// Change is an edit of a subject; a nil field stays as it is. Attributes
// replaces all attributes.
type Change struct {
	Title        *string           `json:"title,omitempty" maxLength:"200"`
	Description  *string           `json:"description,omitempty" maxLength:"20000"`
	Owner        *string           `json:"owner,omitempty" maxLength:"200" doc:"id or login"`
	Organisation *string           `json:"organisation,omitempty" maxLength:"100" doc:"id; changes what decisions are pinned to"`
	Attributes   map[string]string `json:"attributes,omitzero" required:"false" doc:"all of them; changes what decisions are pinned to"`
	Visibility   *authz.Visibility `json:"visibility,omitempty" enum:"public,internal,restricted"`
	Participants *[]string         `json:"participants,omitempty" maxItems:"100" doc:"all of them"` // the owner takes part without being named
}

// Change edits the subject. revision is the one that the edit was made on; if it
// is no longer the current one, the answer is Stale and nothing changes. The
// revision rises by one; version and digest change only if the pinned content
// does (see the package comment), and then also for every subject that refers to
// this one. Appends catalog.subject.changed for each. An edit that changes
// nothing returns the subject as it is.
func (s *Service) Change(ctx context.Context, ref string, revision int64, in Change) (Subject, error) {
	a := authz.ActorFrom(ctx)
	var after Subject
	err := s.Writer.Decide(ctx, func(tx *ledger.Tx) error {
		before, err := s.editable(ctx, tx, a, ActionChange, ref, revision)
		if err != nil {
			return err
		}
		after, err = s.change(ctx, tx, a, before, in)
		return err
	})
	if err != nil && !errors.Is(err, errUnchanged) {
		return Subject{}, err
	}
	return after, nil
}

// editable loads the subject for an edit by the actor on that revision.
func (s *Service) editable(ctx context.Context, tx *ledger.Tx, a authz.Actor, action authz.Action, ref string, revision int64) (Subject, error) {
	sub, err := s.readable(ctx, tx, a, action, ref)
	if err != nil {
		return Subject{}, err
	}
	if sub.Revision != revision {
		return Subject{}, stale()
	}
	if sub.Retired() {
		return Subject{}, fault.New(fault.Conflict, "catalog.retired", "This subject is retired and no longer changes. Register a new one if it is in use again.")
	}
	return sub, nil
}

func (s *Service) change(ctx context.Context, tx *ledger.Tx, a authz.Actor, before Subject, in Change) (Subject, error) {
	old, err := authz.Participants(ctx, tx, before.Item())
	if err != nil {
		return Subject{}, err
	}
	after := in.apply(before)
	participants, wrong, err := s.lookUp(ctx, tx, &after, in.participants(before, old))
	if err != nil {
		return Subject{}, err
	}
	if len(wrong) == 0 && same(before, after) && slices.Equal(old, participants) {
		return before, errUnchanged
	}
	// A kind that was taken out of the configuration leaves its subjects
	// editable but for their attributes.
	kind, known := s.Kinds().Kind(before.Kind)
	var p problems
	checkTexts(&p, after)
	targets := map[string]Subject{}
	if known {
		var fields []fault.Field
		if targets, fields, err = s.resolve(ctx, tx, a, kind, after.Attributes, before.Attributes); err != nil {
			return Subject{}, err
		}
		p = append(p, append(kind.Check(after.Attributes), fields...)...)
	} else if !maps.Equal(before.Attributes, after.Attributes) {
		p.add("attributes", "unknown", "The kind of this subject is no longer configured; its attributes cannot change.")
	}
	if err := fault.InvalidFields("catalog.subject_invalid", append(p, wrong...)); err != nil {
		return Subject{}, err
	}
	if known {
		after.Digest = Digest(after.Kind, after.Name, after.Organisation, after.Attributes, pins(targets))
	} else if before.Organisation != after.Organisation {
		kept, err := references(ctx, tx, before.ID)
		if err != nil {
			return Subject{}, err
		}
		after.Digest = Digest(after.Kind, after.Name, after.Organisation, after.Attributes, kept)
	}
	if err := authz.SetParticipants(ctx, tx.Tx, after.Item(), participants); err != nil {
		return Subject{}, err
	}
	if known {
		if err := setReferences(ctx, tx.Tx, after.ID, targets); err != nil {
			return Subject{}, err
		}
	}
	return s.commitChange(ctx, tx, a, before, after, participants, "")
}

// commitChange raises revision and, for a new digest, version; appends the entry,
// writes the row, and spreads a new version to the subjects that refer to it.
func (s *Service) commitChange(ctx context.Context, tx *ledger.Tx, a authz.Actor, before, after Subject, participants []string, cause string) (Subject, error) {
	after.Revision++
	after.ChangedAt = tx.Now()
	if after.Digest != before.Digest {
		after.Version++
	}
	body := changedBody{subjectBody: stateOf(after, participants), Cause: cause,
		Before: pinBody{Version: before.Version, Digest: before.Digest, Revision: before.Revision}}
	var err error
	if after.Entry, err = s.record(ctx, tx, a, KindChanged, governed(before, after), body); err != nil {
		return Subject{}, err
	}
	if err := subjects.Update(ctx, tx.Tx, after, before.Revision); err != nil {
		return Subject{}, err
	}
	if err := keepOwner(ctx, tx.Tx, before, after); err != nil {
		return Subject{}, err
	}
	// What was decided in the open is hidden with the subject. What was decided
	// while it was hidden stays so: those entries may speak of others, too.
	if strictness(after.Visibility) > strictness(before.Visibility) {
		if err := s.Reclassify(ctx, tx, after.Item(), string(after.Visibility)); err != nil {
			return Subject{}, err
		}
	}
	if err := s.index(ctx, tx, after); err != nil {
		return Subject{}, err
	}
	if s.Follow != nil {
		if err := s.Follow(ctx, tx, after); err != nil {
			return Subject{}, err
		}
	}
	if after.Version == before.Version {
		return after, nil
	}
	return after, s.spread(ctx, tx, a, after)
}

// spread raises the version of every subject that refers to target. Kinds refer
// to each other without cycles (LoadKinds refuses them), so it ends; a subject
// reached on two ways is raised twice, which is harmless.
func (s *Service) spread(ctx context.Context, tx *ledger.Tx, a authz.Actor, target Subject) error {
	all, err := referrers(ctx, tx, target.ID)
	if err != nil {
		return err
	}
	for _, before := range all {
		targets, err := references(ctx, tx, before.ID)
		if err != nil {
			return err
		}
		participants, err := authz.Participants(ctx, tx, before.Item())
		if err != nil {
			return err
		}
		after := before
		after.Digest = Digest(before.Kind, before.Name, before.Organisation, before.Attributes, targets)
		if _, err := s.commitChange(ctx, tx, a, before, after, participants, target.Ref); err != nil {
			return err
		}
	}
	return nil
}

// governed returns the subject with the visibility that an entry about an edit
// gets: the stricter of before and after, since the entry tells of both.
func governed(before, after Subject) Subject {
	if strictness(before.Visibility) > strictness(after.Visibility) {
		after.Visibility = before.Visibility
	}
	return after
}

// strictness orders visibilities; what is not known is the strictest.
func strictness(v authz.Visibility) int {
	switch v {
	case authz.Public:
		return 0
	case authz.Internal:
		return 1
	default:
		return 2
	}
}

func (in Change) apply(sub Subject) Subject {
	set := func(to *string, from *string) {
		if from != nil {
			*to = *from
		}
	}
	set(&sub.Title, in.Title)
	set(&sub.Description, in.Description)
	set(&sub.Owner, in.Owner)
	set(&sub.Organisation, in.Organisation)
	sub.Title = strings.TrimSpace(sub.Title)
	if in.Attributes != nil {
		sub.Attributes = withoutEmpty(in.Attributes)
	}
	if in.Visibility != nil {
		sub.Visibility = *in.Visibility
	}
	return sub
}

// participants returns who is named as taking part after the edit. A former
// owner stays only if named anew.
func (in Change) participants(before Subject, old []string) []string {
	if in.Participants != nil {
		return *in.Participants
	}
	if in.Owner == nil {
		return old
	}
	former := authz.PersonPrincipal(before.Owner)
	return slices.DeleteFunc(slices.Clone(old), func(p string) bool { return p == former })
}

func same(a, b Subject) bool {
	return a.Title == b.Title && a.Description == b.Description && a.Owner == b.Owner && a.Organisation == b.Organisation &&
		a.Visibility == b.Visibility && maps.Equal(a.Attributes, b.Attributes)
}

// MaxReason bounds the reason for retiring a subject, in bytes.
const MaxReason = 2_000

// Retire takes the subject out of use, for good: no edit, no link, and every gate
// answers deny for it. revision is the one that the actor saw; reason is kept in
// the entry catalog.subject.retired. The version rises, although the digest stays:
// what refers to the subject depends on whether it is in use, and changes with it.
func (s *Service) Retire(ctx context.Context, ref string, revision int64, reason string) (Subject, error) {
	a := authz.ActorFrom(ctx)
	reason = strings.TrimSpace(reason)
	if reason == "" || !plainText(reason, MaxReason) {
		return Subject{}, fault.InvalidFields("catalog.subject_invalid", []fault.Field{
			{Path: "reason", Code: "required", Message: "Say why it is no longer in use, in at most 2000 bytes."}})
	}
	var sub Subject
	err := s.Writer.Decide(ctx, func(tx *ledger.Tx) error {
		before, err := s.editable(ctx, tx, a, ActionRetire, ref, revision)
		if err != nil {
			return err
		}
		sub = before
		sub.Revision++
		sub.Version++
		sub.ChangedAt, sub.RetiredAt = tx.Now(), tx.Now()
		body := retiredBody{Ref: sub.Ref, Version: sub.Version, Digest: sub.Digest, Revision: sub.Revision, Reason: reason}
		if sub.Entry, err = s.record(ctx, tx, a, KindRetired, sub, body); err != nil {
			return err
		}
		if err := subjects.Update(ctx, tx.Tx, sub, before.Revision); err != nil {
			return err
		}
		if err := s.index(ctx, tx, sub); err != nil {
			return err
		}
		return s.spread(ctx, tx, a, sub)
	})
	if err != nil {
		return Subject{}, err
	}
	return sub, nil
}
