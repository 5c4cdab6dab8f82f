// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"context"
	"maps"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

// Registration describes a new subject.
type Registration struct {
	Kind string `json:"kind" maxLength:"40"`
	// Name becomes part of the ref and never changes. Empty gives a random name. A
	// subject that is restricted from the start gets a random end: a name that is
	// taken is refused whoever asks, so nobody must be able to guess this one.
	Name         string            `json:"name,omitempty" maxLength:"100" doc:"never changes; left out, it is random; that of a restricted subject gets a random end, so that nobody can guess it"`
	Title        string            `json:"title" maxLength:"200"`
	Description  string            `json:"description,omitempty" maxLength:"20000" doc:"Markdown"`
	Owner        string            `json:"owner,omitempty" maxLength:"200" doc:"id or login; left out, whoever registers it"`
	Organisation string            `json:"organisation" maxLength:"100" doc:"id"`
	Attributes   map[string]string `json:"attributes,omitempty" doc:"those of the kind, see /kinds"`
	Visibility   authz.Visibility  `json:"visibility,omitempty" enum:"public,internal,restricted" doc:"left out: internal"`
	Participants []string          `json:"participants,omitempty" maxItems:"100" doc:"person:LOGIN or group:NAME; who may see a restricted subject beside its owner"`
}

// Register adds a subject with version and revision 1 and appends
// catalog.subject.registered. Owner and actor take part in a restricted subject
// without being named.
func (s *Service) Register(ctx context.Context, in Registration) (Subject, error) {
	// Checked before the transaction too, so that what is refused does not wait for its turn.
	if _, _, err := s.newSubject(ctx, in); err != nil {
		return Subject{}, err
	}
	var sub Subject
	err := s.Writer.Decide(ctx, func(tx *ledger.Tx) error {
		var err error
		sub, err = s.RegisterIn(ctx, tx, in)
		return err
	})
	if err != nil {
		return Subject{}, err
	}
	return sub, nil
}

// RegisterIn is [Service.Register] as part of a transaction of the caller.
func (s *Service) RegisterIn(ctx context.Context, tx *ledger.Tx, in Registration) (Subject, error) {
	sub, kind, err := s.newSubject(ctx, in)
	if err != nil {
		return Subject{}, err
	}
	if err := s.register(ctx, tx, authz.ActorFrom(ctx), kind, &sub, in.Participants); err != nil {
		return Subject{}, err
	}
	return sub, nil
}

// newSubject makes a subject of what was given and checks what needs no database.
func (s *Service) newSubject(ctx context.Context, in Registration) (Subject, Kind, error) {
	a := authz.ActorFrom(ctx)
	if err := s.Policy.Check(a, ActionRegister, authz.Resource{Visibility: authz.Public, Owner: a.ID}); err != nil {
		return Subject{}, Kind{}, err
	}
	sub := Subject{
		Kind: in.Kind, Name: in.Name, Title: strings.TrimSpace(in.Title), Description: in.Description, Owner: in.Owner,
		Organisation: in.Organisation, Version: 1, Revision: 1, Attributes: withoutEmpty(in.Attributes), Visibility: in.Visibility,
	}
	if sub.Owner == "" {
		sub.Owner = a.ID
	}
	if sub.Visibility == "" {
		sub.Visibility = authz.Internal
	}
	kind, fields := s.checkNew(sub)
	return sub, kind, fault.InvalidFields("catalog.subject_invalid", fields)
}

func (s *Service) register(ctx context.Context, tx *ledger.Tx, a authz.Actor, kind Kind, sub *Subject, named []string) error {
	sub.ID = tx.NewID()
	switch {
	case sub.Name == "":
		sub.Name = tx.NewID()
	case sub.Visibility == authz.Restricted:
		sub.Name += "-" + tx.NewID()
	}
	sub.Ref = sub.Kind + ":" + sub.Name
	sub.RegisteredAt, sub.ChangedAt = tx.Now(), tx.Now()
	targets, fields, err := s.resolve(ctx, tx, a, kind, sub.Attributes, nil)
	if err != nil {
		return err
	}
	participants, wrong, err := s.lookUp(ctx, tx, sub, append(slices.Clone(named), authz.PersonPrincipal(a.ID)))
	if err != nil {
		return err
	}
	if err := fault.InvalidFields("catalog.subject_invalid", append(fields, wrong...)); err != nil {
		return err
	}
	if err := s.checkFree(ctx, tx, sub.Ref); err != nil {
		return err
	}
	sub.Digest = Digest(sub.Kind, sub.Name, sub.Organisation, sub.Attributes, pins(targets))
	if err := authz.SetParticipants(ctx, tx.Tx, sub.Item(), participants); err != nil {
		return err
	}
	sub.Entry, err = s.record(ctx, tx, a, KindRegistered, *sub, stateOf(*sub, participants))
	if err != nil {
		return err
	}
	if err := subjects.Insert(ctx, tx.Tx, *sub); err != nil {
		return err
	}
	if err := setReferences(ctx, tx.Tx, sub.ID, targets); err != nil {
		return err
	}
	return s.index(ctx, tx, *sub)
}

// checkFree refuses a name that is taken, be it by a subject that the actor may not
// see. It comes after everything else that can be refused: whoever tries names
// registers a subject for good with each one that is free.
func (s *Service) checkFree(ctx context.Context, tx *ledger.Tx, ref string) error {
	taken, err := refTaken(ctx, tx, ref)
	if err != nil {
		return err
	}
	if taken {
		return fault.New(fault.Conflict, "catalog.ref_taken", "This name is or was in use for a subject of this kind. Choose another; a name is never used twice.")
	}
	return nil
}

