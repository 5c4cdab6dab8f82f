// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/foreign"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/review/kind"
)

// importer is one import on its way through a transaction.
type importer struct {
	s       *Service
	tx      *ledger.Tx
	actor   authz.Actor
	policy  *Policy
	options ImportOptions
	owner   string               // who stands for those who have no account here
	people  map[string]string    // ids of people here by who they are there
	mail    map[string]string    // ids of people here by address, as far as they were looked for
	shared  []string             // principals who see what is restricted
	known   map[string]*keptTask // by server and number
	kinds   map[string]kindAt
	written int
}

type kindAt struct {
	*kind.Kind
	version int64
}

// keptTask is what was made of a task before.
type keptTask struct {
	review       Review
	participants []string
	past         map[string]Past
	touched      bool // somebody changed the review here
}

func keyOf(source, number string) string { return source + "\x00" + number }

// importer checks the options and loads what was made of the tasks before.
func (s *Service) importer(ctx context.Context, tx *ledger.Tx, tasks []foreign.Task, o ImportOptions) (*importer, error) {
	im := &importer{
		s: s, tx: tx, actor: authz.ActorFrom(ctx), policy: s.Policy(), options: o,
		people: map[string]string{}, mail: map[string]string{}, kinds: map[string]kindAt{},
	}
	var f item.Fields
	if err := im.prepare(ctx, &f, tasks); err != nil {
		return nil, err
	}
	if err := f.Err(CodeInvalid); err != nil {
		return nil, err
	}
	return im, im.load(ctx, tasks)
}

// prepare looks up whom and what the options name.
func (im *importer) prepare(ctx context.Context, f *item.Fields, tasks []foreign.Task) error {
	if len(im.options.People) > maxMapped || len(im.options.Kinds) > maxMapped {
		f.Add("options.people", "too_many", "Map at most %d people and labels.", maxMapped)
		return nil
	}
	for there, here := range im.options.People {
		id, err := item.Person(ctx, im.tx, im.s.Directory, f, "options.people", here)
		if err != nil {
			return err
		}
		im.people[there] = id
	}
	for _, name := range im.options.Kinds {
		if _, err := im.kind(ctx, name); fault.Is(err, fault.NotFound) {
			f.Add("options.kinds", "unknown", "There is no such kind of review. portreeve review kind list names them all.")
		} else if err != nil {
			return err
		}
	}
	if err := im.answerable(ctx, f); err != nil {
		return err
	}
	var err error
	if im.shared, err = item.Principals(ctx, im.tx, im.s.Directory, f, "options.share", im.options.Share); err != nil || len(*f) > 0 {
		return err
	}
	im.shared = item.WithPeople(im.shared, im.actor.ID, im.owner)
	if !slices.ContainsFunc(tasks, func(t foreign.Task) bool { return t.Restricted }) {
		return nil
	}
	found, err := item.Anybody(ctx, im.tx, im.s.Directory, im.shared, func(a authz.Actor) bool {
		return a.Kind == authz.KindPerson && im.s.Authz.Allowed(a, ActionMove)
	})
	if err == nil && !found {
		f.Add("options.share", "nobody_reviews", "Some tasks are restricted there, and nobody who would see them here may work on them. Name somebody in the security team, or its group.")
	}
	return err
}

// answerable finds who stands for people who have no account here.
func (im *importer) answerable(ctx context.Context, f *item.Fields) (err error) {
	switch {
	case im.options.Owner != "":
		im.owner, err = item.Person(ctx, im.tx, im.s.Directory, f, "options.owner", im.options.Owner)
	case im.actor.Kind != authz.KindPerson:
		f.Add("options.owner", "required", "A service account imports reviews for a person: name the owner.")
	default:
		im.owner = im.actor.ID
	}
	return err
}

// kind returns the present version of a kind; NotFound.
func (im *importer) kind(ctx context.Context, name string) (kindAt, error) {
	if k, known := im.kinds[name]; known {
		return k, nil
	}
	k, version, err := im.s.kindOf(ctx, im.tx, name)
	if err == nil {
		im.kinds[name] = kindAt{k, version}
	}
	return kindAt{k, version}, err
}

