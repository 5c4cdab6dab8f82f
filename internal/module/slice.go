// SPDX-License-Identifier: Apache-2.0

package module

import (
	"context"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/gate"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/notify"
	"portreeve.org/portreeve/internal/kernel/search"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

// Slice is a capability of the product on top of the kernel: all that app needs to
// name of it.
type Slice struct {
	Declaration
	PolicyFiles []string // names of the policy files that Open reads, as below policy in the configuration
	Command     any      // pointer to a struct whose fields are its commands, for kong
	// Open opens it on a kernel. Its module needs no declaration of its own.
	Open func(k Kernel) (Module, error)
}

// Kernel is what a slice is opened with. What is a function stands for a part that
// is opened later, or for all parts together; it is not called while opening.
type Kernel struct {
	DB        *store.DB
	Log       *ledger.Log
	Writer    *ledger.Writer // for the entry kinds that the slice declares
	Authz     *authz.Policy
	Catalog   *catalog.Service
	Directory Directory
	Notices   *notify.Service
	Zone      *time.Location // in which a date means the end of its day
	Gate      func() *gate.Policy

	// PolicyFile is the organisation's file for a policy; empty: the shipped one.
	PolicyFile func(name string) string
	// Fits refuses a policy that does not fit the others; file is the name that
	// faults use. See [Ranked] and [Factual].
	Fits func(file string, policy any) error

	// Reclassify gives everything that hangs on an item its new visibility.
	Reclassify func(ctx context.Context, tx *ledger.Tx, item, visibility string) error
	// Index is called in each transaction that writes an item.
	Index func(ctx context.Context, tx *ledger.Tx, d search.Document) error
	// Discussion says what the page of an item shows of its discussion.
	Discussion func(ctx context.Context, item string) (web.Discussion, error)
	// Comments are where people write about items.
	Comments func() *content.Service
	// PersonByMail finds the one active person with a mail address; NotFound.
	PersonByMail func(ctx context.Context, r store.Reader, address string) (catalog.Named, error)
	// RegisterRisk puts something that a slice found into the register of risks, as
	// part of its decision, and returns the item of the risk. The actor of the context
	// must be one who may register it.
	RegisterRisk func(ctx context.Context, tx *ledger.Tx, in RiskInput) (item string, err error)
}

// RiskInput is what a slice knows of something that is to stand in the register of
// risks. People are named by id. What is empty follows from the subject.
type RiskInput struct {
	Subject, Act         string
	Title, Threat, Scope string
	Owner                string
	Visibility           authz.Visibility
	Participants         []string // principals, of a restricted risk
	Facts                RiskFacts
}

// RiskFacts are what the rating of a risk is proposed from, in the words of the
// register of risks. What is left out is what the subject states; what it does not
// state must be said.
type RiskFacts struct {
	Data            string `json:"data,omitempty" enum:"none,public,internal,personal,sensitive" doc:"most sensitive class of data touched"`
	Direction       string `json:"direction,omitempty" enum:"outbound,inbound,both" doc:"where data goes, seen from the side that is trusted more"`
	Access          string `json:"access,omitempty" enum:"read,write,read_write"`
	Volume          string `json:"volume,omitempty" enum:"low,medium,high"`
	CrossesBoundary *bool  `json:"crosses_boundary,omitempty" doc:"a trust boundary is crossed"`
	LowerTrust      *bool  `json:"lower_trust,omitempty" doc:"production reaches into a realm that is trusted less"`
}

// Directory tells of people, groups and organisations.
type Directory interface {
	catalog.Directory
	ActorOf(ctx context.Context, r store.Reader, id string) (authz.Actor, error)
	// Holders returns the ids of the active people who have one of the roles.
	Holders(ctx context.Context, r store.Reader, roles ...authz.Role) ([]string, error)
	// Members returns the ids of the people in a group, active or not.
	Members(ctx context.Context, r store.Reader, group string) ([]string, error)
	// People returns those of the people who exist, by id and found by id alone: with
	// one statement for many.
	People(ctx context.Context, r store.Reader, ids []string) (map[string]catalog.Named, error)
	// Names returns the names of those of the people who exist, by id.
	Names(ctx context.Context, r store.Reader, ids []string) (map[string]string, error)
}
