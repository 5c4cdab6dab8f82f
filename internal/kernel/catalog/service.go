// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/search"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

// Named is somebody or something in the directory. Handle is what people type
// for it, the login of a person or the name of a group, and empty for a reader who
// may not read the directory.
type Named struct {
	ID     string `json:"id"`
	Handle string `json:"handle,omitempty" doc:"what to type for it, such as a login; for readers of the directory"`
	Name   string `json:"name"`
}

// typed returns what stands for n in a form: its handle, or its id without one.
func (n Named) typed() string {
	if n.Handle == "" {
		return n.ID
	}
	return n.Handle
}

// Directory is what the catalogue asks about people, groups and organisations.
// Person, Group and Organisation take an id or, if no such id exists, a handle; each function
// answers NotFound for what it does not know.
type Directory interface {
	Person(ctx context.Context, r store.Reader, idOrLogin string) (Named, error)
	Group(ctx context.Context, r store.Reader, idOrName string) (Named, error)
	Organisation(ctx context.Context, r store.Reader, idOrName string) (Named, error)
	Organisations(ctx context.Context, r store.Reader) ([]Named, error)
}

// Described is what a link shows of an item that is not a subject.
type Described struct {
	Title string // "Call from production: high"
	State string // "accepted until 2026-12-31"; may be empty
	URL   string // relative to the server's root
}

// Describer returns the description of each of the items that the actor may see;
// the others are absent from the map. Items are references such as "risk:<id>".
type Describer func(ctx context.Context, r store.Reader, a authz.Actor, items []string) (map[string]Described, error)

// SeenBy returns an SQL condition, as [authz.Visible] does, that holds if the actor
// may see the item of another module whose id is idExpr, an SQL expression.
type SeenBy func(a authz.Actor, idExpr string, args *[]any) string

// ResourceOf returns what authz needs to know about an item of another module by
// its id.
type ResourceOf func(ctx context.Context, r store.Reader, id string) (authz.Resource, error)

// Deps are what the service needs. Reclassify gives the ledger entries of an item
// another visibility (ledger.Log.Reclassify). Index, if set, is called with the search
// document of a subject in each transaction that writes it. Describers maps an item
// type ("risk") to the module's function; links to items of another type are not shown.
type Deps struct {
	DB         *store.DB
	Writer     *ledger.Writer
	Policy     *authz.Policy
	Kinds      *config.Holder[Kinds]
	Directory  Directory
	Reclassify func(ctx context.Context, tx *ledger.Tx, item, visibility string) error
	Index      func(ctx context.Context, tx *ledger.Tx, d search.Document) error
	Describers map[string]Describer
	// Seen says by type what the Describers would describe, so that links which a
	// reader may not see do not crowd out others; nil: all of them.
	Seen map[string]SeenBy
	// Resources maps an item type to the module's function; a link to an item of
	// another type counts as restricted.
	Resources map[string]ResourceOf
	// Follow, if set, is called for each subject that changed, in the transaction
	// that changes it, so that what is about it can follow. The subject is written.
	Follow func(ctx context.Context, tx *ledger.Tx, subject Subject) error
	// Discussion, if set, says what the page of a subject shows of its discussion.
	Discussion func(ctx context.Context, item string) (web.Discussion, error)
	// Steps are what other modules begin from the page of a subject in use; its
	// reference is added to each address as the parameter subject.
	Steps []web.NavItem
}

// Service holds the use cases of the catalogue. It may be used concurrently.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

// Kinds returns the kinds and relations that are configured now.
func (s *Service) Kinds() *Kinds { return s.Deps.Kinds.Get() }

// Subject returns the subject of that ref whatever its visibility; it is for
// modules inside a transaction that check visibility themselves. An unknown ref
// is NotFound.
func (s *Service) Subject(ctx context.Context, r store.Reader, ref string) (Subject, error) {
	return loadByRef(ctx, r, ref)
}

// SubjectByID is [Service.Subject] by id.
func (s *Service) SubjectByID(ctx context.Context, r store.Reader, id string) (Subject, error) {
	return store.Found(subjects.One(ctx, r, "WHERE s.id = $1", id))
}

// VisibleSubject returns the subject of that ref if the actor may see it, and
// otherwise NotFound, with the same statement as for a ref that does not exist.
func (s *Service) VisibleSubject(ctx context.Context, r store.Reader, a authz.Actor, ref string) (Subject, error) {
	return loadVisible(ctx, r, a, ref)
}

