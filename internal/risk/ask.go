// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/ledger"
)

// AskInput asks to accept the residual risk until a date.
type AskInput struct {
	Option     string      `json:"option,omitempty" maxLength:"60" doc:"id of the option that is proposed, or its kind if there is one of that kind; may be empty where policy asks for no comparison"`
	Reason     string      `json:"reason" maxLength:"4000"`
	Start      time.Time   `json:"start,omitzero" doc:"earliest beginning; default: when it is granted"`
	Until      time.Time   `json:"until" doc:"the end, exclusive"`
	Extends    string      `json:"extends,omitempty" maxLength:"16" doc:"acceptance that this one prolongs"`
	Conditions []TermInput `json:"conditions,omitempty" maxItems:"20"`
}

// TermInput is a condition. Owner is an id or a login.
type TermInput struct {
	Text  string    `json:"text" maxLength:"500"`
	Owner string    `json:"owner" maxLength:"200"`
	Due   time.Time `json:"due"`
}

// Ask asks for an acceptance. version is that of the risk: the request is pinned
// to what the asker saw. One request waits at a time.
func (s *Service) Ask(ctx context.Context, id string, version int64, in AskInput) (Acceptance, error) {
	if err := s.require(ctx, ActionAsk); err != nil {
		return Acceptance{}, err
	}
	var a Acceptance
	err := s.Writer.Decide(ctx, func(tx *ledger.Tx) error {
		d, err := s.load(ctx, tx, ActionAsk, id)
		if err != nil {
			return err
		}
		if d.before.Version != version {
			return stale()
		}
		if err := d.mayAsk(ctx); err != nil {
			return err
		}
		if a, err = d.request(ctx, in); err != nil {
			return err
		}
		return d.storeAsked(ctx, &a)
	})
	if err != nil {
		return Acceptance{}, err
	}
	return a, nil
}

// mayAsk refuses where there is nothing to ask for, or something waits already.
func (d *decision) mayAsk(ctx context.Context) error {
	switch {
	case d.risk.Closed():
		return fault.New(fault.Conflict, "risk.closed", "This risk is closed. Register a new one that follows it.")
	case !d.risk.Rated():
		return fault.New(fault.Conflict, "risk.not_rated", "What is accepted is a rating. Let the risk be rated first.")
	case d.subject.Retired():
		return fault.New(fault.Conflict, "risk.subject_retired", "The subject is no longer in use; nothing is allowed for it.")
	}
	asked, err := acceptancesWhere(ctx, d.tx, "a.risk = $1 AND a.state = 'asked'", "a.asked_at, a.id", d.risk.ID)
	if err != nil {
		return err
	}
	now := BasisOf(d.risk, d.parties, d.subject)
	if slices.ContainsFunc(asked, func(a Acceptance) bool { return a.Standing(d.policy, now, d.tx.Now()).Code == Awaiting }) {
		return fault.New(fault.Conflict, "risk.acceptance_awaiting", "A request for this risk waits for its decision. Withdraw it before asking for another.")
	}
	return d.voidChanged(ctx)
}

// request checks what is asked for and makes an acceptance of it.
func (d *decision) request(ctx context.Context, in AskInput) (Acceptance, error) {
	var f item.Fields
	now := d.tx.Now()
	a := Acceptance{
		ID: d.tx.NewID(), Risk: d.risk.ID, Version: 1, State: Asked,
		Basis: BasisOf(d.risk, d.parties, d.subject), Pattern: d.policy.Pattern(d.subject),
		Reason: f.Text("reason", in.Reason, MaxReason, true), AskedBy: d.actor.ID, AskedAt: now,
		AskedAsOwner: d.actor.ID == d.risk.Owner, Conditions: []Term{}, Extends: in.Extends,
		Start: in.Start.UTC().Truncate(time.Microsecond), Until: in.Until.UTC().Truncate(time.Microsecond),
	}
	if in.Start.IsZero() || !a.Start.After(now) {
		a.Start = time.Time{}
	}
	d.checkEnd(&f, a)
	if err := d.checkOptions(ctx, &f, in.Option, &a); err != nil {
		return Acceptance{}, err
	}
	if err := d.checkExtends(ctx, &f, a); err != nil {
		return Acceptance{}, err
	}
	if err := d.checkTerms(ctx, &f, in.Conditions, &a); err != nil {
		return Acceptance{}, err
	}
	return a, f.Err(codeInvalid)
}

// bid is what authority is asked about an acceptance.
func (d *decision) bid(a Acceptance, before past, office authz.Authority) Request {
	return bidOf(a, d.risk, before, d.policy, d.s.Zone(), d.tx.Now(), office)
}

// bidOf is what is to be decided about an acceptance of r. Whoever ever owned the
// risk, or ever asked to accept it, stays barred: handing it over, or withdrawing,
// so that somebody else asks would be asking by another hand.
func bidOf(a Acceptance, r Risk, before past, p *RiskPolicy, zone *time.Location, at time.Time, office authz.Authority) Request {
	return Request{
		Asker: a.AskedBy, Owner: r.Owner, Former: before.owners, Askers: before.askers, OwnerAsked: a.AskedAsOwner, OwnerBarred: p.ownerBarred(),
		Start: a.Start, Until: a.Until, Extends: a.Extends != "", Zone: zone, At: at, Office: office,
	}
}

