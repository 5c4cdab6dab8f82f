// SPDX-License-Identifier: Apache-2.0

// Package module is the contract that a part of the product fulfils, as data
// that app reads: nothing registers itself. Kernel parts with tables, actions or
// pages and the slices are all described by the same type.
package module

import (
	"context"
	"fmt"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/gate"
	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/mailin"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

// Declaration is what a part says of itself before anything is opened. The zero
// value of every field but Name means that the part has no such concern.
type Declaration struct {
	Name       string // prefix of its tables, actions and entry kinds; noun of its commands
	Migrations *store.Migrations

	Actions    []authz.ActionDef // the only actions its routes may name
	Cedar      string            // grants beyond the roles of the actions
	EntryKinds []string          // the ledger entries that it alone may append
	Items      []ItemType        // the types of item that it keeps
	Relations  []string          // of the catalogue, without which it does not work
}

// ItemType is a type of item, "<type>:<id>". What people read are message keys.
type ItemType struct {
	Type string // kind of its search documents, too
	Many string // key of "Risks"
	One  string // key of "risk"
	Icon string
}

// Module is a part that is open: its declaration, and what it does. The zero value
// of every other field means that the part has no such concern.
type Module struct {
	Declaration

	Pages    func(*web.Mux)
	API      func(*web.API)
	Jobs     []job.Def
	Policies []PolicyFile // what the organisation has it read

	Decisions map[string]gate.Provider // the decisions it answers for in a gate

	// Doors are the addresses by which mails open something of it.
	Doors []mailin.Door
	// Reply takes what somebody answered by mail about one of its items, in a thread
	// of that item, as the context's actor; the key is the item type. It checks what
	// the actor may do. Types that are absent have their discussion take it.
	Reply map[string]func(ctx context.Context, tx *ledger.Tx, id, thread, text string) error
	// ReplyScopes are the actions that Reply needs, of what the actor may do.
	ReplyScopes []authz.Action

	// Resource gives the visibility of one of its items; the key is the item type.
	Resource map[string]func(ctx context.Context, r store.Reader, id string) (authz.Resource, error)
	// Threads are those of its items beside their general discussions; the key is the
	// item type. Items of other types have none.
	Threads map[string]Threads
	// Describe names those of the items that are its own and that the actor may see.
	Describe catalog.Describer
	// Seen is the condition in SQL that holds for the items that Describe names.
	Seen catalog.SeenBy
	// Follow is called for each subject that changed, in the transaction that
	// changes it, so that what is about it can follow.
	Follow func(ctx context.Context, tx *ledger.Tx, subject catalog.Subject) error

	Inbox     func(ctx context.Context, r store.Reader, a authz.Actor) ([]InboxItem, error)
	Deadlines func(ctx context.Context, r store.Reader, a authz.Actor) ([]Deadline, error)
	Public    func(ctx context.Context, r store.Reader) ([]PublicItem, error) // for the front page
	Holds     func(ctx context.Context, r store.Reader, person string) ([]Held, error)
	Erase     func(ctx context.Context, tx *ledger.Tx, person string) error
	// RegisterRisk puts what another part found into the register of risks: it is
	// [Kernel.RegisterRisk] for the others. One part offers it.
	RegisterRisk func(ctx context.Context, tx *ledger.Tx, in RiskInput) (item string, err error)
	Navigation   []web.NavItem
	Health       func(ctx context.Context) error

	Service any // what its package calls its service, for measurements of that part
}

// Threads says of the items of one type which threads they have beside the general
// discussion. A nil function: nobody writes into them but the part itself; the page
// of the discussion shows them.
type Threads struct {
	MayWrite content.MayWrite
	MayEdit  content.MayWrite               // whether authors may still change what they wrote there; nil: they may
	URL      func(id, thread string) string // where one is shown, each comment under the id "c-" and its own
}

// InboxItem is something that waits for a person.
type InboxItem struct {
	Title string      // what it is about
	Ask   web.Message // what is asked of the person
	URL   string      // where it is done
	Since time.Time   // since when it waits
	Due   time.Time   // zero: no date
}

// Deadline is something that runs out.
type Deadline struct {
	Title string
	What  web.Message // what happens then
	URL   string
	At    time.Time
}

// PublicItem is something that everybody may know of.
type PublicItem struct {
	Title string
	State web.Message // "High, accepted until 23 December 2026"
	At    time.Time
	URL   string // where everybody may read more; empty: nowhere
}

// Held is one thing that a part holds about a person, for the person's export.
type Held struct {
	What  string
	Where string
	Value string
	// Item is the item, "<type>:<id>", whose visibility decides who may see this;
	// empty: the account itself. The person is told What even if they may not see
	// the item any more, and the Value if it is Own.
	Item    string
	Private bool // for the person's eyes alone, such as a draft
	Own     bool // Value is in the person's own words
}

// Check refuses a list in which two parts claim the same thing, or a part claims
// a name outside its prefix.
func Check(modules []Module) error {
	names, actions, kinds, decisions, items, policies := owners{}, owners{}, owners{}, owners{}, owners{}, owners{}
	for _, m := range modules {
		if m.Name == "" {
			return fmt.Errorf("module: a part has no name")
		}
		if err := names.claim("module name", m.Name, m.Name); err != nil {
			return err
		}
		for _, a := range m.Actions {
			if err := actions.claim("action", string(a.Name), m.Name); err != nil {
				return err
			}
			if err := prefixed("action", string(a.Name), m.Name, ':'); err != nil {
				return err
			}
		}
		for _, k := range m.EntryKinds {
			if err := kinds.claim("entry kind", k, m.Name); err != nil {
				return err
			}
			if err := prefixed("entry kind", k, m.Name, '.'); err != nil {
				return err
			}
		}
		for d := range m.Decisions {
			if err := decisions.claim("decision", d, m.Name); err != nil {
				return err
			}
		}
		for _, item := range m.Items {
			if err := items.claim("type of item", item.Type, m.Name); err != nil {
				return err
			}
		}
		for _, p := range m.Policies {
			if err := policies.claim("policy file", p.Name, m.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// owners maps a name to the part that claimed it.
type owners map[string]string

func (o owners) claim(what, name, module string) error {
	if other, taken := o[name]; taken {
		return fmt.Errorf("module: %s %q is claimed by %s and by %s", what, name, other, module)
	}
	o[name] = module
	return nil
}

func prefixed(what, name, module string, separator byte) error {
	prefix := module + string(separator)
	if len(name) <= len(prefix) || name[:len(prefix)] != prefix {
		return fmt.Errorf("module: %s %q of %s does not begin with %q", what, name, module, prefix)
	}
	return nil
}
