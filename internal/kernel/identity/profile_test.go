// SPDX-License-Identifier: Apache-2.0

package identity_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
)

func TestChangePassword(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		other := sam.session
		b.later(time.Minute)
		sam.session = b.mustSignIn(sam)
		b.later(time.Minute)
		const fresh = "another fine long password"
		change := func(password, code, to string) error {
			return b.ChangePassword(b.as(sam), identity.Reproof{Password: password, Code: code}, to)
		}
		wantCode(t, change("not my password", b.code(sam.secret, 0), fresh), "identity.reproof_failed")
		wantCode(t, change(goodPassword, "000000", fresh), "identity.reproof_failed")
		wantCode(t, change(goodPassword, b.code(sam.secret, 0), "password1234"), "identity.password_weak")
		wantCode(t, change(goodPassword, b.code(sam.secret, 0), fresh), "") // the weak one used no code up
		b.lastEntry(identity.KindPersonChanged)
		b.wantSession(other.Cookie, "identity.session_ended")
		b.wantSession(sam.session.Cookie, "")
		b.later(time.Minute)
		_, err := b.signIn(sam)
		wantCode(t, err, "identity.sign_in_failed")
		_, err = b.SignIn(t.Context(), "sam", fresh, b.code(sam.secret, 0), "192.0.2.1")
		wantCode(t, err, "")
	})
}

// Guessing the password of an unattended session is as slow as guessing at the door.
func TestReproofIsDelayed(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		guess := func() error {
			_, err := b.NewRecoveryCodes(b.as(sam), identity.Reproof{Password: "wrong password", Code: "000000"})
			return err
		}
		for range 5 {
			wantCode(t, guess(), "identity.reproof_failed")
		}
		err := guess()
		wantCode(t, err, "identity.slow_down")
		if !fault.Is(err, fault.Limited) {
			t.Errorf("%v is not Limited", err)
		}
	})
}

func TestNewRecoveryCodes(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		codes, err := b.NewRecoveryCodes(b.as(sam), identity.Reproof{Password: goodPassword, Code: sam.recovery[0]})
		wantCode(t, err, "")
		_, err = b.SignIn(t.Context(), "sam", goodPassword, sam.recovery[1], "192.0.2.1")
		wantCode(t, err, "identity.sign_in_failed")
		_, err = b.SignIn(t.Context(), "sam", goodPassword, codes[1], "192.0.2.1")
		wantCode(t, err, "")
	})
}

func TestReenrol(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		inv, err := b.Reenrol(b.as(sam), identity.Reproof{Password: goodPassword, Code: b.code(sam.secret, 0)})
		wantCode(t, err, "")
		b.later(time.Minute)
		moved := b.enrol("sam", inv)
		b.later(time.Minute)
		_, err = b.signIn(sam)
		wantCode(t, err, "identity.sign_in_failed")
		b.mustSignIn(moved)
	})
}

// A hash made at another cost is renewed when its owner signs in.
func TestHashIsRenewed(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		dearer := cheap()
		dearer.Hash.Passes = 2
		stronger, err := identity.New(identity.Deps{DB: b.db, Writer: b.write, Policy: b.policy(), SecretKey: []byte("\a\a\a\a\a\a\a\a\a\a\a\a\a\a\a\a\a\a\a\a\a\a\a\a\a\a\a\a\a\a\a\a"), Sessions: b.sessions, Past: b.sessions, Config: dearer})
		wantCode(t, err, "")
		hashes := func() string {
			return b.cells("SELECT password, totp_secret, login FROM identity_person WHERE login = 'sam'")[0]
		}
		old := hashes()
		_, err = stronger.SignIn(t.Context(), "sam", "wrong password", b.code(sam.secret, 0), "192.0.2.1")
		wantCode(t, err, "identity.sign_in_failed")
		if hashes() != old {
			t.Error("a failed sign-in renewed the hash")
		}
		for range 2 {
			b.later(time.Minute)
			_, err = stronger.SignIn(t.Context(), "sam", goodPassword, b.code(sam.secret, 0), "192.0.2.1")
			wantCode(t, err, "")
		}
		if hashes() == old {
			t.Error("the hash was not renewed")
		}
	})
}

