// SPDX-License-Identifier: Apache-2.0

package identity_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/store"
)

func (b *bench) in(d time.Duration) time.Time { return b.db.Clock().Real().Add(d) }

// withToken returns a context in which a token acts.
func (b *bench) withToken(secret string) context.Context {
	b.t.Helper()
	actor, err := b.AuthenticateToken(b.t.Context(), secret)
	if err != nil {
		b.t.Fatal(err)
	}
	return authz.WithActor(b.t.Context(), actor)
}

func TestTokenLife(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		token, secret, err := b.CreateToken(b.as(sam), identity.TokenInput{
			Name: "script", Scopes: []authz.Action{identity.ActionDirectoryRead, identity.ActionDirectoryRead}, Until: b.in(30 * 24 * time.Hour),
		})
		wantCode(t, err, "")
		b.lastEntry(identity.KindTokenCreated)
		for _, e := range b.entries() {
			if strings.Contains(e, secret) || strings.Contains(e, secret[4:]) {
				t.Fatal("the ledger holds the secret")
			}
		}
		b.db.Clock().SetOffset(365 * 24 * time.Hour) // domain time is not its time
		actor, err := b.AuthenticateToken(t.Context(), " "+secret+"\n")
		wantCode(t, err, "")
		if actor.ID != sam.id || actor.TokenID != token.ID || actor.SessionID != "" || len(actor.Scopes) != 1 {
			t.Errorf("actor %+v", actor)
		}
		list, err := b.Tokens(b.as(sam))
		wantCode(t, err, "")
		if len(list) != 1 || list[0].UsedAt.IsZero() || list[0].UsedAt.Truncate(time.Hour) != list[0].UsedAt {
			t.Errorf("last use is not kept to the hour: %+v", list)
		}
		b.later(25 * time.Minute)
		young, text, err := b.CreateToken(b.as(sam), identity.TokenInput{Name: "young", Everything: true, Until: b.db.Clock().Real().Add(time.Hour)})
		wantCode(t, err, "")
		b.later(10 * time.Minute)
		_, err = b.AuthenticateToken(t.Context(), text)
		wantCode(t, err, "")
		list, err = b.Tokens(b.as(sam))
		wantCode(t, err, "")
		for _, listed := range list {
			if listed.ID == young.ID && !listed.UsedAt.Equal(young.CreatedAt) {
				t.Errorf("made at %s and used at %s", young.CreatedAt, listed.UsedAt)
			}
		}
		b.later(30 * 24 * time.Hour)
		_, err = b.AuthenticateToken(t.Context(), secret)
		wantCode(t, err, "identity.token_expired")
	})
}

