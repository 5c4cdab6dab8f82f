// SPDX-License-Identifier: Apache-2.0

package identity_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/identity/identitytest"
)

// hostile is a session store in somebody else's hands: it notes what it is told, and
// answers what it likes.
type hostile struct {
	*identitytest.Sessions
	keys    []string
	values  [][]byte
	lie     func(key string) (identity.Kept, error) // nil = the truth
	planted []identity.Kept
}

func (h *hostile) Put(ctx context.Context, key, owner string, value []byte, l identity.Lifetime) error {
	h.keys, h.values = append(h.keys, key), append(h.values, bytes.Clone(value))
	return h.Sessions.Put(ctx, key, owner, value, l)
}

func (h *hostile) Get(ctx context.Context, key string) (identity.Kept, error) {
	if h.lie != nil {
		return h.lie(key)
	}
	return h.Sessions.Get(ctx, key)
}

func (h *hostile) Owned(ctx context.Context, owner string) ([]identity.Kept, error) {
	kept, err := h.Sessions.Owned(ctx, owner)
	return append(kept, h.planted...), err
}

// withHostile lets the office keep its sessions at stores that are not to be trusted.
func (b *bench) withHostile() (running, past *hostile) {
	b.t.Helper()
	running, past = &hostile{Sessions: b.sessions}, &hostile{Sessions: identitytest.New(b.db.Clock().Real)}
	s, err := identity.New(identity.Deps{DB: b.db, Writer: b.write, Policy: b.policy(), SecretKey: bytes.Repeat([]byte{7}, 32), Sessions: running, Past: past, Config: cheap()})
	wantCode(b.t, err, "")
	b.Service = s
	return running, past
}

// TestTheStoreNeverSeesACookie: who reads along in the store's process, or at the
// end of its TLS, cannot go on with anybody's session.
func TestTheStoreNeverSeesACookie(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		running, past := b.withHostile()
		session := b.mustSignIn(sam)
		b.wantSession(session.Cookie, "")
		for _, h := range []*hostile{running, past} {
			for i := range h.keys {
				if strings.Contains(h.keys[i], session.Cookie) || bytes.Contains(h.values[i], []byte(session.Cookie)) {
					t.Errorf("the store is told the cookie: key %q", h.keys[i])
				}
			}
		}
	})
}

// TestTheStoreMakesNoSession: what the office did not write under this very key is
// nobody's session, whatever it says.
func TestTheStoreMakesNoSession(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam, mia := b.person("sam", authz.RoleReviewer), b.person("mia", authz.RoleAdmin)
		running, past := b.withHostile()
		his, hers := b.mustSignIn(sam), b.mustSignIn(mia)
		until := b.db.Clock().Real().Add(time.Hour)
		answer := func(value []byte) func(string) (identity.Kept, error) {
			return func(string) (identity.Kept, error) { return identity.Kept{Value: value, Expires: until}, nil }
		}
		for name, value := range map[string][]byte{
			"made up":                     []byte(`{"id":"aaaaaaaaaaaaaaaa","person":"` + mia.id + `","epoch":1,"methods":["password"],"begun":"2030-01-01T00:00:00Z"}`),
			"somebody else's":             running.values[1],
			"changed":                     bytes.Replace(running.values[0], []byte(sam.id), []byte(mia.id), 1),
			"what is kept for drafts":     past.values[0],
			"nothing":                     {},
			"shorter than what proves it": running.values[0][:10],
		} {
			t.Run(name, func(t *testing.T) {
				running.lie = answer(value)
				b.wantSession(his.Cookie, "identity.session_ended")
				past.lie = running.lie
				if name != "what is kept for drafts" {
					if person, ok := b.ExpiredSessionPerson(t.Context(), his.Cookie); ok {
						t.Errorf("a draft would be kept for %s", person)
					}
				}
			})
		}
		running.lie, past.lie = nil, nil
		b.wantSession(his.Cookie, "")
		b.wantSession(hers.Cookie, "")
	})
}

// TestTheStoreKeepsNoSessionAlive: a store that answers what it answered once, or was
// set back to an older disk, gives a session no day more than it had.
func TestTheStoreKeepsNoSessionAlive(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		running, _ := b.withHostile()
		session := b.mustSignIn(sam)
		kept, err := b.sessions.Get(t.Context(), running.keys[0])
		wantCode(t, err, "")
		running.lie = func(string) (identity.Kept, error) {
			kept.Expires = b.db.Clock().Real().Add(12 * time.Hour)
			return kept, nil
		}
		b.later(7*24*time.Hour - time.Second)
		b.wantSession(session.Cookie, "")
		b.later(time.Second)
		b.wantSession(session.Cookie, "identity.session_ended")
	})
}

// TestAPlantedSessionIsInNobodysWay: it is not listed, and what is to end ends.
func TestAPlantedSessionIsInNobodysWay(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		running, _ := b.withHostile()
		sam.session = b.mustSignIn(sam)
		b.later(time.Minute)
		other := b.mustSignIn(sam)
		running.planted = []identity.Kept{{Handle: "planted", Value: []byte("{"), Expires: b.db.Clock().Real().Add(time.Hour)}}
		list, err := b.Sessions(b.as(sam))
		wantCode(t, err, "")
		if len(list) != 3 { // with the one that b.person opened
			t.Errorf("sessions %+v", list)
		}
		b.later(time.Minute)
		err = b.ChangePassword(b.as(sam), identity.Reproof{Password: goodPassword, Code: b.code(sam.secret, 0)}, "another violet anchor, another tin")
		wantCode(t, err, "")
		if err := b.runJobs(); err != nil {
			t.Fatal(err)
		}
		if kept, err := b.sessions.Owned(t.Context(), running.owner(sam)); err != nil || len(kept) != 1 {
			t.Errorf("the store still has %d sessions, %v; one was to be kept", len(kept), err)
		}
		b.wantSession(other.Cookie, "identity.session_ended")
	})
}

// TestASignOutReachesTheStore: also one that, asked for a session, does not say by
// which handle it ends.
func TestASignOutReachesTheStore(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		sam := b.person("sam", authz.RoleReviewer)
		running, _ := b.withHostile()
		session := b.mustSignIn(sam)
		running.lie = func(key string) (identity.Kept, error) {
			kept, err := running.Sessions.Get(t.Context(), key)
			kept.Handle = strings.Repeat("00", 32)
			return kept, err
		}
		wantCode(t, b.SignOut(t.Context(), session.Cookie), "")
		if _, err := running.Sessions.Get(t.Context(), running.keys[0]); !errors.Is(err, identity.ErrNoSession) {
			t.Errorf("the store has the session still: %v", err)
		}
		b.wantSession(session.Cookie, "identity.session_ended")
	})
}

// owner returns under whose name the store was told to keep a person's sessions.
func (h *hostile) owner(who account) string {
	prefix, _, _ := strings.Cut(h.keys[0], ".")
	return "portreeve:" + prefix + "." + who.id
}
