// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/store"
)

// maxPrecedents bounds the earlier exceptions that a dialogue shows.
const maxPrecedents = 50

// Acceptance returns an acceptance as its decision dialogue shows it.
func (s *Service) Acceptance(ctx context.Context, id string) (AcceptanceDetail, error) {
	a := authz.ActorFrom(ctx)
	if err := s.require(ctx, ActionRead); err != nil {
		return AcceptanceDetail{}, err
	}
	var d AcceptanceDetail
	err := s.DB.Read(ctx, func(r *store.ReadTx) error {
		var err error
		d, err = s.acceptanceDetail(ctx, r, a, id)
		return err
	})
	if err != nil {
		return AcceptanceDetail{}, err
	}
	return d, nil
}

// dialogue is what an acceptance is shown with.
type dialogue struct {
	risk         Risk
	participants []string
	parties      []Party
	hearings     []Hearing
	policy       *RiskPolicy
	kind         string // of the subject
}

func (s *Service) acceptanceDetail(ctx context.Context, r store.Reader, actor authz.Actor, id string) (AcceptanceDetail, error) {
	d := AcceptanceDetail{AsOf: r.Now(), Unheard: []string{}, YourRights: []RightUsed{}, Verbs: []string{}, Needs: []NeedText{}}
	var err error
	if d.Acceptance, err = loadAcceptance(ctx, r, actor, id); err != nil {
		return AcceptanceDetail{}, err
	}
	around := dialogue{policy: s.Policy()}
	if around.risk, err = loadRisk(ctx, r, actor, d.Risk); err != nil {
		return AcceptanceDetail{}, err
	}
	if around.participants, err = authz.Participants(ctx, r, around.risk.Item()); err != nil {
		return AcceptanceDetail{}, err
	}
	if err := s.Authz.Check(actor, ActionRead, resourceOf(around.risk, around.participants, "")); err != nil {
		return AcceptanceDetail{}, err
	}
	if err := s.fillDialogue(ctx, r, actor, &d, &around); err != nil {
		return AcceptanceDetail{}, err
	}
	if d.Votes, err = listed(loadVotes(ctx, r, id)); err != nil {
		return AcceptanceDetail{}, err
	}
	if err := s.fillRights(ctx, r, actor, &d, around); err != nil {
		return AcceptanceDetail{}, err
	}
	d.Opens = s.opens(around.kind, d.Basis.Residual)
	if d.Precedents, d.Ordinal, err = s.precedents(ctx, r, actor, d.Acceptance, around.risk.Act); err != nil {
		return AcceptanceDetail{}, err
	}
	if err := s.withhold(ctx, r, actor, &d); err != nil {
		return AcceptanceDetail{}, err
	}
	s.discreetly(actor, &d)
	people := d.people()
	for _, v := range d.Votes {
		people = append(people, v.Person)
	}
	d.Names, err = item.Names(ctx, r, s.Directory, append(people, around.risk.Owner), []string{d.Basis.Organisation})
	return d, err
}

// fillDialogue loads what the acceptance is compared with.
func (s *Service) fillDialogue(ctx context.Context, r store.Reader, actor authz.Actor, d *AcceptanceDetail, around *dialogue) error {
	subject, err := s.Subjects.Subject(ctx, r, around.risk.Subject)
	if err != nil {
		return err
	}
	parties, err := loadParties(ctx, r, d.Risk)
	if err != nil {
		return err
	}
	hearings, err := loadHearings(ctx, r, d.Risk)
	if err != nil {
		return err
	}
	around.parties, around.hearings, around.kind = parties[d.Risk], hearings[d.Risk], subject.Kind
	d.RiskTitle = around.risk.Title
	d.Now = BasisOf(around.risk, around.parties, subject)
	d.Standing = d.Acceptance.Standing(around.policy, d.Now, r.Now())
	return nil
}

// fillRights says who must decide, and by which rights the reader may.
func (s *Service) fillRights(ctx context.Context, r store.Reader, actor authz.Actor, d *AcceptanceDetail, around dialogue) error {
	needs := around.policy.Needs(d.Basis)
	office, err := authz.LoadAuthority(ctx, r)
	if err != nil {
		return err
	}
	edits, err := pastOf(ctx, r, d.Risk)
	if err != nil {
		return err
	}
	q := withVotes(bidOf(d.Acceptance, around.risk, edits[d.Risk], around.policy, s.Zone(), r.Now(), office), d.Votes)
	d.Needs = s.needTexts(around.policy, needs, q)
	allowed := func(action authz.Action) bool {
		return s.Authz.Check(actor, action, resourceOf(around.risk, around.participants, d.AskedBy)) == nil
	}
	if d.Standing.Code == Awaiting {
		d.Unheard = unheard(around.policy, d.Basis, around.parties, around.hearings)
		s.fillBallot(actor, d, needs, q, allowed)
	}
	allow := func(verb string, action authz.Action, sensible bool) {
		if sensible && allowed(action) {
			d.Verbs = append(d.Verbs, verb)
		}
	}
	allow("withdraw", ActionWithdraw, d.State == Asked)
	allow("revoke", ActionRevoke, d.State == Granted && d.Standing.Code != Expired)
	allow("close", ActionSettle, d.WasGranted() && d.State != Closed)
	return nil
}

