// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/ledger"
)

// onAcceptance runs one change of an acceptance: check, load, the verb's
// transition, fn, write. version is the one that the actor saw; fn may leave
// state and version as they are.
func (s *Service) onAcceptance(ctx context.Context, action authz.Action, id string, version int64, fn func(d *decision, a *Acceptance) error) (Acceptance, error) {
	if err := s.require(ctx, action); err != nil {
		return Acceptance{}, err
	}
	var after Acceptance
	err := s.Writer.Decide(ctx, func(tx *ledger.Tx) error {
		a, err := loadAcceptance(ctx, tx, authz.ActorFrom(ctx), id)
		if err != nil {
			return err
		}
		d, err := s.load(ctx, tx, ActionRead, a.Risk)
		if err != nil {
			return err
		}
		// What the actor may do to an acceptance depends on who asked for it.
		if err := s.Authz.Check(d.actor, action, d.resource(a.AskedBy)); err != nil {
			return err
		}
		if a.Version != version {
			return stale()
		}
		before := a.Version
		if err := fn(d, &a); err != nil {
			return err
		}
		after = a
		if a.Version == before {
			return nil
		}
		return acceptanceRows.Update(ctx, tx.Tx, a, before)
	})
	if err != nil {
		return Acceptance{}, err
	}
	return after, nil
}

// step moves the acceptance along the table.
func (a *Acceptance) step(verb string) error {
	to, err := item.Next(AcceptanceTransitions(), a.State, verb, codeState)
	if err != nil {
		return err
	}
	a.State = to
	a.Version++
	return nil
}

// Grant agrees to an acceptance. If that completes what authority requires, the
// acceptance is granted in the same entry's transaction; otherwise the approval
// waits for the others. The entries hold the rights that were used.
func (s *Service) Grant(ctx context.Context, id string, version int64, reason string) (Acceptance, error) {
	return s.onAcceptance(ctx, ActionGrant, id, version, func(d *decision, a *Acceptance) error {
		v, err := d.ballot(ctx, *a, "approve", reason)
		if err != nil {
			return err
		}
		if v.vote.Entry, err = d.recordVote(ctx, KindApproved, *a, v.vote); err != nil {
			return err
		}
		if err := insertVote(ctx, d.tx.Tx, a.ID, v.vote); err != nil {
			return err
		}
		v.bid.Agreed = append(v.bid.Agreed, d.actor.ID)
		var rights []Exercised
		for _, need := range v.needs {
			exercised, met := need.Met(v.bid)
			if !met {
				return nil
			}
			rights = append(rights, exercised)
		}
		return d.grant(ctx, a, v.vote, rights, v.bid)
	})
}

// grant ends the deliberation: every need is met.
func (d *decision) grant(ctx context.Context, a *Acceptance, last Vote, rights []Exercised, bid Request) error {
	if err := a.step("grant"); err != nil {
		return err
	}
	a.From, a.Rights = bid.begins(), rights
	a.DecidedAt, a.DecidedBy, a.Decision = d.tx.Now(), d.actor.ID, last.Reason
	body := grantedBody{
		Risk: a.Risk, Acceptance: a.ID, Version: a.Version, Basis: basisState(a.Basis), From: a.From, Until: a.Until, Rights: rights,
	}
	var err error
	a.Entry, err = d.record(ctx, KindGranted, a.ID, body, item.Change{Field: "acceptance", From: string(Asked), To: string(Granted)})
	return err
}

// ballot is one person's vote with what it is counted with.
type ballot struct {
	vote  Vote
	bid   Request
	needs []Need
}

// ballot checks that the actor may vote on the acceptance now: it is undecided,
// on what is still so, every party was heard, and the actor is entitled.
func (d *decision) ballot(ctx context.Context, a Acceptance, verb, reason string) (ballot, error) {
	if _, err := item.Next(AcceptanceTransitions(), a.State, verb, codeState); err != nil {
		return ballot{}, err
	}
	var f item.Fields
	v := ballot{needs: d.policy.Needs(a.Basis)}
	v.vote = Vote{ID: d.tx.NewID(), Person: d.actor.ID, Agrees: verb == "approve", At: d.tx.Now(), Reason: f.Text("reason", reason, MaxReason, true)}
	if err := f.Err(codeInvalid); err != nil {
		return ballot{}, err
	}
	if err := d.decidable(a); err != nil {
		return ballot{}, err
	}
	if v.vote.Agrees {
		if err := d.allHeard(ctx, a); err != nil {
			return ballot{}, err
		}
	}
	votes, err := loadVotes(ctx, d.tx, a.ID)
	if err != nil {
		return ballot{}, err
	}
	office, err := authz.LoadAuthority(ctx, d.tx)
	if err != nil {
		return ballot{}, err
	}
	edits, err := pastOf(ctx, d.tx, d.risk.ID)
	if err != nil {
		return ballot{}, err
	}
	v.bid = withVotes(d.bid(a, edits[d.risk.ID], office), votes)
	if slices.ContainsFunc(votes, func(o Vote) bool { return o.Person == d.actor.ID }) {
		return ballot{}, fault.New(fault.Conflict, "risk.already_voted", "You have decided on this request already; your word stands.")
	}
	v.vote.Rights = rightsOf(v.needs, v.bid, d.actor)
	if len(v.vote.Rights) == 0 {
		return ballot{}, notEntitled(v.needs, v.bid, d.actor)
	}
	return v, nil
}

// withVotes adds who has agreed and who has objected.
func withVotes(q Request, votes []Vote) Request {
	for _, v := range votes {
		if v.Agrees {
			q.Agreed = append(q.Agreed, v.Person)
		} else {
			q.Objected = append(q.Objected, v.Person)
		}
	}
	return q
}

