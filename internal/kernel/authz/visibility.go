// SPDX-License-Identifier: Apache-2.0

package authz

import (
	"slices"

	"portreeve.org/portreeve/internal/kernel/store"
)

// Visibility says who may know that an item exists. Anything but the three
// known values is shown to nobody.
type Visibility string

// The visibilities.
const (
	Public     Visibility = "public"     // everyone, signed in or not
	Internal   Visibility = "internal"   // whoever [Actor.Internal] says
	Restricted Visibility = "restricted" // participants only: named people and groups
)

// Known reports whether v is one of the three visibilities.
func (v Visibility) Known() bool { return v == Public || v == Internal || v == Restricted }

// Resource is the one object that an action is about.
type Resource struct {
	Item         string // "<type>:<id>", as in the ledger: "risk:k3j4..."
	Visibility   Visibility
	Owner        string   // person id, may be empty
	Requester    string   // person id, may be empty
	Participants []string // principals as of [Participants]; owner and requester are among them where the slice says so
}

// CanSee reports whether a may know that r exists. It is the twin of [Visible]:
// a test holds the two together. No role sees what is restricted, not even
// admin: administering is not reading.
func CanSee(a Actor, r Resource) bool {
	switch r.Visibility {
	case Public:
		return true
	case Internal:
		return a.Internal()
	case Restricted:
		return slices.ContainsFunc(a.Principals(), func(p string) bool { return slices.Contains(r.Participants, p) })
	default:
		return false
	}
}

// Visible returns an SQL condition, in parentheses, that holds for the rows a
// may see. itemExpr is an SQL expression for the row's item reference
// (`'risk:' || r.id`), visibilityExpr one for its visibility; both are the
// caller's constants, never input. Arguments are appended to args and numbered
// from there, so the condition can stand anywhere in the statement:
//
//	args := []any{subject}
//	cond := authz.Visible(actor, "'risk:' || r.id", "r.visibility", &args)
//	rows, err := tx.Query(ctx, "SELECT r.id FROM risk_risk r WHERE r.subject = $1 AND "+cond, args...)
func Visible(a Actor, itemExpr, visibilityExpr string, args *[]any) string {
	principals := a.Principals()
	if len(principals) == 0 {
		return "(" + visibilityExpr + " = 'public')"
	}
	open := visibilityExpr + " = 'public'"
	if a.Internal() {
		open = visibilityExpr + " IN ('public', 'internal')"
	}
	return "(" + open + " OR (" + visibilityExpr + " = 'restricted' AND EXISTS (" +
		"SELECT 1 FROM authz_participant WHERE authz_participant.item = " + itemExpr +
		" AND authz_participant.principal IN " + store.In(principals, args) + ")))"
}
