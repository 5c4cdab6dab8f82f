// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// RegisterInput is a new risk. People are named by id or login.
type RegisterInput struct {
	Subject      string           `json:"subject" maxLength:"200" doc:"reference of the subject, kind:name"`
	Act          string           `json:"act,omitempty" maxLength:"60" doc:"the act that it is about, such as call"`
	Title        string           `json:"title" maxLength:"200"`
	Threat       string           `json:"threat" maxLength:"10000" doc:"what could happen"`
	Scope        string           `json:"scope" maxLength:"10000" doc:"what exactly is covered"`
	Owner        string           `json:"owner,omitempty" maxLength:"200" doc:"id or login; default: whoever registers"`
	Visibility   authz.Visibility `json:"visibility,omitempty" enum:"public,internal,restricted" doc:"default: that of the subject"`
	Participants []string         `json:"participants,omitempty" maxItems:"100" doc:"who sees a restricted risk: person:<id or login>, group:<id or name>"`
	Inputs       matrix.Stated    `json:"inputs,omitzero" doc:"facts that the rating is proposed from: never milder than what the subject states, and taken from there where absent"`
	Parties      []PartyInput     `json:"parties,omitempty" maxItems:"20"`
	Follows      string           `json:"follows,omitempty" maxLength:"16" doc:"closed risk that this one continues"`
}

// PartyInput is a party that is exposed.
type PartyInput struct {
	Kind         PartyKind   `json:"kind" enum:"organisation,community"`
	Name         string      `json:"name" maxLength:"200"`
	Organisation string      `json:"organisation,omitempty" maxLength:"200" doc:"organisation whose ranks or bodies speak for it, by id or name"`
	Exposure     string      `json:"exposure,omitempty" maxLength:"500" doc:"what it is exposed to"`
	Require      Requirement `json:"require,omitempty" enum:"none,hearing,acceptance" doc:"more than policy requires"`
}

var actPattern = regexp.MustCompile(`^[a-z][a-z0-9_.-]{0,59}$`)

// Register puts a risk into the register. It proposes a rating, which counts
// until a person rates the risk. The actor must see the subject; a risk is never
// shown to more people than its subject is, and its inputs are never milder than
// the facts that the subject states.
func (s *Service) Register(ctx context.Context, in RegisterInput) (Risk, error) {
	if err := s.require(ctx, ActionRegister); err != nil {
		return Risk{}, err
	}
	var after Risk
	err := s.Writer.Decide(ctx, func(tx *ledger.Tx) error {
		var err error
		after, err = s.registerIn(ctx, tx, in)
		return err
	})
	if err != nil {
		return Risk{}, err
	}
	return after, nil
}

// RegisterIn is [Service.Register] as part of another module's decision, whose
// transaction an error must end. The actor of the context registers the risk, and
// must have the action for it; the entry is that of any registration.
func (s *Service) RegisterIn(ctx context.Context, tx *ledger.Tx, in RegisterInput) (Risk, error) {
	if err := s.require(ctx, ActionRegister); err != nil {
		return Risk{}, err
	}
	return s.registerIn(ctx, tx, in)
}

func (s *Service) registerIn(ctx context.Context, tx *ledger.Tx, in RegisterInput) (Risk, error) {
	d := &decision{s: s, tx: tx, actor: authz.ActorFrom(ctx), policy: s.Policy()}
	if err := d.register(ctx, in); err != nil {
		return Risk{}, err
	}
	return d.risk, nil
}

func (d *decision) register(ctx context.Context, in RegisterInput) error {
	now := d.tx.Now()
	d.risk = Risk{
		ID: d.tx.NewID(), Version: 1, State: StateOpen, Registrant: d.actor.ID, Act: strings.TrimSpace(in.Act),
		Visibility: in.Visibility, RegisteredAt: now, ChangedAt: now, Follows: in.Follows,
		NoticeDue: now.Add(d.policy.Review.OwnerNotice.Std()),
	}
	var f item.Fields
	if err := d.subjectOf(ctx, &f, in.Subject); err != nil {
		return err
	}
	if d.risk.Act != "" && !actPattern.MatchString(d.risk.Act) {
		f.Add("act", "syntax", "Use a lower-case word, such as call.")
	}
	d.checkAct(&f)
	if in.Owner == "" {
		in.Owner = d.actor.ID
	}
	texts := EditInput{Title: &in.Title, Threat: &in.Threat, Scope: &in.Scope, Owner: &in.Owner, Inputs: &in.Inputs, Visibility: &d.risk.Visibility}
	if err := d.apply(ctx, &f, texts); err != nil {
		return err
	}
	var err error
	if d.parties, err = d.checkParties(ctx, &f, in.Parties); err != nil {
		return err
	}
	if err := d.checkFollows(ctx, &f); err != nil {
		return err
	}
	if d.participants, err = d.resolveParticipants(ctx, &f, in.Participants); err != nil {
		return err
	}
	if err := d.suffices(ctx, &f); err != nil {
		return err
	}
	if err := f.Err(codeInvalid); err != nil {
		return err
	}
	if err := d.storeNew(ctx); err != nil {
		return err
	}
	return d.link(ctx)
}

