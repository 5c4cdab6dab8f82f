// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// TreatInput chooses what is done about a risk.
type TreatInput struct {
	Treatment Treatment `json:"treatment" enum:"mitigate,avoid,transfer,accept"`
	Note      string    `json:"note,omitempty" maxLength:"10000" doc:"how, and why this way"`
}

// Treat chooses the treatment. A treated risk is open again.
func (s *Service) Treat(ctx context.Context, id string, version int64, in TreatInput) (Risk, error) {
	return s.onRisk(ctx, ActionTreat, "treat", id, version, func(d *decision) error {
		var f item.Fields
		item.ChoiceOf(&f, "treatment", in.Treatment, Treatments())
		d.risk.Treatment, d.risk.TreatmentNote = in.Treatment, f.Text("note", in.Note, MaxText, false)
		if err := f.Err(codeInvalid); err != nil {
			return err
		}
		body := stepBody{Risk: id, Version: d.risk.Version, State: d.risk.State, Treatment: in.Treatment, Note: item.SHA(d.risk.TreatmentNote)}
		return d.recordRisk(ctx, KindTreated, body, item.Change{Field: "treatment", From: string(d.before.Treatment), To: string(in.Treatment)})
	})
}

// Complete says that the treatment is carried out: no mitigation action is open,
// and where the treatment is to accept, an acceptance is in force.
func (s *Service) Complete(ctx context.Context, id string, version int64) (Risk, error) {
	return s.onRisk(ctx, ActionTreat, "complete", id, version, func(d *decision) error {
		if d.risk.Treatment == "" {
			return fault.New(fault.Conflict, "risk.untreated", "Choose a treatment first: mitigate, avoid, transfer or accept.")
		}
		mitigations, err := loadMitigations(ctx, d.tx, id)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(mitigations, func(m Mitigation) bool { return m.State == MitigationOpen }) {
			return fault.New(fault.Conflict, "risk.mitigations_open", "Mitigation actions are still open. Report them as done, or drop them with a reason.")
		}
		if d.risk.Treatment == Accept {
			covered, err := d.covered(ctx)
			if err != nil {
				return err
			}
			if !covered {
				return fault.New(fault.Conflict, "risk.acceptance_missing", "The treatment is to accept the risk, but no acceptance is in force. Ask for one first.")
			}
		}
		body := stepBody{Risk: id, Version: d.risk.Version, State: d.risk.State, Treatment: d.risk.Treatment}
		return d.recordRisk(ctx, KindCompleted, body, item.Change{Field: "state", From: string(d.before.State), To: string(d.risk.State)})
	})
}

// covered reports whether an acceptance of the risk is in force.
func (d *decision) covered(ctx context.Context) (bool, error) {
	granted, err := acceptancesWhere(ctx, d.tx, "a.risk = $1 AND a.state = 'granted'", "a.asked_at, a.id", d.risk.ID)
	if err != nil {
		return false, err
	}
	now := BasisOf(d.before, d.parties, d.subject)
	return slices.ContainsFunc(granted, func(a Acceptance) bool {
		return a.Standing(d.policy, now, d.tx.Now()).Code == InForce
	}), nil
}

// MitigationInput is one mitigation action. Owner is an id or a login.
type MitigationInput struct {
	Title string    `json:"title" maxLength:"200"`
	Owner string    `json:"owner" maxLength:"200"`
	Due   time.Time `json:"due"`
}

// AddMitigation adds a mitigation action to the plan; with one, the risk has a
// mitigation plan, and its proposed rating may be lower. A treated risk is open
// again.
func (s *Service) AddMitigation(ctx context.Context, id string, version int64, in MitigationInput) (Risk, error) {
	return s.onRisk(ctx, ActionTreat, "mitigate", id, version, func(d *decision) error {
		mitigations, err := loadMitigations(ctx, d.tx, id)
		if err != nil {
			return err
		}
		if len(mitigations) >= MaxMitigations {
			return fault.New(fault.Conflict, "risk.too_many", "A risk has at most %d mitigation actions. Cut the risk, or the plan.", MaxMitigations)
		}
		m := Mitigation{ID: d.tx.NewID(), Risk: id, State: MitigationOpen, Due: in.Due.UTC().Truncate(time.Microsecond)}
		var f item.Fields
		m.Title = f.Line("title", in.Title, MaxTitle, true)
		if m.Due.IsZero() {
			f.Add("due", "required", "Say until when.")
		}
		if m.Owner, err = d.sighted(ctx, &f, "owner", in.Owner); err != nil {
			return err
		}
		if err := f.Err(codeInvalid); err != nil {
			return err
		}
		return d.saveMitigation(ctx, mitigations, m, "")
	})
}

