// SPDX-License-Identifier: Apache-2.0

package ledgerweb_test

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgertest"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgerweb"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

const origin = "office.test/ledger"

// office is an installation: a data directory with a log, and the whole mux on it.
type office struct {
	t       *testing.T
	dir     string
	db      *store.DB
	log     *ledger.Log
	risk    *ledger.Writer
	signer  *format.Signer
	witness ledgertest.Witness
	people  webtest.People // nil = one for each role
	*webtest.Client
}

// newOffice makes an office without entries. Its clock runs: time limits of
// connections are real.
func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, dir: t.TempDir(), signer: signer(t, 7), witness: testWitness()}
	var err error
	o.db, err = store.Open(t.Context(), store.Config{SQLite: filepath.Join(o.dir, "portreeve.db")})
	fatal(t, err)
	t.Cleanup(func() { _ = o.db.Close() })
	fatal(t, o.db.Migrate(t.Context(), []store.Migrations{authz.Migrations(), ledger.Migrations()}))
	fatal(t, os.WriteFile(filepath.Join(o.dir, "ledger.pub"), []byte(o.signer.Verifiers()), 0o600))
	o.log, err = ledger.Open(t.Context(), o.db, ledger.Config{Signer: o.signer, Leaves: 8})
	fatal(t, err)
	o.risk = o.log.Writer("risk", []string{"risk.rated", "risk.acceptance.granted"})
	o.Client = webtest.Serve(t, o.mux())
	return o
}

// mux returns the whole mux; its handler can be made once.
func (o *office) mux() *web.Mux {
	o.t.Helper()
	actions := ledger.Actions()
	policy, err := authz.NewPolicy(actions, nil, nil)
	fatal(o.t, err)
	witnesses, err := format.ParseWitnesses([]byte(o.witness.Verifier()))
	fatal(o.t, err)
	service := ledgerweb.New(ledgerweb.Deps{
		DB: o.db, Log: o.log, Writer: o.log.Writer("ledger", ledger.Kinds()), Policy: policy, Keys: o.signer.Verifiers(),
		Witnesses: witnesses, Kinds: append(ledger.Kinds(), "risk.rated", "risk.acceptance.granted"), Describe: describe,
	})
	deps := webtest.Deps(actions...)
	deps.Policy, deps.Clock, deps.Submissions, deps.Navigation = policy, o.db.Clock(), o.log, ledgerweb.Navigation()
	if o.people != nil {
		deps.People = o.people
	}
	mux := web.NewMux(deps)
	mux.Files("risk", fstest.MapFS{"messages/en.yaml": {Data: []byte("risk.entry_kind.rated: Rated\nrisk.entry_kind.acceptance.granted: Acceptance granted")}})
	service.Pages(mux)
	service.API(mux.API())
	return mux
}

// handler returns the whole mux's handler.
func (o *office) handler() http.Handler {
	o.t.Helper()
	h, err := o.mux().Handler()
	fatal(o.t, err)
	return h
}

// describe knows one person and one kind of item.
func describe(_ context.Context, _ store.Reader, _ authz.Actor, refs []string) (map[string]ledgerweb.Described, error) {
	found := map[string]ledgerweb.Described{}
	for _, ref := range refs {
		switch {
		case ref == "person:executive":
			found[ref] = ledgerweb.Described{Title: "Eve Executive"}
		case strings.HasPrefix(ref, "risk:"):
			found[ref] = ledgerweb.Described{Title: "A risk", URL: "/risks/" + strings.TrimPrefix(ref, "risk:")}
		}
	}
	return found, nil
}

func testWitness() ledgertest.Witness {
	return ledgertest.NewWitness("witness.test", bytes.Repeat([]byte{9}, 32))
}

// decide appends an entry and returns its number.
func (o *office) decide(e ledger.Entry) (seq int64) {
	o.t.Helper()
	err := o.risk.Decide(o.t.Context(), func(tx *ledger.Tx) (err error) {
		if e.Visibility == "restricted" {
			if err := authz.SetParticipants(o.t.Context(), tx.Tx, e.Item, []string{"person:reviewer"}); err != nil {
				return err
			}
		}
		seq, err = o.risk.Append(o.t.Context(), tx, e)
		return err
	})
	fatal(o.t, err)
	return seq
}

// fill appends n internal entries, the i-th about flow:<i>.
func (o *office) fill(n int) {
	o.t.Helper()
	for i := range n {
		o.decide(granted(fmt.Sprintf("flow:%d", i)))
	}
}

// granted is the entry of an acceptance.
func granted(subject string) ledger.Entry {
	return ledger.Entry{
		Kind: "risk.acceptance.granted", Actor: "person:executive", Subject: subject, Item: "risk:aaaa", Visibility: "internal",
		Body: map[string]any{"until": "2026-12-23", "conditions": []string{"only the experiment group is routed"}, "rating": "<high>"},
	}
}

// secret is an entry that only the reviewer may see.
func secret() ledger.Entry {
	return ledger.Entry{Kind: "risk.rated", Actor: "person:owner", Subject: "flow:hidden", Item: "risk:bbbb", Visibility: "restricted", Body: map[string]string{"word": "embargo"}}
}

// start serves the office over TLS and returns the session of a command line
// that talks to it as login.
func (o *office) start(login string) (*client.Session, *bytes.Buffer, *bytes.Buffer) {
	o.t.Helper()
	return o.startWith(o.handler(), login)
}

func (o *office) startWith(h http.Handler, login string) (*client.Session, *bytes.Buffer, *bytes.Buffer) {
	o.t.Helper()
	server := httptest.NewTLSServer(h)
	o.t.Cleanup(server.Close)
	ca := filepath.Join(o.t.TempDir(), "ca.pem")
	fatal(o.t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	var out, errs bytes.Buffer
	return &client.Session{
		Context: o.t.Context(), Stdout: &out, Stderr: &errs, Config: client.Config{URL: server.URL, Token: login, CA: ca},
	}, &out, &errs
}

// signer returns a signer whose key follows from seed.
func signer(t *testing.T, seed byte) *format.Signer {
	t.Helper()
	text, err := format.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{seed}, 64)), origin)
	fatal(t, err)
	s, err := format.ParseSigner(text)
	fatal(t, err)
	return s
}

// file writes a file of the test and returns its path.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	fatal(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func fatal(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// mask blanks what differs between any two answers.
func mask(r *webtest.Response) string {
	return strings.ReplaceAll(r.Body, r.Header.Get("X-Request-Id"), "ID")
}

// document returns an entry as login gets it.
func (o *office) document(login string, seq int64) (d ledgerweb.Document) {
	o.t.Helper()
	o.Token(login).Get(fmt.Sprintf("/api/v1/ledger/entries/%d", seq)).Want(200).Into(&d)
	return d
}