func TestGroups(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam, mia := b.person("sam", authz.RoleReviewer), b.person("mia", authz.RoleOwner)
		g, err := b.CreateGroup(b.asAdmin(), identity.GroupInput{Name: "Responders", Members: []string{mia.id, sam.id, mia.id}})
		wantCode(t, err, "")
		b.lastEntry(identity.KindGroupChanged)
		actor, err := b.Authenticate(t.Context(), sam.session.Cookie)
		wantCode(t, err, "")
		if diff := cmp.Diff([]string{"person:" + sam.id, "group:" + g.ID}, actor.Principals()); diff != "" {
			t.Error(diff)
		}
		second, err := b.CreateGroup(b.asAdmin(), identity.GroupInput{Name: "Council", Members: []string{sam.id}})
		wantCode(t, err, "")
		if actor, err = b.Authenticate(t.Context(), sam.session.Cookie); err != nil || len(actor.Groups) != 2 {
			t.Errorf("groups %v, %v", actor.Groups, err)
		}
		profile, err := b.Profile(b.as(sam))
		wantCode(t, err, "")
		if diff := cmp.Diff([]string{"Council", "Responders"}, profile.GroupNames); diff != "" {
			t.Error(diff)
		}
		_, err = b.CreateGroup(b.asAdmin(), identity.GroupInput{Name: "Council"})
		wantCode(t, err, "identity.name_taken")
		_, err = b.CreateGroup(b.asAdmin(), identity.GroupInput{Name: "New", Members: []string{"nobody", "no\x00body"}})
		wantCode(t, err, "identity.group_invalid")
		_, err = b.CreateGroup(b.asAdmin(), identity.GroupInput{Name: "Mine", Members: []string{b.admin.id}})
		wantCode(t, err, "identity.self")
		_, err = b.CreateGroup(b.as(sam), identity.GroupInput{Name: "Mine"})
		wantCode(t, err, "authz.forbidden")
		_, err = b.ChangeGroup(b.asAdmin(), g.ID, 2, identity.GroupInput{Name: "Responders"})
		wantCode(t, err, "identity.stale")
		g, err = b.ChangeGroup(b.asAdmin(), g.ID, 1, identity.GroupInput{Name: "First responders", Members: []string{mia.id}})
		wantCode(t, err, "")
		wantCode(t, b.RemoveGroup(b.asAdmin(), second.ID, 1), "")
		groups, err := b.Groups(b.asAdmin())
		wantCode(t, err, "")
		if diff := cmp.Diff([]identity.Group{g}, groups); diff != "" {
			t.Error(diff)
		}
		if actor, err = b.Authenticate(t.Context(), sam.session.Cookie); err != nil || len(actor.Groups) != 0 {
			t.Errorf("groups %v, %v", actor.Groups, err)
		}
	})
}

func TestOrganisations(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		o, err := b.CreateOrganisation(b.asAdmin(), "Foundation")
		wantCode(t, err, "")
		b.lastEntry(identity.KindOrganisationChanged)
		_, err = b.CreateOrganisation(b.asAdmin(), "Foundation")
		wantCode(t, err, "identity.name_taken")
		_, err = b.CreateOrganisation(b.asAdmin(), "")
		wantCode(t, err, "identity.organisation_invalid")
		_, err = b.RenameOrganisation(b.asAdmin(), o.ID, 2, "Chapter")
		wantCode(t, err, "identity.stale")
		_, err = b.RenameOrganisation(b.asAdmin(), o.ID, 1, "Chapter")
		wantCode(t, err, "")
		all, err := b.Organisations(b.asAdmin())
		wantCode(t, err, "")
		if diff := cmp.Diff([]identity.Organisation{{ID: o.ID, Name: "Chapter", Version: 2}}, all); diff != "" {
			t.Error(diff)
		}
		p, _, err := b.CreatePerson(b.asAdmin(), identity.PersonInput{Login: "sam", Name: "Sam", Organisation: o.ID})
		wantCode(t, err, "")
		page, err := b.People(b.asAdmin(), identity.PeopleFilter{Organisation: o.ID}, "", 0)
		if err != nil || len(page.People) != 1 || page.People[0].ID != p.ID {
			t.Errorf("people of the organisation %+v, %v", page, err)
		}
	})
}
