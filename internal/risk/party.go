// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/store"
)

// SetParties says which parties the risk exposes. Other parties void acceptances;
// one that is dropped, or must get less, outdates the rating too. A party that is
// named as before keeps its hearings.
func (s *Service) SetParties(ctx context.Context, id string, version int64, in []PartyInput) (Risk, error) {
	return s.onRisk(ctx, ActionEdit, "edit", id, version, func(d *decision) error {
		var f item.Fields
		parties, err := d.checkParties(ctx, &f, in)
		if err != nil {
			return err
		}
		if err := f.Err(codeInvalid); err != nil {
			return err
		}
		for i, p := range parties {
			for _, old := range d.parties {
				if old.Kind == p.Kind && old.Name == p.Name && old.Organisation == p.Organisation {
					parties[i].ID = old.ID
				}
			}
		}
		before := d.parties
		d.parties = parties
		d.outdate(before)
		if err := d.storeParties(ctx); err != nil {
			return err
		}
		return d.voidChanged(ctx)
	})
}

// checkParties checks the parties and gives them ids.
func (d *decision) checkParties(ctx context.Context, f *item.Fields, in []PartyInput) ([]Party, error) {
	if len(in) > MaxParties {
		f.Add("parties", "too_many", "Name at most %d parties.", MaxParties)
		return nil, nil
	}
	var all []Party
	seen := map[string]bool{}
	for i, p := range in {
		at := fmt.Sprintf("parties[%d]", i)
		party := Party{
			ID: d.tx.NewID(), Kind: p.Kind, Organisation: p.Organisation, Require: p.Require,
			Name:     f.Line(at+".name", p.Name, MaxTitle, true),
			Exposure: f.Line(at+".exposure", p.Exposure, MaxShort, false),
		}
		item.ChoiceOf(f, at+".kind", p.Kind, []PartyKind{PartyOrganisation, PartyCommunity})
		if p.Require != "" {
			item.ChoiceOf(f, at+".require", p.Require, Requirements())
		}
		if seen[party.Name] {
			f.Add(at+".name", "duplicate", "This party is named already.")
		}
		seen[party.Name] = true
		if err := d.findOrganisation(ctx, f, at, &party); err != nil {
			return nil, err
		}
		all = append(all, party)
	}
	return all, nil
}

// lessened reports whether one of the parties is gone, or must get less.
func lessened(was, now []BasisParty) bool {
	return slices.ContainsFunc(was, func(p BasisParty) bool {
		i := slices.IndexFunc(now, func(o BasisParty) bool {
			return o.Kind == p.Kind && o.Name == p.Name && o.Organisation == p.Organisation
		})
		return i < 0 || max(now[i].Require.level(), 0) < p.Require.level()
	})
}

// findOrganisation replaces the name of the organisation that speaks for a party by
// its id.
func (d *decision) findOrganisation(ctx context.Context, f *item.Fields, at string, p *Party) error {
	if p.Organisation == "" {
		if p.Kind == PartyOrganisation {
			f.Add(at+".organisation", "required", "Say which organisation it is.")
		}
		return nil
	}
	found, err := d.s.Directory.Organisation(ctx, d.tx, p.Organisation)
	if fault.Is(err, fault.NotFound) {
		f.Add(at+".organisation", "unknown", "There is no such organisation; portreeve organisation list names them all.")
		return nil
	}
	p.Organisation = found.ID
	return err
}

// storeParties records and writes the parties.
func (d *decision) storeParties(ctx context.Context) error {
	basis := BasisOf(d.risk, d.parties, d.subject)
	body := partiesBody{Risk: d.risk.ID, Version: d.risk.Version, Parties: basis.Parties, Outdated: d.risk.Rating.Outdated}
	changes := append([]item.Change{{Field: "parties", To: fmt.Sprint(len(d.parties))}}, edits(d.before, d.risk, false)...)
	if err := d.recordRisk(ctx, KindParties, body, changes...); err != nil {
		return err
	}
	for i := range d.parties {
		d.parties[i].Entry = d.risk.Entry
	}
	return replaceParties(ctx, d.tx.Tx, d.risk.ID, d.parties)
}

