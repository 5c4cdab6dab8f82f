// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Mode says what a missing decision does to the answer.
type Mode string

// The modes. Required and Blocking both close the gate; they differ in what the
// provider reports as missing: for Required the decision itself must be in
// force, for Blocking only a standing objection counts and its absence is fine.
const (
	Required Mode = "required"
	Blocking Mode = "blocking"
	Advisory Mode = "advisory" // never closes the gate; shown as advice
)

// Requirement is one decision that policy asks for, with the mode and the
// parameters of the policy row ("from": "high"). With must not be changed.
type Requirement struct {
	Decision string
	Mode     Mode
	With     map[string]string
}

// Question is what a provider is asked. At is gate time: a decision counts only
// if it is in force at At. The provider must not use any other clock.
type Question struct {
	Subject catalog.Subject
	Action  string
	Asker   authz.Actor
	At      time.Time

	shared map[string]any // what providers have looked up for this question
}

// Once returns what load returned when it was first called under this key in
// this question: providers of one module share what they look up. The key begins
// with the module's name. An error is not kept. Providers are asked one after
// the other, so it needs no lock; a question that the gate did not ask shares
// nothing.
func Once[T any](q Question, key string, load func() (T, error)) (T, error) {
	if known, ok := q.shared[key].(T); ok {
		return known, nil
	}
	value, err := load()
	if err == nil && q.shared != nil {
		q.shared[key] = value
	}
	return value, err
}

// Missing is one decision that is not in force. Item and Visibility are those of
// the item that it is about (such as "risk:<id>"); an empty Item means that it is
// about the subject alone, which the asker can see. The gate withholds it when
// the asker may not see Item: the provider reports without regard to the asker.
type Missing struct {
	Code       string // stable slug, "risk.acceptance.missing"
	Message    string // what is missing, for people
	LiftedBy   string // what would lift it, for people
	URL        string // page where to begin, relative to the server's root
	Item       string
	Visibility authz.Visibility

	// Otherwise, if set, is what would be missing if Item were not there. It is told
	// to whoever may not see Item, so that the answer does not reveal that it is.
	Otherwise *Missing
	// Advice says that this never closes the gate, whatever the mode: the provider
	// only recommends what is asked for.
	Advice bool
}

// Answer is a provider's reply. No Missing means that everything the requirement
// asks for is in force, and stays so until ValidUntil (exclusive) unless somebody
// decides otherwise; the zero time means no limit.
type Answer struct {
	Missing    []Missing
	ValidUntil time.Time
}

// Provider answers for one decision. It only reads, through r alone, and returns
// promptly when ctx ends. It may be called concurrently. An error or a panic
// denies.
type Provider func(ctx context.Context, r store.Reader, q Question, req Requirement) (Answer, error)

// The two decisions of a verdict.
const (
	Allow = "allow"
	Deny  = "deny"
)

// The gate's own blockers; every other code comes from a provider.
const (
	CodeUngoverned  = "gate.ungoverned"  // no policy row for (kind, action)
	CodeUnavailable = "gate.unavailable" // a provider did not answer
	CodeWithheld    = "gate.withheld"    // something that the asker may not see
	CodeRetired     = "gate.retired"     // the subject is no longer in use
)

// Verdict is the gate's answer. Its JSON is a stable interface: tools act on it.
// Blockers is empty exactly if Decision is "allow". Times are UTC in whole
// microseconds. The answer must not be relied on from ValidUntil on.
type Verdict struct {
	Decision    string          `json:"decision" enum:"allow,deny" doc:"allow or deny"`
	Subject     string          `json:"subject" doc:"the subject asked about, kind:name"`
	Action      string          `json:"action" doc:"the action asked about"`
	Version     int64           `json:"version" doc:"version of the subject that was judged"`
	Digest      string          `json:"digest" doc:"digest of the subject that was judged"`
	Blockers    []fault.Blocker `json:"blockers" nullable:"false" doc:"what is missing; empty if allowed"`
	Advice      []fault.Blocker `json:"advice" nullable:"false" doc:"what policy recommends; never blocks"`
	EvaluatedAt time.Time       `json:"evaluated_at" doc:"gate time of the answer"`
	ValidUntil  time.Time       `json:"valid_until" doc:"do not rely on the answer from here on"`
	Note        string          `json:"note,omitempty" doc:"the signed form, for portreeve gate verify"`
}

// Allowed reports whether the act may happen.
func (v Verdict) Allowed() bool { return v.Decision == Allow && len(v.Blockers) == 0 }

// Err returns nil for an allowed verdict, and otherwise a Blocked fault that
// carries the blockers, for an act that asked before it acts.
func (v Verdict) Err() error {
	if v.Allowed() {
		return nil
	}
	e := fault.New(fault.Blocked, "gate.denied", "This is not allowed now: a decision that it needs is not in force. Each line says what would lift it.")
	e.Blockers = v.Blockers
	return e
}

// NoteDigest returns the SHA-256 of the signed note in lower-case hexadecimal.
// The act that relies on the verdict records it in its own ledger entry.
func (v Verdict) NoteDigest() string {
	sum := sha256.Sum256([]byte(v.Note))
	return hex.EncodeToString(sum[:])
}
