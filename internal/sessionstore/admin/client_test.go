// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"bytes"
	"context"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore/audit"
)

// connected returns a client that the administration knows as somebody.
func (b *bed) connected(name string) Client {
	b.t.Helper()
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set(who, name)
		b.api.ServeHTTP(w, r)
	}))
	b.t.Cleanup(s.Close)
	ca := filepath.Join(b.t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		b.t.Fatal(err)
	}
	c, err := NewClient(client.Config{URL: s.URL, CA: ca})
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

// TestClient: every method asks what it says, also about an owner that a path would
// swallow, and a refusal is the fault that the service reported.
func TestClient(t *testing.T) {
	b, ctx := newBed(t), context.Background()
	c := b.connected("reader")
	for _, owner := range []string{"..", "a/b", "alice"} {
		b.put("one", owner+"-1", owner, "the-value")
		b.put("one", owner+"-2", owner, "the-value")
		b.put("two", owner+"-1", owner, "the-value")
		page, err := c.SessionsWithValues(ctx, "one", owner, "", 1)
		if err != nil || len(page.Sessions) != 1 || string(page.Sessions[0].Value) != "the-value" || page.Next == "" {
			t.Fatalf("%q: %+v, %v", owner, page, err)
		}
		if err := c.EndOne(ctx, "one", owner, page.Sessions[0].Handle); err != nil {
			t.Errorf("%q: %v", owner, err)
		}
		if page, err = c.Sessions(ctx, "one", owner, "", 200); err != nil || len(page.Sessions) != 1 || page.Sessions[0].Value != nil {
			t.Errorf("%q: %+v, %v", owner, page, err)
		}
		r, err := c.End(ctx, "", owner, Ending{Cause: "a test"})
		if err != nil || len(r.Namespaces) != 2 || r.Namespaces[0].Ended+r.Namespaces[1].Ended != 2 {
			t.Errorf("%q: %+v, %v", owner, r, err)
		}
		if _, _, err := audit.VerifyReceipt([]byte(r.Note), b.verifiers()); err != nil {
			t.Errorf("%q: %v", owner, err)
		}
	}
	if s, err := c.Status(ctx); err != nil || len(s.Namespaces) != 2 {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := c.Writers(ctx, "one"); err != nil {
		t.Error(err)
	}
	if err := c.Rotate(ctx, "one", true); err != nil {
		t.Error(err)
	}
	if err := c.Empty(ctx, "two"); err != nil {
		t.Error(err)
	}
	if err := c.Destroy(ctx, "two"); err != nil {
		t.Error(err)
	}
	var log bytes.Buffer
	if err := c.Audit(ctx, &log); err != nil {
		t.Error(err)
	}
	if report, err := audit.Verify(&log, b.verifiers()); err != nil || report.Records < 20 {
		t.Errorf("%+v, %v", report, err)
	}
	if err := b.connected("stranger").Rotate(ctx, "one", false); !fault.HasCode(err, "listen.forbidden") {
		t.Errorf("%v", err)
	}
	if _, err := c.End(ctx, "three", "alice", Ending{}); !fault.HasCode(err, "admin.namespace") {
		t.Errorf("%v", err)
	}
	if err := c.EndOne(ctx, "one", "alice", ""); !fault.Is(err, fault.NotFound) {
		t.Errorf("without a handle: %v", err)
	}
	if _, err := c.End(ctx, "one", "", Ending{}); !fault.Is(err, fault.NotFound) {
		t.Errorf("without an owner: %v", err)
	}
}

// TestEndTypedWrong: nothing ends more than was meant because a text was empty.
func TestEndTypedWrong(t *testing.T) {
	empty, one, handle := "", "one", "00"
	for name, c := range map[string]struct {
		cmd EndCmd
		ok  bool
	}{
		"all":                            {EndCmd{Owner: "alice"}, true},
		"in one":                         {EndCmd{Owner: "alice", Namespace: &one, Hold: time.Hour}, true},
		"one":                            {EndCmd{Owner: "alice", Namespace: &one, Handle: &handle}, true},
		"an empty namespace":             {EndCmd{Owner: "alice", Namespace: &empty}, false},
		"an empty handle":                {EndCmd{Owner: "alice", Namespace: &one, Handle: &empty}, false},
		"a handle of no namespace":       {EndCmd{Owner: "alice", Handle: &handle}, false},
		"a handle, and a hold":           {EndCmd{Owner: "alice", Namespace: &one, Handle: &handle, Hold: time.Second}, false},
		"a hold that would be none":      {EndCmd{Owner: "alice", Hold: time.Millisecond}, false},
		"a hold of the past":             {EndCmd{Owner: "alice", Hold: -time.Second}, false},
		"a hold that is longer than one": {EndCmd{Owner: "alice", Hold: time.Hour + time.Second}, false},
	} {
		if err := c.cmd.Validate(); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range map[string]error{"listed": (&SessionsCmd{}).Run(nil), "ended": (&EndCmd{}).Run(nil)} {
		if !fault.Is(err, fault.Usage) {
			t.Errorf("the sessions of nobody are %s: %v", name, err)
		}
	}
}
