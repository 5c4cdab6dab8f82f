// SPDX-License-Identifier: Apache-2.0

package identity_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Who left holds nothing, and who holds two of the roles is named once.
func TestHolders(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		zoe, ben := b.person("zoe", authz.RoleReviewer, authz.RoleTriager), b.person("ben", authz.RoleTriager, authz.RoleOwner)
		gone := b.person("gone", authz.RoleReviewer)
		b.person("olga", authz.RoleOwner)
		p, err := b.Person(b.asAdmin(), gone.id)
		if err == nil {
			_, err = b.Deactivate(b.asAdmin(), gone.id, p.Version, "left")
		}
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		err = b.db.Read(t.Context(), func(r *store.ReadTx) (err error) {
			got, err = b.Holders(t.Context(), r, authz.RoleTriager, authz.RoleReviewer)
			return err
		})
		if diff := cmp.Diff([]string{ben.id, zoe.id}, got); diff != "" || err != nil {
			t.Error(err, diff)
		}
	})
}
