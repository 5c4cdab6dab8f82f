// SPDX-License-Identifier: Apache-2.0

package authz_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgertest"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

func tables() []store.Migrations {
	return []store.Migrations{ledger.Migrations(), authz.Migrations()}
}

// write runs fn in a transaction of the test's own.
func write(t *testing.T, db *store.DB, fn func(tx *store.Tx) error) error {
	t.Helper()
	return ledgertest.Writer(t, db, "authz").Quiet(t.Context(), "the test arranges its data", fn)
}

// itemRows is a table of items written in SQL, because visibility is decided
// for tables that other packages own.
const itemRows = `SELECT i.id FROM (
	SELECT '1' AS id, 'public' AS visibility
	UNION ALL SELECT '2', 'internal'
	UNION ALL SELECT '3', 'restricted'
	UNION ALL SELECT '4', 'restricted'
	UNION ALL SELECT '5', 'restricted'
	UNION ALL SELECT '6', 'open') i WHERE i.id <> $1 AND %s ORDER BY i.id`

func items() []authz.Resource {
	return []authz.Resource{
		{Item: "risk:1", Visibility: authz.Public},
		{Item: "risk:2", Visibility: authz.Internal},
		{Item: "risk:3", Visibility: authz.Restricted, Participants: []string{"person:p1"}},
		{Item: "risk:4", Visibility: authz.Restricted, Participants: []string{"group:g1", "person:p2"}},
		{Item: "risk:5", Visibility: authz.Restricted},
		{Item: "risk:6", Visibility: "open"},
	}
}

// The two forms of the same rule must never differ: CanSee and its SQL twin.
func TestVisibleIsCanSee(t *testing.T) {
	actors := map[string]authz.Actor{
		"anonymous":                   authz.Anonymous(),
		"zero":                        {},
		"forged roles":                {Kind: authz.KindAnonymous, Roles: []authz.Role{authz.RoleAdmin}},
		"system":                      authz.System("expiry"),
		"no role":                     person("p9"),
		"unknown role":                person("p9", "root"),
		"outsider":                    person("p9", authz.RoleOutsider),
		"outsider and participant":    person("p1", authz.RoleOutsider),
		"outsider in a group":         {ID: "p9", Kind: authz.KindPerson, Roles: []authz.Role{authz.RoleOutsider}, Groups: []string{"g0", "g1"}},
		"reviewer":                    person("p9", authz.RoleReviewer),
		"reviewer and participant":    person("p2", authz.RoleReviewer),
		"admin reads nothing by that": person("p9", authz.RoleAdmin),
		"person named like a group":   person("g1", authz.RoleReviewer),
		"service":                     {ID: "p1", Kind: authz.KindService, Roles: []authz.Role{authz.RoleAuditor}},
	}
	storetest.Each(t, tables(), func(t *testing.T, db *store.DB) {
		err := write(t, db, func(tx *store.Tx) error {
			for _, r := range items() {
				if err := authz.SetParticipants(t.Context(), tx, r.Item, r.Participants); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for name, a := range actors {
			t.Run(name, func(t *testing.T) {
				var want []string
				for _, r := range items() {
					if authz.CanSee(a, r) {
						want = append(want, r.Item[len("risk:"):])
					}
				}
				if diff := cmp.Diff(want, visibleIn(t, db, a)); diff != "" {
					t.Error(diff)
				}
			})
		}
	})
}

func visibleIn(t *testing.T, db *store.DB, a authz.Actor) []string {
	t.Helper()
	var got []string
	err := db.Read(t.Context(), func(tx *store.ReadTx) error {
		args := []any{"0"} // an argument before the condition, to prove the numbering
		cond := authz.Visible(a, "'risk:' || i.id", "i.visibility", &args)
		rows, err := tx.Query(t.Context(), fmt.Sprintf(itemRows, cond), args...)
		got, err = store.Collect(rows, err, func(s store.Scanner) (string, error) {
			var id string
			return id, s.Scan(&id)
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestCanSee(t *testing.T) {
	want := map[string][]string{
		"anonymous": {"risk:1"}, "outsider": {"risk:1"}, "admin": {"risk:1", "risk:2"}, "participant": {"risk:1", "risk:2", "risk:3"},
	}
	actors := map[string]authz.Actor{
		"anonymous": authz.Anonymous(), "outsider": person("p9", authz.RoleOutsider),
		"admin": person("p9", authz.RoleAdmin), "participant": person("p1", authz.RoleOwner),
	}
	for name, a := range actors {
		var got []string
		for _, r := range items() {
			if authz.CanSee(a, r) {
				got = append(got, r.Item)
			}
		}
		if diff := cmp.Diff(want[name], got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestSetParticipants(t *testing.T) {
	storetest.Each(t, tables(), func(t *testing.T, db *store.DB) {
		set := func(principals ...string) error {
			return write(t, db, func(tx *store.Tx) error {
				return authz.SetParticipants(t.Context(), tx, "risk:1", principals)
			})
		}
		if err := set("person:p2", "group:g1", "person:p2"); err != nil {
			t.Fatal(err)
		}
		if err := set("group:g1", "person:p1"); err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"p1", "person:", "role:admin", ""} {
			if err := set(bad); !fault.HasCode(err, "authz.principal_invalid") {
				t.Errorf("%q: %v, want authz.principal_invalid", bad, err)
			}
		}
		var got []string
		err := db.Read(t.Context(), func(tx *store.ReadTx) (err error) {
			got, err = authz.Participants(t.Context(), tx, "risk:1")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"group:g1", "person:p1"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestParticipantsOf(t *testing.T) {
	storetest.Each(t, tables(), func(t *testing.T, db *store.DB) {
		want := map[string][]string{"risk:1": {"group:g1", "person:p1"}, "risk:2": {"person:p2"}}
		var asked []string
		for i := range 1100 { // more than one statement takes
			asked = append(asked, fmt.Sprintf("risk:%d", i))
		}
		err := write(t, db, func(tx *store.Tx) error {
			for item, principals := range map[string][]string{"risk:1": want["risk:1"], "risk:2": want["risk:2"], "subject:1": {"person:p3"}} {
				if err := authz.SetParticipants(t.Context(), tx, item, principals); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var got map[string][]string
		err = db.Read(t.Context(), func(tx *store.ReadTx) (err error) {
			got, err = authz.ParticipantsOf(t.Context(), tx, asked)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestActorFrom(t *testing.T) {
	if got := authz.ActorFrom(context.Background()); got.SignedIn() || got.Kind != authz.KindAnonymous {
		t.Errorf("without an actor: %+v", got)
	}
	ctx := authz.WithActor(context.Background(), person("p1", authz.RoleOwner))
	if got := authz.ActorFrom(ctx).Ref(); got != "person:p1" {
		t.Errorf("Ref = %q", got)
	}
}
