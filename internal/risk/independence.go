// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// past is what the steps of a risk tell about who is independent of it.
type past struct {
	owners  []string                 // who ever handed it over: with the owner of today, all who ever owned it
	askers  []string                 // who ever asked to accept it
	facts   string                   // actor reference: who changed the facts last
	lowered map[string]matrix.Rating // by actor reference: the highest proposed rating that they took down by changing the facts
}

// pastOf reads the steps of risks, with one statement.
func pastOf(ctx context.Context, rd store.Reader, risks ...string) (map[string]past, error) {
	all := make(map[string]past, len(risks))
	steps, err := history.Of(ctx, rd, risks, KindEdited, KindAsked)
	if err != nil {
		return nil, err
	}
	for risk, some := range steps {
		var p past
		for _, h := range some {
			p.note(h)
		}
		all[risk] = p
	}
	return all, nil
}

func (p *past) note(h item.Step) {
	if h.Kind == KindAsked {
		p.askers = append(p.askers, item.PersonOf(h.Actor))
		return
	}
	for _, c := range h.Changes {
		switch from, to := matrix.Rating(c.From), matrix.Rating(c.To); {
		case c.Field == "inputs":
			p.facts = h.Actor
		case c.Field == "owner" && c.From != "":
			p.owners = append(p.owners, c.From)
		case c.Field == "proposed" && from.Level() > to.Level() && from.Level() > p.lowered[h.Actor].Level():
			if p.lowered == nil {
				p.lowered = map[string]matrix.Rating{}
			}
			p.lowered[h.Actor] = from
		}
	}
}

// sought reports whether the person owns the risk, ever owned it, or ever asked to
// accept it.
func (p past) sought(person string, r Risk) bool {
	return person == r.Owner || slices.Contains(p.owners, person) || slices.Contains(p.askers, person)
}

// part is what somebody had to do with a risk.
type part struct {
	own    bool          // they own or owned it, registered it, took its facts down or changed them last, or asked to accept it
	sought bool          // they own or owned it, or asked to accept it
	floor  matrix.Rating // what it counts as, or counted as before they changed the facts, whichever is more
}

// partIn tells what the actor had to do with the risk. Handing it over makes
// nobody independent of it.
func partIn(ctx context.Context, rd store.Reader, actor authz.Actor, r Risk) (part, error) {
	edits, err := pastOf(ctx, rd, r.ID)
	if err != nil {
		return part{}, err
	}
	before := edits[r.ID]
	took, down := before.lowered[actor.Ref()]
	sought := before.sought(actor.ID, r)
	return part{
		sought: sought,
		own:    sought || actor.ID == r.Registrant || down || actor.Ref() == before.facts,
		floor:  higher(r.Effective().Rating, took),
	}, nil
}

// dependent reports whether the actor has a part in the risk, and a rating is one
// where policy asks for independence.
func (p part) dependent(r matrix.Rating, from Independence) bool {
	return p.own && r.AtLeast(from.From)
}

func higher(a, b matrix.Rating) matrix.Rating {
	if b.Level() > a.Level() {
		return b
	}
	return a
}

// handOver refuses to give the risk to somebody whose word carries an acceptance of
// it that is asked for or runs: they would own what they accepted.
func (d *decision) handOver(ctx context.Context) error {
	if d.risk.Owner == d.before.Owner || !d.policy.ownerBarred() {
		return nil
	}
	running, err := acceptancesWhere(ctx, d.tx, "a.risk = $1 AND a.state IN ('asked', 'granted')", "a.asked_at, a.id", d.risk.ID)
	if err != nil {
		return err
	}
	now := BasisOf(d.risk, d.parties, d.subject)
	for _, a := range running {
		if !slices.Contains([]StandingCode{Awaiting, NotStarted, InForce, ConditionOverdue}, a.Standing(d.policy, now, d.tx.Now()).Code) {
			continue
		}
		votes, err := loadVotes(ctx, d.tx, a.ID)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(votes, func(v Vote) bool { return v.carriedBy(d.risk.Owner) }) {
			return fault.New(fault.Conflict, "risk.owner_accepted",
				"An acceptance of this risk rests on the word of this person, and nobody accepts a risk that they own. Revoke or withdraw it first, or name somebody else.")
		}
	}
	return nil
}

// carriedBy reports whether the vote agrees by a right of the person: exercised by
// them, or delegated by them. That the owner agrees to the end date is no such right.
func (v Vote) carriedBy(person string) bool {
	return v.Agrees && slices.ContainsFunc(v.Rights, func(r RightUsed) bool {
		return r.Kind != authz.RightOwner && (v.Person == person || r.Holder == person)
	})
}
