// SPDX-License-Identifier: Apache-2.0

package catalog_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/catalog/catalogtest"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

func each(t *testing.T, fn func(t *testing.T, f catalogtest.Fixture)) {
	storetest.Each(t, catalogtest.Migrations(), func(t *testing.T, db *store.DB) { fn(t, catalogtest.New(t, db, nil)) })
}

func owner(t *testing.T) context.Context {
	return catalogtest.As(t.Context(), "fictional-owner", authz.RoleOwner)
}

func reviewer(t *testing.T) context.Context {
	return catalogtest.As(t.Context(), "fictional-reviewer", authz.RoleReviewer)
}

// entries returns the kinds of all entries about items of the catalogue, in order.
func entries(t *testing.T, f catalogtest.Fixture) []string {
	t.Helper()
	var kinds []string
	err := f.DB.Read(t.Context(), func(r *store.ReadTx) error {
		rows, err := r.Query(t.Context(), "SELECT kind FROM ledger_opening ORDER BY seq")
		kinds, err = store.Collect(rows, err, func(s store.Scanner) (string, error) { var k string; return k, s.Scan(&k) })
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return kinds
}

func TestRegisterAndShow(t *testing.T) {
	each(t, func(t *testing.T, f catalogtest.Fixture) {
		f.Realms(owner(t), t)
		flow := f.Flow(owner(t), t)
		d, err := f.Service.Show(owner(t), "flow:property-suggester-ab-test")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(flow, d.Subject); diff != "" {
			t.Errorf("stored and returned differ (-returned +stored):\n%s", diff)
		}
		if flow.Version != 1 || flow.Revision != 1 || len(flow.Digest) != 64 || flow.Owner != "fictional-owner" || flow.Visibility != authz.Internal {
			t.Errorf("a new subject is %+v", flow)
		}
		if d.Owner.Name != "Fictional owner" || d.Organisation.Name != "The steward" {
			t.Errorf("names: %+v, %+v", d.Owner, d.Organisation)
		}
		realm, err := f.Service.Show(owner(t), "realm:cloud")
		if err != nil {
			t.Fatal(err)
		}
		if len(realm.Referrers) != 1 || realm.Referrers[0].Ref != flow.Ref {
			t.Errorf("what refers to the realm: %+v", realm.Referrers)
		}
		want := []string{catalog.KindRegistered, catalog.KindRegistered, catalog.KindRegistered}
		if diff := cmp.Diff(want, entries(t, f)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestRegisterRefuses(t *testing.T) {
	each(t, func(t *testing.T, f catalogtest.Fixture) {
		f.Realms(owner(t), t)
		f.Flow(owner(t), t)
		good := func() catalog.Registration {
			return catalog.Registration{Kind: "realm", Name: "new", Title: "New", Organisation: catalogtest.Organisation, Attributes: map[string]string{"trust": "outside"}}
		}
		for name, c := range map[string]struct {
			change func(*catalog.Registration)
			ctx    context.Context
			kind   fault.Kind
			path   string
		}{
			"taken name":           {func(r *catalog.Registration) { r.Name = "cloud" }, owner(t), fault.Conflict, ""},
			"unknown kind":         {func(r *catalog.Registration) { r.Kind = "relm" }, owner(t), fault.Invalid, "kind"},
			"bad name":             {func(r *catalog.Registration) { r.Name = "No spaces" }, owner(t), fault.Invalid, "name"},
			"no title":             {func(r *catalog.Registration) { r.Title = " " }, owner(t), fault.Invalid, "title"},
			"unknown organisation": {func(r *catalog.Registration) { r.Organisation = "elsewhere" }, owner(t), fault.Invalid, "organisation"},
			"unknown owner":        {func(r *catalog.Registration) { r.Owner = "nobody" }, owner(t), fault.Invalid, "owner"},
			"missing attribute":    {func(r *catalog.Registration) { r.Attributes = nil }, owner(t), fault.Invalid, "attributes.trust"},
			"unknown target": {func(r *catalog.Registration) {
				r.Kind, r.Attributes = "flow", map[string]string{"from": "production", "to": "nowhere"}
			}, owner(t), fault.Invalid, "attributes.to"},
			"visibility": {func(r *catalog.Registration) { r.Visibility = "secret" }, owner(t), fault.Invalid, "visibility"},
			"outsider":   {func(*catalog.Registration) {}, catalogtest.As(t.Context(), "o", authz.RoleOutsider), fault.Forbidden, ""},
			"auditor":    {func(*catalog.Registration) {}, catalogtest.As(t.Context(), "a", authz.RoleAuditor), fault.Forbidden, ""},
			"nobody":     {func(*catalog.Registration) {}, t.Context(), fault.Unauthenticated, ""},
		} {
			in := good()
			c.change(&in)
			_, err := f.Service.Register(c.ctx, in)
			e := fault.From(err)
			if e == nil || e.Kind != c.kind || c.path != "" && (len(e.Fields) != 1 || e.Fields[0].Path != c.path) {
				t.Errorf("%s: %+v", name, e)
			}
		}
		if got := entries(t, f); len(got) != 3 {
			t.Errorf("a refused registration left an entry: %v", got)
		}
		if _, err := f.Service.Register(owner(t), good()); err != nil {
			t.Errorf("the registration that the cases start from is refused: %v", err)
		}
	})
}

func ptr[T any](v T) *T { return &v }

// TestChangePins: what decisions are pinned to changes with the pinned content
// and with nothing else.
func TestChangePins(t *testing.T) {
	each(t, func(t *testing.T, f catalogtest.Fixture) {
		f.Realms(owner(t), t)
		sub := f.Flow(owner(t), t)
		first := sub.Digest
		attributes := func(access string) map[string]string {
			return map[string]string{"from": "production", "to": "cloud", "access": access}
		}
		for _, c := range []struct {
			name    string
			in      catalog.Change
			version int64
			digest  bool // same as at first
		}{
			{"title", catalog.Change{Title: ptr("Better title")}, 1, true},
			{"description", catalog.Change{Description: ptr("Words")}, 1, true},
			{"owner", catalog.Change{Owner: ptr("fictional-owner-2")}, 1, true},
			{"visibility", catalog.Change{Visibility: ptr(authz.Public)}, 1, true},
			{"attribute", catalog.Change{Attributes: attributes("read_write")}, 2, false},
			{"attribute back", catalog.Change{Attributes: attributes("read")}, 3, true},
			{"empty attribute", catalog.Change{Attributes: map[string]string{"from": "production", "to": "cloud", "access": ""}}, 4, false},
		} {
			f.DB.Clock().Set(f.DB.Clock().Domain().Add(time.Hour))
			after, err := f.Service.Change(reviewer(t), sub.Ref, sub.Revision, c.in)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			if after.Version != c.version || (after.Digest == first) != c.digest || after.Revision != sub.Revision+1 || !after.ChangedAt.After(sub.ChangedAt) {
				t.Errorf("%s: %+v", c.name, after)
			}
			sub = after
		}
		stored, err := f.Service.Show(reviewer(t), sub.Ref)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sub, stored.Subject); diff != "" {
			t.Error(diff)
		}
		n := len(entries(t, f))
		same, err := f.Service.Change(reviewer(t), sub.Ref, sub.Revision, catalog.Change{Title: ptr(sub.Title)})
		if err != nil || same.Revision != sub.Revision || len(entries(t, f)) != n {
			t.Errorf("an edit that changes nothing: %+v, %v", same, err)
		}
	})
}

// TestChangeSpreads: what was accepted for a flow is void when the realm it goes
// to is trusted less.
func TestChangeSpreads(t *testing.T) {
	each(t, func(t *testing.T, f catalogtest.Fixture) {
		f.Realms(owner(t), t)
		before := f.Flow(owner(t), t)
		realm, err := f.Service.Show(owner(t), "realm:cloud")
		if err != nil {
			t.Fatal(err)
		}
		changed, err := f.Service.Change(reviewer(t), "realm:cloud", realm.Subject.Revision, catalog.Change{Title: ptr("Cloud")})
		if err != nil {
			t.Fatal(err)
		}
		if d, _ := f.Service.Show(owner(t), before.Ref); d.Subject.Pin() != before.Pin() {
			t.Errorf("a new title of the realm changed the flow: %+v", d.Subject)
		}
		if _, err = f.Service.Change(reviewer(t), "realm:cloud", changed.Revision, catalog.Change{Attributes: map[string]string{"trust": "outside"}}); err != nil {
			t.Fatal(err)
		}
		d, err := f.Service.Show(owner(t), before.Ref)
		if err != nil {
			t.Fatal(err)
		}
		if d.Subject.Version != 2 || d.Subject.Digest == before.Digest || d.Subject.Revision != 2 {
			t.Errorf("less trust of the realm left the flow as it was: %+v", d.Subject)
		}
		want := []string{catalog.KindRegistered, catalog.KindRegistered, catalog.KindRegistered, catalog.KindChanged, catalog.KindChanged, catalog.KindChanged}
		if diff := cmp.Diff(want, entries(t, f)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTwoPeopleEdit(t *testing.T) {
	each(t, func(t *testing.T, f catalogtest.Fixture) {
		f.Realms(owner(t), t)
		sub := f.Flow(owner(t), t)
		if _, err := f.Service.Change(reviewer(t), sub.Ref, sub.Revision, catalog.Change{Title: ptr("First")}); err != nil {
			t.Fatal(err)
		}
		_, err := f.Service.Change(owner(t), sub.Ref, sub.Revision, catalog.Change{Title: ptr("Second")})
		if !fault.Is(err, fault.Stale) {
			t.Errorf("the second edit: %v", err)
		}
		if d, _ := f.Service.Show(owner(t), sub.Ref); d.Subject.Title != "First" {
			t.Errorf("title %q", d.Subject.Title)
		}
	})
}

func TestWhoMayChange(t *testing.T) {
	each(t, func(t *testing.T, f catalogtest.Fixture) {
		f.Realms(owner(t), t)
		sub := f.Flow(owner(t), t)
		for name, c := range map[string]struct {
			ctx  context.Context
			want fault.Kind
		}{
			"another owner": {catalogtest.As(t.Context(), "fictional-owner-2", authz.RoleOwner), fault.Forbidden},
			"auditor":       {catalogtest.As(t.Context(), "fictional-auditor", authz.RoleAuditor), fault.Forbidden},
			"outsider":      {catalogtest.As(t.Context(), "fictional-outsider", authz.RoleOutsider), fault.Forbidden},
			"nobody":        {t.Context(), fault.Unauthenticated},
			// The owner of it, but signed in with a role that does not change anything.
			"owner as auditor": {catalogtest.As(t.Context(), "fictional-owner", authz.RoleAuditor), fault.Forbidden},
		} {
			if _, err := f.Service.Change(c.ctx, sub.Ref, 1, catalog.Change{Title: ptr("x")}); !fault.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := f.Service.Change(owner(t), sub.Ref, 1, catalog.Change{Title: ptr("x")}); err != nil {
			t.Errorf("its owner: %v", err)
		}
	})
}

func TestRetire(t *testing.T) {
	each(t, func(t *testing.T, f catalogtest.Fixture) {
		f.Realms(owner(t), t)
		sub := f.Flow(owner(t), t)
		if _, err := f.Service.Retire(owner(t), sub.Ref, 1, " "); !fault.Is(err, fault.Invalid) {
			t.Errorf("without a reason: %v", err)
		}
		// What refers to a retired subject is another thing than it was.
		if _, err := f.Service.Retire(owner(t), "realm:cloud", 1, "Switched off."); err != nil {
			t.Fatal(err)
		}
		detail, err := f.Service.Show(owner(t), sub.Ref)
		if err != nil || detail.Subject.Version != 2 || detail.Subject.Digest == sub.Digest {
			t.Errorf("into a retired realm: %+v %v", detail.Subject, err)
		}
		sub = detail.Subject
		after, err := f.Service.Retire(owner(t), sub.Ref, 2, "The test is over.")
		if err != nil {
			t.Fatal(err)
		}
		if !after.Retired() || after.Version != 3 || after.Digest != sub.Digest || after.Revision != 3 {
			t.Errorf("retired: %+v", after)
		}
		if _, err := f.Service.Change(owner(t), sub.Ref, 3, catalog.Change{Title: ptr("x")}); !fault.HasCode(err, "catalog.retired") {
			t.Errorf("changed after it was retired: %v", err)
		}
		if _, err := f.Service.Register(owner(t), catalog.Registration{Kind: "flow", Name: sub.Name, Title: "x", Organisation: catalogtest.Organisation,
			Attributes: map[string]string{"from": "production", "to": "production"}}); !fault.Is(err, fault.Conflict) {
			t.Errorf("its name was used again: %v", err)
		}
	})
}

// TestInvisibleIsAbsent: whoever may not see a subject gets the same fault as for
// one that does not exist, from every use case.
func TestInvisibleIsAbsent(t *testing.T) {
	each(t, func(t *testing.T, f catalogtest.Fixture) {
		hidden := f.Register(owner(t), t, catalog.Registration{Kind: "realm", Name: "hidden", Title: "Hidden", Visibility: authz.Restricted,
			Attributes: map[string]string{"trust": "outside"}, Participants: []string{"group:fictional-group"}})
		seen := f.Register(owner(t), t, catalog.Registration{Kind: "realm", Name: "seen", Title: "Seen", Attributes: map[string]string{"trust": "outside"}})
		ask := func(ref string) map[string]error {
			got := map[string]error{}
			_, got["show"] = f.Service.Show(reviewer(t), ref)
			_, got["change"] = f.Service.Change(reviewer(t), ref, 1, catalog.Change{Title: ptr("x")})
			_, got["retire"] = f.Service.Retire(reviewer(t), ref, 1, "x")
			got["link from"] = f.Service.AddLink(reviewer(t), ref, "part_of", seen.Ref)
			got["link to"] = f.Service.AddLink(reviewer(t), seen.Ref, "part_of", ref)
			got["unlink"] = f.Service.RemoveLink(reviewer(t), seen.Ref, "part_of", ref)
			_, got["refer"] = f.Service.Register(reviewer(t), catalog.Registration{Kind: "flow", Name: "f", Title: "x", Organisation: catalogtest.Organisation,
				Attributes: map[string]string{"from": "seen", "to": ref[len("realm:"):]}})
			return got
		}
		absent := ask("realm:absent")
		for name, err := range ask(hidden.Ref) {
			if err == nil || absent[name] == nil {
				t.Fatalf("%s: no error", name)
			}
			if diff := cmp.Diff(fault.From(absent[name]), fault.From(err)); diff != "" {
				t.Errorf("%s tells hidden from absent:\n%s", name, diff)
			}
		}
		member := authz.WithActor(t.Context(), authz.Actor{ID: "fictional-member", Kind: authz.KindPerson, Roles: []authz.Role{authz.RoleReviewer}, Groups: []string{"fictional-group"}})
		for name, ctx := range map[string]context.Context{"owner": owner(t), "member of the group": member} {
			if _, err := f.Service.Show(ctx, hidden.Ref); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		refs := []string{hidden.Ref, seen.Ref, "realm:absent"}
		for name, c := range map[string]struct {
			ctx  context.Context
			want map[string]catalog.Subject
		}{
			"reviewer": {reviewer(t), map[string]catalog.Subject{seen.Ref: seen}},
			"member":   {member, map[string]catalog.Subject{seen.Ref: seen, hidden.Ref: hidden}},
		} {
			err := f.DB.Read(t.Context(), func(r *store.ReadTx) error {
				shown, err := f.Service.VisibleSubjects(c.ctx, r, authz.ActorFrom(c.ctx), refs)
				if err != nil {
					return err
				}
				if diff := cmp.Diff(c.want, shown); diff != "" {
					t.Errorf("%s is shown:\n%s", name, diff)
				}
				all, err := f.Service.SubjectsByRef(c.ctx, r, refs)
				if len(all) != 2 || all[hidden.Ref].ID != hidden.ID {
					t.Errorf("the subjects of these refs: %+v", all)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		page, err := f.Service.List(reviewer(t), catalog.Filter{}, "", 0)
		if err != nil || len(page.Subjects) != 1 || page.Subjects[0].Ref != seen.Ref {
			t.Errorf("the list shows %+v, %v", page.Subjects, err)
		}
		// Taking the former owner out takes the sight away.
		if _, err := f.Service.Change(member, hidden.Ref, 1, catalog.Change{Owner: ptr("fictional-member")}); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Service.Show(owner(t), hidden.Ref); !fault.Is(err, fault.NotFound) {
			t.Errorf("the former owner still sees it: %v", err)
		}
	})
}

// TestHidingHidesTheHistory: entries follow a subject that is hidden; entries from
// the time when it was hidden stay hidden.
func TestHidingHidesTheHistory(t *testing.T) {
	each(t, func(t *testing.T, f catalogtest.Fixture) {
		sub := f.Register(owner(t), t, catalog.Registration{Kind: "project", Name: "p", Title: "P", Visibility: authz.Public})
		for _, c := range []struct {
			to   authz.Visibility
			want []string
		}{
			{authz.Restricted, []string{"restricted", "restricted"}},
			{authz.Internal, []string{"restricted", "restricted", "restricted"}},
		} {
			after, err := f.Service.Change(owner(t), sub.Ref, sub.Revision, catalog.Change{Visibility: &c.to})
			if err != nil {
				t.Fatal(err)
			}
			sub = after
			var got []string
			err = f.DB.Read(t.Context(), func(r *store.ReadTx) error {
				rows, err := r.Query(t.Context(), "SELECT visibility FROM ledger_opening WHERE item = $1 ORDER BY seq", sub.Item())
				got, err = store.Collect(rows, err, func(s store.Scanner) (string, error) { var v string; return v, s.Scan(&v) })
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s:\n%s", c.to, diff)
			}
		}
	})
}

func TestListPages(t *testing.T) {
	each(t, func(t *testing.T, f catalogtest.Fixture) {
		f.Realms(owner(t), t)
		f.Flow(owner(t), t)
		if _, err := f.Service.Retire(owner(t), "flow:property-suggester-ab-test", 1, "over"); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"a", "b", "c"} {
			f.Register(reviewer(t), t, catalog.Registration{Kind: "project", Name: name, Title: name})
		}
		for _, c := range []struct {
			filter catalog.Filter
			want   int
		}{
			{catalog.Filter{}, 5},
			{catalog.Filter{State: catalog.StateAll}, 6},
			{catalog.Filter{State: catalog.StateRetired}, 1},
			{catalog.Filter{Kind: "project"}, 3},
			{catalog.Filter{Kind: "project", Owner: "fictional-owner"}, 0},
			{catalog.Filter{Owner: "fictional-owner"}, 2},
			{catalog.Filter{Organisation: "elsewhere"}, 0},
		} {
			seen := map[string]bool{}
			cursor := ""
			for pages := 0; pages < 10; pages++ {
				page, err := f.Service.List(reviewer(t), c.filter, cursor, 2)
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range page.Subjects {
					if seen[s.Ref] {
						t.Errorf("%+v: %s stands on two pages", c.filter, s.Ref)
					}
					seen[s.Ref] = true
				}
				if cursor = page.Next; cursor == "" {
					break
				}
			}
			if len(seen) != c.want {
				t.Errorf("%+v: %d subjects, want %d", c.filter, len(seen), c.want)
			}
		}
		for _, cursor := range []string{"!", "AAA=", string(make([]byte, 500))} {
			if _, err := f.Service.List(reviewer(t), catalog.Filter{}, cursor, 2); !fault.Is(err, fault.Malformed) {
				t.Errorf("cursor %q: %v", cursor, err)
			}
		}
	})
}
