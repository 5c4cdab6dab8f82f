// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/review/kind"
)

// DecideInput is the outcome of a review, with its reasons.
type DecideInput struct {
	Outcome    Outcome          `json:"outcome" enum:"advice,approved,approved_with_conditions,not_approved"`
	Reason     string           `json:"reason" maxLength:"4000"`
	Conditions []ConditionInput `json:"conditions,omitempty" maxItems:"30" doc:"of an approval with conditions; of advice: what is needed to move forward"`
	Meeting    string           `json:"meeting,omitempty" maxLength:"16"`
}

// ConditionInput is something that the outcome asks for.
type ConditionInput struct {
	Text  string    `json:"text" maxLength:"500"`
	Owner string    `json:"owner,omitempty" maxLength:"200" doc:"id or login; of an approval: required"`
	Due   time.Time `json:"due,omitzero" doc:"of an approval: required"`
	Proof string    `json:"proof,omitempty" maxLength:"500" doc:"what will show that it is met; of an approval: required"`
}

// Decide gives a review its outcome. It is for a reviewer who takes part or, where
// the kind names a rank, for somebody who holds it in the organisation that answers
// for the subject. Early advice needs no more than that. An approval needs a second
// reader where the kind wants one, all opinions, no open question to the requesting
// side, and every contradiction to say what became of it.
func (s *Service) Decide(ctx context.Context, id string, version int64, in DecideInput) (Review, error) {
	c := change{action: ActionDecide, verb: "decide", id: id, version: version, meeting: in.Meeting}
	return s.onReview(ctx, c, func(d *decision) error {
		if err := d.inMeeting(ctx); err != nil {
			return err
		}
		k, err := s.kindAt(ctx, d.tx, d.review.Kind, d.review.KindVersion)
		if err != nil {
			return err
		}
		right, err := d.entitled(ctx, k)
		if err != nil {
			return err
		}
		var f item.Fields
		f.Choice("outcome", string(in.Outcome), words(Outcomes(d.review.Required))...)
		v := Verdict{Outcome: in.Outcome, Reason: f.Text("reason", in.Reason, MaxReason, true), By: d.actor.ID, At: d.tx.Now(), Right: right}
		conditions, err := d.conditions(ctx, &f, in)
		if err != nil {
			return err
		}
		if err := f.Err(CodeInvalid); err != nil {
			return err
		}
		if in.Outcome.Approves() {
			if err := d.ownRules(ctx); err != nil {
				return err
			}
			if err := d.approvable(ctx, k); err != nil {
				return err
			}
		}
		if k.Lasts > 0 && in.Outcome.Approves() {
			v.Until = d.tx.Now().Add(k.Lasts.Std())
		}
		return d.finish(ctx, KindDecided, v, conditions)
	})
}

// entitled says by which right the actor decides, or refuses.
func (d *decision) entitled(ctx context.Context, k *kind.Kind) (string, error) {
	if err := d.impartial(ctx); err != nil {
		return "", err
	}
	if k.DecidedBy == "" {
		v, err := d.taking(ctx)
		if err != nil {
			return "", err
		}
		return "As " + strings.ReplaceAll(string(v.Part), "_", " ") + " of this review.", nil
	}
	if d.actor.Kind != authz.KindPerson {
		return "", fault.New(fault.Forbidden, "review.person_required", "This takes the judgement of a person.")
	}
	office, err := authz.LoadAuthority(ctx, d.tx)
	if err != nil {
		return "", err
	}
	bars, err := d.barred(ctx)
	if err != nil {
		return "", err
	}
	if right, ok := byRank(office, bars, d.actor.ID, d.subject.Organisation, k.DecidedBy, d.tx.Now()); ok {
		return right.Explanation, nil
	}
	return "", fault.New(fault.Forbidden, "review.rank_too_low", "A review of this kind is decided by rank %s or higher, in the organisation that answers for its subject.", k.DecidedBy)
}

