// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"time"

	"portreeve.org/portreeve/internal/app/admin"
	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/module"
)

// running describes the policies that are in force now, those of slices first.
func (o *office) running() []admin.Part {
	var of, on []admin.Part
	for _, m := range o.modules {
		for _, p := range m.Policies {
			problem, _ := o.refused.Load(p.Name)
			err, _ := problem.(error)
			part := admin.NewPart(p, err)
			if len(m.Decisions) > 0 {
				of = append(of, part)
			} else {
				on = append(on, part)
			}
		}
	}
	return append(of, on...)
}

// openAdmin opens what administrators see of the installation as a whole.
func (o *office) openAdmin(context.Context) error {
	o.admin = admin.New(admin.Deps{
		DB: o.db, Writer: o.ledger.Writer("admin", admin.EntryKinds()), Policy: o.policy, Mail: o.notify, People: o.identity,
		Jobs: func() *job.Runner { return o.jobs }, Defs: func() []job.Def { return o.jobDefs },
		Modules: func() []module.Module { return o.modules }, Parts: o.running, Resource: o.resources(),
		Sections: adminSections(), Profile: profileSections(),
	})
	return nil
}

// The parts say what they hold about a person in their own words; these make the
// words of the module contract of them.

func (o *office) identityHolds(ctx context.Context, r store.Reader, person string) ([]module.Held, error) {
	all, err := o.identity.Holds(ctx, r, person)
	held := make([]module.Held, len(all))
	for i, h := range all {
		held[i] = module.Held{What: h.What, Where: h.Where, Value: h.Value}
	}
	return held, err
}

func contentHolds(ctx context.Context, r store.Reader, person string) ([]module.Held, error) {
	all, err := content.Holds(ctx, r, person)
	held := make([]module.Held, len(all))
	for i, h := range all {
		held[i] = module.Held{What: h.What + ", " + h.Written.Format(time.DateOnly), Where: h.Where, Value: h.Value, Item: h.Where, Own: true}
		if h.What == "draft" {
			held[i].Item, held[i].Private = "", true
		}
	}
	return held, err
}

func (o *office) notifyHolds(ctx context.Context, r store.Reader, person string) ([]module.Held, error) {
	all, err := o.notify.Holds(ctx, r, person)
	held := make([]module.Held, len(all))
	for i, h := range all {
		held[i] = module.Held{What: "notice, " + h.CreatedAt.Format(time.DateOnly), Where: h.Path, Value: h.Key + ", " + h.State, Item: h.Item, Private: true}
	}
	return held, err
}

func (o *office) catalogHolds(ctx context.Context, r store.Reader, person string) ([]module.Held, error) {
	refs, err := o.catalog.Owned(ctx, r, person)
	if err != nil {
		return nil, err
	}
	held := make([]module.Held, len(refs))
	for i, ref := range refs {
		sub, err := o.catalog.Subject(ctx, r, ref)
		if err != nil {
			return nil, err
		}
		what := "owner of a subject"
		if sub.Owner != person {
			what = "former owner of a subject"
		}
		held[i] = module.Held{What: what, Where: sub.URL(), Value: sub.Title, Item: sub.Item()}
	}
	return held, nil
}

// authorityHolds lists posts, seats and delegations of a person. All of them are
// internal: whoever is inside sees who may decide.
func authorityHolds(ctx context.Context, r store.Reader, person string) ([]module.Held, error) {
	a, err := authz.LoadAuthority(ctx, r)
	if err != nil {
		return nil, err
	}
	var held []module.Held
	for _, p := range a.Posts {
		if p.Holder == person {
			held = append(held, module.Held{What: "holder of a post", Value: p.Title})
		}
	}
	for _, b := range a.Bodies {
		for _, member := range b.Members {
			if member == person {
				held = append(held, module.Held{What: "member of a body", Value: b.Name})
			}
		}
	}
	for _, d := range a.Delegations {
		if d.To == person {
			held = append(held, module.Held{What: "acts for a post", Value: d.From.Format(time.DateOnly) + " to " + d.Until.Format(time.DateOnly) + ": " + d.Reason})
		}
	}
	return held, nil
}

// forgetNotices is module.Module's Erase of the part notify.
func (o *office) forgetNotices(ctx context.Context, tx *ledger.Tx, person string) error {
	return o.notify.Forget(ctx, tx.Tx, person)
}
