// SPDX-License-Identifier: Apache-2.0

package catalog_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/catalog/catalogtest"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

func TestLinks(t *testing.T) {
	each(t, func(t *testing.T, f catalogtest.Fixture) {
		a := f.Register(owner(t), t, catalog.Registration{Kind: "project", Name: "a", Title: "A"})
		b := f.Register(owner(t), t, catalog.Registration{Kind: "project", Name: "b", Title: "B"})
		secret := f.Register(owner(t), t, catalog.Registration{Kind: "project", Title: "Secret", Visibility: authz.Restricted})
		for _, to := range []string{b.Ref, secret.Ref} {
			if err := f.Service.AddLink(owner(t), a.Ref, "part_of", to); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Service.AddLink(owner(t), a.Ref, "part_of", b.Ref); !fault.HasCode(err, "catalog.link_exists") {
			t.Errorf("linked twice: %v", err)
		}
		if err := f.Service.AddLink(owner(t), a.Ref, "part_of", a.Ref); !fault.Is(err, fault.Invalid) {
			t.Errorf("linked to itself: %v", err)
		}
		if err := f.Service.AddLink(owner(t), a.Ref, "knows", b.Ref); !fault.Is(err, fault.Invalid) {
			t.Errorf("an unknown relation: %v", err)
		}
		for _, c := range []struct {
			who  context.Context
			ref  string
			want []string
		}{
			{owner(t), a.Ref, []string{"is part of B", "is part of Secret"}},
			{reviewer(t), a.Ref, []string{"is part of B"}},
			{owner(t), b.Ref, []string{"consists of A"}},
		} {
			d, err := f.Service.Show(c.who, c.ref)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]bool{}
			for _, l := range d.Links {
				got[l.Words+" "+l.Title] = true
			}
			want := map[string]bool{}
			for _, w := range c.want {
				want[w] = true
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", c.ref, diff)
			}
		}
		if err := f.Service.RemoveLink(owner(t), a.Ref, "part_of", b.Ref); err != nil {
			t.Fatal(err)
		}
		if err := f.Service.RemoveLink(owner(t), a.Ref, "part_of", b.Ref); !fault.Is(err, fault.NotFound) {
			t.Errorf("removed twice: %v", err)
		}
		if d, _ := f.Service.Show(owner(t), b.Ref); len(d.Links) != 0 {
			t.Errorf("still linked: %+v", d.Links)
		}
	})
}

// TestLinkEntriesHideTheHiddenEnd: the entry about a link is governed by the
// stricter of its ends, and an item whose visibility the catalogue does not know
// counts as restricted.
func TestLinkEntriesHideTheHiddenEnd(t *testing.T) {
	each(t, func(t *testing.T, f catalogtest.Fixture) {
		open := f.Register(owner(t), t, catalog.Registration{Kind: "project", Name: "open", Title: "Open", Visibility: authz.Public})
		secret := f.Register(owner(t), t, catalog.Registration{Kind: "project", Title: "Secret", Visibility: authz.Restricted})
		if err := f.Service.AddLink(owner(t), open.Ref, "part_of", secret.Ref); err != nil {
			t.Fatal(err)
		}
		link := func(tx *ledger.Tx) error { return f.Service.Link(owner(t), tx, "risk:k3j4", "concerns", open.Ref) }
		if err := f.Log.Writer("catalog", catalog.EntryKinds()).Decide(owner(t), link); err != nil {
			t.Fatal(err)
		}
		got := []string{}
		err := f.DB.Read(t.Context(), func(r *store.ReadTx) error {
			rows, err := r.Query(t.Context(), "SELECT item, visibility FROM ledger_opening WHERE kind = $1 ORDER BY seq", catalog.KindLinkAdded)
			got, err = store.Collect(rows, err, func(s store.Scanner) (string, error) {
				var item, visibility string
				err := s.Scan(&item, &visibility)
				return item + " " + visibility, err
			})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{secret.Item() + " restricted", "risk:k3j4 restricted"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

// TestLinksOfOtherModules: what another module does not describe to this reader
// is not shown.
func TestLinksOfOtherModules(t *testing.T) {
	describe := func(_ context.Context, _ store.Reader, a authz.Actor, items []string) (map[string]catalog.Described, error) {
		if a.HasRole(authz.RoleOwner) {
			return map[string]catalog.Described{items[0]: {Title: "A risk", State: "open", URL: "/risks/k3j4"}}, nil
		}
		return nil, nil
	}
	storetest.Each(t, catalogtest.Migrations(), func(t *testing.T, db *store.DB) {
		f := catalogtest.New(t, db, map[string]catalog.Describer{"risk": describe})
		sub := f.Register(owner(t), t, catalog.Registration{Kind: "project", Name: "a", Title: "A"})
		err := f.Log.Writer("catalog", catalog.EntryKinds()).Decide(owner(t), func(tx *ledger.Tx) error {
			for _, item := range []string{"risk:k3j4", "finding:x"} {
				if err := f.Service.Link(owner(t), tx, item, "concerns", sub.Ref); err != nil {
					return err
				}
			}
			// Once more changes nothing.
			return f.Service.Link(owner(t), tx, "risk:k3j4", "concerns", sub.Ref)
		})
		if err != nil {
			t.Fatal(err)
		}
		d, err := f.Service.Show(owner(t), sub.Ref)
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Links) != 1 || d.Links[0].Words != "is the subject of" || d.Links[0].Title != "A risk" || d.Links[0].URL != "/risks/k3j4" {
			t.Errorf("links: %+v", d.Links)
		}
		if d, _ := f.Service.Show(reviewer(t), sub.Ref); len(d.Links) != 0 {
			t.Errorf("shown to somebody who may not see it: %+v", d.Links)
		}
		for _, bad := range []string{"flow:absent", "no colon", "risk:", "RISK:x"} {
			err := f.Log.Writer("catalog", catalog.EntryKinds()).Decide(owner(t), func(tx *ledger.Tx) error {
				return f.Service.Link(owner(t), tx, bad, "concerns", sub.Ref)
			})
			if !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.NotFound) {
				t.Errorf("%q: %v", bad, err)
			}
		}
	})
}
