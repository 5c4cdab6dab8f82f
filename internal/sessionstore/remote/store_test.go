// SPDX-License-Identifier: Apache-2.0

package remote_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/audit"
	"portreeve.org/portreeve/internal/sessionstore/authority"
	"portreeve.org/portreeve/internal/sessionstore/remote"
)

// space is what the users of a namespace need, here and away.
type space interface {
	Get(ctx context.Context, id []byte) (sessionstore.Session, error)
	Set(ctx context.Context, id []byte, w sessionstore.Write) (sessionstore.Meta, bool, error)
	Touch(ctx context.Context, id []byte, match *sessionstore.Match) (sessionstore.Meta, error)
	Owned(ctx context.Context, owner string, after sessionstore.RowKey, limit int) ([]sessionstore.Session, error)
	End(ctx context.Context, owner string, handle sessionstore.RowKey) (bool, error)
}

var (
	_ space = (*remote.Store)(nil)
	_ space = (*sessionstore.Store)(nil)
)

// TestAsHere writes on one side and reads on the other: a namespace away is the
// namespace, with every field that its users read.
func TestAsHere(t *testing.T) {
	b, ctx := newBed(t), context.Background()
	s := open(t, b.config())
	if err := s.Probe(ctx); err != nil {
		t.Fatal(err)
	}
	begun := sessionstore.InstantOf(time.Now().Add(-time.Hour))
	for i, id := range []string{"abc.0123", "with space", "per%cent", "ünïcode", "plus+and&", "\xff\xfe", strings.Repeat("x", sessionstore.MaxID)} {
		owner := fmt.Sprintf("portreeve:%d", i)
		write := sessionstore.Write{
			Life: sessionstore.Life{TTL: 12 * time.Hour, MaxAge: 7 * 24 * time.Hour}, Match: &sessionstore.Match{Any: true, None: true},
			Owner: owner, Established: begun, Value: []byte("value\x00\xff"),
		}
		wrote, _, err := s.Set(ctx, []byte(id), write)
		if err != nil {
			t.Fatalf("%q: %v", id, err)
		}
		here, err := b.space.Get(ctx, []byte(id))
		if err != nil || here.Owner != owner || here.Version != wrote.Version || string(here.Value) != "value\x00\xff" || here.Established != begun {
			t.Fatalf("%q: written %+v, kept %+v, %v", id, wrote, here, err)
		}
		away, err := s.Get(ctx, []byte(id))
		if err != nil || string(away.Value) != string(here.Value) || away.Version != here.Version || away.Established != begun || away.Retired {
			t.Fatalf("%q: read %+v, %v", id, away, err)
		}
		near(t, "its end", away.Expires, here.Expires)
		near(t, "its cap", away.Cap, here.Cap)
		if _, _, err := s.Set(ctx, []byte(id), write); !fault.Is(err, fault.Stale) {
			t.Errorf("%q: a second session under its id: %v", id, err)
		}
		b.memory.Advance(time.Minute)
		if m, err := s.Touch(ctx, []byte(id), nil); err != nil || m.Expires <= away.Expires {
			t.Errorf("%q: touched: %+v, %v", id, m, err)
		}
		owned, err := s.Owned(ctx, owner, sessionstore.RowKey{}, 10)
		if err != nil || len(owned) != 1 || owned[0].Handle != here.Handle || string(owned[0].Value) != string(here.Value) || owned[0].Owner != owner {
			t.Errorf("%q: of its owner: %+v, %v", id, owned, err)
		}
	}
}

// near compares instants that one side tells in whole seconds.
func near(t *testing.T, what string, got, want sessionstore.Instant) {
	t.Helper()
	if d := (got.Time().Sub(want.Time())).Abs(); d > 10*time.Minute {
		t.Errorf("%s: %s, want %s", what, got.Time(), want.Time())
	}
}

