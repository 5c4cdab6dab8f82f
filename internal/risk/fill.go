// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// MadeRisk describes a made-up risk, see [Lot]. All texts follow from Number.
type MadeRisk struct {
	Number       int
	Subject      catalog.Subject
	Owner        authz.Actor // registers, treats and asks
	Reviewer     authz.Actor // rates and reviews
	Executive    authz.Actor // decides
	Organisation string      // of the executive's rank
	Visibility   authz.Visibility
	Participants []string // principals; only for restricted
	Inputs       matrix.Inputs
	Residual     matrix.Cell   // not valid: nobody ever rates it
	Standing     StandingCode  // where its acceptance stands at the end; empty: none was asked for
	Lasts        time.Duration // how long after the end of the lot's life an acceptance in force still lasts
	Closed       bool          // closed at the end; only without an acceptance
}

// MinSteps is the least number of steps in the life of a lot.
const MinSteps = 10

// Lot is a number of made-up risks that live through the same steps, each step
// one ledger entry per risk. It exists to fill databases for measurements: it
// writes what the use cases would have written, through the same functions, but
// checks neither actors nor policy and takes many decisions in one transaction.
// It belongs to one goroutine.
type Lot struct {
	s     *Service
	end   time.Time // domain time of the last step of all lots
	steps int
	step  int
	risks []*madeRisk
}

type madeRisk struct {
	MadeRisk
	decision
	acceptance *Acceptance
}

// NewLot returns a lot of risks that live through that many steps, at least
// [MinSteps], the last one not after end.
func (s *Service) NewLot(made []MadeRisk, steps int, end time.Time) *Lot {
	l := &Lot{s: s, end: end, steps: max(steps, MinSteps)}
	for _, m := range made {
		l.risks = append(l.risks, &madeRisk{MadeRisk: m})
	}
	return l
}

// Live takes the next step of every risk of the lot in one transaction and
// reports whether it was the last one.
func (l *Lot) Live(ctx context.Context) (done bool, err error) {
	last := l.step == l.steps-1
	err = l.s.Writer.Decide(ctx, func(tx *ledger.Tx) error {
		var lines []item.Line
		for _, r := range l.risks {
			r.begin(l.s, tx, &lines)
			if err := l.advance(ctx, r); err != nil {
				return fmt.Errorf("step %d of made-up risk %d: %w", l.step, r.Number, err)
			}
			if last {
				if err := r.finish(ctx); err != nil {
					return fmt.Errorf("finish made-up risk %d: %w", r.Number, err)
				}
			}
		}
		return history.AddAll(ctx, tx.Tx, lines)
	})
	l.step++
	return last, err
}

// begin prepares the next decision about the risk.
func (r *madeRisk) begin(s *Service, tx *ledger.Tx, lines *[]item.Line) {
	r.s, r.tx, r.policy, r.subject, r.history = s, tx, s.Policy(), r.Subject, lines
	r.actor, r.participants = r.Owner, r.Participants
	r.before = r.risk
	r.risk.Version++
	r.risk.ChangedAt = tx.Now()
}

// The steps that are not reviews or edits, counted from the first or the last.
const (
	stepRate, stepTreat, stepPlan     = 1, 2, 3
	stepAsk, stepVote, stepDecide     = 6, 5, 4
	stepEnd                       int = 1
)

func (l *Lot) advance(ctx context.Context, r *madeRisk) error {
	rated, left := r.Residual.Valid(), l.steps-l.step
	asked := r.Standing != ""
	decided := asked && r.Standing != Awaiting && r.Standing != Lapsed
	switch {
	case l.step == 0:
		return l.register(ctx, r)
	case !rated:
		return r.recordRisk(ctx, KindEdited, riskState(r.risk, r.participants, r.parties), item.Change{Field: "threat"})
	case l.step == stepRate:
		return l.rate(ctx, r)
	case l.step == stepTreat:
		return r.treat(ctx)
	case l.step == stepPlan:
		return r.plan(ctx)
	case asked && left == stepAsk:
		return l.ask(ctx, r)
	case decided && r.Standing != WasWithdrawn && left == stepVote:
		return r.vote(ctx)
	case decided && left == stepDecide:
		return r.decide(ctx)
	case left == stepEnd && (r.Closed || r.acceptance != nil && r.acceptance.State == Granted):
		return r.endLife(ctx)
	}
	return r.review(ctx)
}