func TestTokenInvalid(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		_, secret, err := b.CreateToken(b.as(sam), identity.TokenInput{Name: "script", Everything: true, Until: b.in(time.Hour)})
		wantCode(t, err, "")
		flipped := []byte(secret)
		flipped[20] ^= 1
		for name, bearer := range map[string]string{
			"empty": "", "prefix": "ptr_", "flipped": string(flipped), "cut": secret[:len(secret)-1], "upper": strings.ToUpper(secret),
			"never issued": "ptr_" + strings.Repeat("a", 52) + "aaaaaaa", "cookie": sam.session.Cookie,
		} {
			if _, err := b.AuthenticateToken(t.Context(), bearer); !fault.HasCode(err, "identity.token_invalid") {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestTokenRefuses(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		good := identity.TokenInput{Name: "script", Scopes: []authz.Action{identity.ActionDirectoryRead}, Until: b.in(time.Hour)}
		for name, change := range map[string]func(*identity.TokenInput){
			"no end":             func(in *identity.TokenInput) { in.Until = time.Time{} },
			"ended":              func(in *identity.TokenInput) { in.Until = b.in(0) },
			"more than a year":   func(in *identity.TokenInput) { in.Until = b.in(365*24*time.Hour + time.Second) },
			"no scope":           func(in *identity.TokenInput) { in.Scopes = nil },
			"unknown scope":      func(in *identity.TokenInput) { in.Scopes = []authz.Action{"identity:directory:reed"} },
			"scopes and all":     func(in *identity.TokenInput) { in.Everything = true },
			"no name":            func(in *identity.TokenInput) { in.Name = "" },
			"name of many bytes": func(in *identity.TokenInput) { in.Name = strings.Repeat("x", 201) },
		} {
			in := good
			change(&in)
			if _, _, err := b.CreateToken(b.as(sam), in); !fault.HasCode(err, "identity.token_invalid") {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, _, err := b.CreateToken(t.Context(), good)
		wantCode(t, err, "authz.sign_in")
		for range 100 {
			if _, _, err := b.CreateToken(b.as(sam), good); err != nil {
				t.Fatal(err)
			}
		}
		_, _, err = b.CreateToken(b.as(sam), good)
		wantCode(t, err, "identity.token_limit")
	})
}

// A stolen token must not become a longer or a wider one, nor change who somebody is.
func TestTokenDoesNotGrow(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		_, secret, err := b.CreateToken(b.as(sam), identity.TokenInput{
			Name: "narrow", Scopes: []authz.Action{identity.ActionTokenManage, identity.ActionProfileManage, identity.ActionDirectoryRead}, Until: b.in(time.Hour),
		})
		wantCode(t, err, "")
		ctx := b.withToken(secret)
		for name, in := range map[string]identity.TokenInput{
			"everything":    {Name: "x", Everything: true, Until: b.in(time.Minute)},
			"another scope": {Name: "x", Scopes: []authz.Action{identity.ActionTokenAdminister}, Until: b.in(time.Minute)},
			"longer":        {Name: "x", Scopes: []authz.Action{identity.ActionDirectoryRead}, Until: b.in(2 * time.Hour)},
		} {
			if _, _, err := b.CreateToken(ctx, in); !fault.HasCode(err, "identity.token_widens") {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, _, err = b.CreateToken(ctx, identity.TokenInput{Name: "x", Scopes: []authz.Action{identity.ActionDirectoryRead}, Until: b.in(time.Minute)})
		wantCode(t, err, "")
		wantCode(t, b.ChangePassword(ctx, identity.Reproof{Password: goodPassword, Code: b.code(sam.secret, 0)}, "another fine long password"), "identity.session_required")
		_, err = b.Reenrol(ctx, identity.Reproof{Password: goodPassword, Code: b.code(sam.secret, 0)})
		wantCode(t, err, "identity.session_required")

		_, secret, err = b.CreateToken(b.as(sam), identity.TokenInput{Name: "reads", Scopes: []authz.Action{identity.ActionDirectoryRead}, Until: b.in(time.Hour)})
		wantCode(t, err, "")
		_, err = b.People(b.withToken(secret), identity.PeopleFilter{}, "", 0)
		wantCode(t, err, "")
		_, err = b.Tokens(b.withToken(secret))
		wantCode(t, err, "authz.forbidden")
	})
}

// Whoever revokes a stolen token revokes also what the thief made with it.
func TestTokensEndWithTheirParent(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleAdmin)
		bot, _, err := b.CreatePerson(b.asAdmin(), identity.PersonInput{Login: "robot", Name: "Robot", Kind: authz.KindService})
		wantCode(t, err, "")
		everything := identity.TokenInput{Name: "x", Everything: true, Until: b.in(time.Hour)}
		stolen, secret, err := b.CreateToken(b.as(sam), everything)
		wantCode(t, err, "")
		_, other, err := b.CreateToken(b.as(sam), everything)
		wantCode(t, err, "")
		child, childSecret, err := b.CreateToken(b.withToken(secret), everything)
		wantCode(t, err, "")
		_, grandchild, err := b.CreateServiceToken(b.withToken(childSecret), bot.ID, everything)
		wantCode(t, err, "")
		if stolen.Parent != "" || child.Parent != stolen.ID {
			t.Errorf("parents %q, %q", stolen.Parent, child.Parent)
		}
		thief := b.withToken(childSecret)
		before := len(b.entries())
		wantCode(t, b.RevokeToken(b.as(sam), stolen.ID), "")
		if n := len(b.entries()) - before; n != 3 {
			t.Errorf("%d entries, want one for each of three tokens", n)
		}
		for name, gone := range map[string]string{"token": secret, "child": childSecret, "grandchild": grandchild} {
			_, err := b.AuthenticateToken(t.Context(), gone)
			if !fault.HasCode(err, "identity.token_invalid") {
				t.Errorf("the %s still works: %v", name, err)
			}
		}
		// A request that was let in before makes no more of them.
		_, _, err = b.CreateToken(thief, everything)
		wantCode(t, err, "identity.token_invalid")
		left := b.withToken(other)
		_, made, err := b.CreateServiceToken(left, bot.ID, everything)
		wantCode(t, err, "")
		if n, err := b.LiveTokens(b.as(sam)); n != 1 || err != nil {
			t.Errorf("%d live tokens, %v", n, err)
		}
		_, err = b.Deactivate(b.asAdmin(), sam.id, 1, "Left")
		wantCode(t, err, "")
		if _, err := b.AuthenticateToken(t.Context(), made); !fault.HasCode(err, "identity.token_invalid") {
			t.Errorf("what a closed account made still works: %v", err)
		}
	})
}