// byRank returns the right by which a person decides the review, if they hold the
// rank or a higher one in the organisation that answers for its subject. The rank of
// whoever may not judge the review does not count: deciding by the hand of a
// delegate would be deciding all the same.
func byRank(office authz.Authority, bars barred, person, organisation, rank string, now time.Time) (authz.Right, bool) {
	needed := office.RankIndex(rank)
	if needed < 0 {
		return authz.Right{}, false // nobody holds a rank that there is not
	}
	for _, right := range office.Rights(person, organisation, now) {
		if right.Kind == authz.RightRank && office.RankIndex(right.Rank) >= needed && !bars.bars(right.Holder) {
			return right, true
		}
	}
	return authz.Right{}, false
}

// approvable refuses an approval that something speaks against.
func (d *decision) approvable(ctx context.Context, k *kind.Kind) error {
	var open []string
	if d.review.Subject == "" {
		open = append(open, "a subject of the catalogue: the review names none")
	}
	checks := []func(context.Context, *kind.Kind) ([]string, error){d.openQuestions, d.openContradictions, d.missingOpinions, d.unread}
	for _, check := range checks {
		found, err := check(ctx, k)
		if err != nil {
			return err
		}
		open = append(open, found...)
	}
	if len(open) > 0 {
		return fault.New(fault.Conflict, "review.not_approvable", "An approval still needs: %s.", strings.Join(open, "; "))
	}
	return nil
}

func (d *decision) openQuestions(ctx context.Context, _ *kind.Kind) ([]string, error) {
	all, err := loadQuestions(ctx, d.tx, d.review.ID)
	var open []string
	for _, q := range all[d.review.ID] {
		if q.State == QuestionOpen {
			open = append(open, "an answer to "+q.Label)
		}
	}
	return open, err
}

func (d *decision) openContradictions(ctx context.Context, _ *kind.Kind) ([]string, error) {
	all, err := loadFindings(ctx, d.tx, d.review.ID)
	var open []string
	for _, n := range all {
		if n.Kind == Contradiction && n.State == FindingOpen {
			open = append(open, "what became of contradiction "+n.Label)
		}
	}
	return open, err
}

func (d *decision) missingOpinions(ctx context.Context, k *kind.Kind) ([]string, error) {
	all, err := loadOpinions(ctx, d.tx, d.review.ID)
	if err != nil {
		return nil, err
	}
	bars, err := d.barred(ctx)
	var open []string
	for _, wanted := range k.Opinions {
		given := func(o Opinion) bool {
			return o.Aspect == wanted.Aspect && o.Verdict != "" && !bars.bars(o.Assessor)
		}
		if !slices.ContainsFunc(all, given) {
			open = append(open, "the opinion on "+wanted.Title)
		}
	}
	return open, err
}

func (d *decision) unread(ctx context.Context, k *kind.Kind) ([]string, error) {
	if !k.SecondReader {
		return nil, nil
	}
	written, err := latestAssessment(ctx, d.tx, d.review.ID)
	if err != nil {
		return nil, err
	}
	all, err := loadReviewers(ctx, d.tx, d.review.ID)
	if err != nil {
		return nil, err
	}
	bars, err := d.barred(ctx)
	read := slices.ContainsFunc(all[d.review.ID], func(v Reviewer) bool {
		second := v.Person != d.actor.ID && v.Person != written.Author && !bars.bars(v.Person)
		return v.Part == SecondReader && v.TakesPart() && second && !v.ReadAt.IsZero() && !v.ReadAt.Before(written.At)
	})
	if read && written.Version > 0 {
		return nil, err
	}
	return []string{"a second reader who has read the latest assessment"}, err
}

// conditions checks what the outcome asks for.
func (d *decision) conditions(ctx context.Context, f *item.Fields, in DecideInput) ([]Condition, error) {
	binding := in.Outcome == ApprovedWithConditions
	switch {
	case binding && len(in.Conditions) == 0:
		f.Add("conditions", "required", "Name at least one condition, or approve without any.")
	case !binding && in.Outcome != Advice && len(in.Conditions) > 0:
		f.Add("conditions", "not_offered", "Only an approval with conditions and advice ask for something.")
	case len(in.Conditions) > MaxConditions:
		f.Add("conditions", "too_many", "Name at most %d conditions.", MaxConditions)
		return nil, nil
	}
	var all []Condition
	for i, c := range in.Conditions {
		at := fmt.Sprintf("conditions[%d].", i)
		condition := Condition{
			ID: d.tx.NewID(), Due: c.Due,
			Text: f.Line(at+"text", c.Text, MaxShort, true), Proof: f.Line(at+"proof", c.Proof, MaxShort, binding),
		}
		if binding && c.Due.IsZero() {
			f.Add(at+"due", "required", "Say until when the condition is met.")
		}
		if !c.Due.IsZero() && !c.Due.After(d.tx.Now()) {
			f.Add(at+"due", "past", "The day of a condition lies ahead.")
		}
		if c.Owner != "" || binding {
			var err error
			if condition.Owner, err = d.asked(ctx, f, at+"owner", c.Owner); err != nil {
				return nil, err
			}
		}
		all = append(all, condition)
	}
	return all, nil
}