// randomEnd is the length of what a restricted subject's name gets at its end.
const randomEnd = 17

// checkNew lists what is wrong with a new subject as far as its kind can tell.
func (s *Service) checkNew(sub Subject) (Kind, []fault.Field) {
	var p problems
	kind, ok := s.Kinds().Kind(sub.Kind)
	if !ok {
		p.add("kind", "unknown", "Choose one of: "+strings.Join(s.Kinds().names(), ", ")+".")
	}
	if sub.Name != "" && !namePattern.MatchString(sub.Name) {
		p.add("name", "syntax", "Use at most 100 lower-case letters, digits, dots, underscores and hyphens; begin and end with a letter or digit.")
	}
	if sub.Visibility == authz.Restricted && len(sub.Name) > MaxName-randomEnd {
		p.add("name", "too_long", "Use at most 83 characters: the name of a restricted subject gets 16 random ones at its end, so that nobody can guess it.")
	}
	checkTexts(&p, sub)
	if ok {
		p = append(p, kind.Check(sub.Attributes)...)
	}
	return kind, p
}

// checkTexts adds what is wrong with the parts that any kind has.
func checkTexts(p *problems, sub Subject) {
	switch {
	case strings.TrimSpace(sub.Title) == "":
		p.add("title", "required", "Give a title, in the words that people use for it.")
	case !plainText(sub.Title, MaxTitle) || !web.PlainName(sub.Title):
		p.add("title", "text", "Use at most 200 bytes of text in a single line, without characters that hide or reorder others.")
	}
	if !plainText(sub.Description, MaxDescription) {
		p.add("description", "text", "Use at most 20000 bytes of text, without control characters and without characters that hide or reorder others.")
	}
	if !sub.Visibility.Known() {
		p.add("visibility", "not_allowed", "Choose one of: public, internal, restricted.")
	}
	if sub.Organisation == "" {
		p.add("organisation", "required", "Say which organisation answers for it: its ranks decide.")
	}
}

// lookUp checks owner, organisation and participants against the directory,
// replaces handles by ids, and returns the principals that take part: those
// named, and always the owner.
func (s *Service) lookUp(ctx context.Context, r store.Reader, sub *Subject, named []string) ([]string, []fault.Field, error) {
	var p problems
	owner, err := s.Directory.Person(ctx, r, sub.Owner)
	switch {
	case fault.Is(err, fault.NotFound):
		p.add("owner", "unknown", "There is no such person.")
	case err != nil:
		return nil, nil, err
	default:
		sub.Owner = owner.ID
	}
	organisation, err := s.Directory.Organisation(ctx, r, sub.Organisation)
	switch {
	case fault.Is(err, fault.NotFound):
		p.add("organisation", "unknown", "There is no such organisation; portreeve organisation list names them all.")
	case err != nil:
		return nil, nil, err
	default:
		sub.Organisation = organisation.ID
	}
	all := []string{authz.PersonPrincipal(sub.Owner)}
	for _, name := range named {
		principal, err := s.principal(ctx, r, name)
		if fault.Is(err, fault.NotFound) {
			p.add("participants", "unknown", "Each one is a person or a group that exists: person:LOGIN or group:NAME.")
			break
		}
		if err != nil {
			return nil, nil, err
		}
		all = append(all, principal)
	}
	slices.Sort(all)
	if all = slices.Compact(all); len(all) > MaxParticipants {
		p.add("participants", "too_many", "Name at most 100 people and groups; make a group for more.")
	}
	return all, p, nil
}

// principal returns "person:<id>" or "group:<id>" for a principal by id or handle.
func (s *Service) principal(ctx context.Context, r store.Reader, name string) (string, error) {
	kind, handle, _ := strings.Cut(name, ":")
	switch kind {
	case "person":
		n, err := s.Directory.Person(ctx, r, handle)
		return authz.PersonPrincipal(n.ID), err
	case "group":
		n, err := s.Directory.Group(ctx, r, handle)
		return authz.GroupPrincipal(n.ID), err
	default:
		return "", fault.ItemNotFound()
	}
}

// resolve finds the subjects that attributes refer to, by attribute name. The
// actor must see a target, unless before (the attributes until now) has the same
// value already.
func (s *Service) resolve(ctx context.Context, r store.Reader, a authz.Actor, kind Kind, attributes, before map[string]string) (map[string]Subject, []fault.Field, error) {
	var p problems
	targets := map[string]Subject{}
	for _, attr := range kind.Attributes {
		value := attributes[attr.Name]
		if attr.Refers == "" || value == "" {
			continue
		}
		ref := attr.Refers + ":" + value
		target, err := loadVisible(ctx, r, a, ref)
		kept := before[attr.Name] == value
		if kept && fault.Is(err, fault.NotFound) {
			target, err = loadByRef(ctx, r, ref)
		}
		switch {
		case fault.Is(err, fault.NotFound):
			p.add("attributes."+attr.Name, "unknown", "There is no registered subject of kind "+attr.Refers+" with this name; register it first.")
		case err != nil:
			return nil, nil, err
		case target.Retired() && !kept:
			p.add("attributes."+attr.Name, "retired", "This subject is retired; choose one that is in use.")
		default:
			targets[attr.Name] = target
		}
	}
	return targets, p, nil
}

func pins(targets map[string]Subject) map[string]Pin {
	m := make(map[string]Pin, len(targets))
	for name, t := range targets {
		m[name] = t.Pin()
	}
	return m
}

func withoutEmpty(attributes map[string]string) map[string]string {
	m := make(map[string]string, len(attributes))
	for name, v := range attributes {
		if v != "" {
			m[name] = v
		}
	}
	return m
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
