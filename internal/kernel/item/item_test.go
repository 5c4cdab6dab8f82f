// SPDX-License-Identifier: Apache-2.0

package item_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

// codes lists what was noted, "path code", in order.
func codes(f item.Fields) []string {
	all := []string{}
	for _, field := range f {
		all = append(all, field.Path+" "+field.Code)
	}
	return all
}

func wantCodes(t *testing.T, f item.Fields, want ...string) {
	t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), codes(f)); diff != "" {
		t.Errorf("noted (-want +got):\n%s", diff)
	}
}

func TestTexts(t *testing.T) {
	for _, c := range []struct {
		name, value string
		line        bool
		want        string // code of what is noted
	}{
		{"a text", "two\nlines", false, ""},
		{"a line", " plain ", true, ""},
		{"nothing", "   ", false, "required"},
		{"long", strings.Repeat("x", 21), false, "too_long"},
		{"control", "a\x00b", false, "encoding"},
		{"not UTF-8", "a\xff", true, "encoding"},
		{"line end in a line", "two\nlines", true, "unseen_character"},
		{"hidden in a line", "a\u202eb", true, "encoding"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var f item.Fields
			check := f.Text
			if c.line {
				check = f.Line
			}
			if got := check("p", c.value, 20, true); got != strings.TrimSpace(c.value) {
				t.Errorf("read %q", got)
			}
			if c.want == "" {
				wantCodes(t, f)
				return
			}
			wantCodes(t, f, "p "+c.want)
		})
	}
}

func TestMoments(t *testing.T) {
	zone := time.FixedZone("east", 3600)
	var f item.Fields
	for value, want := range map[string]time.Time{
		"":                          {},
		"2026-12-23":                time.Date(2026, 12, 23, 23, 0, 0, 0, time.UTC),
		"2026-12-23T12:00:00+01:00": time.Date(2026, 12, 23, 11, 0, 0, 0, time.UTC),
	} {
		if got := f.Moment("p", value, item.EndIn(zone)); !got.Equal(want) {
			t.Errorf("%q ends at %v, want %v", value, got, want)
		}
	}
	if got := f.Moment("p", "2026-12-23", item.StartIn(zone)); !got.Equal(time.Date(2026, 12, 22, 23, 0, 0, 0, time.UTC)) {
		t.Errorf("starts at %v", got)
	}
	wantCodes(t, f)
	f.Moment("p", "tomorrow", item.EndIn(zone))
	wantCodes(t, f, "p format")
	if err := f.Err("x.invalid"); !fault.HasCode(err, "x.invalid") || item.Fields(nil).Err("x.invalid") != nil {
		t.Errorf("got %v", err)
	}
}

func TestChoices(t *testing.T) {
	var f item.Fields
	f.Choice("a", "x", "x", "y")
	f.Choice("b", "", "x", "y")
	item.ChoiceOf(&f, "c", authz.Visibility("none"), []authz.Visibility{authz.Public, authz.Internal})
	wantCodes(t, f, "b not_offered", "c not_offered")
	if f[1].Message != "Choose one of: public, internal." {
		t.Errorf("got %q", f[1].Message)
	}
}

func TestNext(t *testing.T) {
	table := []item.Transition[string]{
		{From: "", Verb: "make", To: "open"}, {From: "open", Verb: "edit", To: "open"}, {From: "open", Verb: "close", To: "closed"}, {From: "open", Verb: "close", To: "never"},
	}
	if to, err := item.Next(table, "open", "close", "x.state"); err != nil || to != "closed" {
		t.Errorf("closed to %q, %v", to, err)
	}
	for from, want := range map[string]string{
		"open":   "This is open: make is not possible now. Possible: edit or close.",
		"closed": "This is closed, which is final: make is not possible.",
	} {
		to, err := item.Next(table, from, "make", "x.state")
		if f := fault.From(err); to != "" || f.Kind != fault.Conflict || f.Code != "x.state" || f.Message != want {
			t.Errorf("%s to %q: %v", from, to, err)
		}
	}
}