// HearingInput records that a party was heard.
type HearingInput struct {
	Party  string    `json:"party" maxLength:"200" doc:"id or name of the party"`
	Person string    `json:"person,omitempty" maxLength:"200" doc:"account of who was heard, by id or login"`
	Heard  string    `json:"heard" maxLength:"200" doc:"who was heard, in what capacity"`
	Said   string    `json:"said" maxLength:"10000" doc:"what they said"`
	HeldAt time.Time `json:"held_at,omitzero" doc:"default: now"`
}

// Hear records who was heard for a party on the present rating, and what they
// said. It counts for this rating alone. Nobody records it who owns or ever owned
// the risk, or ever asked to accept it: the word of a party would be theirs.
func (s *Service) Hear(ctx context.Context, id string, version int64, in HearingInput) (Risk, error) {
	return s.onRisk(ctx, ActionHear, "hear", id, version, func(d *decision) error {
		if !d.risk.Rated() {
			return fault.New(fault.Conflict, "risk.not_rated", "Parties are heard on a rating. Let the risk be rated first.")
		}
		mine, err := partIn(ctx, d.tx, d.actor, d.risk)
		if err != nil {
			return err
		}
		if mine.sought {
			return fault.New(fault.Forbidden, "risk.not_independent",
				"You own this risk, owned it or asked to accept it, so what a party says is not for you to record. Let somebody else in the security team record it.")
		}
		h, err := d.hearing(ctx, in)
		if err != nil {
			return err
		}
		body := heardBody{
			Risk: id, Version: d.risk.Version, Hearing: h.ID, Party: h.Party, RatingSeq: h.RatingSeq,
			Heard: item.SHA(h.Heard), Said: item.SHA(h.Said), HeldAt: h.HeldAt,
		}
		if err := d.recordRisk(ctx, KindHeard, body, item.Change{Field: "hearings"}); err != nil {
			return err
		}
		h.Entry = d.risk.Entry
		return hearingRows.Insert(ctx, d.tx.Tx, h, store.Value("risk", id))
	})
}

func (d *decision) hearing(ctx context.Context, in HearingInput) (Hearing, error) {
	var f item.Fields
	h := Hearing{
		ID: d.tx.NewID(), RatingSeq: d.risk.Rating.Seq, HeldAt: in.HeldAt.UTC().Truncate(time.Microsecond), RecordedBy: d.actor.ID, RecordedAt: d.tx.Now(),
		Heard: f.Line("heard", in.Heard, MaxHeard, true),
		Said:  f.Text("said", in.Said, MaxText, true),
	}
	for _, p := range d.parties {
		if in.Party != "" && (p.ID == in.Party || p.Name == in.Party) {
			h.Party = p.ID
		}
	}
	if h.Party == "" {
		f.Add("party", "unknown", "Name one of the parties that this risk exposes.")
	}
	if in.HeldAt.IsZero() {
		h.HeldAt = d.tx.Now()
	}
	if h.HeldAt.After(d.tx.Now()) {
		f.Add("held_at", "future", "A hearing is recorded after it was held.")
	}
	if in.Person != "" {
		var err error
		if h.Person, err = item.Person(ctx, d.tx, d.s.Directory, &f, "person", in.Person); err != nil {
			return Hearing{}, err
		}
	}
	return h, f.Err(codeInvalid)
}

// unheard returns the names of the parties that must be heard on this basis and
// were not heard on its rating.
func unheard(p *RiskPolicy, b Basis, parties []Party, hearings []Hearing) []string {
	names := []string{}
	for _, party := range parties {
		requirement, _ := p.requirement(BasisParty{Kind: party.Kind, Require: party.Require}, b.Residual.Rating)
		if requirement != RequireHearing || answers(party, b.Organisation) {
			continue
		}
		if !heardOn(party, b.RatingSeq, hearings) {
			names = append(names, party.Name)
		}
	}
	return names
}

// answers reports whether the party is the organisation that answers for the
// subject: it decides, and need not be heard as well.
func answers(p Party, organisation string) bool {
	return p.Kind == PartyOrganisation && p.Organisation == organisation
}

func heardOn(p Party, seq int64, hearings []Hearing) bool {
	for _, h := range hearings {
		if h.Party == p.ID && h.RatingSeq == seq {
			return true
		}
	}
	return false
}
