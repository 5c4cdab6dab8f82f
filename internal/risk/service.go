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
	"portreeve.org/portreeve/internal/kernel/gate"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/notify"
	"portreeve.org/portreeve/internal/kernel/search"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

// Subjects is what the register asks the catalogue. The first two answer NotFound.
type Subjects interface {
	// Subject returns the subject whatever its visibility.
	Subject(ctx context.Context, r store.Reader, ref string) (catalog.Subject, error)
	// VisibleSubject returns the subject if the actor may see it.
	VisibleSubject(ctx context.Context, r store.Reader, a authz.Actor, ref string) (catalog.Subject, error)
	// SubjectsByRef and VisibleSubjects are the same for several refs, by ref; the
	// others are absent.
	SubjectsByRef(ctx context.Context, r store.Reader, refs []string) (map[string]catalog.Subject, error)
	VisibleSubjects(ctx context.Context, r store.Reader, a authz.Actor, refs []string) (map[string]catalog.Subject, error)
}

// Links is what the register tells the catalogue: what a risk is about, as part of
// its own decision. from and to are "risk:<id>" and the reference of a subject.
type Links interface {
	Link(ctx context.Context, tx *ledger.Tx, from, relation, to string) error
}

// Notices takes a notice to a person as part of a transaction; what a mail may
// say is decided by the item's visibility when it is sent.
type Notices interface {
	Enqueue(ctx context.Context, tx *store.Tx, m notify.Message) error
}

// Deps are what the service needs.
type Deps struct {
	DB        *store.DB
	Log       *ledger.Log
	Writer    *ledger.Writer // of module "risk" with EntryKinds
	Authz     *authz.Policy
	Policy    *config.Holder[RiskPolicy]
	Subjects  Subjects
	Links     Links // nil: subjects do not list their risks
	Directory item.Directory
	Zone      *time.Location
	Notices   Notices             // nil: reminders are not sent
	Gate      func() *gate.Policy // what acceptances open; nil: nothing is shown
	// Reclassify gives everything that hangs on an item its new visibility, in the
	// transaction that changes it; nil: the ledger entries alone.
	Reclassify func(ctx context.Context, tx *ledger.Tx, item, visibility string) error
	// Index, if set, is called with the search document of a risk in each
	// transaction that writes it.
	Index func(ctx context.Context, tx *ledger.Tx, d search.Document) error
	// Discussion, if set, says what the page of a risk shows of its discussion.
	Discussion func(ctx context.Context, item string) (web.Discussion, error)
}

// Service holds the use cases of the register. Each takes the actor from the
// context, checks their action, and is one transaction with its ledger entry. It
// may be used concurrently.
type Service struct {
	Deps
	texts *web.Mux // once there are pages: the catalogue of their words
}

// New returns the service. Without a zone, dates are those of UTC.
func New(d Deps) *Service {
	if d.Zone == nil {
		d.Zone = time.UTC
	}
	if d.Reclassify == nil {
		d.Reclassify = d.Log.Reclassify
	}
	return &Service{Deps: d}
}

// Policy returns the risk policy that is in force now.
func (s *Service) Policy() *RiskPolicy { return s.Deps.Policy.Get() }

// Zone is the time zone in which a date means the end of its day.
func (s *Service) Zone() *time.Location { return s.Deps.Zone }

// decision is one change of one risk on its way through a transaction.
type decision struct {
	s            *Service
	tx           *ledger.Tx
	actor        authz.Actor
	policy       *RiskPolicy
	before       Risk // as loaded
	risk         Risk // as it will be stored
	participants []string
	parties      []Party
	subject      catalog.Subject
	history      *[]item.Line // not nil: lines of the history are collected here, for many decisions in one transaction
}

