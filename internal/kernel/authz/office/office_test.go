// SPDX-License-Identifier: Apache-2.0

package office_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/authz/office"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgertest"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

// desk is the service on a real store with ranks and active accounts.
type desk struct {
	*office.Service
	t   *testing.T
	db  *store.DB
	now time.Time
}

func each(t *testing.T, fn func(t *testing.T, d desk)) {
	t.Helper()
	storetest.Each(t, []store.Migrations{ledger.Migrations(), authz.Migrations()}, func(t *testing.T, db *store.DB) {
		policy, err := authz.NewPolicy(office.Actions(), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		d := desk{
			Service: office.New(office.Deps{DB: db, Writer: ledgertest.Writer(t, db, "authz", office.Kinds()...), Policy: policy, Organisation: known}),
			t:       t, db: db, now: db.Clock().Domain(),
		}
		if err := d.SetRanks(t.Context(), []authz.Rank{{Name: "manager", Title: "Manager"}, {Name: "director", Title: "Director"}}); err != nil {
			t.Fatal(err)
		}
		for _, person := range []string{"admin", "boss", "sam", "mia", "dan"} {
			d.setActive(person, true)
		}
		fn(t, d)
	})
}

// known is the one organisation there is.
func known(_ context.Context, _ store.Reader, id string) error {
	if id != "org" {
		return fault.ItemNotFound()
	}
	return nil
}

func (d desk) setActive(person string, active bool) {
	d.t.Helper()
	w := ledgertest.Writer(d.t, d.db, "authz")
	err := w.Quiet(d.t.Context(), "the test arranges its data", func(tx *store.Tx) error {
		return authz.SetActive(d.t.Context(), tx, person, active)
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d desk) as(person string, roles ...authz.Role) context.Context {
	return authz.WithActor(d.t.Context(), authz.Actor{ID: person, Kind: authz.KindPerson, Roles: roles})
}

func (d desk) admin() context.Context { return d.as("admin", authz.RoleAdmin) }

func (d desk) authority() authz.Authority {
	d.t.Helper()
	a, err := d.Authority(d.admin())
	if err != nil {
		d.t.Fatal(err)
	}
	return a
}

// post creates the security directorate held by sam.
func (d desk) post() authz.Post {
	d.t.Helper()
	p, err := d.CreatePost(d.admin(), security("sam"))
	if err != nil {
		d.t.Fatal(err)
	}
	return p
}

func security(holder string) office.PostInput {
	return office.PostInput{Organisation: "org", Rank: "director", Function: "security", Title: "Director of Security", Holder: holder}
}

func (d desk) delegation(post string) office.DelegationInput {
	return office.DelegationInput{Post: post, To: "dan", Until: d.now.Add(48 * time.Hour), Reason: "Leave"}
}

func (d desk) entries() int64 {
	d.t.Helper()
	var n int64
	err := d.db.Read(d.t.Context(), func(tx *store.ReadTx) error {
		return tx.QueryRow(d.t.Context(), "SELECT COUNT(*) FROM ledger_opening").Scan(&n)
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return n
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if code == "" && err != nil || code != "" && !fault.HasCode(err, code) {
		t.Fatalf("err = %v, want %q", err, code)
	}
}

func TestPostLifecycle(t *testing.T) {
	each(t, func(t *testing.T, d desk) {
		p := d.post()
		want := authz.Post{ID: p.ID, Organisation: "org", Rank: "director", Function: "security", Title: "Director of Security", Holder: "sam", Version: 1}
		if diff := cmp.Diff([]authz.Post{want}, d.authority().Posts); diff != "" {
			t.Fatal(diff)
		}
		in := security("mia")
		in.Since, in.Until = d.now, d.now.Add(time.Hour)
		if _, err := d.ChangePost(d.admin(), p.ID, 1, in); err != nil {
			t.Fatal(err)
		}
		_, err := d.ChangePost(d.admin(), p.ID, 1, in)
		wantCode(t, err, "authz.stale")
		want.Holder, want.Since, want.Until, want.Version = "mia", in.Since, in.Until, 2
		if diff := cmp.Diff([]authz.Post{want}, d.authority().Posts); diff != "" {
			t.Fatal(diff)
		}
		wantCode(t, d.AbolishPost(d.admin(), p.ID, 1), "authz.stale")
		wantCode(t, d.AbolishPost(d.admin(), p.ID, 2), "")
		wantCode(t, d.AbolishPost(d.admin(), p.ID, 3), "not_found")
		if got := d.authority().Posts; len(got) != 0 {
			t.Fatalf("abolished post still there: %+v", got)
		}
		if n := d.entries(); n != 4 { // ranks, created, changed, abolished
			t.Errorf("%d entries, want 4", n)
		}
	})
}

func TestPostRefuses(t *testing.T) {
	each(t, func(t *testing.T, d desk) {
		for name, tt := range map[string]struct {
			ctx    context.Context
			change func(*office.PostInput)
			want   string
		}{
			"not an administrator":   {d.as("boss", authz.RoleExecutive), nil, "authz.forbidden"},
			"signed out":             {t.Context(), nil, "authz.sign_in"},
			"oneself":                {d.admin(), func(in *office.PostInput) { in.Holder = "admin" }, "authz.self_appointment"},
			"unknown rank":           {d.admin(), func(in *office.PostInput) { in.Rank = "emperor" }, "authz.post_invalid"},
			"stranger":               {d.admin(), func(in *office.PostInput) { in.Holder = "nobody" }, "authz.post_invalid"},
			"unknown organisation":   {d.admin(), func(in *office.PostInput) { in.Organisation = "none" }, "authz.post_invalid"},
			"holder that is no text": {d.admin(), func(in *office.PostInput) { in.Holder = "a\x00b" }, "authz.post_invalid"},
			"no organisation":        {d.admin(), func(in *office.PostInput) { in.Organisation = "" }, "authz.post_invalid"},
			"no title":               {d.admin(), func(in *office.PostInput) { in.Title = "" }, "authz.post_invalid"},
			"long title":             {d.admin(), func(in *office.PostInput) { in.Title = strings.Repeat("x", 201) }, "authz.post_invalid"},
			"title with a NUL":       {d.admin(), func(in *office.PostInput) { in.Title = "a\x00b" }, "authz.post_invalid"},
			"title that is no text":  {d.admin(), func(in *office.PostInput) { in.Title = "a\xff" }, "authz.post_invalid"},
			"function not a slug":    {d.admin(), func(in *office.PostInput) { in.Function = "Security!" }, "authz.post_invalid"},
			"ends before it begins":  {d.admin(), func(in *office.PostInput) { in.Since, in.Until = d.now, d.now }, "authz.post_invalid"},
		} {
			t.Run(name, func(t *testing.T) {
				in := security("sam")
				if tt.change != nil {
					tt.change(&in)
				}
				before := d.entries()
				_, err := d.CreatePost(tt.ctx, in)
				wantCode(t, err, tt.want)
				if d.entries() != before || len(d.authority().Posts) != 0 {
					t.Error("something was written")
				}
			})
		}
	})
}

// An administrator who holds a post may correct its title, but not widen it.
func TestHolderDoesNotWidenOwnPost(t *testing.T) {
	each(t, func(t *testing.T, d desk) {
		in := security("sam")
		in.Rank, in.Until = "manager", d.now.Add(time.Hour)
		p, err := d.CreatePost(d.admin(), in)
		wantCode(t, err, "")
		sam := d.as("sam", authz.RoleAdmin)
		for name, change := range map[string]func(*office.PostInput){
			"rank":     func(in *office.PostInput) { in.Rank = "director" },
			"function": func(in *office.PostInput) { in.Function = "legal" },
			"until":    func(in *office.PostInput) { in.Until = time.Time{} },
		} {
			wider := in
			change(&wider)
			_, err := d.ChangePost(sam, p.ID, 1, wider)
			if !fault.HasCode(err, "authz.self_appointment") {
				t.Errorf("%s: %v, want authz.self_appointment", name, err)
			}
		}
		in.Title = "Head of Security"
		_, err = d.ChangePost(sam, p.ID, 1, in)
		wantCode(t, err, "")
	})
}

func TestBodyLifecycle(t *testing.T) {
	each(t, func(t *testing.T, d desk) {
		in := office.BodyInput{Organisation: "org", Name: "Council", Members: []string{"sam", "mia", "sam"}, Quorum: 2}
		b, err := d.CreateBody(d.admin(), in)
		wantCode(t, err, "")
		want := authz.Body{ID: b.ID, Organisation: "org", Name: "Council", Members: []string{"mia", "sam"}, Quorum: 2, Version: 1}
		if diff := cmp.Diff([]authz.Body{want}, d.authority().Bodies); diff != "" {
			t.Fatal(diff)
		}
		in.Members = []string{"mia", "sam", "dan"}
		_, err = d.ChangeBody(d.admin(), b.ID, 1, in)
		wantCode(t, err, "")
		_, err = d.ChangeBody(d.admin(), b.ID, 1, in)
		wantCode(t, err, "authz.stale")
		in.Quorum = 1
		_, err = d.ChangeBody(d.as("sam", authz.RoleAdmin), b.ID, 2, in)
		wantCode(t, err, "authz.self_appointment")
		in.Quorum, in.Members = 2, []string{"admin", "sam"}
		_, err = d.ChangeBody(d.admin(), b.ID, 2, in)
		wantCode(t, err, "authz.self_appointment")
		_, err = d.CreateBody(d.admin(), in)
		wantCode(t, err, "authz.self_appointment")
		in.Quorum, in.Members = 3, []string{"mia", "sam"}
		_, err = d.ChangeBody(d.admin(), b.ID, 2, in)
		wantCode(t, err, "authz.body_invalid")
		wantCode(t, d.DissolveBody(d.admin(), b.ID, 2), "")
		if got := d.authority().Bodies; len(got) != 0 {
			t.Fatalf("dissolved body still there: %+v", got)
		}
	})
}

// acting returns the right by which person exercises a rank now.
func (d desk) acting(person, rank string) (authz.Right, bool) {
	for _, r := range d.authority().Rights(person, "org", d.now) {
		if r.Kind == authz.RightRank && r.Rank == rank {
			return r, true
		}
	}
	return authz.Right{}, false
}

func TestDelegationByHolder(t *testing.T) {
	each(t, func(t *testing.T, d desk) {
		p := d.post()
		granted, err := d.Delegate(d.as("sam", authz.RoleOwner), d.delegation(p.ID))
		wantCode(t, err, "")
		if r, ok := d.acting("dan", "director"); !ok || r.Holder != "sam" || r.Delegation != granted.ID {
			t.Fatalf("delegate has %+v, %t", r, ok)
		}
		// What was delegated cannot be delegated on.
		on := d.delegation(p.ID)
		on.To = "mia"
		_, err = d.Delegate(d.as("dan", authz.RoleOwner), on)
		wantCode(t, err, "authz.not_holder")
		wantCode(t, d.Revoke(d.as("mia", authz.RoleOwner), granted.ID, 1), "authz.not_party")
		wantCode(t, d.Revoke(d.as("dan", authz.RoleOwner), granted.ID, 2), "authz.stale")
		wantCode(t, d.Revoke(d.as("dan", authz.RoleOwner), granted.ID, 1), "")
		wantCode(t, d.Revoke(d.as("dan", authz.RoleOwner), granted.ID, 2), "authz.delegation_ended")
		if _, ok := d.acting("dan", "director"); ok {
			t.Error("a revoked delegation still gives a rank")
		}
	})
}

func TestDelegationRefuses(t *testing.T) {
	each(t, func(t *testing.T, d desk) {
		p := d.post()
		sam := d.as("sam", authz.RoleOwner)
		for name, tt := range map[string]struct {
			ctx    context.Context
			change func(*office.DelegationInput)
			want   string
		}{
			"auditor":                 {d.as("sam", authz.RoleAuditor), nil, "authz.forbidden"},
			"outsider":                {d.as("sam", authz.RoleOutsider), nil, "authz.forbidden"},
			"no holder":               {d.as("mia", authz.RoleOwner), nil, "authz.not_holder"},
			"unknown post":            {sam, func(in *office.DelegationInput) { in.Post = "none" }, "not_found"},
			"to the holder":           {sam, func(in *office.DelegationInput) { in.To = "sam" }, "authz.delegation_invalid"},
			"to a stranger":           {sam, func(in *office.DelegationInput) { in.To = "nobody" }, "authz.delegation_invalid"},
			"no reason":               {sam, func(in *office.DelegationInput) { in.Reason = "" }, "authz.delegation_invalid"},
			"ends in the past":        {sam, func(in *office.DelegationInput) { in.Until = d.now.Add(-time.Second) }, "authz.delegation_invalid"},
			"longer than a year":      {sam, func(in *office.DelegationInput) { in.Until = d.now.AddDate(1, 0, 2) }, "authz.delegation_invalid"},
			"administrator to itself": {d.admin(), func(in *office.DelegationInput) { in.To = "admin" }, "authz.self_appointment"},
		} {
			t.Run(name, func(t *testing.T) {
				in := d.delegation(p.ID)
				if tt.change != nil {
					tt.change(&in)
				}
				_, err := d.Delegate(tt.ctx, in)
				wantCode(t, err, tt.want)
				if len(d.authority().Delegations) != 0 {
					t.Error("a delegation was written")
				}
			})
		}
		d.setActive("sam", false)
		_, err := d.Delegate(d.admin(), d.delegation(p.ID))
		wantCode(t, err, "authz.post_vacant")
	})
}

// A delegation ends with what it rests on, and does not come back with it.
func TestDelegationDoesNotRevive(t *testing.T) {
	each(t, func(t *testing.T, d desk) {
		p := d.post()
		sam := d.as("sam", authz.RoleOwner)
		acts := func() bool {
			_, ok := d.acting("dan", "director")
			return ok
		}
		grant := func() {
			t.Helper()
			if _, err := d.Delegate(sam, d.delegation(p.ID)); err != nil {
				t.Fatal(err)
			}
			if !acts() {
				t.Fatal("the delegation does not work to begin with")
			}
		}
		version := p.Version
		hand := func(holder string) {
			t.Helper()
			changed, err := d.ChangePost(d.admin(), p.ID, version, security(holder))
			if err != nil {
				t.Fatal(err)
			}
			version = changed.Version
		}
		grant()
		hand("mia")
		hand("sam")
		if acts() {
			t.Error("it came back with the former holder")
		}
		for _, person := range []string{"sam", "dan"} {
			grant()
			d.setActive(person, false)
			d.setActive(person, true)
			if acts() {
				t.Errorf("it came back with the account of %s", person)
			}
		}
	})
}

func TestSetRanks(t *testing.T) {
	each(t, func(t *testing.T, d desk) {
		d.post()
		before := d.entries()
		same := []authz.Rank{{Name: "manager", Title: "Manager"}, {Name: "director", Title: "Director"}}
		wantCode(t, d.SetRanks(t.Context(), same), "")
		if d.entries() != before {
			t.Error("an unchanged order was recorded")
		}
		wantCode(t, d.SetRanks(t.Context(), same[:1]), "authz.rank_in_use")
		wantCode(t, d.SetRanks(t.Context(), append(same, same[0])), "authz.rank_invalid")
		wantCode(t, d.SetRanks(t.Context(), []authz.Rank{same[1], same[0]}), "")
		if d.entries() != before+1 {
			t.Error("a new order was not recorded")
		}
		if diff := cmp.Diff([]authz.Rank{same[1], same[0]}, d.authority().Ranks); diff != "" {
			t.Error(diff)
		}
	})
}
