// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// acting are the routes that do something or show values; each is filled in for alice
// in namespace one. Routes that only look are named, so that a new one is not forgotten.
func (b *bed) acting(handle string) (requests [][3]string) {
	b.t.Helper()
	looks := map[string]bool{"GET /admin/v1/status": true, "GET /admin/v1/namespaces/{namespace}/writers": true}
	for _, to := range b.api.routes() {
		if looks[to.pattern] {
			continue
		}
		method, target := filled(to.pattern, "one", "alice", handle)
		body := ""
		switch {
		case strings.HasSuffix(target, "/owners/alice/sessions") && method == "GET":
			target += "?values=true"
		case method == "DELETE" && (strings.HasSuffix(target, "/keys") || strings.HasSuffix(target, "one/sessions")):
			body = `{"namespace":"one"}`
		}
		requests = append(requests, [3]string{method, target, body})
	}
	if len(requests) != len(b.api.routes())-len(looks) {
		b.t.Fatalf("%v", requests)
	}
	return requests
}

// TestWhatCannotBeRecordedIsNotDone: the log was moved away by a hand that rotates logs;
// nothing is done and nothing shown until it is back.
func TestWhatCannotBeRecordedIsNotDone(t *testing.T) {
	b := newBed(t)
	b.put("one", "a-1", "alice", "the-value")
	b.put("two", "a-1", "alice", "the-value")
	before := b.state()
	if err := os.Rename(b.path, b.path+".1"); err != nil {
		t.Fatal(err)
	}
	all := b.acting(b.handles("one", "alice")[0])
	for _, r := range all {
		text := b.want(http.StatusServiceUnavailable, "reader", r[0], r[1], r[2])
		if !strings.Contains(text, "audit.moved") || strings.Contains(text, "the-value") {
			t.Errorf("%s %s: %s", r[0], r[1], text)
		}
	}
	if b.state() != before {
		t.Fatal("something was done that is not recorded")
	}
	if err := os.Rename(b.path+".1", b.path); err != nil {
		t.Fatal(err)
	}
	for _, r := range all { // from ending down to destroying, each on what is left
		if w := b.ask("reader", r[0], r[1], r[2]); w.Code >= 500 {
			t.Errorf("%s %s: %d %s", r[0], r[1], w.Code, w.Body)
		}
	}
	if len(b.records()) < len(all) {
		t.Errorf("%d records of %d acts", len(b.records()), len(all))
	}
}

// failing is a log whose nth record fails from now on.
type failing struct {
	Recorder
	after int
}

func (f *failing) Record(ctx context.Context, by, act string, about map[string]string) error {
	if f.after--; f.after < 0 {
		return fault.New(fault.Unavailable, "audit.unavailable", "The disk of the audit log is full.")
	}
	return f.Recorder.Record(ctx, by, act, about)
}

// TestWhatIsDoneIsNotCalledDoneWithoutItsRecord: the disk becomes full between an act
// and its second record. The act is carried out, the first record says who wanted it,
// and the answer is no receipt.
func TestWhatIsDoneIsNotCalledDoneWithoutItsRecord(t *testing.T) {
	for _, target := range []string{"/admin/v1/owners/alice/sessions", "/admin/v1/namespaces/one/owners/alice/sessions"} {
		b := newBed(t)
		b.put("one", "a-1", "alice", "v")
		b.put("two", "a-1", "alice", "v")
		b.api.Audit = &failing{b.log, 1}
		text := b.want(http.StatusServiceUnavailable, "administrator", "DELETE", target, "")
		if strings.Contains(text, "note") || b.live("one", "a-1") || !b.live("two", "a-1") {
			t.Errorf("%s: %s", target, text)
		}
		if acts := b.acts(0); len(acts) != 1 || acts[0] != "owner.end" {
			t.Errorf("%v", acts)
		}
		// Once there is room, the same again ends the rest.
		b.api.Audit = b.log
		b.want(200, "administrator", "DELETE", target, "")
	}
	b := newBed(t)
	b.put("one", "a-1", "alice", "v")
	handle := b.handles("one", "alice")[0]
	for _, r := range b.acting(handle) {
		if r[0] == "GET" || strings.HasSuffix(r[1], "/owners/alice/sessions") {
			continue
		}
		b.put("one", r[0]+r[1], "bob", "v")
		b.api.Audit = &failing{b.log, 1}
		if w := b.ask("administrator", r[0], r[1], r[2]); w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s %s: %d %s", r[0], r[1], w.Code, w.Body)
		}
		if r[0] == "DELETE" && strings.HasSuffix(r[1], "/keys") {
			return // nothing can be put any more
		}
	}
}

// TestWhatFailsIsNotCalledDone: the backend refuses; the log has what was wanted and no
// word that it was done.
func TestWhatFailsIsNotCalledDone(t *testing.T) {
	b := newBed(t)
	b.put("one", "a-1", "alice", "v")
	all := b.acting(b.handles("one", "alice")[0])
	b.memory.Break(errors.New("a disk that says a-1"))
	for _, r := range all {
		if r[1] == "/admin/v1/audit" || r[0] == "POST" {
			continue // neither asks the backend
		}
		if text := b.want(http.StatusInternalServerError, "reader", r[0], r[1], r[2]); strings.Contains(text, "a-1") {
			t.Errorf("%s %s: %s", r[0], r[1], text)
		}
	}
	for _, act := range b.acts(0) {
		if strings.HasSuffix(act, "ed") || strings.HasSuffix(act, "ied") {
			t.Errorf("the log says %s", act)
		}
	}
}