// load reads the risk if the actor may do action on it, with what every decision
// needs. A risk that the actor may not see answers as one that is not there.
func (s *Service) load(ctx context.Context, tx *ledger.Tx, action authz.Action, id string) (*decision, error) {
	d := &decision{s: s, tx: tx, actor: authz.ActorFrom(ctx), policy: s.Policy()}
	var err error
	if d.before, err = loadRisk(ctx, tx, d.actor, id); err != nil {
		return nil, err
	}
	d.risk = d.before
	if d.participants, err = authz.Participants(ctx, tx, d.risk.Item()); err != nil {
		return nil, err
	}
	if err := s.Authz.Check(d.actor, action, d.resource("")); err != nil {
		return nil, err
	}
	parties, err := loadParties(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	d.parties = parties[id]
	d.subject, err = s.Subjects.Subject(ctx, tx, d.risk.Subject)
	return d, err
}

// resource describes the risk to authz. requester is who counts as the one that
// asked: the registrant unless another is named.
func (d *decision) resource(requester string) authz.Resource {
	return resourceOf(d.before, d.participants, requester)
}

func resourceOf(r Risk, participants []string, requester string) authz.Resource {
	if requester == "" {
		requester = r.Registrant
	}
	return authz.Resource{Item: r.Item(), Visibility: r.Visibility, Owner: r.Owner, Requester: requester, Participants: participants}
}

// require refuses early, and alike whether the item exists or not.
func (s *Service) require(ctx context.Context, action authz.Action) error {
	return s.Authz.Require(authz.ActorFrom(ctx), action)
}

// onRisk runs one change of a risk: check, load, the verb's transition, fn, write.
// version is the one that the actor saw.
func (s *Service) onRisk(ctx context.Context, action authz.Action, verb, id string, version int64, fn func(d *decision) error) (Risk, error) {
	if err := s.require(ctx, action); err != nil {
		return Risk{}, err
	}
	if !mayJudge(authz.ActorFrom(ctx), verb) {
		return Risk{}, fault.New(fault.Forbidden, "risk.person_required", "This takes the judgement of a person: a service account cannot %s a risk. Let somebody in the security team do it.", verb)
	}
	var after Risk
	err := s.Writer.Decide(ctx, func(tx *ledger.Tx) error {
		d, err := s.load(ctx, tx, action, id)
		if err != nil {
			return err
		}
		if d.before.Version != version {
			return stale()
		}
		if d.risk.State, err = item.Next(RiskTransitions(), d.before.State, verb, codeState); err != nil {
			return err
		}
		d.risk.Version++
		d.risk.ChangedAt = tx.Now()
		if err := fn(d); err != nil {
			return err
		}
		after = d.risk
		if err := riskRows.Update(ctx, tx.Tx, d.risk, d.before.Version); err != nil {
			return err
		}
		return d.index(ctx)
	})
	if err != nil {
		return Risk{}, err
	}
	return after, nil
}

// mayJudge reports whether the actor is one for that verb: what opens a gate, or
// what a decision rests on, takes the judgement of a person.
func mayJudge(a authz.Actor, verb string) bool {
	return a.Kind == authz.KindPerson || !slices.Contains([]string{"rate", "review", "hear", "close"}, verb)
}

// record appends the entry and its line of the history, and returns its sequence
// number. It is recorded under the stricter visibility of before and after.
func (d *decision) record(ctx context.Context, kind, acceptance string, body any, changes ...item.Change) (int64, error) {
	visibility := d.risk.Visibility
	if d.before.ID != "" {
		visibility = item.Stricter(d.before.Visibility, d.risk.Visibility)
	}
	seq, err := d.s.Writer.Append(ctx, d.tx, ledger.Entry{
		Kind: kind, Actor: d.actor.Ref(), Subject: d.risk.Subject, Body: body, Item: d.risk.Item(), Visibility: string(visibility),
	})
	if err != nil {
		return 0, err
	}
	step := item.Step{Entry: seq, Part: acceptance, Version: d.risk.Version, Kind: kind, Actor: d.actor.Ref(), At: d.tx.Now(), Changes: changes}
	if d.history != nil {
		*d.history = append(*d.history, item.Line{Step: step, Item: d.risk.ID})
		return seq, nil
	}
	return seq, history.Add(ctx, d.tx.Tx, d.risk.ID, step)
}

// recordRisk is record for a step of the risk itself.
func (d *decision) recordRisk(ctx context.Context, kind string, body any, changes ...item.Change) error {
	seq, err := d.record(ctx, kind, "", body, changes...)
	d.risk.Entry = seq
	return err
}

// sighted finds somebody to whom work on the risk is given, and who must see it.
func (d *decision) sighted(ctx context.Context, f *item.Fields, path, value string) (string, error) {
	return item.Sighted(ctx, d.tx, d.s.Directory, f, path, value, "risk", d.resource(""))
}
