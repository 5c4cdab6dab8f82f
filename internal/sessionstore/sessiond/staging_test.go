// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/gate"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
)

// office is Portreeve's gate.
type office struct {
	*httptest.Server
	signer *format.Signer
	deny   atomic.Bool
	asked  atomic.Int32
}

func newOffice(t *testing.T) *office {
	t.Helper()
	text, err := format.GenerateKey(rand.Reader, "office.example.org")
	if err != nil {
		t.Fatal(err)
	}
	o := &office{}
	if o.signer, err = format.ParseSigner(text); err != nil {
		t.Fatal(err)
	}
	o.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.asked.Add(1)
		if r.URL.Path != "/api/v1/gate" || r.Header.Get("Authorization") != "Bearer secret" {
			http.Error(w, "{}", http.StatusForbidden)
			return
		}
		now := clock().UTC().Truncate(time.Microsecond)
		v := gate.Verdict{Decision: gate.Allow, Subject: r.URL.Query().Get("subject"), Action: r.URL.Query().Get("action"), EvaluatedAt: now, ValidUntil: now.Add(5 * time.Minute)}
		if o.deny.Load() {
			v.Decision, v.Blockers = gate.Deny, []fault.Blocker{{Code: "risk.acceptance_expired", Message: "It ran out."}}
		}
		note, err := gate.Sign(v, o.signer)
		if err != nil {
			t.Error(err)
		}
		v.Note = note
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}))
	t.Cleanup(o.Close)
	return o
}

// staged returns the lines that hold a control by an acceptance of the office.
func (o *office) staged(t *testing.T, folder, control string) string {
	t.Helper()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: o.Certificate().Raw})
	for name, data := range map[string][]byte{"office.pem": ca, "token": []byte("secret\n")} {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	until := clock().AddDate(0, 1, 0).Format(time.DateOnly)
	return fmt.Sprintf("staged: [{control: %s, subject: \"component:sessionstore\", until: %s}]\nportreeve: {url: %q, ca: office.pem, token_file: token, gate_key: %q}",
		control, until, o.URL, strings.TrimSpace(o.signer.Verifiers()))
}

// TestStagedClientAuthentication: while the acceptance holds, who shows nothing is
// let in as far as the policy says; when it ends, nobody is, and who has a
// certificate goes on.
func TestStagedClientAuthentication(t *testing.T) {
	folder, o := t.TempDir(), newOffice(t)
	b := start(t, folder, "selfcheck:", o.staged(t, folder, "client_authentication"),
		`  - {identity: "uri:spiffe://sessiond.test/anonymous"`, "  - {identity: network, namespaces: [default], verbs: [read, write, delete]}")
	nobody, client := b.client(""), b.client("client")
	b.want(201, nobody, "POST", b.ready.URL+"k", "hello")
	b.want(403, nobody, "GET", strings.Replace(b.ready.URL, "/sessions/", "/anonymous/", 1)+"k", "")
	b.want(0, nobody, "GET", b.ready.AdminURL+"/admin/v1/status", "")
	o.deny.Store(true)
	b.p.staging.watch.Refresh(t.Context())
	b.eventually("the end of the acceptance", func() bool { status, _ := b.do(nobody, "GET", b.ready.URL+"k", ""); return status == 0 })
	b.want(200, client, "GET", b.ready.URL+"k", "")
}

// TestStagedSealing: without keys sessions are kept in the clear while the acceptance
// holds, and when it ends nothing is served, which says why.
func TestStagedSealing(t *testing.T) {
	folder, o := t.TempDir(), newOffice(t)
	b := start(t, folder, "selfcheck:", o.staged(t, folder, "at_rest"), "keys:", "")
	client := b.client("client")
	b.want(201, client, "POST", b.ready.URL+"k", "hello")
	o.deny.Store(true)
	b.p.staging.watch.Refresh(t.Context())
	b.eventually("the end of the acceptance", func() bool { status, _ := b.do(client, "GET", b.ready.URL+"k", ""); return status == 503 })
	if text := b.want(503, client, "POST", b.ready.URL+"k", "hello"); !strings.Contains(text, "at_rest") {
		t.Errorf("the answer does not say which control: %s", text)
	}
	o.deny.Store(false)
	b.p.staging.watch.Refresh(t.Context())
	b.eventually("the new acceptance", func() bool { status, _ := b.do(client, "GET", b.ready.URL+"k", ""); return status == 200 })
}

// TestStagedWithoutAnAnswer: nothing is held off before the gate has said so.
func TestStagedWithoutAnAnswer(t *testing.T) {
	folder, o := t.TempDir(), newOffice(t)
	o.deny.Store(true)
	b := start(t, folder, "selfcheck:", o.staged(t, folder, "client_authentication"),
		`  - {identity: "uri:spiffe://sessiond.test/anonymous"`, "  - {identity: network, namespaces: [default], verbs: [read, write, delete]}")
	b.want(0, b.client(""), "GET", b.ready.URL+"k", "")
	b.want(404, b.client("client"), "GET", b.ready.URL+"k", "")
	if o.asked.Load() == 0 {
		t.Error("the gate was not asked")
	}
}

// TestSealingIsTurnedOn: who has a session from before there were keys keeps it, and
// when all are brought over nothing in the clear is read any more.
func TestSealingIsTurnedOn(t *testing.T) {
	folder, o := t.TempDir(), newOffice(t)
	b := start(t, folder, "selfcheck:", o.staged(t, folder, "at_rest"), "keys:", "")
	b.want(201, b.client("client"), "POST", b.ready.URL+"k", "hello")
	b.want(201, b.client("client"), "POST", b.ready.URL+"gone", "hello")
	b.stop()
	b = start(t, folder, "keys:", "keys: {root: keys/root.key, ring: keys/ring.json, from_plain: true}")
	b.want(200, b.client("client"), "GET", b.ready.URL+"k", "")
	b.want(204, b.client("client"), "DELETE", b.ready.URL+"gone", "")
	b.want(404, b.client("client"), "GET", b.ready.URL+"gone", "")
	b.eventually("the pass over all rows", func() bool {
		return b.metric(`sessiond_unsafe{thing="plain_rows"}`) == "1" && b.p.keeper.moved.Load() > 0
	})
	b.stop()
	b = start(t, folder)
	b.want(200, b.client("client"), "GET", b.ready.URL+"k", "")
	b.want(404, b.client("client"), "GET", b.ready.URL+"gone", "")
}
