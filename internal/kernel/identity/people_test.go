// SPDX-License-Identifier: Apache-2.0

package identity_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

func TestCreateAdmin(t *testing.T) {
	each(t, func(t *testing.T, b *bench) { // the bench made the first one
		_, err := b.CreateAdmin(t.Context(), "second", "Second", false)
		wantCode(t, err, "identity.people_exist")
		inv, err := b.CreateAdmin(t.Context(), "second", "Second", true)
		wantCode(t, err, "")
		second := b.enrol("second", inv)
		_, _, err = b.CreatePerson(b.as(second), identity.PersonInput{Login: "third", Name: "Third"})
		wantCode(t, err, "")
		if first := b.entries()[0]; !strings.HasPrefix(first, "identity.person.created by system:command-line ") {
			t.Errorf("first entry %q", first)
		}
	})
}

func TestCreatePersonRefuses(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		good := identity.PersonInput{Login: "mia", Name: "Mia", Mail: "mia@example.org", Roles: []authz.Role{authz.RoleOwner}}
		for name, tt := range map[string]struct {
			ctx    context.Context
			change func(*identity.PersonInput)
			want   string
		}{
			"not an administrator": {b.as(sam), nil, "authz.forbidden"},
			"signed out":           {t.Context(), nil, "authz.sign_in"},
			"login taken":          {b.asAdmin(), func(in *identity.PersonInput) { in.Login = "SAM" }, "identity.login_taken"},
			"login with a space":   {b.asAdmin(), func(in *identity.PersonInput) { in.Login = "mi a" }, "identity.person_invalid"},
			"login of the erased":  {b.asAdmin(), func(in *identity.PersonInput) { in.Login = "erased-1" }, "identity.person_invalid"},
			"no name":              {b.asAdmin(), func(in *identity.PersonInput) { in.Name = " " }, "identity.person_invalid"},
			"name of two lines":    {b.asAdmin(), func(in *identity.PersonInput) { in.Name = "Mia\nMoe" }, "identity.person_invalid"},
			"name that is no text": {b.asAdmin(), func(in *identity.PersonInput) { in.Name = "Mia\xff" }, "identity.person_invalid"},
			"mail with a name":     {b.asAdmin(), func(in *identity.PersonInput) { in.Mail = "Mia <mia@example.org>" }, "identity.person_invalid"},
			"mail with a header":   {b.asAdmin(), func(in *identity.PersonInput) { in.Mail = "mia@example.org\r\nBcc: all@example.org" }, "identity.person_invalid"},
			"unknown role":         {b.asAdmin(), func(in *identity.PersonInput) { in.Roles = []authz.Role{"root"} }, "identity.person_invalid"},
			"unknown organisation": {b.asAdmin(), func(in *identity.PersonInput) { in.Organisation = "none" }, "identity.person_invalid"},
			"unknown kind":         {b.asAdmin(), func(in *identity.PersonInput) { in.Kind = authz.KindSystem }, "identity.person_invalid"},
			"service as admin":     {b.asAdmin(), func(in *identity.PersonInput) { in.Kind, in.Roles = authz.KindService, []authz.Role{authz.RoleAdmin} }, "identity.person_invalid"},
		} {
			in := good
			if tt.change != nil {
				tt.change(&in)
			}
			before := len(b.entries())
			if _, _, err := b.CreatePerson(tt.ctx, in); !fault.HasCode(err, tt.want) {
				t.Errorf("%s: %v, want %s", name, err, tt.want)
			}
			if len(b.entries()) != before {
				t.Errorf("%s: something was recorded", name)
			}
		}
		_, _, err := b.CreatePerson(b.asAdmin(), good)
		wantCode(t, err, "")
	})
}