func (l *Lot) register(ctx context.Context, r *madeRisk) error {
	now := r.tx.Now()
	n := strconv.Itoa(r.Number)
	r.risk = Risk{
		ID: r.tx.NewID(), Version: 1, State: StateOpen, Subject: r.subject.Ref, Act: "call",
		Title:  "Made-up risk " + n + " of " + r.subject.Name,
		Threat: "Number " + n + ": a service that people outside may change answers requests from production. It can be slow or away, see what readers ask for, or send answers that attack the caller.",
		Scope:  "Requests number " + n + " to one service, for as long as the acceptance lasts.",
		Owner:  r.Owner.ID, Registrant: r.Owner.ID, Visibility: r.Visibility, Inputs: r.Inputs,
		NoticeDue: now.Add(r.policy.Review.OwnerNotice.Std()), RegisteredAt: now, ChangedAt: now,
	}
	r.parties = []Party{{ID: r.tx.NewID(), Kind: PartyOrganisation, Name: "The Foundation", Organisation: r.Organisation, Exposure: "Its production cluster"}}
	return r.storeNew(ctx)
}

func (l *Lot) rate(ctx context.Context, r *madeRisk) error {
	r.actor = r.Reviewer
	proposal := r.policy.Proposal.Propose(&r.policy.Matrix, r.risk.Inputs)
	inherent := proposal.Inherent.Cell
	if r.policy.Matrix.Rate(r.Residual).Level() > r.policy.Matrix.Rate(inherent).Level() {
		inherent = r.Residual
	}
	rating, err := r.rate(RateInput{Inherent: inherent, Residual: r.Residual, Reason: "Made up for a measurement."}, proposal)
	if err != nil {
		return err
	}
	r.risk.Rating = rating
	body := ratedBody{
		Risk: r.risk.ID, Version: r.risk.Version, Seq: rating.Seq, Inherent: rating.Inherent, Residual: rating.Residual,
		Proposed: proposal.Residual.Rating, Inputs: inputsOf(r.risk.Inputs), Reason: rating.Reason,
	}
	if err := r.recordRisk(ctx, KindRated, body, item.Change{Field: "rating", To: string(rating.Residual.Rating)}); err != nil {
		return err
	}
	r.dueForReview()
	return insertRating(ctx, r.tx.Tx, r.risk.ID, Rated{Rating: rating, Inputs: r.risk.Inputs, Proposal: proposal, Entry: r.risk.Entry})
}

func (r *madeRisk) dueForReview() {
	r.risk.ReviewDue = r.tx.Now().Add(r.policy.ReviewInterval(r.risk.Rating.Residual.Rating))
}

func (r *madeRisk) treat(ctx context.Context) error {
	r.risk.Treatment, r.risk.TreatmentNote = Treatments()[r.Number%len(Treatments())], "Made up for a measurement."
	body := stepBody{Risk: r.risk.ID, Version: r.risk.Version, State: r.risk.State, Treatment: r.risk.Treatment, Note: item.SHA(r.risk.TreatmentNote)}
	return r.recordRisk(ctx, KindTreated, body, item.Change{Field: "treatment", To: string(r.risk.Treatment)})
}

func (r *madeRisk) plan(ctx context.Context) error {
	const month = 30 * 24 * time.Hour
	return r.saveMitigation(ctx, nil, Mitigation{
		ID: r.tx.NewID(), Risk: r.risk.ID, Title: "A time-out and a fallback", Owner: r.Owner.ID,
		Due: r.tx.Now().Add(month), State: MitigationOpen,
	}, "")
}

func (r *madeRisk) review(ctx context.Context) error {
	r.actor = r.Reviewer
	r.dueForReview()
	body := stepBody{Risk: r.risk.ID, Version: r.risk.Version, Note: item.SHA("Nothing to change."), ReviewDue: r.risk.ReviewDue}
	return r.recordRisk(ctx, KindReviewed, body, item.Change{Field: "reviewed"})
}
