// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"encoding/hex"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/audit"
	"portreeve.org/portreeve/internal/sessionstore/writers"
)

// Status is the state of the whole service.
type Status struct {
	Service    string      `json:"service"`
	Version    string      `json:"version"`
	Profile    string      `json:"profile"`
	Ready      bool        `json:"ready"`
	Pressure   string      `json:"pressure"`
	Means      string      `json:"pressure_means,omitempty"` // what that does to clients, and what to do
	Guarantees []string    `json:"guarantees"`
	AuditKeys  string      `json:"audit_keys"` // public keys that receipts and the audit log are verified by
	Warnings   []Warning   `json:"warnings"`
	Namespaces []Namespace `json:"namespaces"`
}

// Warning is something unsafe, and what to do about it.
type Warning struct {
	Thing   string `json:"thing"`
	Message string `json:"message"`
}

// Namespace is what a namespace holds and may hold. Bounds of 0 are none.
type Namespace struct {
	Name     string             `json:"name"`
	Base     string             `json:"base"`
	TTL      int64              `json:"ttl_seconds"`
	MaxValue int64              `json:"max_value_bytes"`
	Quota    int64              `json:"quota_bytes"`
	Rows     int64              `json:"quota_rows"`
	Rate     float64            `json:"rate_per_second"`
	Shed     bool               `json:"shed_first"`
	Usage    sessionstore.Usage `json:"usage"`
	Written  writers.Totals     `json:"written"`
	Keys     any                `json:"keys,omitempty"`
}

// Session is one session of an owner.
type Session struct {
	Handle      string     `json:"handle"` // names it here; no id can be made of it
	Established time.Time  `json:"established"`
	Expires     *time.Time `json:"expires,omitempty"`
	Ends        *time.Time `json:"ends,omitempty"` // no touch moves it beyond
	Retired     bool       `json:"retired,omitempty"`
	Bytes       int        `json:"bytes"`
	Value       []byte     `json:"value,omitempty"` // for who may read the namespace and asks
}

// Sessions is a page of an owner's sessions.
type Sessions struct {
	Sessions []Session `json:"sessions"`
	Next     string    `json:"next,omitempty"` // the handle to ask for what follows
}

// Ending says how an owner's sessions end.
type Ending struct {
	// NotBefore: sessions that began then or earlier end. Zero is now, and so is what
	// lies less than a minute ahead: clocks differ.
	NotBefore time.Time `json:"not_before,omitzero"`
	// Hold refuses new sessions of the owner for so many seconds, an hour at most.
	Hold int64 `json:"hold_seconds,omitempty"`
	// Cause is a short phrase for the audit log, without personal data.
	Cause string `json:"cause,omitempty"`
}

// SignedReceipt is a receipt with the note that says the same over a signature, to
// be checked offline (audit.VerifyReceipt) by the key beside it.
type SignedReceipt struct {
	audit.Receipt
	Note string `json:"note"`
	Key  string `json:"key"`
}

// Writers is who wrote most to a namespace.
type Writers struct {
	Totals     writers.Totals  `json:"totals"`
	Owners     []writers.Count `json:"owners"`
	Identities []writers.Count `json:"identities"`
	Networks   []writers.Count `json:"networks"`
}

// maxHold is how long new sessions may be refused.
const maxHold = time.Hour

// maxSkew is how far ahead a client's clock may be. Who asks to end what began until
// now, by such a clock, asks just that.
const maxSkew = time.Minute

// codeInvalid is the code of a request whose fields are wrong.
const codeInvalid = "admin.invalid"

func sessionOf(h sessionstore.Session, value bool) Session {
	s := Session{
		Handle: hex.EncodeToString(h.Handle[:]), Established: h.Established.Time(), Expires: instant(h.Expires), Ends: instant(h.Cap),
		Retired: h.Retired, Bytes: len(h.Value),
	}
	if value {
		s.Value = h.Value
	}
	return s
}

func instant(i sessionstore.Instant) *time.Time {
	if i == 0 {
		return nil
	}
	t := i.Time()
	return &t
}

// handle reads what [Session.Handle] shows; the empty text is the zero key.
func handle(text string) (k sessionstore.RowKey, err error) {
	if text == "" {
		return k, nil
	}
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(k) {
		return k, fault.New(fault.Invalid, codeInvalid, "A handle is 64 hexadecimal digits, as the list of an owner's sessions shows it.")
	}
	return sessionstore.RowKey(b), nil
}

// notBefore checks and completes when sessions must have begun to end. now is the
// store's time, which lies after the clock if that was set back: who asks by the clock
// for all until now means all.
func (e Ending) notBefore(clock, now time.Time) (time.Time, error) {
	switch hold := time.Duration(e.Hold) * time.Second; {
	case e.Hold < 0 || e.Hold > int64(maxHold/time.Second):
		return time.Time{}, fault.New(fault.Invalid, codeInvalid, "hold_seconds is from 0 to %d.", int64(maxHold/time.Second))
	case e.NotBefore.After(now.Add(maxSkew)):
		return time.Time{}, fault.New(fault.Invalid, codeInvalid, "not_before lies ahead. To refuse new sessions for a while, send hold_seconds.")
	case e.Hold > 0:
		return now.Add(hold), nil
	case e.NotBefore.IsZero(), e.NotBefore.After(clock):
		return now, nil
	default:
		return e.NotBefore, nil
	}
}
