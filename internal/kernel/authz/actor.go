// SPDX-License-Identifier: Apache-2.0

package authz

import (
	"context"
	"slices"
)

// ActorKind says what an actor is.
type ActorKind string

// The kinds of actor. The zero value counts as anonymous.
const (
	KindAnonymous ActorKind = "anonymous" // nobody is signed in
	KindPerson    ActorKind = "person"
	KindService   ActorKind = "service" // a service account; acts by API token only
	KindSystem    ActorKind = "system"  // Portreeve itself: jobs; holds no role and passes no check
)

// Actor is who acts. It is a value made once per request by kernel/identity and
// never changed afterwards.
type Actor struct {
	ID        string // person id; empty for anonymous; the job's name for system
	Login     string
	Name      string
	Kind      ActorKind
	Roles     []Role
	Groups    []string // group ids
	Scopes    []Action // of an API token; nil means everything the person may do
	SessionID string   // set when a cookie was used
	TokenID   string   // set when an API token was used
}

// Anonymous returns the actor of a request without credentials.
func Anonymous() Actor { return Actor{Kind: KindAnonymous} }

// System returns the actor for work that Portreeve does by itself; job names it.
func System(job string) Actor { return Actor{ID: job, Login: job, Name: job, Kind: KindSystem} }

// SignedIn reports whether a person or a service account acts.
func (a Actor) SignedIn() bool {
	return a.ID != "" && (a.Kind == KindPerson || a.Kind == KindService)
}

// Internal reports whether a sees internal items: signed in with a known role
// other than outsider. Being an outsider as well as something else does not
// take that away.
func (a Actor) Internal() bool {
	if !a.SignedIn() {
		return false
	}
	return slices.ContainsFunc(a.Roles, func(r Role) bool { return r != RoleOutsider && r.Known() })
}

// HasRole reports whether a is signed in and has role r.
func (a Actor) HasRole(r Role) bool { return a.SignedIn() && slices.Contains(a.Roles, r) }

// Principals returns the names under which a can be a participant of an item:
// "person:<id>" and one "group:<id>" per group. It is empty for anybody who is
// not signed in.
func (a Actor) Principals() []string {
	if !a.SignedIn() {
		return nil
	}
	names := make([]string, 0, 1+len(a.Groups))
	names = append(names, PersonPrincipal(a.ID))
	for _, g := range a.Groups {
		names = append(names, GroupPrincipal(g))
	}
	return names
}

// Ref returns how a ledger entry names the actor: "person:<id>", "service:<id>",
// "system:<job>" or "anonymous".
func (a Actor) Ref() string {
	switch {
	case a.SignedIn(), a.Kind == KindSystem && a.ID != "":
		return string(a.Kind) + ":" + a.ID
	case a.Kind == KindSystem:
		return string(KindSystem)
	default:
		return string(KindAnonymous)
	}
}

// PersonPrincipal names a person (or service account) as a participant.
func PersonPrincipal(person string) string { return "person:" + person }

// GroupPrincipal names a group as a participant.
func GroupPrincipal(group string) string { return "group:" + group }

type actorKey struct{}

// WithActor returns a context that carries a.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorFrom returns the context's actor, or [Anonymous] if it carries none.
func ActorFrom(ctx context.Context) Actor {
	a, ok := ctx.Value(actorKey{}).(Actor)
	if !ok || a.Kind == "" {
		return Anonymous()
	}
	return a
}