// checkAct makes sure that the act is one that the gate is asked about, where its
// policy governs the kind of subject: any other word would make each exception the
// first of its kind.
func (d *decision) checkAct(f *item.Fields) {
	if d.s.Gate == nil || d.risk.Act == "" || d.subject.Kind == "" {
		return
	}
	if acts := d.s.Gate().Actions(d.subject.Kind); len(acts) > 0 && !slices.Contains(acts, d.risk.Act) {
		f.Add("act", "not_offered", "The gate is not asked about this act. Choose %s, or leave it open for every act.", item.Joined(acts, "or"))
	}
}

// link makes the subject's page list the risk.
func (d *decision) link(ctx context.Context) error {
	if d.s.Links == nil {
		return nil
	}
	return d.s.Links.Link(ctx, d.tx, d.risk.Item(), RelationToSubject, d.risk.Subject)
}

// storeNew writes the registered risk and its entry.
func (d *decision) storeNew(ctx context.Context) error {
	d.propose(nil)
	if err := authz.SetParticipants(ctx, d.tx.Tx, d.risk.Item(), d.participants); err != nil {
		return err
	}
	if err := d.recordRisk(ctx, KindRegistered, riskState(d.risk, d.participants, d.parties), item.Change{Field: "state", To: string(StateOpen)}); err != nil {
		return err
	}
	if err := riskRows.Insert(ctx, d.tx.Tx, d.risk); err != nil {
		return err
	}
	for i := range d.parties {
		d.parties[i].Entry = d.risk.Entry
	}
	if err := replaceParties(ctx, d.tx.Tx, d.risk.ID, d.parties); err != nil {
		return err
	}
	return d.index(ctx)
}

// subjectOf finds the subject of a new risk, which the actor must see.
func (d *decision) subjectOf(ctx context.Context, f *item.Fields, ref string) error {
	subject, err := d.s.Subjects.VisibleSubject(ctx, d.tx, d.actor, strings.TrimSpace(ref))
	switch {
	case fault.Is(err, fault.NotFound):
		f.Add("subject", "unknown", "There is no such subject, or it is not shown to you. Register it first.")
		return nil
	case err != nil:
		return err
	case subject.Retired():
		f.Add("subject", "retired", "This subject is no longer in use.")
	}
	d.subject = subject
	d.risk.Subject = subject.Ref
	if d.risk.Visibility == "" {
		d.risk.Visibility = subject.Visibility
	}
	return nil
}

// checkFollows makes sure that the risk which this one continues is there for
// the actor, and closed.
func (d *decision) checkFollows(ctx context.Context, f *item.Fields) error {
	if d.risk.Follows == "" {
		return nil
	}
	old, err := loadRisk(ctx, d.tx, d.actor, d.risk.Follows)
	switch {
	case fault.Is(err, fault.NotFound):
		f.Add("follows", "unknown", "There is no such risk, or it is not shown to you.")
	case err != nil:
		return err
	case !old.Closed():
		f.Add("follows", "not_closed", "A risk continues one that is closed; this one is not.")
	}
	return nil
}

// propose sets the rating that counts while nobody has rated the risk. It is the
// inherent one: assurances and plan are claims until somebody has judged them.
func (d *decision) propose(mitigations []Mitigation) {
	d.risk.Inputs.MitigationPlan = planned(mitigations)
	d.proposeAnew()
}

// proposeAnew is propose for a plan that is as it was.
func (d *decision) proposeAnew() {
	inherent := d.policy.Proposal.Propose(&d.policy.Matrix, d.risk.Inputs).Inherent
	d.risk.Proposed = Assessment{Cell: inherent.Cell, Rating: inherent.Rating}
}

// outdate marks the rating as one that stands no more if what was rated is
// different now. A rating is pinned to what an acceptance is pinned to ([Basis]),
// but for parties that are added or must get more: they cannot make it too low.
// parties are those from before the change.
func (d *decision) outdate(parties []Party) {
	was, now := BasisOf(d.before, parties, d.subject), BasisOf(d.risk, d.parties, d.subject)
	was.SubjectVersion = d.risk.Rating.SubjectVersion
	if !lessened(was.Parties, now.Parties) {
		was.Parties, now.Parties = nil, nil
	}
	if d.risk.Rated() && len(was.Changes(now)) > 0 {
		d.risk.Rating.Outdated, d.risk.ReviewDue = true, time.Time{}
	}
}