// TestEnd: one by its handle, all by their owner with a receipt; what is not there is
// no error, and nothing that was ended comes back.
func TestEnd(t *testing.T) {
	b, ctx := newBed(t), context.Background()
	s := open(t, b.config())
	for i := range 5 {
		if _, _, err := s.Set(ctx, fmt.Appendf(nil, "id-%d", i), sessionstore.Write{Owner: "alice", Value: []byte("v")}); err != nil {
			t.Fatal(err)
		}
	}
	var handles []sessionstore.RowKey
	var after sessionstore.RowKey
	for {
		page, err := s.Owned(ctx, "alice", after, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range page {
			handles, after = append(handles, one.Handle), one.Handle
		}
		if len(page) < 2 {
			break
		}
	}
	if len(handles) != 5 {
		t.Fatalf("%d handles", len(handles))
	}
	if ended, err := s.End(ctx, "alice", handles[0]); err != nil || !ended {
		t.Errorf("%v, %v", ended, err)
	}
	if ended, err := s.End(ctx, "alice", handles[0]); err != nil || ended {
		t.Errorf("twice: %v, %v", ended, err)
	}
	if _, _, err := s.Set(ctx, []byte("signed out"), sessionstore.Write{Owner: "alice", Value: []byte("v")}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // one that is not there is no error
		if err := s.Delete(ctx, []byte("signed out"), nil); err != nil {
			t.Error(err)
		}
	}
	if _, err := b.space.Get(ctx, []byte("signed out")); !fault.Is(err, fault.NotFound) {
		t.Errorf("a session that was deleted: %v", err)
	}
	if ended, err := s.End(ctx, "bob", handles[1]); err != nil || ended {
		t.Errorf("of somebody else: %v, %v", ended, err)
	}
	// A clock that is ahead is no reason to wait.
	until := sessionstore.InstantOf(time.Now().Add(5 * time.Second))
	r, err := s.EndAll(ctx, "alice", until)
	if err != nil || len(r.Namespaces) != 1 || r.Namespaces[0].Ended != 4 {
		t.Fatalf("%+v, %v", r, err)
	}
	signed, _, err := audit.VerifyReceipt([]byte(r.Note), b.public)
	if err != nil || signed.Namespaces[0].Ended != 4 || signed.By != "uri:"+office {
		t.Errorf("%+v, %v", signed, err)
	}
	for i := range 5 {
		if _, err := s.Get(ctx, fmt.Appendf(nil, "id-%d", i)); !fault.Is(err, fault.NotFound) {
			t.Errorf("id-%d: %v", i, err)
		}
		// The handle's own session is a tombstone, the others are revoked by their time.
		late := sessionstore.Write{Owner: "alice", Established: sessionstore.InstantOf(time.Now().Add(-time.Hour)), Value: []byte("v")}
		if _, _, err := s.Set(ctx, fmt.Appendf(nil, "id-%d", i), late); !fault.Is(err, fault.Conflict) {
			t.Errorf("a late write of id-%d: %v", i, err)
		}
	}
	if _, err := s.Touch(ctx, []byte("id-1"), nil); err == nil {
		t.Error("an ended session was touched")
	}
	if owned, err := s.Owned(ctx, "alice", sessionstore.RowKey{}, 10); err != nil || len(owned) != 0 {
		t.Errorf("%+v, %v", owned, err)
	}
}

// TestAway: while the store is away everything is Unavailable and nothing is NotFound:
// a session that cannot be asked for is not one that ended. Back again, all goes on.
func TestAway(t *testing.T) {
	b, ctx := newBed(t), context.Background()
	s := open(t, b.config())
	const id = "secret-id-of-alice"
	if _, _, err := s.Set(ctx, []byte(id), sessionstore.Write{Owner: "alice", Value: []byte("v")}); err != nil {
		t.Fatal(err)
	}
	check := func(what string) {
		t.Helper()
		for name, err := range everything(ctx, s, id) {
			unavailable(t, what+": "+name, err, id)
		}
	}
	b.data.stop()
	b.admin.stop()
	check("nothing listens")
	b.data.start()
	b.admin.start()
	if got, err := s.Get(ctx, []byte(id)); err != nil || string(got.Value) != "v" {
		t.Fatalf("back again: %v", err)
	}
	b.memory.Break(fmt.Errorf("the disk says %s", id))
	for name, err := range everything(ctx, s, id) {
		if err == nil || fault.Is(err, fault.NotFound) || strings.Contains(err.Error(), id) {
			t.Errorf("its disk is broken: %s: %v", name, err)
		}
	}
	b.memory.Break(nil)
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	for name, err := range everything(cancelled, s, id) {
		if err == nil || fault.Is(err, fault.NotFound) || strings.Contains(err.Error(), id) {
			t.Errorf("given up: %s: %v", name, err)
		}
	}
	if n, err := b.space.Owned(ctx, "alice", sessionstore.RowKey{}, 10); err != nil || len(n) != 1 {
		t.Errorf("what could not be asked ended something: %v, %v", n, err)
	}
}

// everything calls every method and returns their errors.
func everything(ctx context.Context, s *remote.Store, id string) map[string]error {
	all := map[string]error{"probe": s.Probe(ctx)}
	_, all["get"] = s.Get(ctx, []byte(id))
	_, _, all["set"] = s.Set(ctx, []byte(id), sessionstore.Write{Owner: "alice", Value: []byte("v")})
	_, all["touch"] = s.Touch(ctx, []byte(id), nil)
	all["delete"] = s.Delete(ctx, []byte(id), nil)
	_, all["owned"] = s.Owned(ctx, "alice", sessionstore.RowKey{}, 10)
	_, all["end"] = s.End(ctx, "alice", sessionstore.RowKey{1})
	_, all["end all"] = s.EndAll(ctx, "alice", sessionstore.InstantOf(time.Now()))
	return all
}

// unavailable fails the test unless the error is one to try again after, and tells no id.
func unavailable(t *testing.T, what string, err error, id string) {
	t.Helper()
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("%s: %v", what, err)
	}
	if err != nil && strings.Contains(err.Error(), id) {
		t.Errorf("%s: the error tells the id: %v", what, err)
	}
}

