// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"slices"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/store"
)

// maxHistory bounds the steps that a detail shows; the ledger has all of them.
const maxHistory = 200

// Get returns a risk with everything that belongs to it. What the reader may not
// see answers exactly as what is not there.
func (s *Service) Get(ctx context.Context, id string) (Detail, error) {
	a := authz.ActorFrom(ctx)
	if err := s.require(ctx, ActionRead); err != nil {
		return Detail{}, err
	}
	var d Detail
	err := s.DB.Read(ctx, func(r *store.ReadTx) error {
		var err error
		d, err = s.detail(ctx, r, a, id)
		return err
	})
	if err != nil {
		return Detail{}, err
	}
	return d, nil
}

func (s *Service) detail(ctx context.Context, r store.Reader, a authz.Actor, id string) (Detail, error) {
	d := Detail{AsOf: r.Now(), Participants: []string{}}
	var err error
	if d.Risk, err = loadRisk(ctx, r, a, id); err != nil {
		return Detail{}, err
	}
	participants, err := authz.Participants(ctx, r, d.Item())
	if err != nil {
		return Detail{}, err
	}
	if err := s.Authz.Check(a, ActionRead, resourceOf(d.Risk, participants, "")); err != nil {
		return Detail{}, err
	}
	if d.Visibility == authz.Restricted {
		d.Participants = participants
	}
	subject, err := s.Subjects.Subject(ctx, r, d.Subject)
	if err != nil {
		return Detail{}, err
	}
	p := s.Policy()
	d.Proposal = p.Proposal.Propose(&p.Matrix, d.Inputs)
	if err := d.fillParts(ctx, r, p, subject); err != nil {
		return Detail{}, err
	}
	for i := range d.Acceptances {
		s.discreet(a, &d.Acceptances[i].Acceptance)
	}
	basis := BasisOf(d.Risk, d.partiesOnly(), subject)
	if d.Rated() {
		d.Needs = s.needTexts(p, p.Needs(basis), Request{At: r.Now(), Zone: s.Zone()})
	}
	mine, err := partIn(ctx, r, a, d.Risk)
	if err != nil {
		return Detail{}, err
	}
	d.Verbs = s.mayDo(a, d, participants, mine)
	if err := s.nameSubject(ctx, r, a, &d); err != nil {
		return Detail{}, err
	}
	d.Names, err = item.Names(ctx, r, s.Directory, d.people(), d.organisations())
	return d, err
}

// nameSubject gives the subject's title, or withholds all of it from a reader who
// may not see it.
func (s *Service) nameSubject(ctx context.Context, r store.Reader, a authz.Actor, d *Detail) error {
	subject, err := s.Subjects.VisibleSubject(ctx, r, a, d.Subject)
	if fault.Is(err, fault.NotFound) {
		d.Subject = ""
		for i := range d.Acceptances {
			d.Acceptances[i].Basis.Subject, d.Acceptances[i].Pattern = "", ""
		}
		return nil
	}
	d.SubjectTitle, d.Organisation = subject.Title, subject.Organisation
	return err
}

// fillParts loads what hangs on the risk.
func (d *Detail) fillParts(ctx context.Context, r store.Reader, p *RiskPolicy, subject catalog.Subject) error {
	var err error
	if d.Ratings, err = listed(loadRatings(ctx, r, d.ID)); err != nil {
		return err
	}
	if d.Mitigations, err = listed(loadMitigations(ctx, r, d.ID)); err != nil {
		return err
	}
	if d.Options, err = listed(loadOptions(ctx, r, d.ID)); err != nil {
		return err
	}
	if d.History, err = listed(loadHistory(ctx, r, d.ID, maxHistory)); err != nil {
		return err
	}
	hearings, err := loadHearings(ctx, r, d.ID)
	if err != nil {
		return err
	}
	d.Hearings = append([]Hearing{}, hearings[d.ID]...)
	parties, err := loadParties(ctx, r, d.ID)
	if err != nil {
		return err
	}
	d.Parties = exposed(p, parties[d.ID], d.Risk, subject.Organisation, d.Hearings)
	acceptances, err := acceptancesWhere(ctx, r, "a.risk = $1", "a.asked_at DESC, a.id DESC", d.ID)
	if err != nil {
		return err
	}
	now := BasisOf(d.Risk, parties[d.ID], subject)
	d.Acceptances = []Placed{}
	for _, a := range acceptances {
		d.Acceptances = append(d.Acceptances, Placed{Acceptance: a, Standing: a.Standing(p, now, r.Now())})
	}
	return nil
}