func TestStricter(t *testing.T) {
	for _, c := range [][3]authz.Visibility{
		{authz.Public, authz.Internal, authz.Internal}, {authz.Restricted, authz.Internal, authz.Restricted},
		{authz.Public, authz.Public, authz.Public}, {"unheard of", authz.Restricted, "unheard of"},
	} {
		if a, b := item.Stricter(c[0], c[1]), item.Stricter(c[1], c[0]); a != c[2] || b != c[2] {
			t.Errorf("of %s and %s: %s, %s", c[0], c[1], a, b)
		}
	}
}

func steps(t *testing.T) []store.Migrations {
	t.Helper()
	return []store.Migrations{{Module: "thing", FS: fstest.MapFS{"0001_thing.sql": {Data: []byte(`-- +goose Up
CREATE TABLE thing_history (
	entry {int64} NOT NULL PRIMARY KEY, thing TEXT NOT NULL, bit TEXT NOT NULL, version {int64} NOT NULL,
	kind TEXT NOT NULL, actor TEXT NOT NULL, decided_at {int64} NOT NULL, changes TEXT NOT NULL
) {STRICT};
`)}}}}
}

func TestHistory(t *testing.T) {
	history := item.NewHistory("thing_history", "thing", "bit")
	step := func(entry int64, kind string, changes ...item.Change) item.Step {
		return item.Step{Entry: entry, Version: entry, Kind: kind, Actor: "person:a", At: storetest.Start(), Changes: changes}
	}
	made, changed, other := step(1, "thing.made"), step(3, "thing.changed", item.Change{Field: "owner", From: "a", To: "b"}), step(2, "thing.made")
	changed.Part = "bit-1"
	storetest.Each(t, steps(t), func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		err := db.Write(ctx, func(tx *store.Tx) error {
			if err := history.Add(ctx, tx, "x", made, changed); err != nil {
				return err
			}
			return history.AddAll(ctx, tx, []item.Line{{Step: other, Item: "y"}})
		})
		if err != nil {
			t.Fatal(err)
		}
		made, other := made, other
		made.Changes, other.Changes = []item.Change{}, []item.Change{} // never null in JSON
		err = db.Read(ctx, func(r *store.ReadTx) error {
			for limit, want := range map[int][]item.Step{1: {changed}, 5: {changed, made}} {
				got, err := history.Latest(ctx, r, "x", limit)
				if diff := cmp.Diff(want, got); diff != "" || err != nil {
					t.Errorf("the latest %d, %v (-want +got):\n%s", limit, err, diff)
				}
			}
			got, err := history.Of(ctx, r, []string{"x", "y", "z", "x"}, "thing.made")
			if diff := cmp.Diff(map[string][]item.Step{"x": {made}, "y": {other}}, got); diff != "" {
				t.Errorf("made (-want +got):\n%s", diff)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// people knows "a" (login "ann"), and the group "g" of "a" alone.
type people struct{}

func (people) Person(_ context.Context, _ store.Reader, id string) (catalog.Named, error) {
	if id != "a" && id != "ann" {
		return catalog.Named{}, fault.ItemNotFound()
	}
	return catalog.Named{ID: "a", Handle: "ann", Name: "Ann"}, nil
}

func (people) Group(_ context.Context, _ store.Reader, id string) (catalog.Named, error) {
	if id != "g" {
		return catalog.Named{}, fault.ItemNotFound()
	}
	return catalog.Named{ID: id, Name: "Group"}, nil
}

func (people) Organisation(context.Context, store.Reader, string) (catalog.Named, error) {
	return catalog.Named{}, fault.ItemNotFound()
}

func (people) People(_ context.Context, _ store.Reader, ids []string) (map[string]catalog.Named, error) {
	if len(ids) != 2 || slices.Contains(ids, "") {
		return nil, fmt.Errorf("asked for %q", ids)
	}
	return map[string]catalog.Named{"a": {ID: "a", Handle: "ann", Name: "Ann"}}, nil
}

func (people) Names(context.Context, store.Reader, []string) (map[string]string, error) {
	return map[string]string{"a": "Ann"}, nil
}

func (people) ActorOf(_ context.Context, _ store.Reader, id string) (authz.Actor, error) {
	return authz.Actor{ID: id, Kind: authz.KindPerson, Roles: []authz.Role{authz.RoleOwner}}, nil
}

func (people) Members(context.Context, store.Reader, string) ([]string, error) {
	return []string{"a"}, nil
}

func TestPeople(t *testing.T) {
	ctx, dir := t.Context(), people{}
	var f item.Fields
	for named, want := range map[string]string{" ann ": "a", "nobody": "", "": ""} {
		if id, err := item.Person(ctx, nil, dir, &f, "p", named); err != nil || id != want {
			t.Errorf("%q is %q, %v", named, id, err)
		}
	}
	if len(f) != 2 {
		t.Errorf("noted %v", f)
	}
	f = nil
	for _, v := range []authz.Visibility{authz.Internal, authz.Restricted} {
		if id, err := item.Sighted(ctx, nil, dir, &f, "p", "ann", "thing", authz.Resource{Visibility: v}); err != nil || id != "a" {
			t.Errorf("got %q, %v", id, err)
		}
	}
	wantCodes(t, f, "p unsighted")
	names, err := item.Names(ctx, nil, dir, []string{"a", "", "gone", "a"}, []string{"o"})
	if diff := cmp.Diff(map[string]catalog.Named{"a": {ID: "a", Handle: "ann", Name: "Ann"}}, names); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for principal, want := range map[string]bool{"group:g": true, "person:a": true, "person:b": false} {
		got, err := item.Anybody(ctx, nil, dir, []string{principal}, func(a authz.Actor) bool { return a.ID == "a" })
		if got != want || err != nil {
			t.Errorf("%s: %v, %v", principal, got, err)
		}
	}
	if item.PersonOf("person:a") != "a" || item.PersonOf("group:a") != "" || item.PersonOf("system") != "" {
		t.Error("a reference is taken for another")
	}
}

func TestPrincipals(t *testing.T) {
	for _, c := range []struct {
		named []string
		want  []string
		noted []string
	}{
		{[]string{"person:ann", "group:g"}, []string{"person:a", "group:g"}, nil},
		{[]string{"person:ann", "group:x"}, nil, []string{"p unknown"}},
		{[]string{"ann"}, nil, []string{"p unknown"}},
		{[]string{"robot:ann"}, nil, []string{"p unknown"}},
		{make([]string, item.MaxPrincipals+1), nil, []string{"p too_many"}},
	} {
		var f item.Fields
		got, err := item.Principals(t.Context(), nil, people{}, &f, "p", c.named)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%v: %v\n%s", c.named, err, diff)
		}
		wantCodes(t, f, c.noted...)
	}
}

func TestBound(t *testing.T) {
	here := item.Bound{Restricted: true, Principals: []string{"group:g", "person:a"}}
	ann, ben := authz.Actor{ID: "a", Kind: authz.KindPerson}, authz.Actor{ID: "b", Kind: authz.KindPerson}
	for _, c := range []struct {
		name  string
		bound item.Bound
		actor authz.Actor
		named []string
		want  []string
		noted []string
	}{
		{"an open subject", item.Bound{}, ben, []string{"person:c"}, []string{"person:b", "person:c"}, nil},
		{"nobody named: all at the subject", here, ann, nil, []string{"group:g", "person:a"}, nil},
		{"who always is, but not at the subject", here, ann, []string{"person:a"}, []string{"person:a"}, nil},
		{"wider than the subject", here, ann, []string{"person:c"}, nil, []string{"p wider"}},
		{"without the actor", here, ben, []string{"person:a"}, []string{"person:a"}, []string{"p without_you"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var f item.Fields
			got := c.bound.Share(&f, "p", "thing", c.actor, c.named, "b", "")
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			wantCodes(t, f, c.noted...)
		})
	}
}

func TestKept(t *testing.T) {
	kept := item.Kept{Type: "thing", Table: "thing_item", Alias: "t"}
	if diff := cmp.Diff([]string{"1", "2"}, kept.IDs([]string{"thing:1", "risk:9", "thing:", "thing:2"})); diff != "" {
		t.Error(diff)
	}
	var args []any
	if got := kept.Seen(authz.Anonymous(), "x.id", &args); got != "EXISTS (SELECT 1 FROM thing_item t WHERE t.id = x.id AND (t.visibility = 'public'))" || len(args) > 0 {
		t.Errorf("%s %v", got, args)
	}
}