// TestWhoItIs: a store with a foreign certificate, or one for another name, is told
// nothing; and one that does not know us, or knows us for somebody else, tells nothing.
func TestWhoItIs(t *testing.T) {
	b, ctx := newBed(t), context.Background()
	const id = "secret-id-of-alice"
	if _, _, err := b.space.Set(ctx, []byte(id), sessionstore.Write{Owner: "alice", Value: []byte("v")}); err != nil {
		t.Fatal(err)
	}
	foreign := newPKI(t)
	wiki := b.issue(authority.Request{Name: "wiki", Role: authority.Client, URIs: []string{"spiffe://example.org/wiki"}})
	for name, change := range map[string]func(*remote.Config){
		"its authority is not ours":     func(c *remote.Config) { c.CA = foreign.authority.CertFile() },
		"it is not who we asked for":    func(c *remote.Config) { c.URL, c.AdminURL = local(c.URL), local(c.AdminURL) },
		"our authority is not its":      func(c *remote.Config) { c.Cert, c.Key = foreign.office.Cert, foreign.office.Key },
		"our certificate has ended":     func(c *remote.Config) { c.Cert, c.Key = b.expired.Cert, b.expired.Key },
		"our certificate is a server's": func(c *remote.Config) { c.Cert, c.Key = b.server.Cert, b.server.Key },
		"it knows us for somebody else": func(c *remote.Config) { c.Cert, c.Key = wiki.Cert, wiki.Key },
	} {
		t.Run(name, func(t *testing.T) {
			c := b.config()
			change(&c)
			for what, err := range everything(ctx, open(t, c), id) {
				if what == "probe" && strings.HasPrefix(name, "it knows us") {
					continue // whoever is let in may ask for the health
				}
				if err == nil || fault.Is(err, fault.NotFound) || strings.Contains(err.Error(), id) {
					t.Errorf("%s: %v", what, err)
				}
			}
		})
	}
	if got, err := b.space.Get(ctx, []byte(id)); err != nil || string(got.Value) != "v" {
		t.Errorf("%v", err)
	}
}

// local names the server as its certificate does not.
func local(address string) string { return strings.Replace(address, "127.0.0.1", "localhost", 1) }

// TestRenewedCertificate: a certificate that is renewed in its place is shown from the
// next connection on, on both listeners, without another start.
func TestRenewedCertificate(t *testing.T) {
	b, ctx := newBed(t), context.Background()
	s := open(t, b.config())
	ask := func() string {
		t.Helper()
		_, err := s.Get(ctx, []byte("id"))
		_, err2 := s.Owned(ctx, "alice", sessionstore.RowKey{}, 1)
		if !fault.Is(err, fault.NotFound) || err2 != nil {
			t.Fatalf("%v, %v", err, err2)
		}
		return b.serial()
	}
	if got := ask(); got != b.office.Serial+" "+b.office.Serial {
		t.Fatalf("shown: %s, issued %s", got, b.office.Serial)
	}
	fresh, err := b.authority.Renew("office", true)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []*listener{b.data, b.admin} { // their connections end
		l.stop()
		l.start()
	}
	if got := ask(); got != fresh.Serial+" "+fresh.Serial {
		t.Errorf("shown: %s, renewed %s", got, fresh.Serial)
	}
}

// TestOpenTypedWrong: what is wrong is told before anything is sent.
func TestOpenTypedWrong(t *testing.T) {
	b := newBed(t)
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*remote.Config){
		"no address":              func(c *remote.Config) { c.URL = "" },
		"plain HTTP":              func(c *remote.Config) { c.URL = "http" + strings.TrimPrefix(c.URL, "https") },
		"no slash at its end":     func(c *remote.Config) { c.URL = strings.TrimSuffix(c.URL, "/") },
		"no host":                 func(c *remote.Config) { c.URL = "https:///portreeve/v1/" },
		"no address of the admin": func(c *remote.Config) { c.AdminURL = "" },
		"plain HTTP of the admin": func(c *remote.Config) { c.AdminURL = "http" + strings.TrimPrefix(c.AdminURL, "https") },
		"no authority":            func(c *remote.Config) { c.CA = "/there/is/none" },
		"no PEM":                  func(c *remote.Config) { c.CA = text },
		"no certificate":          func(c *remote.Config) { c.Cert = "/there/is/none" },
		"a text for a key":        func(c *remote.Config) { c.Key = text },
		"another's key":           func(c *remote.Config) { c.Key = b.server.Key },
	} {
		c := b.config()
		change(&c)
		if _, err := remote.Open(c); !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Usage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