// listed makes an empty list of none, for JSON.
func listed[T any](all []T, err error) ([]T, error) {
	if all == nil {
		all = []T{}
	}
	return all, err
}

func exposed(p *RiskPolicy, parties []Party, r Risk, organisation string, hearings []Hearing) []Exposed {
	all := []Exposed{}
	for _, party := range parties {
		requirement, _ := p.requirement(BasisParty{Kind: party.Kind, Require: party.Require}, r.Effective().Rating)
		all = append(all, Exposed{
			Party: party, Requirement: requirement,
			Heard: r.Rated() && heardOn(party, r.Rating.Seq, hearings), Answers: answers(party, organisation),
		})
	}
	return all
}

func (d Detail) partiesOnly() []Party {
	var all []Party
	for _, p := range d.Parties {
		all = append(all, p.Party)
	}
	return all
}

// people lists everybody whose name the detail shows.
func (d Detail) people() []string {
	all := []string{d.Owner, d.Registrant}
	for _, r := range d.Ratings {
		all = append(all, r.By)
	}
	for _, h := range d.Hearings {
		all = append(all, h.Person, h.RecordedBy)
	}
	for _, m := range d.Mitigations {
		all = append(all, m.Owner)
	}
	for _, a := range d.Acceptances {
		all = append(all, a.people()...)
	}
	for _, h := range d.History {
		all = append(all, item.PersonOf(h.Actor))
	}
	for _, p := range d.Participants {
		all = append(all, item.PersonOf(p))
	}
	return all
}

func (a Acceptance) people() []string {
	all := []string{a.AskedBy, a.DecidedBy, a.EndedBy, a.ClosedBy}
	for _, c := range a.Conditions {
		all = append(all, c.Owner, c.MetBy)
	}
	for _, e := range a.Rights {
		for _, by := range e.By {
			all = append(all, by.Person)
		}
	}
	return all
}

func (d Detail) organisations() []string {
	all := []string{d.Organisation}
	for _, p := range d.Parties {
		all = append(all, p.Organisation)
	}
	for _, n := range d.Needs {
		all = append(all, n.Organisation)
	}
	return all
}

// needTexts describes needs; q says from when and, where votes are known, by whom.
func (s *Service) needTexts(p *RiskPolicy, needs []Need, q Request) []NeedText {
	all := []NeedText{}
	for _, n := range needs {
		text := NeedText{Party: n.Party, Organisation: n.Organisation, Rating: n.Rating, Ways: []WayText{}}
		for _, a := range n.AnyOf {
			text.Ways = append(text.Ways, WayText{
				Way: a.String(), Rank: a.Rank, Body: a.Body, Quorum: a.Quorum, Functions: a.Functions, OwnerEnds: a.OwnerSetsEnd, LatestEnd: n.LatestEnd(a, q.counted(), q.Zone), Longest: config.Duration(n.longest(a)).String(),
				Source: a.Source,
			})
		}
		_, text.Met = n.Met(q)
		all = append(all, text)
	}
	return all
}

// mayDo lists what the reader may do with the risk now. It is for showing
// buttons; each use case checks again.
func (s *Service) mayDo(a authz.Actor, d Detail, participants []string, mine part) []string {
	may := []string{}
	if d.Closed() {
		return may
	}
	allow := func(verb string, action authz.Action, sensible bool) {
		if sensible && mayJudge(a, verb) && s.Authz.Check(a, action, resourceOf(d.Risk, participants, "")) == nil {
			may = append(may, verb)
		}
	}
	open := slices.ContainsFunc(d.Mitigations, func(m Mitigation) bool { return m.State == MitigationOpen })
	waiting := slices.ContainsFunc(d.Acceptances, func(p Placed) bool { return p.Standing.Code == Awaiting })
	unclosed := slices.ContainsFunc(d.Acceptances, func(p Placed) bool {
		return p.State == Asked || p.WasGranted() && p.State != Closed
	})
	allow("edit", ActionEdit, true)
	allow("rate", ActionRate, true)
	allow("review", ActionReview, d.Rated())
	allow("treat", ActionTreat, true)
	allow("complete", ActionTreat, d.State == StateOpen && d.Treatment != "" && !open)
	allow("hear", ActionHear, d.Rated() && len(d.Parties) > 0 && !mine.sought)
	allow("ask", ActionAsk, d.Rated() && !waiting)
	allow("close", ActionClose, !unclosed && !mine.dependent(mine.floor, s.Policy().Independence))
	return may
}

// AsOf is the domain time of a read, for what a page says about "in three days".
func (s *Service) AsOf() time.Time { return s.DB.Clock().Domain() }
