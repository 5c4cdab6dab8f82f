// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"slices"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
)

// Submissions remembers the answers to requests that must take effect once.
// *ledger.Log is one.
type Submissions interface {
	Recall(ctx context.Context, k ledger.Key) (seq int64, reply *ledger.Reply, err error)
	Remember(ctx context.Context, k ledger.Key, r ledger.Reply) error
}

const (
	codeRepeated = "idempotency.repeated"
	codeReused   = "idempotency.reused"
	headerFlash  = "Flash" // in a remembered reply: the messages for the next page
)

// submit marks the request with the form's submission, so that the decision it
// leads to takes effect once. If it did so before, the first answer is given
// again and the error is errAnswered.
func (c *Ctx) submit(f *Form) error {
	nonce := f.values.Get(fieldSubmission)
	if c.mux.deps.Submissions == nil || len(nonce) < 16 || len(nonce) > 64 || !cleanLine(nonce) {
		return nil
	}
	c.key = &ledger.Key{Actor: c.Actor.Ref(), Key: "form:" + nonce, Fingerprint: f.fingerprint(c.R)}
	c.R = c.R.WithContext(ledger.WithIdempotency(c.R.Context(), *c.key))
	reply, err := recall(c.Context(), c.mux.deps.Submissions, *c.key)
	if err != nil || reply == nil || reply.Emptied() && reply.Header["Location"] == "" {
		// Used for something else, or without an answer yet: the ledger decides.
		return nil
	}
	c.replay(reply)
	return errAnswered
}

// fingerprint is the digest of what was sent, so that a submission id that comes
// back with other content is not taken for a repeat.
func (f *Form) fingerprint(r *http.Request) string {
	h := sha256.New()
	write := func(s string) {
		sum := sha256.Sum256([]byte(s))
		h.Write(sum[:])
	}
	write(r.Method)
	write(r.URL.Path)
	for _, name := range slices.Sorted(maps.Keys(f.values)) {
		write(name)
		for _, v := range f.values[name] {
			write(v)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.files)) {
		write(name)
		for _, file := range f.files[name] {
			write(file.Name)
			write(string(file.Data))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// settle remembers the answer to a submission and drops the draft it came from.
func (c *Ctx) settle(status int, path string) {
	if c.form == nil {
		return
	}
	if err := c.dropDraft(); err != nil {
		c.log().Error("draft not discarded", "error", err)
	}
	if c.key == nil {
		return
	}
	reply := ledger.Reply{Status: status, Header: map[string]string{"Location": path, headerFlash: encodeFlash(c.flash)}}
	if err := c.mux.deps.Submissions.Remember(c.Context(), *c.key, reply); err != nil {
		// The decision stands; only a repeat would get a plainer answer.
		c.log().Error("answer not remembered", "error", err)
	}
}

// dropDraft drops what was kept of the form while it was written. A draft of
// another form on the same page stays.
func (c *Ctx) dropDraft() error {
	drafts := c.mux.deps.Drafts
	if drafts == nil || !c.Actor.SignedIn() {
		return nil
	}
	if !c.form.restored {
		kept, err := drafts.Draft(c.Context(), c.Actor.ID, c.form.page)
		if err != nil || kept.Get(fieldAction) != c.form.Action {
			return err
		}
	}
	return drafts.Discard(c.Context(), c.Actor.ID, c.form.page)
}

// repeated answers a submission that another request is carrying out, or has
// carried out, with that one's answer. It reports whether it did.
func (c *Ctx) repeated(err error) bool {
	if c.key == nil || !fault.HasCode(err, codeRepeated) {
		return false
	}
	reply := awaitReply(c.Context(), c.mux.deps.Submissions, *c.key)
	if reply == nil || reply.Emptied() && reply.Header["Location"] == "" {
		return false
	}
	c.replay(reply)
	return true
}

// replay answers with a kept answer, or with the way to where it led.
func (c *Ctx) replay(reply *ledger.Reply) {
	if flash := reply.Header[headerFlash]; flash != "" {
		http.SetCookie(c.W, hostCookie(flashCookie, flash, time.Time{}))
	}
	status := reply.Status
	if reply.Emptied() {
		status = http.StatusSeeOther
	}
	c.redirect(status, LocalPath(reply.Header["Location"]))
}

// recall returns the answer to key, or nil if there is none yet.
func recall(ctx context.Context, s Submissions, k ledger.Key) (*ledger.Reply, error) {
	_, reply, err := s.Recall(ctx, k)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	return reply, err
}

// awaitReply waits up to two seconds for the answer of a request that is under way.
func awaitReply(ctx context.Context, s Submissions, k ledger.Key) *ledger.Reply {
	for range 40 {
		if reply, err := recall(ctx, s, k); err != nil || reply != nil {
			return reply
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}
