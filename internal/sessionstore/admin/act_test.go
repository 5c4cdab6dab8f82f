// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/audit"
	"portreeve.org/portreeve/internal/sessionstore/writers"
)

// TestEndWithAClockSetBack: a store's time never goes back, so sessions begin after the
// wall clock then. They end all the same, now and for as long as a hold says.
func TestEndWithAClockSetBack(t *testing.T) {
	for name, ask := range map[string]string{
		"now":             "{}",
		"until now":       `{"not_before":"` + time.Now().Add(30*time.Second).Format(time.RFC3339) + `"}`,
		"and for a while": `{"hold_seconds":60}`,
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			b.memory.Advance(time.Hour)
			b.put("one", "a-1", "alice", "v")
			b.put("two", "a-2", "alice", "v")
			r := decode[SignedReceipt](t, b.want(http.StatusOK, "administrator", "DELETE", "/admin/v1/owners/alice/sessions", ask))
			if b.live("one", "a-1") || b.live("two", "a-2") || r.Namespaces[0].Ended != 1 || r.Namespaces[1].Ended != 1 {
				t.Errorf("readable after their end: %v, %v; %+v", b.live("one", "a-1"), b.live("two", "a-2"), r.Namespaces)
			}
			_, _, err := b.spaces["one"].Set(context.Background(), []byte("a-3"), sessionstore.Write{Owner: "alice", Value: []byte("v")})
			if held := fault.Is(err, fault.Conflict); held != (name == "and for a while") {
				t.Errorf("a new session: %v", err)
			}
		})
	}
}

