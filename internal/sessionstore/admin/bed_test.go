// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/audit"
	"portreeve.org/portreeve/internal/sessionstore/seal"
	"portreeve.org/portreeve/internal/sessionstore/storetest"
	"portreeve.org/portreeve/internal/sessionstore/writers"
)

// who is the header by which tests say who asks; the listener knows it by a certificate.
const who = "Test-Identity"

// Who may do what in the tests: namespace and verb, "*" is each.
var rights = map[string][]string{
	"administrator": {"* administer", "* revoke"},
	"reader":        {"* administer", "* revoke", "one read"},
	"ender":         {"one revoke"},
	"stranger":      {},
}

func authorize(r *http.Request, namespace, verb string) (string, error) {
	name := r.Header.Get(who)
	granted, known := rights[name]
	if !known {
		return "", fault.New(fault.Unauthenticated, "listen.nobody", "Nobody is known here by that.")
	}
	if slices.ContainsFunc(granted, func(right string) bool {
		return right == "* "+verb || namespace != "" && right == namespace+" "+verb
	}) {
		return name, nil
	}
	return "", fault.New(fault.Forbidden, "listen.forbidden", "The policy does not let you do that.")
}

// ringKeys changes keys as the process does it, but at once.
type ringKeys struct{ *seal.Keyring }

func (k ringKeys) Rotate(namespace string, index bool) error {
	_, err := k.Keyring.Rotate(namespace, seal.Data)
	if err == nil && index {
		_, err = k.Keyring.Rotate(namespace, seal.Index)
	}
	return err
}

func (k ringKeys) State(namespace string) (any, error) {
	for _, one := range k.Status().Namespaces {
		if one.Name == namespace {
			return one, nil
		}
	}
	return nil, nil
}

// bed is an administration of two namespaces, one and two, with real keys and a real log.
type bed struct {
	t      testing.TB
	api    *API
	memory *storetest.Memory
	keys   *seal.Keyring
	spaces map[string]*sessionstore.Store
	tally  *writers.Tally
	log    *audit.Log
	path   string // of the log
	public string // keys of the log
	said   bytes.Buffer
	stale  []string
	skew   time.Duration // added to the administration's clock
}

func newBed(t testing.TB) *bed {
	t.Helper()
	b := &bed{t: t, memory: storetest.NewMemory(), keys: storetest.Keyring(t), spaces: map[string]*sessionstore.Store{}, tally: writers.NewTally()}
	text, err := format.GenerateKey(rand.Reader, "sessions.example/audit")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := format.ParseSigner(text)
	if err != nil {
		t.Fatal(err)
	}
	b.path, b.public = filepath.Join(t.TempDir(), "audit.log"), signer.Verifiers()
	if b.log, err = audit.Open(b.path, signer, time.Now); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.log.Close() })
	c := Config{
		Service: "sessions", Keys: ringKeys{b.keys}, Audit: b.log, Authorize: authorize,
		Describe: func(context.Context) Status { return Status{Version: "test", Profile: "mutual", Ready: true} },
		Stale:    func(namespace string) { b.stale = append(b.stale, namespace) },
		Now:      func() time.Time { return time.Now().Add(b.skew) }, Log: slog.New(slog.NewJSONHandler(&b.said, nil)),
	}
	for _, name := range []string{"one", "two"} {
		b.spaces[name] = storetest.StoreWith(t, b.memory, storetest.Namespace(name), b.keys)
		c.Spaces = append(c.Spaces, Space{Base: "/" + name + "/v1/", Store: b.spaces[name]})
	}
	c.Spaces[0].Tally = b.tally
	b.api = New(c)
	return b
}

// put writes a session.
func (b *bed) put(namespace, id, owner, value string) {
	b.t.Helper()
	if _, _, err := b.spaces[namespace].Set(context.Background(), []byte(id), sessionstore.Write{Owner: owner, Value: []byte(value)}); err != nil {
		b.t.Fatal(err)
	}
}

// live reports whether a session can be read.
func (b *bed) live(namespace, id string) bool {
	b.t.Helper()
	_, err := b.spaces[namespace].Get(context.Background(), []byte(id))
	if err != nil && !fault.Is(err, fault.NotFound) {
		b.t.Fatal(err)
	}
	return err == nil
}