// finish gives the review its outcome: the clock stops, open questions are settled
// as they stand, and what the outcome asks for is stored.
func (d *decision) finish(ctx context.Context, kind string, v Verdict, conditions []Condition) error {
	now := d.tx.Now()
	v.SubjectVersion, v.SubjectDigest = d.subject.Version, d.subject.Digest
	d.review.Verdict, d.review.Wait, d.review.DoneAt = v, Wait{}, now
	written, err := latestAssessment(ctx, d.tx, d.review.ID)
	if err != nil {
		return err
	}
	body := decidedBody{
		Review: d.review.ID, Version: d.review.Version, Kind: d.review.Kind, Required: d.review.Required, Outcome: v.Outcome, Reason: v.Reason,
		Right: v.Right, Subject: d.review.Subject, SubjectVersion: v.SubjectVersion, SubjectDigest: v.SubjectDigest, Until: v.Until,
		Assessment: written.Version, Assessed: item.SHA(written.Text), Successor: item.SHA(d.review.Successor), Meeting: d.meeting,
	}
	var people []string
	for _, c := range conditions {
		body.Conditions = append(body.Conditions, conditionBody{Condition: c.ID, Text: c.Text, Owner: c.Owner, Due: c.Due, Proof: c.Proof})
		people = append(people, c.Owner)
	}
	if err := d.letIn(ctx, people...); err != nil {
		return err
	}
	if err := d.record(ctx, kind, body, item.Change{Field: "column", From: string(d.before.Column), To: string(Done)}, item.Change{Field: "outcome", To: string(v.Outcome)}); err != nil {
		return err
	}
	d.review.Verdict.Entry = d.review.Entry
	for i, c := range conditions {
		c.Entry = d.review.Entry
		if err := conditionRows.Insert(ctx, d.tx.Tx, c, d.of(), store.Value("position", i)); err != nil {
			return err
		}
	}
	if err := d.noticeOutcome(ctx); err != nil {
		return err
	}
	return resumeAll(ctx, d.tx.Tx, d.review.ID, now)
}

// Withdraw takes a review back; it is done.
func (s *Service) Withdraw(ctx context.Context, id string, version int64, reason string) (Review, error) {
	return s.end(ctx, change{action: ActionEnd, verb: "withdraw", id: id, version: version}, Withdrawn, reason)
}

// Dismiss ends a review that triage finds not to be needed, with the reason.
func (s *Service) Dismiss(ctx context.Context, id string, version int64, reason, meeting string) (Review, error) {
	return s.end(ctx, change{action: ActionMove, verb: "dismiss", id: id, version: version, meeting: meeting}, NotNeeded, reason)
}

func (s *Service) end(ctx context.Context, c change, outcome Outcome, reason string) (Review, error) {
	return s.onReview(ctx, c, func(d *decision) error {
		if err := d.inMeeting(ctx); err != nil {
			return err
		}
		var f item.Fields
		v := Verdict{Outcome: outcome, Reason: f.Text("reason", reason, MaxReason, true), By: d.actor.ID, At: d.tx.Now()}
		if err := f.Err(CodeInvalid); err != nil {
			return err
		}
		return d.finish(ctx, KindWithdrawn, v, nil)
	})
}