func TestInvitation(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		p, first, err := b.CreatePerson(b.asAdmin(), identity.PersonInput{Login: "sam", Name: "Samira Quill", Roles: []authz.Role{authz.RoleOwner}})
		wantCode(t, err, "")
		inv, err := b.Invite(b.asAdmin(), p.ID)
		wantCode(t, err, "")
		_, err = b.Enrolment(t.Context(), first.Token)
		wantCode(t, err, "identity.invitation_invalid") // replaced
		_, err = b.Enrolment(t.Context(), "")
		wantCode(t, err, "identity.invitation_invalid")
		e, err := b.Enrolment(t.Context(), inv.Token)
		wantCode(t, err, "")
		again, err := b.Enrolment(t.Context(), inv.Token)
		wantCode(t, err, "")
		if e.Secret != again.Secret || e.Secret == "" || !strings.HasPrefix(e.URI, "otpauth://totp/Portreeve:sam?") {
			t.Errorf("enrolment %+v, then %+v", e.URI, again.URI)
		}
		accept := func(password, code string) error {
			_, err := b.Accept(t.Context(), inv.Token, password, code, "192.0.2.1")
			return err
		}
		code := b.code(e.Secret, 0)
		wantCode(t, accept("short", code), "identity.password_weak")
		wantCode(t, accept("my name is samira", code), "identity.password_weak")
		wantCode(t, accept(goodPassword, "123456"), "identity.code_wrong")
		_, err = b.SignIn(t.Context(), "sam", goodPassword, code, "192.0.2.1")
		wantCode(t, err, "identity.sign_in_failed") // not enrolled yet
		wantCode(t, accept(goodPassword, code), "")
		b.lastEntry(identity.KindPersonChanged)
		wantCode(t, accept(goodPassword, b.code(e.Secret, 30*time.Second)), "identity.invitation_invalid")
		_, err = b.SignIn(t.Context(), "sam", goodPassword, code, "192.0.2.1")
		wantCode(t, err, "identity.sign_in_failed") // the code was used for enrolment
		inv, err = b.Invite(b.asAdmin(), p.ID)
		wantCode(t, err, "")
		b.later(72 * time.Hour)
		_, err = b.Enrolment(t.Context(), inv.Token)
		wantCode(t, err, "identity.invitation_invalid") // too old
	})
}

// A reset leaves what a person has until it is accepted, then replaces all of it.
func TestReset(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		inv, err := b.Invite(b.asAdmin(), sam.id)
		wantCode(t, err, "")
		session := b.mustSignIn(sam)
		e, err := b.Enrolment(t.Context(), inv.Token)
		wantCode(t, err, "")
		if e.Secret == sam.secret {
			t.Fatal("the second factor is the same")
		}
		b.later(time.Minute)
		_, err = b.Accept(t.Context(), inv.Token, "another fine long password", b.code(e.Secret, 0), "192.0.2.1")
		wantCode(t, err, "")
		b.wantSession(session.Cookie, "identity.session_ended")
		b.later(time.Minute)
		for name, tt := range map[string]struct{ password, code, want string }{
			"old password":      {goodPassword, b.code(e.Secret, 0), "identity.sign_in_failed"},
			"old factor":        {"another fine long password", b.code(sam.secret, 0), "identity.sign_in_failed"},
			"old recovery code": {"another fine long password", sam.recovery[0], "identity.sign_in_failed"},
		} {
			_, err := b.SignIn(t.Context(), "sam", tt.password, tt.code, "192.0.2.1")
			if !fault.HasCode(err, tt.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, err = b.SignIn(t.Context(), "sam", "another fine long password", b.code(e.Secret, 0), "192.0.2.1")
		wantCode(t, err, "")
	})
}