// fillBallot says whether the reader may grant or refuse, and if not, why.
func (s *Service) fillBallot(actor authz.Actor, d *AcceptanceDetail, needs []Need, q Request, allowed func(authz.Action) bool) {
	d.YourRights = rightsOf(needs, q, actor)
	voted := false
	for _, v := range d.Votes {
		voted = voted || v.Person == actor.ID
	}
	switch {
	case len(d.YourRights) == 0:
		d.WhyNot = fault.From(notEntitled(needs, q, actor)).Message
	case voted:
		d.WhyNot = "You have decided on this request already; your word stands."
	case !allowed(ActionGrant):
		d.WhyNot = "Your role does not let you decide."
	case len(d.Unheard) > 0:
		d.WhyNot = "Before the decision, hear " + item.Joined(d.Unheard, "and") + " on the present rating."
	default:
		d.MayGrant = true
	}
	if len(d.YourRights) > 0 && !voted && !onlyOwner(d.YourRights) && allowed(ActionRefuse) {
		d.Verbs = append(d.Verbs, "refuse")
	}
}

// withhold takes out the subjects that the reader may not see.
func (s *Service) withhold(ctx context.Context, r store.Reader, actor authz.Actor, d *AcceptanceDetail) error {
	titles := map[string]*string{}
	shown := func(ref string) (bool, error) {
		t, err := s.subjectTitle(ctx, r, actor, titles, ref)
		return t != nil, err
	}
	seen, err := shown(d.Basis.Subject)
	if err != nil {
		return err
	}
	if !seen {
		d.Basis.Subject, d.Now.Subject, d.Pattern = "", "", ""
	}
	for i := range d.Precedents {
		if seen, err = shown(d.Precedents[i].Subject); err != nil {
			return err
		}
		if !seen {
			d.Precedents[i].Subject = ""
		}
	}
	return nil
}

// subjectTitle returns the title of a subject that the reader may see, and nil
// for another; known remembers what was looked up.
func (s *Service) subjectTitle(ctx context.Context, r store.Reader, actor authz.Actor, known map[string]*string, ref string) (*string, error) {
	if title, ok := known[ref]; ok {
		return title, nil
	}
	subject, err := s.Subjects.VisibleSubject(ctx, r, actor, ref)
	if fault.Is(err, fault.NotFound) {
		known[ref] = nil
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	known[ref] = &subject.Title
	return &subject.Title, nil
}

// opens lists the acts on that kind of subject which the gate makes depend on an
// acceptance of such a risk.
func (s *Service) opens(kind string, residual Assessment) []string {
	acts := []string{}
	if s.Gate == nil {
		return acts
	}
	for _, row := range s.Gate().Rows {
		for _, demand := range row.Requires {
			from := fromRating(demand.With)
			if row.Kind == kind && demand.Decision == DecisionAcceptance && residual.Rating.AtLeast(from) {
				acts = append(acts, row.Kind+" "+row.Action)
			}
		}
	}
	return acts
}

// precedents returns the other acceptances of the same pattern, and of the same act
// or of none, that the reader may see: a risk about no act is about all of them. It
// returns also which one in their line this is: those granted before, and one.
func (s *Service) precedents(ctx context.Context, r store.Reader, actor authz.Actor, a Acceptance, act string) ([]Precedent, int, error) {
	args := []any{a.Pattern, a.ID, store.At(a.AskedAt)}
	visible := keptRisks.Visible(actor, &args)
	if act != "" {
		visible += " AND r.act IN (" + store.Arg(act, &args) + ", '')"
	}
	all, err := acceptancesWhere(ctx, r, "a.pattern = $1 AND a.id <> $2 AND a.asked_at <= $3 AND "+visible, "a.asked_at DESC, a.id DESC", args...)
	if err != nil {
		return nil, 0, err
	}
	list, ordinal := []Precedent{}, 1
	titles := map[string]string{}
	for _, old := range all {
		if old.WasGranted() {
			ordinal++
		}
		if len(list) == maxPrecedents {
			continue
		}
		if _, known := titles[old.Risk]; !known {
			risk, err := loadRisk(ctx, r, actor, old.Risk)
			if err != nil {
				return nil, 0, err
			}
			titles[old.Risk] = risk.Title
		}
		list = append(list, Precedent{
			Acceptance: old.ID, Risk: old.Risk, Title: titles[old.Risk], Subject: old.Basis.Subject,
			Outcome: old.outcome(s.Policy(), r.Now()), AskedAt: old.AskedAt, From: old.From, Until: old.Until, Learnt: old.Learnt,
		})
	}
	return list, ordinal, nil
}

// outcome is where an earlier acceptance stands, without regard to whether its
// pins still hold: what counts is what was decided.
func (a Acceptance) outcome(p *RiskPolicy, t time.Time) StandingCode { return a.code(p, a.Basis, t) }