// handles lists an owner's sessions without the administration.
func (b *bed) handles(namespace, owner string) []string {
	b.t.Helper()
	held, err := b.spaces[namespace].Owned(context.Background(), owner, sessionstore.RowKey{}, 1000)
	if err != nil {
		b.t.Fatal(err)
	}
	var all []string
	for _, h := range held {
		all = append(all, sessionOf(h, false).Handle)
	}
	return all
}

// ask makes a request as somebody ("" = nobody) and returns the answer.
func (b *bed) ask(name, method, target, body string) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequest(method, "https://sessions.example"+target, strings.NewReader(body))
	if name != "" {
		r.Header.Set(who, name)
	}
	w := httptest.NewRecorder()
	b.api.ServeHTTP(w, r)
	return w
}

// want makes a request, checks its status and the form of a refusal, and returns the body.
func (b *bed) want(status int, name, method, target, body string) string {
	b.t.Helper()
	w := b.ask(name, method, target, body)
	text := w.Body.String()
	if w.Code != status {
		b.t.Errorf("%s %.100s as %q: %d %s, want %d", method, target, name, w.Code, text, status)
	}
	if h := w.Header(); h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" {
		b.t.Errorf("%s %.100s: headers %v", method, target, h)
	}
	if w.Code >= 400 {
		var p struct {
			Type, Title, Detail, Code string
			Status                    int
		}
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Header().Get("Content-Type") != "application/problem+json" ||
			p.Status != w.Code || p.Title == "" || p.Detail == "" || p.Code == "" {
			b.t.Errorf("%s %.100s: no problem document: %s", method, target, text)
		}
	}
	return text
}

// decode reads what want returned.
func decode[T any](t testing.TB, text string) (v T) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

// state is everything that an act could change: rows, keys and the log.
func (b *bed) state() string {
	b.t.Helper()
	var s strings.Builder
	for _, name := range []string{"one", "two"} {
		space, err := b.memory.Space(context.Background(), name, sessionstore.Quota{})
		if err != nil {
			b.t.Fatal(err)
		}
		var rows []sessionstore.Row
		if err := space.Walk(context.Background(), sessionstore.RowKey{}, func(r sessionstore.Row) (bool, error) { rows = append(rows, r); return true, nil }); err != nil {
			b.t.Fatal(err)
		}
		slices.SortFunc(rows, func(x, y sessionstore.Row) int { return cmp.Compare(string(x.Key[:]), string(y.Key[:])) })
		write(b.t, &s, rows)
	}
	write(b.t, &s, b.keys.Status())
	write(b.t, &s, b.log.Head())
	write(b.t, &s, b.stale)
	return s.String()
}

func write(t testing.TB, w io.Writer, v any) {
	t.Helper()
	if err := json.NewEncoder(w).Encode(v); err != nil {
		t.Fatal(err)
	}
}

// records returns what the log holds after its beginning, verified.
func (b *bed) records() []audit.Record {
	b.t.Helper()
	data, err := os.ReadFile(b.path)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := audit.Verify(bytes.NewReader(data), b.verifiers()); err != nil {
		b.t.Fatal(err)
	}
	var all []audit.Record
	for line := range strings.Lines(string(data)) {
		all = append(all, decode[audit.Record](b.t, line))
	}
	return all[1:]
}

func (b *bed) verifiers() format.Keys {
	b.t.Helper()
	keys, err := format.ParseKeys([]byte(b.public))
	if err != nil {
		b.t.Fatal(err)
	}
	return keys
}

// acts returns the acts of the log after its first n records.
func (b *bed) acts(n int) []string {
	b.t.Helper()
	var all []string
	for _, r := range b.records()[n:] {
		all = append(all, r.Act)
	}
	return all
}

// filled fills a pattern in: method, and path without its wildcards.
func filled(pattern, namespace, owner, handle string) (method, target string) {
	method, target, _ = strings.Cut(pattern, " ")
	return method, strings.NewReplacer("{namespace}", segment(namespace), "{owner}", segment(owner), "{handle}", segment(handle)).Replace(target)
}