func TestChangePerson(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		mail, name := "sam@example.org", "Sam Quill"
		p, err := b.ChangePerson(b.asAdmin(), sam.id, 1, identity.PersonChange{Mail: &mail, Name: &name})
		wantCode(t, err, "")
		if p.Mail != mail || p.Name != name || p.Version != 2 {
			t.Errorf("changed to %+v", p)
		}
		last := b.entries()[len(b.entries())-1]
		if strings.Contains(last, mail) || strings.Contains(last, name) || !strings.Contains(last, `"fields":["name","mail"]`) {
			t.Errorf("entry %q: names of the fields, not their values", last)
		}
		_, err = b.ChangePerson(b.asAdmin(), sam.id, 1, identity.PersonChange{Name: &name})
		wantCode(t, err, "identity.stale")
		_, err = b.ChangePerson(b.asAdmin(), "nobody", 1, identity.PersonChange{})
		wantCode(t, err, "not_found")
		_, err = b.ChangePerson(b.asAdmin(), "no\x00body", 1, identity.PersonChange{})
		wantCode(t, err, "not_found")
	})
}

func TestSetRoles(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		session := b.mustSignIn(sam)
		p, err := b.SetRoles(b.asAdmin(), sam.id, 1, []authz.Role{authz.RoleAdmin, authz.RoleOwner, authz.RoleAdmin})
		wantCode(t, err, "")
		if diff := cmp.Diff([]authz.Role{authz.RoleOwner, authz.RoleAdmin}, p.Roles); diff != "" {
			t.Error(diff)
		}
		b.lastEntry(identity.KindRoleChanged)
		actor, err := b.Authenticate(t.Context(), session.Cookie)
		wantCode(t, err, "")
		if !actor.HasRole(authz.RoleAdmin) || actor.HasRole(authz.RoleReviewer) {
			t.Errorf("a running session has the roles %v", actor.Roles)
		}
		_, err = b.SetRoles(b.as(sam), sam.id, 2, []authz.Role{authz.RoleExecutive})
		wantCode(t, err, "identity.self")
		_, err = b.SetRoles(b.as(sam), b.admin.id, 1, nil)
		wantCode(t, err, "") // sam is still one
		_, err = b.SetRoles(b.asAdmin(), sam.id, 2, nil)
		wantCode(t, err, "authz.forbidden") // no administrator any more
		wantCode(t, b.decideAs(sam.id, func(ctx context.Context, tx *ledger.Tx) error { return b.Erase(ctx, tx, sam.id) }), "identity.last_admin")
	})
}

func (b *bench) decideAs(actor string, fn func(context.Context, *ledger.Tx) error) error {
	ctx := authz.WithActor(b.t.Context(), authz.Actor{ID: actor, Kind: authz.KindPerson})
	return b.write.Decide(ctx, func(tx *ledger.Tx) error { return fn(ctx, tx) })
}

func TestLastAdministratorStays(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		inv, err := b.CreateAdmin(t.Context(), "second", "Second", true)
		wantCode(t, err, "")
		second := b.enrol("second", inv)
		_, err = b.Deactivate(b.as(second), b.admin.id, 1, "Left")
		wantCode(t, err, "")
		_, err = b.Deactivate(b.as(second), second.id, 1, "Left")
		wantCode(t, err, "identity.self")
		// With a scope that lets it act for itself the last one is still kept.
		outside := authz.WithActor(t.Context(), authz.Actor{ID: "somebodyelse", Kind: authz.KindPerson, Roles: []authz.Role{authz.RoleAdmin}})
		_, err = b.Deactivate(outside, second.id, 1, "Left")
		wantCode(t, err, "identity.last_admin")
		_, err = b.SetRoles(outside, second.id, 1, []authz.Role{authz.RoleOwner})
		wantCode(t, err, "identity.last_admin")
	})
}