// EditInput changes a risk; what is nil stays.
type EditInput struct {
	Title        *string           `json:"title,omitempty" maxLength:"200"`
	Threat       *string           `json:"threat,omitempty" maxLength:"10000"`
	Scope        *string           `json:"scope,omitempty" maxLength:"10000"`
	Owner        *string           `json:"owner,omitempty" maxLength:"200" doc:"id or login"`
	Inputs       *matrix.Stated    `json:"inputs,omitempty" doc:"never milder than what the subject states; what is absent stays"`
	Visibility   *authz.Visibility `json:"visibility,omitempty" enum:"public,internal,restricted"`
	Participants *[]string         `json:"participants,omitempty" maxItems:"100"`
}

// Edit changes texts, inputs, owner or visibility. Other facts, another threat or
// scope void acceptances and outdate the rating. A treated risk is open again. Inputs
// that nobody states rise to what the subject states now.
func (s *Service) Edit(ctx context.Context, id string, version int64, in EditInput) (Risk, error) {
	return s.onRisk(ctx, ActionEdit, "edit", id, version, func(d *decision) error {
		var f item.Fields
		if in.Inputs == nil {
			if err := d.raise(ctx); err != nil {
				return err
			}
		}
		if err := d.apply(ctx, &f, in); err != nil {
			return err
		}
		old := d.participants
		if err := d.reshare(ctx, &f, in.Participants); err != nil {
			return err
		}
		if err := f.Err(codeInvalid); err != nil {
			return err
		}
		if err := d.handOver(ctx); err != nil {
			return err
		}
		mitigations, err := loadMitigations(ctx, d.tx, id)
		if err != nil {
			return err
		}
		d.propose(mitigations)
		d.outdate(d.parties)
		if !slices.Equal(old, d.participants) {
			if err := authz.SetParticipants(ctx, d.tx.Tx, d.risk.Item(), d.participants); err != nil {
				return err
			}
		}
		if err := d.recordRisk(ctx, KindEdited, riskState(d.risk, d.participants, d.parties), edits(d.before, d.risk, !slices.Equal(old, d.participants))...); err != nil {
			return err
		}
		if err := d.hide(ctx); err != nil {
			return err
		}
		return d.voidChanged(ctx)
	})
}

// apply checks the changes and puts them into the risk.
func (d *decision) apply(ctx context.Context, f *item.Fields, in EditInput) error {
	text := func(path string, into *string, from *string, limit int) {
		if from != nil {
			*into = f.Text(path, *from, limit, true)
		}
	}
	if in.Title != nil {
		d.risk.Title = f.Line("title", *in.Title, MaxTitle, true)
	}
	text("threat", &d.risk.Threat, in.Threat, MaxText)
	text("scope", &d.risk.Scope, in.Scope, MaxText)
	if in.Inputs != nil {
		if err := d.state(ctx, f, *in.Inputs); err != nil {
			return err
		}
	}
	if in.Visibility != nil {
		d.risk.Visibility = *in.Visibility
		switch {
		case d.risk.Visibility == "" && d.subject.Ref == "": // the subject would have said it
		case !d.risk.Visibility.Known():
			f.Add("visibility", "not_offered", "Choose one of: public, internal, restricted.")
		case item.Narrower(d.subject.Visibility, d.risk.Visibility):
			f.Add("visibility", "wider", "A risk cannot be shown to more people than its subject is: choose %s or less.", d.subject.Visibility)
		}
	}
	if in.Owner == nil {
		return nil
	}
	owner, err := item.Person(ctx, d.tx, d.s.Directory, f, "owner", *in.Owner)
	d.risk.Owner = owner
	return err
}

// edits lists what an edit changed.
func edits(before, after Risk, participants bool) []item.Change {
	var all item.Changes
	all.Note("title", before.Title != after.Title)
	all.Note("threat", before.Threat != after.Threat)
	all.Note("scope", before.Scope != after.Scope)
	all.Note("participants", participants)
	all.Note("inputs", before.Inputs != after.Inputs)
	all.Value("owner", before.Owner, after.Owner)
	all.Value("visibility", string(before.Visibility), string(after.Visibility))
	all.Value("proposed", string(before.Proposed.Rating), string(after.Proposed.Rating))
	all.Value("state", string(before.State), string(after.State))
	all.Note("outdated", !before.Rating.Outdated && after.Rating.Outdated)
	return all
}