// MitigationChange reports how far a mitigation action is.
type MitigationChange struct {
	State    MitigationState `json:"state" enum:"open,done,dropped"`
	Evidence string          `json:"evidence,omitempty" maxLength:"10000" doc:"what shows that it is done, or why it was dropped"`
}

// SetMitigation reports a mitigation action as done, dropped or open again. Its
// owner may report it as done; everything else takes who may treat the risk.
func (s *Service) SetMitigation(ctx context.Context, id string, version int64, mitigation string, in MitigationChange) (Risk, error) {
	verb := "report"
	if in.State == MitigationOpen {
		verb = "mitigate" // the plan is not finished any more
	}
	return s.onRisk(ctx, ActionMitigation, verb, id, version, func(d *decision) error {
		mitigations, err := loadMitigations(ctx, d.tx, id)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(mitigations, func(m Mitigation) bool { return m.ID == mitigation })
		if i < 0 {
			return fault.ItemNotFound()
		}
		m := mitigations[i]
		if m.Owner != d.actor.ID || in.State != MitigationDone {
			if err := s.Authz.Check(d.actor, ActionTreat, d.resource("")); err != nil {
				return err
			}
		}
		var f item.Fields
		item.ChoiceOf(&f, "state", in.State, []MitigationState{MitigationOpen, MitigationDone, MitigationDropped})
		m.Evidence = f.Text("evidence", in.Evidence, MaxText, in.State != MitigationOpen)
		if err := f.Err(codeInvalid); err != nil {
			return err
		}
		from := m.State
		m.State = in.State
		mitigations[i] = m
		return d.saveMitigation(ctx, slices.Delete(slices.Clone(mitigations), i, i+1), m, from)
	})
}

// saveMitigation records and writes one mitigation action; others are the rest of
// the plan, from which the proposed rating follows.
func (d *decision) saveMitigation(ctx context.Context, others []Mitigation, m Mitigation, from MitigationState) error {
	m.ChangedAt = d.tx.Now()
	d.propose(append(slices.Clone(others), m))
	body := mitigationBody{
		Risk: d.risk.ID, Version: d.risk.Version, Mitigation: m.ID, Title: m.Title, Owner: m.Owner, Due: m.Due,
		State: m.State, Evidence: item.SHA(m.Evidence),
	}
	if err := d.recordRisk(ctx, KindMitigation, body, item.Change{Field: "mitigation", From: string(from), To: string(m.State)}); err != nil {
		return err
	}
	m.Entry = d.risk.Entry
	return mitigationRows.Save(ctx, d.tx.Tx, m)
}

// SetOptions says which ways out are compared; they replace the ones before.
// What was asked for or decided keeps the option as it stood then.
func (s *Service) SetOptions(ctx context.Context, id string, version int64, in []Option) (Risk, error) {
	return s.onRisk(ctx, ActionEdit, "compare", id, version, func(d *decision) error {
		var f item.Fields
		if len(in) > MaxOptions {
			f.Add("options", "too_many", "Compare at most %d options.", MaxOptions)
			return f.Err(codeInvalid)
		}
		options := make([]Option, len(in))
		for i, o := range in {
			options[i] = checkOption(&f, fmt.Sprintf("options[%d]", i), o)
			options[i].ID = d.tx.NewID()
		}
		if err := f.Err(codeInvalid); err != nil {
			return err
		}
		body := optionsBody{Risk: id, Version: d.risk.Version, Options: options}
		if err := d.recordRisk(ctx, KindOptions, body, item.Change{Field: "options", To: fmt.Sprint(len(options))}); err != nil {
			return err
		}
		for i := range options {
			options[i].Entry = d.risk.Entry
		}
		return replaceOptions(ctx, d.tx.Tx, id, options)
	})
}

func checkOption(f *item.Fields, at string, o Option) Option {
	item.ChoiceOf(f, at+".kind", o.Kind, OptionKinds())
	if o.Rating != "" {
		item.ChoiceOf(f, at+".rating", o.Rating, matrix.Ratings())
	}
	return Option{
		Kind: o.Kind, Rating: o.Rating,
		Title: f.Line(at+".title", o.Title, MaxTitle, true),
		Cost:  f.Line(at+".cost", o.Cost, MaxShort, true),
		Delay: f.Line(at+".delay", o.Delay, MaxShort, true),
		Risk:  f.Line(at+".risk", o.Risk, MaxShort, true),
		Notes: f.Line(at+".notes", o.Notes, MaxShort, false),
	}
}