// kindFor is the kind that a task gets: the one that the options give to its label,
// or else by what its title says, or early advice.
func (im *importer) kindFor(ctx context.Context, m *madeTask) (*kind.Kind, int64, error) {
	for _, label := range m.labels {
		if name, mapped := im.options.Kinds[label]; mapped {
			k, err := im.kind(ctx, name)
			return k.Kind, k.version, kindless(err)
		}
	}
	title, name := strings.ToLower(m.review.Title), KindAdvice
	switch {
	case strings.Contains(title, "concept review"):
		name = "concept"
	case strings.Contains(title, "readiness"), strings.Contains(title, "application"):
		name = "readiness"
	}
	k, err := im.kind(ctx, name)
	if fault.Is(err, fault.NotFound) {
		k, err = im.kind(ctx, KindAdvice)
	}
	return k.Kind, k.version, kindless(err)
}

// load finds what was made of the tasks before, with a few statements for all.
func (im *importer) load(ctx context.Context, tasks []foreign.Task) error {
	im.known = map[string]*keptTask{}
	var numbers []string
	for _, t := range tasks {
		if t.Number != "" {
			numbers = append(numbers, t.Number)
		}
	}
	if len(numbers) == 0 {
		return nil
	}
	var args []any
	all, err := reviewRows.All(ctx, im.tx, "WHERE r.origin_number IN "+store.In(item.Distinct(numbers), &args), args...)
	if err != nil {
		return err
	}
	byID, ids, items := map[string]*keptTask{}, []string{}, []string{}
	for _, r := range all {
		k := &keptTask{review: r, past: map[string]Past{}}
		im.known[keyOf(r.Origin.Source, r.Origin.Number)], byID[r.ID] = k, k
		ids, items = append(ids, r.ID), append(items, r.Item())
	}
	if len(ids) == 0 {
		return nil
	}
	return im.loadMore(ctx, byID, ids, items)
}

func (im *importer) loadMore(ctx context.Context, byID map[string]*keptTask, ids, items []string) error {
	past, err := pastRows.GroupBy(ctx, im.tx, "review", ids, "")
	if err != nil {
		return err
	}
	participants, err := authz.ParticipantsOf(ctx, im.tx, items)
	if err != nil {
		return err
	}
	touched, err := countBy(ctx, im.tx, "SELECT review, COUNT(*) FROM review_history WHERE kind <> '"+KindImported+"' AND review IN ", " GROUP BY review", ids)
	if err != nil {
		return err
	}
	for id, k := range byID {
		for _, p := range past[id] {
			k.past[p.ID] = p
		}
		k.participants, k.touched = participants[k.review.Item()], touched[id] > 0
	}
	return nil
}

func (im *importer) decision() *decision {
	return &decision{s: im.s, tx: im.tx, actor: im.actor, policy: im.policy}
}

// make makes a review of a task, as far as people have to be known for it.
func (im *importer) make(ctx context.Context, t foreign.Task) (madeTask, error) {
	open := authz.Internal
	if im.options.Public {
		open = authz.Public
	}
	m := draft(t, im.tx.Now(), open)
	m.review.ClockDays = im.policy.Clock.Days
	person, err := im.person(ctx, t.Author)
	if err != nil {
		return m, err
	}
	m.review.Requester = person
	switch {
	case person != "" && m.review.Visibility == authz.Restricted && person != im.owner:
		m.review.Requester = im.owner
		m.lose(lossApart)
	case person == "":
		m.review.Requester = im.owner
		if m.review.Origin.Author != "" {
			m.lose(lossAccount)
		}
	}
	m.review.Owner = m.review.Requester
	return m, nil
}

// person finds somebody of the other tracker here: as the options say, or by their
// mail address. It is empty if that is nobody.
func (im *importer) person(ctx context.Context, p foreign.Person) (string, error) {
	for _, there := range []string{p.Login, p.ID, p.Address} {
		if id := im.people[there]; there != "" && id != "" {
			return id, nil
		}
	}
	if p.Address == "" || im.s.PersonByMail == nil {
		return "", nil
	}
	if id, known := im.mail[p.Address]; known {
		return id, nil
	}
	found, err := im.s.PersonByMail(ctx, im.tx, p.Address)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return "", fmt.Errorf("look for an author by address: %w", err)
	}
	if err != nil {
		found = catalog.Named{}
	}
	im.mail[p.Address] = found.ID
	return found.ID, nil
}

// participants are who takes part in a new review.
func (im *importer) participants(m *madeTask) []string {
	if m.review.Visibility == authz.Restricted {
		return im.shared
	}
	return item.WithPeople(nil, m.review.Requester, m.review.Owner)
}