// Deactivation ends everything an account can act by, at once and for good.
func TestDeactivate(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		session := b.mustSignIn(sam)
		_, secret, err := b.CreateToken(b.as(sam), identity.TokenInput{Name: "script", Everything: true, Until: b.db.Clock().Real().Add(time.Hour)})
		wantCode(t, err, "")
		inv, err := b.Invite(b.asAdmin(), sam.id)
		wantCode(t, err, "")
		_, err = b.Deactivate(b.asAdmin(), sam.id, 1, "")
		wantCode(t, err, "identity.person_invalid")
		p, err := b.Deactivate(b.asAdmin(), sam.id, 1, "Left the foundation")
		wantCode(t, err, "")
		b.lastEntry(identity.KindPersonDeactivated)
		ended := func(when string) {
			t.Helper()
			b.wantSession(session.Cookie, "identity.session_ended")
			if _, err := b.AuthenticateToken(t.Context(), secret); !fault.HasCode(err, "identity.token_invalid") {
				t.Errorf("%s: token: %v", when, err)
			}
			if _, err := b.Enrolment(t.Context(), inv.Token); !fault.HasCode(err, "identity.invitation_invalid") {
				t.Errorf("%s: invitation: %v", when, err)
			}
			if _, err := b.signIn(sam); !fault.HasCode(err, "identity.sign_in_failed") {
				t.Errorf("%s: sign-in: %v", when, err)
			}
		}
		ended("deactivated")
		if b.active(sam.id) {
			t.Error("authority still counts the account as active")
		}
		_, err = b.Deactivate(b.asAdmin(), sam.id, p.Version, "Again")
		wantCode(t, err, "identity.inactive")
		_, err = b.Invite(b.asAdmin(), sam.id)
		wantCode(t, err, "identity.not_invitable")

		_, fresh, err := b.Reactivate(b.asAdmin(), sam.id, p.Version)
		wantCode(t, err, "")
		b.lastEntry(identity.KindPersonReactivated)
		b.later(time.Minute)
		ended("reactivated")
		if !b.active(sam.id) {
			t.Error("authority does not count the account as active again")
		}
		b.later(time.Minute)
		sam = b.enrol("sam", fresh)
		b.wantSession(b.mustSignIn(sam).Cookie, "")
	})
}

