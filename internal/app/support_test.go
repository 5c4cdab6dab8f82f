// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/risk"
)

// loadedAt is when the demo of these tests was loaded; their clocks stand.
func loadedAt() time.Time { return time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC) }

// installation is an office on a SQLite database of its own, with the demo's
// people and its worked case, whose front is called without a network.
type installation struct {
	*office
	t     *testing.T
	dir   string
	clock *store.Clock
	risk  *risk.Service
	front http.Handler
	state *demoState
}

// openInstallation opens the office in dir at the given time, and loads the demo
// if dir is empty.
func openInstallation(t *testing.T, dir string, at time.Time, change ...func(*Config)) *installation {
	t.Helper()
	cfg := demoConfig(dir, "https://office.test", TLSConfig{BehindProxy: true})
	cfg.hash = identity.HashConfig{MemoryKiB: 8, Passes: 1, Lanes: 1}
	cfg.Listen = "127.0.0.1:0"
	for _, fn := range change {
		fn(cfg)
	}
	if err := cfg.finish(); err != nil {
		t.Fatal(err)
	}
	state, err := loadDemoState(dir)
	if err != nil {
		t.Fatal(err)
	}
	clock := store.FixedClock(at)
	cfg.elapsed = func() time.Duration { return clock.Real().Sub(at) }
	o, err := openOffice(t.Context(), cfg, options{clock: clock, log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	m, _ := o.moduleOf(risk.ItemType)
	in := &installation{office: o, risk: m.Service.(*risk.Service), t: t, dir: dir, clock: clock, state: state}
	t.Cleanup(in.shut)
	if state.Accounts == nil {
		if err := loadDemo(t.Context(), o, state); err != nil {
			t.Fatal(err)
		}
		if err := state.save(dir); err != nil {
			t.Fatal(err)
		}
	}
	in.front = o.front()
	return in
}

// shut closes the office; a second call does nothing.
func (in *installation) shut() {
	if in.office == nil {
		return
	}
	if err := in.office.close(); err != nil {
		in.t.Error(err)
	}
	in.office = nil
}

// person returns the id of an account.
func (in *installation) person(login string) string {
	in.t.Helper()
	var id string
	err := in.db.Read(context.Background(), func(r *store.ReadTx) error {
		p, err := in.identity.PersonByLogin(context.Background(), r, login)
		id = p.ID
		return err
	})
	if err != nil {
		in.t.Fatalf("account %s: %v", login, err)
	}
	return id
}

// as returns a context in which the account acts.
func (in *installation) as(login string) context.Context {
	in.t.Helper()
	var actor authz.Actor
	id := in.person(login)
	err := in.db.Read(context.Background(), func(r *store.ReadTx) (err error) {
		actor, err = in.identity.ActorOf(context.Background(), r, id)
		return err
	})
	if err != nil {
		in.t.Fatalf("act as %s: %v", login, err)
	}
	return authz.WithActor(context.Background(), actor)
}

// visitor is somebody at the front; without a login it is nobody.
type visitor struct {
	in    *installation
	login string
	// cookie is the session of a browser, token what an API client sends.
	cookie, token string
}

// visit signs the account in by both ways.
func (in *installation) visit(login string) *visitor {
	in.t.Helper()
	v := &visitor{in: in, login: login}
	if login == "" {
		return v
	}
	for _, a := range in.state.Accounts {
		if a.Login == login {
			v.token = a.Token
		}
	}
	v.signIn()
	return v
}

// signIn gives the visitor a fresh session.
func (v *visitor) signIn() {
	v.in.t.Helper()
	session, err := v.in.identity.Open(context.Background(), identity.Proof{Person: v.in.person(v.login), At: v.in.clock.Real()})
	if err != nil {
		v.in.t.Fatalf("open a session for %s: %v", v.login, err)
	}
	v.cookie = session.Cookie
}

// send makes one request: with the token below /api/, with the cookie elsewhere.
// Headers are pairs of name and value.
func (v *visitor) send(method, path, contentType, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "https://office.test"+path, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	api := strings.HasPrefix(path, "/api/") || path == "/metrics"
	switch {
	case api && v.token != "":
		r.Header.Set("Authorization", "Bearer "+v.token)
	case !api && v.cookie != "":
		r.AddCookie(&http.Cookie{Name: web.SessionCookie, Value: v.cookie})
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	v.in.front.ServeHTTP(w, r)
	return w
}

func (v *visitor) get(path string) *httptest.ResponseRecorder {
	return v.send(http.MethodGet, path, "", "")
}
