// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
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

// narrow leaves out who is not at the subject. If nobody is left, the risk's owner
// stays: somebody must answer for it.
func (b bound) narrow(all []string, owner string) []string {
	if !b.restricted {
		return all
	}
	all = slices.DeleteFunc(slices.Clone(all), func(p string) bool { return !slices.Contains(b.principals, p) })
	if len(all) == 0 {
		return []string{authz.PersonPrincipal(owner)}
	}
	return all
}

// reshare sets who takes part after an edit. A former owner stays only if named.
func (d *decision) reshare(ctx context.Context, f *fields, named *[]string) error {
	if named != nil {
		var err error
		d.participants, err = d.resolveParticipants(ctx, f, *named)
		return err
	}
	if d.before.Owner != d.risk.Owner {
		former := authz.PersonPrincipal(d.before.Owner)
		d.participants = slices.DeleteFunc(slices.Clone(d.participants), func(p string) bool { return p == former })
	}
	bound, err := d.bound(ctx)
	if err != nil {
		return err
	}
	d.participants = bound.narrow(d.withAlways(d.participants), d.risk.Owner)
	return nil
}

// withAlways adds those who always take part: owner and registrant.
func (d *decision) withAlways(named []string) []string {
	all := append(slices.Clone(named), authz.PersonPrincipal(d.risk.Owner), authz.PersonPrincipal(d.risk.Registrant))
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
	all = bound.narrow(d.withAlways(all), d.risk.Owner)
	if bound.restricted && !slices.ContainsFunc(d.actor.Principals(), func(p string) bool { return slices.Contains(all, p) }) {
		f.add("participants", "without_you", "You would not see the risk yourself. Name yourself, or the group by which you see its subject.")
	}
	if len(all) > maxParticipants {
		f.add("participants", "too_many", "Name at most %d people and groups; make a group for more.", maxParticipants)
	}
	return all, nil
}
