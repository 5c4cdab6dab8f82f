// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/gate"
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

// Directory is what the register asks about people, groups and organisations.
// Person, Group and Organisation take an id or, if no such id exists, a handle; each answers
// NotFound for what it does not know.
type Directory interface {
	Person(ctx context.Context, r store.Reader, idOrLogin string) (Named, error)
	Group(ctx context.Context, r store.Reader, idOrName string) (Named, error)
	Organisation(ctx context.Context, r store.Reader, idOrName string) (Named, error)
	// Names returns the names of those of the people who exist, by id.
	Names(ctx context.Context, r store.Reader, ids []string) (map[string]string, error)
	// ActorOf returns a person with what decides about what they may see; somebody
	// who may not sign in sees what anybody does.
	ActorOf(ctx context.Context, r store.Reader, id string) (authz.Actor, error)
	// Members returns the ids of the people in a group, by its id; NotFound.
	Members(ctx context.Context, r store.Reader, group string) ([]string, error)
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
	Directory Directory
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
	history      *[]storedStep // not nil: lines of the history are collected here, for many decisions in one transaction
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
		if d.risk.State, err = next(RiskTransitions(), d.before.State, verb); err != nil {
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
func (d *decision) record(ctx context.Context, kind, acceptance string, body any, changes ...Change) (int64, error) {
	visibility := d.risk.Visibility
	if d.before.ID != "" {
		visibility = stricter(d.before.Visibility, d.risk.Visibility)
	}
	seq, err := d.s.Writer.Append(ctx, d.tx, ledger.Entry{
		Kind: kind, Actor: d.actor.Ref(), Subject: d.risk.Subject, Body: body, Item: d.risk.Item(), Visibility: string(visibility),
	})
	if err != nil {
		return 0, err
	}
	if changes == nil {
		changes = []Change{}
	}
	step := Step{Entry: seq, Acceptance: acceptance, Version: d.risk.Version, Kind: kind, Actor: d.actor.Ref(), At: d.tx.Now(), Changes: changes}
	if d.history != nil {
		*d.history = append(*d.history, storedStep{step, d.risk.ID})
		return seq, nil
	}
	return seq, historyRows.Insert(ctx, d.tx.Tx, storedStep{step, d.risk.ID})
}

// recordRisk is record for a step of the risk itself.
func (d *decision) recordRisk(ctx context.Context, kind string, body any, changes ...Change) error {
	seq, err := d.record(ctx, kind, "", body, changes...)
	d.risk.Entry = seq
	return err
}

func stricter(a, b authz.Visibility) authz.Visibility {
	if visibilityLevel(a) > visibilityLevel(b) {
		return a
	}
	return b
}

// visibilityLevel orders visibilities; what is unknown counts as the strictest.
func visibilityLevel(v authz.Visibility) int {
	i := slices.Index([]authz.Visibility{authz.Public, authz.Internal, authz.Restricted}, v)
	if i < 0 {
		return math.MaxInt
	}
	return i
}

// person returns the id of the person that value names, by id or by login, and
// notes the field if there is none.
func (s *Service) person(ctx context.Context, r store.Reader, f *fields, path, value string) (string, error) {
	if value == "" {
		f.add(path, "required", "Name a person.")
		return "", nil
	}
	p, err := s.Directory.Person(ctx, r, value)
	if fault.Is(err, fault.NotFound) {
		f.add(path, "unknown", "There is no such person.")
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look up a person: %w", err)
	}
	return p.ID, nil
}

// sighted is [Service.person] for somebody to whom work on the risk is given, and
// who must therefore see it.
func (d *decision) sighted(ctx context.Context, f *fields, path, value string) (string, error) {
	id, err := d.s.person(ctx, d.tx, f, path, strings.TrimSpace(value))
	if err != nil || id == "" {
		return "", err
	}
	a, err := d.s.Directory.ActorOf(ctx, d.tx, id)
	if err != nil {
		return "", fmt.Errorf("look up what a person may see: %w", err)
	}
	if !authz.CanSee(a, d.resource("")) {
		f.add(path, "unsighted", "This person may not see the risk. Name somebody else, or let them take part in the risk first.")
	}
	return id, nil
}

// names returns the names of people and organisations; ids that are unknown or
// erased are absent.
func (s *Service) names(ctx context.Context, r store.Reader, people, organisations []string) (map[string]Named, error) {
	names := map[string]Named{}
	add := func(ids []string, look func(context.Context, store.Reader, string) (Named, error)) error {
		for _, id := range distinct(ids) {
			if id == "" {
				continue
			}
			n, err := look(ctx, r, id)
			if fault.Is(err, fault.NotFound) {
				continue
			}
			if err != nil {
				return fmt.Errorf("look up names: %w", err)
			}
			names[id] = n
		}
		return nil
	}
	if err := add(people, s.Directory.Person); err != nil {
		return nil, err
	}
	return names, add(organisations, s.Directory.Organisation)
}