// SubjectsByRef is [Service.Subject] for several refs, by ref; those that do not
// exist are absent.
func (s *Service) SubjectsByRef(ctx context.Context, r store.Reader, refs []string) (map[string]Subject, error) {
	return loadByRefs(ctx, r, refs, func(*[]any) string { return "" })
}

// VisibleSubjects is [Service.VisibleSubject] for several refs, by ref; those that
// do not exist, or are not shown to the actor, are absent.
func (s *Service) VisibleSubjects(ctx context.Context, r store.Reader, a authz.Actor, refs []string) (map[string]Subject, error) {
	return loadByRefs(ctx, r, refs, func(args *[]any) string {
		return " AND " + authz.Visible(a, subjectItem, subjectVisibility, args)
	})
}

// Detail is a subject as its page shows it.
type Detail struct {
	Subject      Subject
	Owner        Named         // empty names for somebody who is unknown or erased
	Organisation Named         // likewise
	Participants []Participant // empty unless the subject is restricted
	Links        []Linked
	Referrers    []Subject // active subjects whose attributes refer to this one
}

// Participant is somebody who may see a restricted subject. Text is how people
// write it, "person:LOGIN" or "group:NAME", and is accepted as a principal.
type Participant struct {
	Principal string // "person:<id>", "group:<id>"
	Text      string
	Name      string
}

// Show returns a subject with what hangs on it, as far as the actor may see it.
func (s *Service) Show(ctx context.Context, ref string) (Detail, error) {
	a := authz.ActorFrom(ctx)
	var d Detail
	err := s.DB.Read(ctx, func(r *store.ReadTx) error {
		sub, err := s.readable(ctx, r, a, ActionRead, ref)
		if err != nil {
			return err
		}
		d, err = s.detail(ctx, r, a, sub)
		return err
	})
	return d, err
}

// readable loads a visible subject and checks the action on it.
func (s *Service) readable(ctx context.Context, r store.Reader, a authz.Actor, action authz.Action, ref string) (Subject, error) {
	if !s.Policy.Allowed(a, action) {
		// The same answer whether the subject exists or not.
		return Subject{}, s.Policy.Check(a, action, authz.Resource{Visibility: authz.Public})
	}
	sub, err := loadVisible(ctx, r, a, ref)
	if err != nil {
		return Subject{}, err
	}
	participants, err := authz.Participants(ctx, r, sub.Item())
	if err != nil {
		return Subject{}, err
	}
	return sub, s.Policy.Check(a, action, sub.Resource(participants))
}

// MayEdit returns nil if the actor may do action (change, link, retire) on the
// subject, and otherwise the fault that the edit would answer.
func (s *Service) MayEdit(ctx context.Context, action authz.Action, ref string) error {
	return s.DB.Read(ctx, func(r *store.ReadTx) error {
		_, err := s.readable(ctx, r, authz.ActorFrom(ctx), action, ref)
		return err
	})
}

func (s *Service) detail(ctx context.Context, r store.Reader, a authz.Actor, sub Subject) (Detail, error) {
	d := Detail{Subject: sub}
	var err error
	if d.Owner, err = known(s.Directory.Person(ctx, r, sub.Owner)); err != nil {
		return Detail{}, err
	}
	if d.Organisation, err = known(s.Directory.Organisation(ctx, r, sub.Organisation)); err != nil {
		return Detail{}, err
	}
	if sub.Visibility == authz.Restricted {
		if d.Participants, err = s.participants(ctx, r, sub); err != nil {
			return Detail{}, err
		}
	}
	if d.Links, err = s.linksFor(ctx, r, a, sub.Item()); err != nil {
		return Detail{}, err
	}
	d.Referrers, err = s.visibleReferrers(ctx, r, a, sub.ID)
	return d, err
}

// known makes of an unknown or erased name an empty one.
func known(n Named, err error) (Named, error) {
	if fault.Is(err, fault.NotFound) {
		return Named{}, nil
	}
	return n, err
}