func TestRevokeToken(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam, mia := b.person("sam", authz.RoleReviewer), b.person("mia", authz.RoleOwner)
		token, secret, err := b.CreateToken(b.as(sam), identity.TokenInput{Name: "script", Everything: true, Until: b.in(time.Hour)})
		wantCode(t, err, "")
		wantCode(t, b.RevokeToken(b.as(mia), token.ID), "not_found")
		wantCode(t, b.RevokeToken(b.as(sam), "none"), "not_found")
		wantCode(t, b.SignOutEverywhere(b.as(sam)), "")
		if _, err := b.AuthenticateToken(t.Context(), secret); err != nil {
			t.Errorf("signing out everywhere ended a token: %v", err)
		}
		wantCode(t, b.RevokeToken(b.asAdmin(), token.ID), "")
		b.lastEntry(identity.KindTokenRevoked)
		before := len(b.entries())
		wantCode(t, b.RevokeToken(b.as(sam), token.ID), "")
		if len(b.entries()) != before {
			t.Error("revoking twice was recorded twice")
		}
		_, err = b.AuthenticateToken(t.Context(), secret)
		wantCode(t, err, "identity.token_invalid")
	})
}

func TestServiceToken(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		robot, inv, err := b.CreatePerson(b.asAdmin(), identity.PersonInput{Login: "robot", Name: "Robot", Kind: authz.KindService, Roles: []authz.Role{authz.RoleReviewer}})
		wantCode(t, err, "")
		if inv.Token != "" {
			t.Error("a service account was invited")
		}
		in := identity.TokenInput{Name: "pipeline", Scopes: []authz.Action{identity.ActionDirectoryRead}, Until: b.in(time.Hour)}
		_, _, err = b.CreateServiceToken(b.asAdmin(), sam.id, in)
		wantCode(t, err, "identity.token_owner")
		_, _, err = b.CreateServiceToken(b.as(sam), robot.ID, in)
		wantCode(t, err, "authz.forbidden")
		_, secret, err := b.CreateServiceToken(b.asAdmin(), robot.ID, in)
		wantCode(t, err, "")
		actor, err := b.AuthenticateToken(t.Context(), secret)
		wantCode(t, err, "")
		if actor.Kind != authz.KindService || actor.Ref() != "service:"+robot.ID {
			t.Errorf("actor %+v", actor)
		}
		page, err := b.AllTokens(b.asAdmin(), "", "", 0)
		if err != nil || len(page.Tokens) != 1 || page.Tokens[0].Person != robot.ID {
			t.Errorf("all tokens %+v, %v", page, err)
		}
		_, err = b.AllTokens(b.as(sam), "", "", 0)
		wantCode(t, err, "authz.forbidden")
	})
}

// Nothing that could be used is in the database, whatever table one looks into.
func TestNoSecretAtRest(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		session := b.mustSignIn(sam)
		_, token, err := b.CreateToken(b.as(sam), identity.TokenInput{Name: "script", Everything: true, Until: b.in(time.Hour)})
		wantCode(t, err, "")
		inv, err := b.Invite(b.asAdmin(), sam.id)
		wantCode(t, err, "")
		secrets := []string{session.Cookie, token, inv.Token, goodPassword, sam.secret, sam.recovery[0], strings.ReplaceAll(sam.recovery[0], "-", "")}
		for _, query := range []string{
			"SELECT password, totp_secret, login FROM identity_person",
			"SELECT id, hash, scopes FROM identity_token", "SELECT person, hash, person FROM identity_invitation",
			"SELECT person, hash, person FROM identity_recovery", "SELECT subject, salts, body FROM ledger_opening",
		} {
			for _, cell := range b.cells(query) {
				for _, s := range secrets {
					if strings.Contains(cell, s) {
						t.Errorf("%s: holds a secret", query)
					}
				}
			}
		}
	})
}

// cells returns the values of three columns, the second of them bytes.
func (b *bench) cells(query string) []string {
	b.t.Helper()
	var all []string
	err := b.db.Read(b.t.Context(), func(tx *store.ReadTx) error {
		rows, err := tx.Query(b.t.Context(), query)
		_, err = store.Collect(rows, err, func(s store.Scanner) (struct{}, error) {
			var first, last string
			var middle []byte
			err := s.Scan(&first, &middle, &last)
			all = append(all, first, string(middle), last)
			return struct{}{}, err
		})
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	if len(all) == 0 {
		b.t.Fatalf("%s: nothing to look at", query)
	}
	return all
}
