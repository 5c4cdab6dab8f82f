// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"fmt"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/item"
)

// reshare sets who takes part after an edit. A former owner stays only if named.
func (d *decision) reshare(ctx context.Context, f *item.Fields, named *[]string) error {
	old := d.participants
	if named != nil {
		var err error
		if d.participants, err = d.resolveParticipants(ctx, f, *named); err != nil {
			return err
		}
	} else {
		if d.before.Owner != d.risk.Owner {
			former := authz.PersonPrincipal(d.before.Owner)
			d.participants = slices.DeleteFunc(slices.Clone(d.participants), func(p string) bool { return p == former })
		}
		bound, err := item.BoundOf(ctx, d.tx, d.subject)
		if err != nil {
			return err
		}
		d.participants = bound.Narrow(item.WithPeople(d.participants, d.always()...))
	}
	if d.before.Owner == d.risk.Owner && d.before.Visibility == d.risk.Visibility && slices.Equal(old, d.participants) {
		return nil
	}
	return d.suffices(ctx, f)
}

// suffices makes sure that those who take part in a restricted risk can answer for
// it: its owner is among them, and somebody who may rate it. Otherwise nobody could
// open a gate that it closes.
func (d *decision) suffices(ctx context.Context, f *item.Fields) error {
	if d.risk.Visibility != authz.Restricted || len(*f) > 0 {
		return nil
	}
	owner, err := d.s.Directory.ActorOf(ctx, d.tx, d.risk.Owner)
	if err != nil {
		return fmt.Errorf("look up what a person may see: %w", err)
	}
	sees := append(owner.Principals(), authz.PersonPrincipal(d.risk.Owner))
	if !slices.ContainsFunc(sees, func(p string) bool { return slices.Contains(d.participants, p) }) {
		f.Add("owner", "unsighted", "This person may not see the subject, and so not the risk. Name somebody who takes part in both, or let them take part in the subject first.")
	}
	rates, err := item.Anybody(ctx, d.tx, d.s.Directory, d.participants, func(a authz.Actor) bool {
		return mayJudge(a, "rate") && d.s.Authz.Allowed(a, ActionRate)
	})
	if err != nil || rates {
		return err
	}
	f.Add("participants", "nobody_rates", "Nobody who would see this risk may rate it, so nobody could open what it closes. Name somebody in the security team who rates risks; if the subject is restricted, let them take part in it first.")
	return nil
}

// always are those who always take part: owner and registrant, and the subject's
// owner, to whom the gate sends everybody else.
func (d *decision) always() []string {
	return []string{d.risk.Owner, d.risk.Registrant, d.subject.Owner}
}

// resolveParticipants turns "person:<id or login>" and "group:<id or name>" into
// principals, and adds those who always take part.
func (d *decision) resolveParticipants(ctx context.Context, f *item.Fields, named []string) ([]string, error) {
	before := len(*f)
	all, err := item.Principals(ctx, d.tx, d.s.Directory, f, "participants", named)
	if err != nil || len(*f) > before {
		return nil, err
	}
	bound, err := item.BoundOf(ctx, d.tx, d.subject)
	if err != nil {
		return nil, err
	}
	return bound.Share(f, "participants", "risk", d.actor, all, d.always()...), nil
}
