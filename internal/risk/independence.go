// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"slices"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// handover says that somebody owned a risk until another took it over.
type handover struct {
	from string
	at   time.Time
}

// past is what the edits of a risk tell about who is independent of it.
type past struct {
	handovers []handover
	facts     string                   // actor reference: who changed the facts last
	lowered   map[string]matrix.Rating // by actor reference: the highest proposed rating that they took down by changing the facts
}

// pastOf reads the edits of risks.
func pastOf(ctx context.Context, rd store.Reader, risks ...string) (map[string]past, error) {
	all := make(map[string]past, len(risks))
	if len(risks) == 0 {
		return all, nil
	}
	args := []any{KindEdited}
	where := "WHERE h.kind = $1 AND h.risk IN " + store.In(distinct(risks), &args) + " ORDER BY h.entry"
	edits, err := historyRows.All(ctx, rd, where, args...)
	if err != nil {
		return nil, err
	}
	for _, h := range edits {
		p := all[h.risk]
		p.note(h.Step)
		all[h.risk] = p
	}
	return all, nil
}

func (p *past) note(h Step) {
	for _, c := range h.Changes {
		switch from, to := matrix.Rating(c.From), matrix.Rating(c.To); {
		case c.Field == "inputs":
			p.facts = h.Actor
		case c.Field == "owner" && c.From != "":
			p.handovers = append(p.handovers, handover{c.From, h.At})
		case c.Field == "proposed" && from.Level() > to.Level() && from.Level() > p.lowered[h.Actor].Level():
			if p.lowered == nil {
				p.lowered = map[string]matrix.Rating{}
			}
			p.lowered[h.Actor] = from
		}
	}
}

// owned reports whether the person handed the risk over, at since or later.
func (p past) owned(person string, since time.Time) bool {
	return slices.ContainsFunc(p.handovers, func(h handover) bool { return h.from == person && !h.at.Before(since) })
}

// ownersSince returns who handed the risk over at since or later: with the owner
// of today, all who have owned it from then on.
func (p past) ownersSince(since time.Time) []string {
	var all []string
	for _, h := range p.handovers {
		if !h.at.Before(since) {
			all = append(all, h.from)
		}
	}
	return all
}

// part is what somebody had to do with a risk.
type part struct {
	own   bool          // they own or owned it, registered it, took its facts down or changed them last, or asked to accept it
	floor matrix.Rating // what it counts as, or counted as before they changed the facts, whichever is more
}

// partIn tells what the actor had to do with the risk. Handing it over makes
// nobody independent of it.
func partIn(ctx context.Context, rd store.Reader, actor authz.Actor, r Risk) (part, error) {
	edits, err := pastOf(ctx, rd, r.ID)
	if err != nil {
		return part{}, err
	}
	asked, err := acceptancesWhere(ctx, rd, "a.risk = $1 AND a.asked_by = $2", "a.id", r.ID, actor.ID)
	if err != nil {
		return part{}, err
	}
	before := edits[r.ID]
	took, down := before.lowered[actor.Ref()]
	return part{
		own: actor.ID == r.Owner || actor.ID == r.Registrant || down || actor.Ref() == before.facts || len(asked) > 0 ||
			before.owned(actor.ID, time.Time{}),
		floor: higher(r.Effective().Rating, took),
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