// participants names those who take part in a subject.
func (s *Service) participants(ctx context.Context, r store.Reader, sub Subject) ([]Participant, error) {
	principals, err := authz.Participants(ctx, r, sub.Item())
	if err != nil {
		return nil, err
	}
	all := make([]Participant, 0, len(principals))
	for _, principal := range principals {
		kind, id, _ := strings.Cut(principal, ":")
		look := s.Directory.Person
		if kind == "group" {
			look = s.Directory.Group
		}
		n, err := known(look(ctx, r, id))
		if err != nil {
			return nil, err
		}
		p := Participant{Principal: principal, Text: principal, Name: n.Name}
		if n.Handle != "" {
			p.Text = kind + ":" + n.Handle
		}
		all = append(all, p)
	}
	return all, nil
}

func (s *Service) visibleReferrers(ctx context.Context, r store.Reader, a authz.Actor, target string) ([]Subject, error) {
	all, err := referrers(ctx, r, target)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(all))
	for i, sub := range all {
		ids[i] = sub.ID
	}
	visible, err := visibleByID(ctx, r, a, ids)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(sub Subject) bool { _, ok := visible[sub.ID]; return !ok }), nil
}

// Values of Filter.State.
const (
	StateActive  = "active"
	StateRetired = "retired"
	StateAll     = "all"
)

// Filter selects subjects; an empty field selects all. State empty means active.
type Filter struct {
	Kind, Owner, Organisation, State string
}

// Page is one page of a list. Next is the cursor of the following page, or empty.
type Page struct {
	Subjects []Subject
	Next     string
}

// List returns the visible subjects in the order of their refs. cursor is empty
// or the Next of an earlier page; limit 0 means [store.DefaultLimit].
func (s *Service) List(ctx context.Context, f Filter, cursor string, limit int) (Page, error) {
	a := authz.ActorFrom(ctx)
	if err := s.Policy.Check(a, ActionRead, authz.Resource{Visibility: authz.Public}); err != nil {
		return Page{}, err
	}
	after, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(after) > MaxName+50 {
		return Page{}, fault.New(fault.Malformed, "request.cursor", "The cursor is not one of ours. Start from the first page.")
	}
	switch f.State {
	case "":
		f.State = StateActive
	case StateActive, StateRetired, StateAll:
	default:
		return Page{}, fault.New(fault.Invalid, "catalog.state", "The state to list is active, retired or all.")
	}
	limit = store.Limit(limit)
	var page Page
	err = s.DB.Read(ctx, func(r *store.ReadTx) error {
		all, err := listSubjects(ctx, r, a, f, string(after), limit+1)
		page.Subjects, page.Next = store.Page(all, limit, func(last Subject) string { return base64.RawURLEncoding.EncodeToString([]byte(last.Ref)) })
		return err
	})
	return page, err
}

// Form is what the pages need to let somebody choose.
type Form struct {
	Kinds         []Kind
	Relations     []Relation
	Organisations []Named
	// Targets holds, by kind, the visible active subjects that attributes may refer to.
	Targets map[string][]Subject
}

// Resource returns what authz needs to know about the subject of that id.
func (s *Service) Resource(ctx context.Context, r store.Reader, id string) (authz.Resource, error) {
	load := func() (Subject, error) { return s.SubjectByID(ctx, r, id) }
	return authz.ResourceOf(ctx, r, ItemType+":"+id, load, Subject.Resource)
}

// FormOptions returns the choices for registering or changing a subject.
func (s *Service) FormOptions(ctx context.Context, kind string) (Form, error) {
	a := authz.ActorFrom(ctx)
	form := Form{Kinds: s.Kinds().Kinds, Relations: s.Kinds().Relations, Targets: map[string][]Subject{}}
	def, _ := s.Kinds().Kind(kind)
	err := s.DB.Read(ctx, func(r *store.ReadTx) error {
		var err error
		if form.Organisations, err = s.Directory.Organisations(ctx, r); err != nil {
			return fmt.Errorf("list organisations: %w", err)
		}
		for _, attr := range def.Attributes {
			if attr.Refers == "" || form.Targets[attr.Refers] != nil {
				continue
			}
			f := Filter{Kind: attr.Refers, State: StateActive}
			if form.Targets[attr.Refers], err = listSubjects(ctx, r, a, f, "", store.MaxLimit); err != nil {
				return err
			}
		}
		return nil
	})
	return form, err
}

func stale() error {
	return fault.New(fault.Stale, "catalog.stale",
		"Somebody changed this subject after you opened it. Look at the current state, then make your change again; what you entered is still in your form.")
}

// errUnchanged ends a decision that would change nothing.
var errUnchanged = errors.New("nothing to change")
