// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Linked is one link as seen from an item: the other end, as far as the reader
// may see it.
type Linked struct {
	Relation string    `json:"relation"` // name of the relation
	Words    string    `json:"words" doc:"how the subject relates to the other end"`
	Incoming bool      `json:"incoming" doc:"the link goes from the other end to the subject"`
	Item     string    `json:"item" doc:"reference of the other end"` // "subject:<id>", "risk:<id>"
	Ref      string    `json:"ref,omitempty" doc:"the other end, if it is a subject"`
	Title    string    `json:"title"`
	State    string    `json:"state,omitempty"`
	URL      string    `json:"url"` // relative to the server's root
	AddedAt  time.Time `json:"added_at"`
}

// end is one end of a link. An item whose visibility nobody can tell counts as
// restricted.
type end struct {
	item       string
	visibility authz.Visibility
}

var itemPattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}:[a-zA-Z0-9._-]{1,100}$`)

// end resolves the name of an item: a subject's ref, or a reference such as
// "risk:<id>" of another module, taken as it is. Something of a configured kind
// that does not exist is NotFound.
func (s *Service) end(ctx context.Context, r store.Reader, name string) (end, error) {
	kind, id, _ := strings.Cut(name, ":")
	if kind == ItemType {
		sub, err := s.SubjectByID(ctx, r, id)
		return end{name, sub.Visibility}, err
	}
	if _, ok := s.Kinds().Kind(kind); ok {
		sub, err := loadByRef(ctx, r, name)
		return end{sub.Item(), sub.Visibility}, err
	}
	if !itemPattern.MatchString(name) {
		return end{}, fault.New(fault.Invalid, "catalog.link_end", "One end of the link is neither a subject (kind:name) nor an item (type:id).")
	}
	resource, ok := s.Resources[kind]
	if !ok {
		return end{name, authz.Restricted}, nil
	}
	res, err := resource(ctx, r, id)
	return end{name, res.Visibility}, err
}

// Link adds a link inside a module's own decision, for the actor of ctx: no
// action is checked, the module has checked its own. from and to are refs of
// subjects or item references such as "risk:<id>". A link that exists already
// stays as it is. Appends catalog.link.added to the transaction.
func (s *Service) Link(ctx context.Context, tx *ledger.Tx, from, relation, to string) error {
	f, t, err := s.ends(ctx, tx, from, relation, to)
	if err != nil {
		return err
	}
	exists, err := linkExists(ctx, tx, f.item, relation, t.item)
	if err != nil || exists {
		return err
	}
	return s.addLink(ctx, tx, f, relation, t)
}

// Unlink removes a link inside a module's own decision; a link that does not
// exist is no error. Appends catalog.link.removed if it existed.
func (s *Service) Unlink(ctx context.Context, tx *ledger.Tx, from, relation, to string) error {
	f, t, err := s.ends(ctx, tx, from, relation, to)
	if err != nil {
		return err
	}
	exists, err := linkExists(ctx, tx, f.item, relation, t.item)
	if err != nil || !exists {
		return err
	}
	return s.removeLink(ctx, tx, f, relation, t)
}

func (s *Service) ends(ctx context.Context, r store.Reader, from, relation, to string) (f, t end, err error) {
	if _, ok := s.Kinds().Relation(relation); !ok {
		return f, t, fault.New(fault.Invalid, "catalog.relation", "This relation is not configured; the nearest is %s.", config.Nearest(relation, s.Kinds().relationNames()))
	}
	if f, err = s.end(ctx, r, from); err != nil {
		return f, t, err
	}
	t, err = s.end(ctx, r, to)
	return f, t, err
}

func (s *Service) addLink(ctx context.Context, tx *ledger.Tx, f end, relation string, t end) error {
	seq, err := s.recordLink(ctx, tx, KindLinkAdded, f, relation, t)
	if err != nil {
		return err
	}
	row := linkRow{From: f.item, Relation: relation, To: t.item, AddedAt: tx.Now()}
	return links.Insert(ctx, tx.Tx, row, store.Value("added_by", authz.ActorFrom(ctx).Ref()), store.Value("entry", seq))
}

func (s *Service) removeLink(ctx context.Context, tx *ledger.Tx, f end, relation string, t end) error {
	if _, err := s.recordLink(ctx, tx, KindLinkRemoved, f, relation, t); err != nil {
		return err
	}
	return deleteLink(ctx, tx.Tx, f.item, relation, t.item)
}

// recordLink appends the entry under the end with the stricter visibility: who
// may not see one end must not learn of the link. Of two alike it is the item of
// the other module: what is about a subject is never shown to more people.
func (s *Service) recordLink(ctx context.Context, tx *ledger.Tx, kind string, f end, relation string, t end) (int64, error) {
	governing := f
	if d := strictness(t.visibility) - strictness(f.visibility); d > 0 || d == 0 && t.foreign() {
		governing = t
	}
	return s.Writer.Append(ctx, tx, ledger.Entry{
		Kind: kind, Actor: authz.ActorFrom(ctx).Ref(), Subject: f.item, Item: governing.item, Visibility: string(governing.visibility),
		Body: linkBody{From: f.item, Relation: relation, To: t.item},
	})
}

// foreign reports whether the end is an item of another module.
func (e end) foreign() bool { return !strings.HasPrefix(e.item, ItemType+":") }

// AddLink links two subjects that the actor may see, if catalog:link is granted
// on the first. A link that exists is a Conflict.
func (s *Service) AddLink(ctx context.Context, from, relation, to string) error {
	return s.editLink(ctx, from, relation, to, true)
}

// RemoveLink removes a link between two subjects that the actor may see, if
// catalog:link is granted on the first. A link that does not exist is NotFound.
func (s *Service) RemoveLink(ctx context.Context, from, relation, to string) error {
	return s.editLink(ctx, from, relation, to, false)
}

func (s *Service) editLink(ctx context.Context, from, relation, to string, add bool) error {
	a := authz.ActorFrom(ctx)
	if _, ok := s.Kinds().Relation(relation); !ok {
		return fault.InvalidFields("catalog.link_invalid", []fault.Field{{Path: "relation", Code: "unknown",
			Message: "Choose one of: " + strings.Join(s.Kinds().relationNames(), ", ") + "."}})
	}
	return s.Writer.Decide(ctx, func(tx *ledger.Tx) error {
		first, err := s.readable(ctx, tx, a, ActionLink, from)
		if err != nil {
			return err
		}
		second, err := loadVisible(ctx, tx, a, to)
		if fault.Is(err, fault.NotFound) {
			return fault.InvalidFields("catalog.link_invalid", []fault.Field{{Path: "to", Code: "unknown",
				Message: "There is no such subject, or it is not shown to you. Write it as kind:name."}})
		}
		if err != nil {
			return err
		}
		if first.ID == second.ID {
			return fault.InvalidFields("catalog.link_invalid", []fault.Field{{Path: "to", Code: "self", Message: "A subject is not linked to itself."}})
		}
		if add && (first.Retired() || second.Retired()) {
			return fault.New(fault.Conflict, "catalog.retired", "One of the two subjects is retired; no link can be added.")
		}
		f, t := end{first.Item(), first.Visibility}, end{second.Item(), second.Visibility}
		exists, err := linkExists(ctx, tx, f.item, relation, t.item)
		switch {
		case err != nil:
			return err
		case add && exists:
			return fault.New(fault.Conflict, "catalog.link_exists", "These two subjects are linked in this way already.")
		case add:
			return s.addLink(ctx, tx, f, relation, t)
		case !exists:
			return fault.ItemNotFound()
		}
		return s.removeLink(ctx, tx, f, relation, t)
	})
}

// Links returns the links of an item ("subject:<id>", "risk:<id>") as far as the
// actor may see the other end, newest first and at most 500.
func (s *Service) Links(ctx context.Context, r store.Reader, a authz.Actor, item string) ([]Linked, error) {
	return s.linksFor(ctx, r, a, item)
}

func (s *Service) linksFor(ctx context.Context, r store.Reader, a authz.Actor, item string) ([]Linked, error) {
	rows, err := s.linksOf(ctx, r, a, item)
	if err != nil {
		return nil, err
	}
	byType := map[string][]string{}
	for _, l := range rows {
		other := l.other(item)
		kind, _, _ := strings.Cut(other, ":")
		if !slices.Contains(byType[kind], other) {
			byType[kind] = append(byType[kind], other)
		}
	}
	known, err := s.describe(ctx, r, a, byType)
	if err != nil {
		return nil, err
	}
	var links []Linked
	for _, l := range rows {
		d, ok := known[l.other(item)]
		if !ok {
			continue
		}
		d.Relation, d.AddedAt, d.Incoming = l.Relation, l.AddedAt, l.To == item
		d.Words = s.words(l.Relation, d.Incoming)
		links = append(links, d)
	}
	return links, nil
}

func (l linkRow) other(item string) string {
	if l.From == item {
		return l.To
	}
	return l.From
}

func (s *Service) words(relation string, incoming bool) string {
	r, ok := s.Kinds().Relation(relation)
	switch {
	case !ok:
		return strings.ReplaceAll(relation, "_", " ")
	case incoming:
		return r.Inverse
	default:
		return r.Title
	}
}

// describe returns what the actor may see of the items, by item reference.
func (s *Service) describe(ctx context.Context, r store.Reader, a authz.Actor, byType map[string][]string) (map[string]Linked, error) {
	known := map[string]Linked{}
	ids := make([]string, len(byType[ItemType]))
	for i, item := range byType[ItemType] {
		ids[i] = strings.TrimPrefix(item, ItemType+":")
	}
	subjects, err := visibleByID(ctx, r, a, ids)
	if err != nil {
		return nil, err
	}
	for _, sub := range subjects {
		known[sub.Item()] = Linked{Item: sub.Item(), Ref: sub.Ref, Title: sub.Title, URL: sub.URL()}
	}
	// Every module is asked, also if there is nothing of it: that something hidden
	// is linked must not show by what is executed.
	for _, kind := range sortedKeys(s.Describers) {
		describer, items := s.Describers[kind], byType[kind]
		if len(items) == 0 {
			items = []string{kind + ":-"}
		}
		described, err := describer(ctx, r, a, items)
		if err != nil {
			return nil, err
		}
		for item, d := range described {
			known[item] = Linked{Item: item, Title: d.Title, State: d.State, URL: d.URL}
		}
	}
	return known, nil
}