// checkEnd makes sure that somebody could grant as long as is asked.
func (d *decision) checkEnd(f *item.Fields, a Acceptance) {
	switch {
	case a.Until.IsZero():
		f.Add("until", "required", "An acceptance ends: say when.")
		return
	case !a.Until.After(d.tx.Now()) || !a.Start.IsZero() && !a.Until.After(a.Start):
		f.Add("until", "past", "The end must lie ahead, and after the beginning.")
		return
	}
	q := d.bid(a, past{}, authz.Authority{})
	for _, need := range d.policy.Needs(a.Basis) {
		if need.Organisation == "" {
			f.Add("until", "nobody", "The party %s must accept, but nothing says who speaks for it: name its organisation first.", need.Party)
			continue
		}
		if len(need.AnyOf) == 0 {
			f.Add("until", "nobody", "%s", need.LiftedBy())
			continue
		}
		if len(need.Admitted(q)) > 0 {
			continue
		}
		var latest time.Time
		for _, way := range need.AnyOf {
			if end := need.LatestEnd(way, q.counted(), d.s.Zone()); end.After(latest) {
				latest = end
			}
		}
		f.Add("until", "too_long", "A risk rated %s is accepted at most until %s. Ask for less; prolonging is a new decision.",
			a.Basis.Residual.Rating, latest.Add(-time.Microsecond).In(d.s.Zone()).Format(time.DateOnly))
	}
}

// checkOptions finds the option that is proposed, and makes sure that those
// which policy wants compared are there.
func (d *decision) checkOptions(ctx context.Context, f *item.Fields, chosen string, a *Acceptance) error {
	options, err := loadOptions(ctx, d.tx, d.risk.ID)
	if err != nil {
		return err
	}
	rule := d.policy.Options
	wanted := a.Basis.Residual.Rating.AtLeast(rule.From)
	if wanted {
		var missing []string
		for _, kind := range rule.Compare {
			if !slices.ContainsFunc(options, func(o Option) bool { return o.Kind == kind }) {
				missing = append(missing, string(kind))
			}
		}
		if len(missing) > 0 {
			f.Add("option", "not_compared", "Compare the options first; missing: %s.", item.Joined(missing, "and"))
		}
	}
	var fit []Option
	for _, o := range options {
		if o.ID == chosen || string(o.Kind) == chosen {
			fit = append(fit, o)
		}
	}
	switch {
	case chosen == "" && !wanted:
	case len(fit) == 1 && fit[0].Kind == OptionNone:
		f.Add("option", "none", "Not doing it needs no acceptance. Propose another option, or close the risk.")
	case len(fit) == 1:
		a.Option = fit[0]
	default:
		f.Add("option", "unknown", "Propose one of the options that are compared, by its id.")
	}
	return nil
}

// checkExtends makes sure that what is prolonged is an acceptance of this risk in
// force, and that no time lies between the two: only then may this one count from
// its own beginning.
func (d *decision) checkExtends(ctx context.Context, f *item.Fields, a Acceptance) error {
	if a.Extends == "" {
		return nil
	}
	old, err := acceptancesWhere(ctx, d.tx, "a.id = $1 AND a.risk = $2", "a.id", a.Extends, d.risk.ID)
	if err != nil {
		return err
	}
	switch {
	case len(old) != 1:
		f.Add("extends", "unknown", "Name an acceptance of this risk.")
	case old[0].Standing(d.policy, a.Basis, d.tx.Now()).Code != InForce:
		f.Add("extends", "not_in_force", "Only an acceptance in force is prolonged. Ask for a new one.")
	case a.Start.After(old[0].Until):
		f.Add("start", "gap", "What prolongs an acceptance begins no later than that ends.")
	}
	return nil
}

// checkTerms checks the conditions and gives them ids.
func (d *decision) checkTerms(ctx context.Context, f *item.Fields, in []TermInput, a *Acceptance) error {
	if len(in) > MaxTerms {
		f.Add("conditions", "too_many", "Set at most %d conditions.", MaxTerms)
		return nil
	}
	for i, c := range in {
		at := fmt.Sprintf("conditions[%d]", i)
		term := Term{ID: d.tx.NewID(), Text: f.Line(at+".text", c.Text, MaxShort, true), Due: c.Due.UTC().Truncate(time.Microsecond)}
		switch {
		case c.Due.IsZero():
			f.Add(at+".due", "required", "Say until when.")
		case !term.Due.After(d.tx.Now()) || term.Due.After(a.Until):
			f.Add(at+".due", "range", "The date must lie ahead, and not after the end of the acceptance.")
		}
		var err error
		if term.Owner, err = d.sighted(ctx, f, at+".owner", c.Owner); err != nil {
			return err
		}
		a.Conditions = append(a.Conditions, term)
	}
	return nil
}

// storeAsked records and writes the request.
func (d *decision) storeAsked(ctx context.Context, a *Acceptance) error {
	body := askedBody{
		Risk: a.Risk, Acceptance: a.ID, Basis: basisState(a.Basis), Option: a.Option, Reason: a.Reason,
		AsOwner: a.AskedAsOwner, Start: a.Start, Until: a.Until, Extends: a.Extends, Conditions: []termBody{},
	}
	for _, c := range a.Conditions {
		body.Conditions = append(body.Conditions, termBody{Condition: c.ID, Text: c.Text, Owner: c.Owner, Due: c.Due})
	}
	seq, err := d.record(ctx, KindAsked, a.ID, body, item.Change{Field: "acceptance", To: string(Asked)})
	if err != nil {
		return err
	}
	a.Entry = seq
	for i := range a.Conditions {
		a.Conditions[i].Entry = seq
	}
	return insertAcceptance(ctx, d.tx.Tx, *a)
}