// rightsOf returns the rights by which the actor may decide, over all needs. The
// owner who did not ask may set the end date, where a way to decide wants that.
func rightsOf(needs []Need, q Request, actor authz.Actor) []RightUsed {
	rights := []RightUsed{}
	if actor.Kind != authz.KindPerson {
		return rights // a service account decides nothing
	}
	for _, need := range needs {
		for _, r := range need.Relevant(q, actor.ID) {
			rights = append(rights, rightUsed(r))
		}
		if actor.ID == q.Owner && !q.OwnerAsked && actor.ID != q.Asker &&
			slices.ContainsFunc(need.Admitted(q), func(a Alternative) bool { return a.OwnerSetsEnd }) {
			rights = append(rights, ownerRight())
		}
	}
	return slices.CompactFunc(rights, func(a, b RightUsed) bool { return a == b })
}

// notEntitled says why the actor may not decide.
func notEntitled(needs []Need, q Request, actor authz.Actor) error {
	var lifted string
	for _, need := range needs {
		lifted += " " + need.LiftedBy()
	}
	if actor.ID == q.Asker {
		return fault.New(fault.Forbidden, "risk.own_request", "Nobody accepts what they asked for. It takes:%s", lifted)
	}
	if slices.Contains(q.Askers, actor.ID) {
		return fault.New(fault.Forbidden, "risk.own_request", "Nobody accepts a risk that they asked to accept earlier. It takes:%s", lifted)
	}
	if q.barred(actor.ID) {
		return fault.New(fault.Forbidden, "risk.own_risk", "Nobody accepts a risk that they own, or ever owned. It takes:%s", lifted)
	}
	short := q
	short.Until = q.At
	if len(rightsOf(needs, short, actor)) > 0 {
		return fault.New(fault.Forbidden, "risk.too_long", "You may accept such a risk, but not for as long as is asked. It takes:%s", lifted)
	}
	return fault.New(fault.Forbidden, "risk.rank_too_low", "You may not decide about a risk rated %s. It takes:%s", needs[0].Rating, lifted)
}

// decidable refuses to decide on what is no more.
func (d *decision) decidable(a Acceptance) error {
	now := BasisOf(d.risk, d.parties, d.subject)
	switch s := a.Standing(d.policy, now, d.tx.Now()); s.Code {
	case Awaiting:
	case Void:
		return fault.New(fault.Conflict, "risk.acceptance_void", "What was asked for is no longer so: %s changed since. Ask anew.", changeWords(s.Changed))
	case Lapsed:
		return fault.New(fault.Conflict, "risk.acceptance_lapsed", "The end date that was asked for has passed. Ask anew.")
	default:
		return fault.New(fault.Conflict, codeState, "This request is decided.")
	}
	if d.risk.Closed() || d.subject.Retired() {
		return fault.New(fault.Conflict, "risk.closed", "The risk is closed, or its subject is no longer in use.")
	}
	return nil
}

// allHeard refuses to agree before everybody was heard who must be.
func (d *decision) allHeard(ctx context.Context, a Acceptance) error {
	hearings, err := loadHearings(ctx, d.tx, d.risk.ID)
	if err != nil {
		return err
	}
	if missing := unheard(d.policy, a.Basis, d.parties, hearings[d.risk.ID]); len(missing) > 0 {
		return fault.New(fault.Conflict, "risk.hearing_missing", "Before the decision, hear %s on the present rating.", item.Joined(missing, "and"))
	}
	return nil
}

func (d *decision) recordVote(ctx context.Context, kind string, a Acceptance, v Vote) (int64, error) {
	word := "agrees"
	if !v.Agrees {
		word = "objects"
	}
	body := votedBody{Risk: a.Risk, Acceptance: a.ID, Vote: word, Reason: v.Reason, Rights: v.Rights}
	return d.record(ctx, kind, a.ID, body, item.Change{Field: "vote", To: word})
}

// Refuse says no. Whoever could grant alone refuses alone; a function or a member
// of a body objects, and the acceptance is refused once nobody can grant it any more.
func (s *Service) Refuse(ctx context.Context, id string, version int64, reason string) (Acceptance, error) {
	return s.onAcceptance(ctx, ActionRefuse, id, version, func(d *decision, a *Acceptance) error {
		v, err := d.ballot(ctx, *a, "object", reason)
		if err != nil {
			return err
		}
		if onlyOwner(v.vote.Rights) {
			return fault.New(fault.Forbidden, "risk.rank_too_low", "As the owner you set the end date; to call it off, withdraw the request.")
		}
		if v.vote.Entry, err = d.recordVote(ctx, KindObjected, *a, v.vote); err != nil {
			return err
		}
		if err := insertVote(ctx, d.tx.Tx, a.ID, v.vote); err != nil {
			return err
		}
		v.bid.Objected = append(v.bid.Objected, d.actor.ID)
		final := slices.ContainsFunc(v.needs, func(n Need) bool {
			return n.Decides(v.bid, d.actor.ID) || !n.Attainable(v.bid)
		})
		if !final {
			return nil
		}
		if err := a.step("refuse"); err != nil {
			return err
		}
		a.DecidedAt, a.DecidedBy, a.Decision = d.tx.Now(), d.actor.ID, v.vote.Reason
		body := endedBody{Risk: a.Risk, Acceptance: a.ID, Version: a.Version, State: a.State, Reason: v.vote.Reason}
		a.Entry, err = d.record(ctx, KindRefused, a.ID, body, item.Change{Field: "acceptance", From: string(Asked), To: string(Refused)})
		return err
	})
}

func onlyOwner(rights []RightUsed) bool {
	return !slices.ContainsFunc(rights, func(r RightUsed) bool { return r.Kind != authz.RightOwner })
}
