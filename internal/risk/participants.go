// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// bound is who may see a risk at most: those who may see its subject.
type bound struct {
	restricted bool
	principals []string // of the restricted subject
}

func (d *decision) bound(ctx context.Context) (bound, error) {
	if d.subject.Visibility != authz.Restricted {
		return bound{}, nil
	}
	principals, err := authz.Participants(ctx, d.tx, d.subject.Item())
	return bound{restricted: true, principals: principals}, err
}

// wider reports whether somebody is named who is not at the subject. Principals
// are compared as they stand, so that whoever leaves a group leaves both.
func (b bound) wider(named []string) bool {
	return b.restricted && slices.ContainsFunc(named, func(p string) bool { return !slices.Contains(b.principals, p) })
}

// narrow leaves out who is not at the subject. Its owner always is.
func (b bound) narrow(all []string) []string {
	if !b.restricted {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(p string) bool { return !slices.Contains(b.principals, p) })
}

// reshare sets who takes part after an edit. A former owner stays only if named.
func (d *decision) reshare(ctx context.Context, f *fields, named *[]string) error {
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
		bound, err := d.bound(ctx)
		if err != nil {
			return err
		}
		d.participants = bound.narrow(d.withAlways(d.participants))
	}
	if d.before.Owner == d.risk.Owner && d.before.Visibility == d.risk.Visibility && slices.Equal(old, d.participants) {
		return nil
	}
	return d.suffices(ctx, f)
}

// suffices makes sure that those who take part in a restricted risk can answer for
// it: its owner is among them, and somebody who may rate it. Otherwise nobody could
// open a gate that it closes.
func (d *decision) suffices(ctx context.Context, f *fields) error {
	if d.risk.Visibility != authz.Restricted || len(*f) > 0 {
		return nil
	}
	owner, err := d.s.Directory.ActorOf(ctx, d.tx, d.risk.Owner)
	if err != nil {
		return fmt.Errorf("look up what a person may see: %w", err)
	}
	sees := append(owner.Principals(), authz.PersonPrincipal(d.risk.Owner))
	if !slices.ContainsFunc(sees, func(p string) bool { return slices.Contains(d.participants, p) }) {
		f.add("owner", "unsighted", "This person may not see the subject, and so not the risk. Name somebody who takes part in both, or let them take part in the subject first.")
	}
	rates, err := d.anyRates(ctx)
	if err != nil || rates {
		return err
	}
	f.add("participants", "nobody_rates", "Nobody who would see this risk may rate it, so nobody could open what it closes. Name somebody in the security team who rates risks; if the subject is restricted, let them take part in it first.")
	return nil
}

// anyRates reports whether an active person among those who take part may rate risks.
func (d *decision) anyRates(ctx context.Context) (bool, error) {
	for _, p := range d.participants {
		kind, id, _ := strings.Cut(p, ":")
		people := []string{id}
		if kind == "group" {
			var err error
			if people, err = d.s.Directory.Members(ctx, d.tx, id); err != nil {
				return false, fmt.Errorf("look up who is in a group: %w", err)
			}
		}
		for _, person := range people {
			a, err := d.s.Directory.ActorOf(ctx, d.tx, person)
			if err != nil {
				return false, fmt.Errorf("look up what a person may do: %w", err)
			}
			if mayJudge(a, "rate") && d.s.Authz.Allowed(a, ActionRate) {
				return true, nil
			}
		}
	}
	return false, nil
}

// withAlways adds those who always take part: owner and registrant, and the
// subject's owner, to whom the gate sends everybody else.
func (d *decision) withAlways(named []string) []string {
	all := slices.Clone(named)
	for _, person := range []string{d.risk.Owner, d.risk.Registrant, d.subject.Owner} {
		if person != "" {
			all = append(all, authz.PersonPrincipal(person))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// maxParticipants bounds who is named at one risk; a group stands for more.
const maxParticipants = 100

// resolveParticipants turns "person:<id or login>" and "group:<id or name>" into
// principals, and adds those who always take part.
func (d *decision) resolveParticipants(ctx context.Context, f *fields, named []string) ([]string, error) {
	var all []string
	for _, p := range named {
		kind, handle, _ := strings.Cut(p, ":")
		var found Named
		var err error
		switch {
		case handle == "" || len(handle) > MaxShort:
			err = fault.ItemNotFound()
		case kind == "person":
			found, err = d.s.Directory.Person(ctx, d.tx, handle)
		case kind == "group":
			found, err = d.s.Directory.Group(ctx, d.tx, handle)
		default:
			err = fault.ItemNotFound()
		}
		switch {
		case fault.Is(err, fault.NotFound):
			f.add("participants", "unknown", "Name people and groups that exist, as person:<id or login> and group:<id or name>.")
			return nil, nil
		case err != nil:
			return nil, err
		}
		all = append(all, kind+":"+found.ID)
	}
	bound, err := d.bound(ctx)
	if err != nil {
		return nil, err
	}
	if bound.wider(all) {
		f.add("participants", "wider", "A risk cannot be shown to more people than its subject is. Name people and groups that take part in the subject, or let them take part in it first.")
		return nil, nil
	}
	if len(named) == 0 && bound.restricted {
		all = bound.principals
	}
	all = bound.narrow(d.withAlways(all))
	if bound.restricted && !slices.ContainsFunc(d.actor.Principals(), func(p string) bool { return slices.Contains(all, p) }) {
		f.add("participants", "without_you", "You would not see the risk yourself. Name yourself, or the group by which you see its subject.")
	}
	if len(all) > maxParticipants {
		f.add("participants", "too_many", "Name at most %d people and groups; make a group for more.", maxParticipants)
	}
	return all, nil
}
