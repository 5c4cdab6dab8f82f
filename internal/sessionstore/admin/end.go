// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/audit"
)

// endOwner ends the sessions of an owner in one namespace, or in all of them, and
// answers with a signed receipt.
func (a *API) endOwner(w http.ResponseWriter, r request) error {
	var in Ending
	if err := body(r, &in); err != nil {
		return err
	}
	spaces := a.Spaces
	if r.namespace != "" {
		s, err := a.space(r.namespace)
		if err != nil {
			return err
		}
		spaces = []Space{s}
	}
	at := a.Now()
	now, err := latest(r.Context(), spaces, at)
	if err != nil {
		return err
	}
	notBefore, err := in.notBefore(at, now)
	if err != nil {
		return err
	}
	receipt := audit.Receipt{Service: a.Service, At: at.UTC(), NotBefore: notBefore.UTC(), Cause: in.Cause, By: r.by}
	for _, s := range spaces {
		ended, err := a.endIn(r, s, notBefore, in.Cause)
		if err != nil {
			return err
		}
		receipt.Namespaces = append(receipt.Namespaces, ended)
	}
	note, err := a.Audit.Issue(receipt)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, SignedReceipt{Receipt: receipt, Note: note, Key: a.Audit.Keys()})
}

// latest returns the time, by the clock that is furthest on: what began before now by
// any of them began before now.
func latest(ctx context.Context, spaces []Space, now time.Time) (time.Time, error) {
	for _, s := range spaces {
		t, err := s.Store.Now(ctx)
		if err != nil {
			return now, err
		}
		if t.Time().After(now) {
			now = t.Time()
		}
	}
	return now, nil
}

func (a *API) endIn(r request, s Space, notBefore time.Time, cause string) (audit.Ended, error) {
	e := audit.Ended{Namespace: s.Store.Name, Owner: ownerHash(s.Store, r.owner)}
	facts := map[string]string{"namespace": e.Namespace, "owner": e.Owner, "not_before": notBefore.UTC().Format(time.RFC3339Nano), "cause": cause}
	if err := a.Audit.Record(r.Context(), r.by, "owner.end", facts); err != nil {
		return e, err
	}
	var err error
	if e.Ended, err = s.Store.Revoke(r.Context(), r.owner, sessionstore.InstantOf(notBefore)); err != nil {
		return e, err
	}
	facts["ended"] = strconv.FormatInt(e.Ended, 10)
	return e, a.Audit.Record(r.Context(), r.by, "owner.ended", facts)
}

// endOne ends one session of an owner by its handle.
func (a *API) endOne(w http.ResponseWriter, r request) error {
	s, err := a.space(r.namespace)
	if err != nil {
		return err
	}
	key, err := handle(r.PathValue("handle"))
	if err != nil {
		return err
	}
	facts := map[string]string{"namespace": r.namespace, "owner": ownerHash(s.Store, r.owner), "handle": hex.EncodeToString(key[:])}
	if err := a.Audit.Record(r.Context(), r.by, "session.end", facts); err != nil {
		return err
	}
	ended, err := s.Store.End(r.Context(), r.owner, key)
	if err != nil {
		return err
	}
	if !ended {
		return fault.New(fault.NotFound, "admin.session", "This owner has no such session; it may have ended by itself.")
	}
	if err := a.Audit.Record(r.Context(), r.by, "session.ended", facts); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// confirmation is what an act that destroys much asks for.
type confirmation struct {
	Namespace string `json:"namespace"` // the name once more
}

// confirmed reads the confirmation and refuses one for another namespace.
func confirmed(r request) error {
	var c confirmation
	if err := body(r, &c); err != nil {
		return err
	}
	if c.Namespace != r.namespace {
		return fault.New(fault.Invalid, codeInvalid, `This ends every session of the namespace. Send {"namespace": "<its name>"} to confirm.`)
	}
	return nil
}

// empty removes every session of a namespace.
func (a *API) empty(w http.ResponseWriter, r request) error {
	s, err := a.space(r.namespace)
	if err != nil {
		return err
	}
	if err := confirmed(r); err != nil {
		return err
	}
	return a.act(w, r, "namespace.empty", "namespace.emptied", func() error { return s.Store.Drop(r.Context()) })
}

// act carries out what has no answer but that it was done, between its two records.
func (a *API) act(w http.ResponseWriter, r request, before, after string, do func() error) error {
	facts := map[string]string{"namespace": r.namespace}
	if err := a.Audit.Record(r.Context(), r.by, before, facts); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	if err := a.Audit.Record(r.Context(), r.by, after, facts); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