// Supersede ends a review that another one replaces; each names the other.
func (s *Service) Supersede(ctx context.Context, id string, version int64, successor, reason string) (Review, error) {
	return s.onReview(ctx, change{action: ActionEnd, verb: "supersede", id: id, version: version}, func(d *decision) error {
		var f item.Fields
		v := Verdict{Outcome: Superseded, Reason: f.Text("reason", reason, MaxReason, true), By: d.actor.ID, At: d.tx.Now()}
		next, err := loadReview(ctx, d.tx, d.actor, strings.TrimSpace(successor))
		switch {
		case fault.Is(err, fault.NotFound):
			f.Add("successor", "unknown", "There is no such review, or it is not shown to you. Request it first.")
		case err != nil:
			return err
		case !d.maySucceed(ctx, next):
			f.Add("successor", "not_yours", "That review is for others to change. Ask whoever requested it, or the security team, to replace this one by it.")
		case next.ID == d.review.ID:
			f.Add("successor", "itself", "A review does not replace itself.")
		case next.Predecessor != "" && next.Predecessor != d.review.ID:
			f.Add("successor", "taken", "That review replaces another one already.")
		case next.Done():
			f.Add("successor", "done", "That review is done. A successor is one that is still to be done.")
		}
		if err := f.Err(CodeInvalid); err != nil {
			return err
		}
		d.review.Successor = next.ID
		if err := d.finish(ctx, KindSuperseded, v, nil); err != nil {
			return err
		}
		return d.succeed(ctx, next)
	})
}

// maySucceed reports whether the actor may change the review that is to name this one.
func (d *decision) maySucceed(ctx context.Context, next Review) bool {
	participants, err := authz.Participants(ctx, d.tx, next.Item())
	return err == nil && d.s.Authz.Check(d.actor, ActionEdit, resourceOf(next, participants)) == nil
}

// succeed makes the successor name what it replaces, as a change of its own.
func (d *decision) succeed(ctx context.Context, next Review) error {
	participants, err := authz.Participants(ctx, d.tx, next.Item())
	if err != nil {
		return err
	}
	other := &decision{s: d.s, tx: d.tx, actor: d.actor, policy: d.policy, before: next, review: next, participants: participants}
	if err := d.s.Catalog.Link(ctx, d.tx, next.Item(), RelationToOlder, d.review.Item()); err != nil {
		return err
	}
	return other.write(ctx, func() error {
		other.review.Predecessor = d.review.ID
		return other.record(ctx, KindEdited, stateOf(other.review, participants), item.Change{Field: "predecessor", To: d.review.ID})
	})
}

// Meet shows that a condition is met. It is for its owner, and for those who move
// reviews and are not too near to this one: an owner may be gone. If they are, too, it is for the owner of the subject.
func (s *Service) Meet(ctx context.Context, id string, version int64, condition, shown string) (Review, error) {
	return s.onReview(ctx, change{action: ActionMeet, after: true, id: id, version: version}, func(d *decision) error {
		all, err := loadConditions(ctx, d.tx, d.review.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all[d.review.ID], func(c Condition) bool { return c.ID == condition })
		if i < 0 {
			return noCondition()
		}
		c := all[d.review.ID][i]
		stands, err := s.standsIn(ctx, d.tx, d.actor.ID, d.subject, d.before, d.participants, c)
		if err != nil {
			return err
		}
		bars, err := d.barred(ctx)
		switch {
		case err != nil:
			return err
		case !c.MetAt.IsZero():
			return fault.New(fault.Conflict, "review.condition_met", "This condition is met already.")
		case c.Owner != d.actor.ID && !stands && (bars.bars(d.actor.ID) || !s.Authz.Allowed(d.actor, ActionMove)):
			return fault.New(fault.Forbidden, "review.not_condition_owner", "The owner of a condition shows that it is met, or the security team once it has seen the proof.")
		}
		var f item.Fields
		c.MetAt, c.MetBy, c.Shown = d.tx.Now(), d.actor.ID, f.Text("shown", shown, MaxText, true)
		if err := f.Err(CodeInvalid); err != nil {
			return err
		}
		body := metBody{Review: d.review.ID, Version: d.review.Version, Condition: c.ID, Shown: item.SHA(c.Shown)}
		if err := d.record(ctx, KindMet, body, item.Change{Field: "condition", To: fmt.Sprint(i + 1)}); err != nil {
			return err
		}
		c.Entry = d.review.Entry
		return conditionRows.Save(ctx, d.tx.Tx, c, d.of(), store.Value("position", i))
	})
}