func (b *bench) active(person string) bool {
	b.t.Helper()
	var active bool
	err := b.db.Read(b.t.Context(), func(tx *store.ReadTx) (err error) {
		active, err = authz.Active(b.t.Context(), tx, person)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return active
}

func TestPeopleList(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		for _, login := range []string{"dan", "cam", "bea"} {
			b.person(login, authz.RoleOwner)
		}
		gone := b.person("abe", authz.RoleOwner)
		_, err := b.Deactivate(b.asAdmin(), gone.id, 1, "Left")
		wantCode(t, err, "")
		var got []string
		cursor := ""
		for range 10 {
			page, err := b.People(b.asAdmin(), identity.PeopleFilter{}, cursor, 2)
			wantCode(t, err, "")
			for _, p := range page.People {
				got = append(got, p.Login)
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		if diff := cmp.Diff([]string{"admin", "bea", "cam", "dan"}, got); diff != "" {
			t.Error(diff)
		}
		all, err := b.People(b.asAdmin(), identity.PeopleFilter{Inactive: true}, "", 0)
		if err != nil || len(all.People) != 5 {
			t.Errorf("%d accounts with the inactive, %v", len(all.People), err)
		}
		_, err = b.People(b.asAdmin(), identity.PeopleFilter{}, "a\x00", 0)
		wantCode(t, err, "identity.cursor")
		_, err = b.People(b.as(b.person("out", authz.RoleOutsider)), identity.PeopleFilter{}, "", 0)
		wantCode(t, err, "authz.forbidden")
	})
}

func TestErase(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("samira.quill", authz.RoleReviewer)
		mail, name := "samira@example.org", "Samira Quill"
		_, err := b.ChangePerson(b.asAdmin(), sam.id, 1, identity.PersonChange{Mail: &mail, Name: &name})
		wantCode(t, err, "")
		b.mustSignIn(sam)
		_, _, err = b.CreateToken(b.as(sam), identity.TokenInput{Name: "script of Samira Quill", Everything: true, Until: b.db.Clock().Real().Add(time.Hour)})
		wantCode(t, err, "")
		if held := b.holds(sam.id); len(held) < 8 || !strings.Contains(strings.Join(held, "\n"), mail) {
			t.Errorf("export %q", held)
		}
		for range 2 { // the second time changes nothing
			err = b.decideAs(b.admin.id, func(ctx context.Context, tx *ledger.Tx) error {
				if err := b.Erase(ctx, tx, sam.id); err != nil {
					return err
				}
				return b.EndAll(ctx, tx, b.admin.id, "so that there is an entry in any case")
			})
			wantCode(t, err, "")
		}
		p, err := b.Person(b.asAdmin(), sam.id)
		wantCode(t, err, "")
		if p.Name != "Erased person" || p.Login != "erased-"+sam.id || p.Mail != "" || p.Active || p.Enrolled || len(p.Roles) != 0 || p.ErasedAt.IsZero() {
			t.Errorf("after erasure %+v", p)
		}
		text := strings.Join(append(b.holds(sam.id), b.entries()...), "\n")
		for _, trace := range []string{"samira", "Samira", "quill"} {
			if strings.Contains(text, trace) {
				t.Errorf("%q is still held:\n%s", trace, text)
			}
		}
		n := 0
		for _, e := range b.entries() {
			if strings.HasPrefix(e, identity.KindPersonErased+" ") {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d entries of the erasure, want 1", n)
		}
		_, err = b.ChangePerson(b.asAdmin(), sam.id, p.Version, identity.PersonChange{Name: &name})
		wantCode(t, err, "identity.erased")
		_, _, err = b.Reactivate(b.asAdmin(), sam.id, p.Version)
		wantCode(t, err, "identity.erased")
	})
}

func (b *bench) holds(person string) []string {
	b.t.Helper()
	var lines []string
	err := b.db.Read(b.t.Context(), func(tx *store.ReadTx) error {
		held, err := b.Holds(b.t.Context(), tx, person)
		for _, h := range held {
			lines = append(lines, h.What+" in "+h.Where+": "+h.Value)
		}
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return lines
}

// The secret key and the row belong together.
func TestWrongSecretKey(t *testing.T) {
	db := storetest.SQLite(t, tables())
	b := newBench(t, db, cheap())
	other, err := identity.New(identity.Deps{DB: db, Writer: b.write, Policy: b.policy(), SecretKey: make([]byte, 32), Sessions: b.sessions, Past: b.sessions, Config: cheap()})
	wantCode(t, err, "")
	_, err = other.SignIn(t.Context(), "admin", goodPassword, b.code(b.admin.secret, 0), "192.0.2.1")
	if err == nil || fault.Is(err, fault.Unauthenticated) {
		t.Errorf("sign-in under another key: %v, want an internal error", err)
	}
	if _, err := identity.New(identity.Deps{DB: db, Writer: b.write, Policy: b.policy(), SecretKey: make([]byte, 31), Sessions: b.sessions, Past: b.sessions}); err == nil {
		t.Error("a short key was taken")
	}
}

func TestPeopleByMail(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		add := func(login, mail string) identity.Person {
			t.Helper()
			p, _, err := b.CreatePerson(b.asAdmin(), identity.PersonInput{Login: login, Name: login, Mail: mail})
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		add("olive", "Olive@Example.org")
		add("omar", "omar@example.org")
		add("olga", "olive@example.ORG")
		add("silent", "")
		for address, want := range map[string][]string{
			"olive@example.org": {"olga", "olive"}, "OMAR@example.org": {"omar"}, "": nil, "absent@example.org": nil, "o%@example.org": nil, "ömar@example.org": nil, "omar@example.org\x00": nil,
		} {
			var got []string
			err := b.db.Read(t.Context(), func(r *store.ReadTx) error {
				all, err := b.PeopleByMail(t.Context(), r, address)
				for _, p := range all {
					got = append(got, p.Login)
				}
				return err
			})
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%q is the address of %v, %v, want %v", address, got, err, want)
			}
		}
	})
}