// TestEndInAllNamespaces: every session of the owner ends, nobody else's; a late write
// of one does not bring it back, a new one begins; the receipt says so and is checked
// without the service.
func TestEndInAllNamespaces(t *testing.T) {
	b := newBed(t)
	b.put("one", "a-1", "alice", "v")
	b.put("one", "a-2", "alice", "v")
	b.put("two", "a-3", "alice", "v")
	b.put("one", "b-1", "bob", "v")
	b.put("two", "nobody", "", "v")
	begun, err := b.spaces["one"].Get(context.Background(), []byte("a-1"))
	if err != nil {
		t.Fatal(err)
	}
	r := decode[SignedReceipt](t, b.want(http.StatusOK, "administrator", "DELETE", "/admin/v1/owners/alice/sessions", `{"cause":"left the organisation"}`))
	for id, want := range map[string]bool{"one a-1": false, "one a-2": false, "two a-3": false, "one b-1": true, "two nobody": true} {
		namespace, id, _ := strings.Cut(id, " ")
		if b.live(namespace, id) != want {
			t.Errorf("%s/%s: readable is %v", namespace, id, !want)
		}
	}
	late := sessionstore.Write{Owner: "alice", Established: begun.Established, Value: []byte("late")}
	if _, _, err := b.spaces["one"].Set(context.Background(), []byte("a-4"), late); !fault.Is(err, fault.Conflict) {
		t.Errorf("a late write: %v", err)
	}
	b.put("one", "a-5", "alice", "v")

	got, anchor, err := audit.VerifyReceipt([]byte(r.Note), b.verifiers())
	if err != nil {
		t.Fatal(err)
	}
	if r.Key != b.public {
		t.Error("the key beside the note is another one")
	}
	if diff := cmp.Diff(r.Receipt, got); diff != "" {
		t.Errorf("the note says something else than the answer: %s", diff)
	}
	want := []audit.Ended{{Namespace: "one", Owner: ownerHash(b.spaces["one"], "alice"), Ended: 2}, {Namespace: "two", Owner: ownerHash(b.spaces["two"], "alice"), Ended: 1}}
	if diff := cmp.Diff(want, got.Namespaces); diff != "" || got.By != "administrator" || got.Cause != "left the organisation" || got.Service != "sessions" {
		t.Errorf("%+v %s", got, diff)
	}
	data, err := os.ReadFile(b.path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := audit.Verify(strings.NewReader(string(data)), b.verifiers(), anchor); err != nil {
		t.Errorf("the log does not hold what the receipt names: %v", err)
	}
	if diff := cmp.Diff([]string{"owner.end", "owner.ended", "owner.end", "owner.ended"}, b.acts(0)); diff != "" {
		t.Error(diff)
	}
	for _, flip := range []string{`"ended":2`, `"by":"administrator"`, "left the", "sessions.example"} {
		other := strings.Replace(r.Note, flip, strings.ToUpper(flip[:len(flip)-1])+"3", 1)
		if _, _, err := audit.VerifyReceipt([]byte(other), b.verifiers()); other == r.Note || err == nil {
			t.Errorf("a receipt with another %q is believed", flip)
		}
	}
}

// TestWhenSessionsEnd: by a moment of the past, now, and for a while ahead; a clock that
// is a little ahead is none.
func TestWhenSessionsEnd(t *testing.T) {
	now := time.Now()
	at := func(d time.Duration) string { return now.Add(d).UTC().Format(time.RFC3339Nano) }
	for _, c := range []struct {
		body        string
		status      int
		ends, later bool // the session that was there; and one that begins after it
	}{
		{``, 200, true, false},
		{`{}`, 200, true, false},
		{`{"not_before":"` + at(-time.Hour) + `"}`, 200, false, false},
		{`{"not_before":"1961-01-01T00:00:00Z"}`, 200, false, false},
		{`{"not_before":"` + at(30*time.Second) + `"}`, 200, true, false},
		{`{"not_before":"` + at(2*time.Minute) + `"}`, 422, false, false},
		{`{"not_before":"9999-12-31T23:59:59Z"}`, 422, false, false},
		{`{"hold_seconds":3600}`, 200, true, true},
		{`{"hold_seconds":3601}`, 422, false, false},
		{`{"hold_seconds":-1}`, 422, false, false},
		{`{"hold_seconds":9223372036854775807}`, 422, false, false},
		{`{"hold_seconds":1.5}`, 400, false, false},
		{`{"hold":1}`, 400, false, false},
		{`{"not_before":"yesterday"}`, 400, false, false},
		{`{"cause":"` + strings.Repeat("x", 1025) + `"}`, 422, false, false},
		{`{"cause":"two\nlines"}`, 422, false, false},
		{`{"cause":"` + strings.Repeat("x", 1<<17) + `"}`, 400, false, false},
		{`{}{}`, 400, false, false},
		{`[]`, 400, false, false},
		{`hello`, 400, false, false},
	} {
		b := newBed(t)
		b.put("one", "id", "alice", "v")
		before := b.state()
		b.want(c.status, "administrator", "DELETE", "/admin/v1/namespaces/one/owners/alice/sessions", c.body)
		if c.status != 200 && b.state() != before {
			t.Errorf("%.80s: refused, and something changed", c.body)
		}
		if got := !b.live("one", "id"); got != c.ends {
			t.Errorf("%.80s: ended is %v", c.body, got)
		}
		_, _, err := b.spaces["one"].Set(context.Background(), []byte("new"), sessionstore.Write{Owner: "alice"})
		if got := fault.Is(err, fault.Conflict); got != c.later {
			t.Errorf("%.80s: a new session: %v", c.body, err)
		}
	}
}

// TestEndOne ends the session of a handle and none beside it, for its owner alone.
func TestEndOne(t *testing.T) {
	b := newBed(t)
	b.put("one", "a-1", "alice", "v")
	b.put("one", "a-2", "alice", "v")
	b.put("two", "a-1", "alice", "v")
	const base = "/admin/v1/namespaces/one/owners/"
	handle := b.handles("one", "alice")[0]
	b.want(404, "ender", "DELETE", base+"bob/sessions/"+handle, "")
	b.want(404, "ender", "DELETE", base+"alice/sessions/"+b.handles("two", "alice")[0], "")
	if !b.live("one", "a-1") || !b.live("one", "a-2") {
		t.Fatal("it ended a session of somebody else")
	}
	if text := b.want(204, "ender", "DELETE", base+"alice/sessions/"+handle, ""); text != "" {
		t.Errorf("an answer without content holds %q", text)
	}
	if left := b.handles("one", "alice"); len(left) != 1 || left[0] == handle || !b.live("two", "a-1") {
		t.Errorf("left: %v", left)
	}
	b.want(404, "ender", "DELETE", base+"alice/sessions/"+handle, "")
	acts := b.acts(0)
	if diff := cmp.Diff([]string{"session.end", "session.end", "session.end", "session.ended", "session.end"}, acts); diff != "" {
		t.Error(diff)
	}
	if done := b.records()[3]; done.About["handle"] != handle || done.About["owner"] != ownerHash(b.spaces["one"], "alice") || done.About["namespace"] != "one" || done.By != "ender" {
		t.Errorf("%+v", done)
	}
}

// TestPages: all of an owner's sessions, each once, however short the pages are.
func TestPages(t *testing.T) {
	b := newBed(t)
	for i := range 7 {
		b.put("one", fmt.Sprintf("id-%d", i), "alice", strings.Repeat("v", i))
	}
	const list = "/admin/v1/namespaces/one/owners/alice/sessions"
	var handles []string
	for after, n := "", 0; n < 10; n++ {
		page := decode[Sessions](t, b.want(200, "administrator", "GET", list+"?limit=3&after="+after, ""))
		for _, s := range page.Sessions {
			handles = append(handles, s.Handle)
			if s.Expires == nil || s.Established.IsZero() || s.Retired {
				t.Errorf("%+v", s)
			}
		}
		if after = page.Next; after == "" {
			break
		}
	}
	if !slices.Equal(handles, b.handles("one", "alice")) {
		t.Errorf("pages: %v", handles)
	}
	if text := b.want(200, "administrator", "GET", "/admin/v1/namespaces/one/owners/nobody/sessions", ""); text != "{\"sessions\":[]}\n" {
		t.Errorf("of nobody: %s", text)
	}
	for _, query := range []string{"limit=0", "limit=201", "limit=-1", "limit=x", "limit=9999999999999999999", "after=x", "after=" + strings.Repeat("0", 63), "after=" + strings.Repeat("0", 66), "after=%00"} {
		b.want(422, "administrator", "GET", list+"?"+query, "")
	}
}

// TestKeysOfANamespace: a rotation signs nobody out; destroying ends all there is and
// all there was in a copy, once it is confirmed; the other namespace notices nothing.
func TestKeysOfANamespace(t *testing.T) {
	b := newBed(t)
	b.put("one", "id", "alice", "v")
	b.put("two", "id", "alice", "v")
	const keys = "/admin/v1/namespaces/one/keys"
	b.want(204, "administrator", "POST", keys, "")
	b.want(204, "administrator", "POST", keys, `{"index":true}`)
	b.want(400, "administrator", "POST", keys, `{"indexes":true}`)
	if !b.live("one", "id") || len(b.handles("one", "alice")) != 1 {
		t.Error("a rotation signed somebody out")
	}
	if n := len(b.keys.Status().Namespaces[0].Keys); n != 5 || !slices.Equal(b.stale, []string{"one", "one"}) {
		t.Errorf("%d keys, stale %v", n, b.stale)
	}
	before := b.state()
	for _, body := range []string{"", "{}", `{"namespace":""}`, `{"namespace":"two"}`, `{"namespace":"ONE"}`, `{"namespace":"one "}`} {
		b.want(422, "administrator", "DELETE", keys, body)
		b.want(422, "administrator", "DELETE", "/admin/v1/namespaces/one/sessions", body)
	}
	for _, body := range []string{`{"namespace":"one","force":true}`, `{"namespace":1}`, `"one"`, `{"namespace":"one"`, `{"namespace":"one"} {"namespace":"one"}`} {
		b.want(400, "administrator", "DELETE", keys, body)
		b.want(400, "administrator", "DELETE", "/admin/v1/namespaces/one/sessions", body)
	}
	if b.state() != before {
		t.Fatal("without a confirmation something changed")
	}
	b.want(204, "administrator", "DELETE", keys, `{"namespace":"one"}`)
	if b.live("one", "id") || !b.live("two", "id") {
		t.Error("what the keys sealed can be read, or more than that was destroyed")
	}
	b.want(204, "administrator", "DELETE", keys, `{"namespace":"one"}`) // to be called again after a failure
	b.want(409, "administrator", "POST", keys, "")
	// Without keys every question still has an answer.
	for _, to := range b.api.routes() {
		if strings.HasSuffix(to.pattern, "/keys") {
			continue
		}
		method, target := filled(to.pattern, "one", "alice", strings.Repeat("0", 64))
		if w := b.ask("administrator", method, target, `{"namespace":"one"}`); w.Code >= 500 {
			t.Errorf("%s: %d %s", to.pattern, w.Code, w.Body)
		}
	}
}

// TestEmpty ends every session of a namespace, and of no other.
func TestEmpty(t *testing.T) {
	b := newBed(t)
	b.put("one", "id", "alice", "v")
	b.put("one", "nobody", "", "v")
	b.put("two", "id", "alice", "v")
	b.want(204, "administrator", "DELETE", "/admin/v1/namespaces/one/sessions", `{"namespace":"one"}`)
	if b.live("one", "id") || b.live("one", "nobody") || !b.live("two", "id") {
		t.Error("the wrong ones ended")
	}
	b.put("one", "id", "alice", "v")
	if diff := cmp.Diff([]string{"namespace.empty", "namespace.emptied"}, b.acts(0)); diff != "" {
		t.Error(diff)
	}
}

// TestStatusAndWriters tell what there is, and who wrote most.
func TestStatusAndWriters(t *testing.T) {
	b := newBed(t)
	b.put("one", "id", "alice", "v")
	for i := range 5 {
		b.tally.Add(writers.Write{Owner: "alice", Identity: "uri:spiffe://example.org/wiki", Remote: netip.MustParseAddr("192.0.2.7"), Bytes: 10, Same: i > 0})
	}
	s := decode[Status](t, b.want(200, "administrator", "GET", "/admin/v1/status", ""))
	if s.Service != "sessions" || s.Version != "test" || !s.Ready || len(s.Namespaces) != 2 {
		t.Fatalf("%+v", s)
	}
	one := s.Namespaces[0]
	if one.Name != "one" || one.Base != "/one/v1/" || one.Usage.Rows != 1 || one.TTL != 86400 || one.MaxValue != 1<<20 || one.Keys == nil || one.Written.Writes != 5 || one.Written.Same != 4 {
		t.Errorf("%+v", one)
	}
	w := decode[Writers](t, b.want(200, "administrator", "GET", "/admin/v1/namespaces/one/writers", ""))
	want := Writers{
		Totals: writers.Totals{Writes: 5, Same: 4, Bytes: 50}, Owners: []writers.Count{{Name: "alice", Count: 5}},
		Identities: []writers.Count{{Name: "uri:spiffe://example.org/wiki", Count: 5}}, Networks: []writers.Count{{Name: "192.0.2.0/24", Count: 5}},
	}
	if diff := cmp.Diff(want, w); diff != "" {
		t.Error(diff)
	}
	b.want(200, "administrator", "GET", "/admin/v1/namespaces/two/writers", "") // not counted
	b.memory.Break(errors.New("the disk is on fire"))
	if text := b.want(500, "administrator", "GET", "/admin/v1/status", ""); strings.Contains(text, "fire") {
		t.Errorf("the cause is for the log: %s", text)
	}
	if !strings.Contains(b.said.String(), "on fire") {
		t.Error("the log has no cause")
	}
}

// TestAuditIsCopied: the copy verifies, and holds that it was taken.
func TestAuditIsCopied(t *testing.T) {
	b := newBed(t)
	b.put("one", "id", "alice", "v")
	b.want(200, "administrator", "DELETE", "/admin/v1/owners/alice/sessions", "")
	w := b.ask("administrator", "GET", "/admin/v1/audit", "")
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/jsonl" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	report, err := audit.Verify(w.Body, b.verifiers())
	if err != nil || report.Head != b.log.Head() || b.acts(4)[0] != "audit.read" {
		t.Errorf("%+v, %v", report, err)
	}
}
