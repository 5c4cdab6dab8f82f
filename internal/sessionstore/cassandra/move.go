// SPDX-License-Identifier: Apache-2.0

package cassandra

import (
	"bytes"
	"context"
	"errors"
	"time"

	"portreeve.org/portreeve/internal/sessionstore"
)

// Progress is how far a move from Kask's table has come. It may be kept, as JSON, and
// given to Finish again: the move goes on there.
type Progress struct {
	Token   int64 `json:"token"`   // sessions before it are done; First begins
	Seen    int64 `json:"seen"`    // sessions looked at; some twice after an interruption
	Adopted int64 `json:"adopted"` // brought over
	There   int64 `json:"there"`   // were there already, or ended meanwhile
	Done    bool  `json:"done"`
}

// Begin is the progress of a move that has not begun.
func Begin() Progress { return Progress{Token: First} }

// batch is how many sessions are moved, or compared, at the same time.
const batch = 32

// entry is a session of a scan.
type entry struct {
	id      []byte
	token   int64
	session sessionstore.LegacySession
}

// batches calls f with the sessions of k from a token on, some at a time.
func (k *Kask) batches(ctx context.Context, from int64, f func([]entry) error) error {
	var all []entry
	err := k.Scan(ctx, from, func(id []byte, token int64, s sessionstore.LegacySession) (bool, error) {
		if all = append(all, entry{id, token, s}); len(all) < batch {
			return true, nil
		}
		err := f(all)
		all = nil
		return err == nil, err
	})
	if err == nil && len(all) > 0 {
		err = f(all)
	}
	return err
}

// Finish brings the sessions over that nobody has asked for, while those of others
// are in use. st follows k. report is called now and then with what to keep; an error
// of it ends the move. Sessions stay in Kask's table, so that Verify can compare.
func Finish(ctx context.Context, st *sessionstore.Store, k *Kask, p Progress, report func(Progress) error) (Progress, error) {
	if p.Done {
		return p, nil
	}
	err := k.batches(ctx, p.Token, func(some []entry) error {
		adopted, errs := make([]bool, len(some)), make([]error, len(some))
		each(len(some), func(i int) { _, adopted[i], errs[i] = st.Adopt(ctx, some[i].id) })
		if err := errors.Join(errs...); err != nil {
			return err
		}
		for i := range some {
			if p.Seen++; adopted[i] {
				p.Adopted++
			} else {
				p.There++
			}
		}
		p.Token = some[len(some)-1].token
		return report(p)
	})
	if err != nil {
		return p, err
	}
	p.Done = true
	return p, report(p)
}

// Verification is what a comparison has found.
type Verification struct {
	Sessions  int64 `json:"sessions"`  // in Kask's table
	Same      int64 `json:"same"`      // answered alike
	Missing   int64 `json:"missing"`   // not answered
	Different int64 `json:"different"` // with another value: both were written
	Sooner    int64 `json:"sooner"`    // with the value, and less time than there
	Moved     int64 `json:"moved"`     // changed or ended there while it was compared
}

// OK reports whether Kask's table is not needed any more.
func (v Verification) OK() bool { return v.Missing == 0 && v.Different == 0 && v.Sooner == 0 }

// tolerance is how far two ends may lie apart: Cassandra counts whole seconds, and
// time passes between two reads.
const tolerance = 5 * time.Second

// Verify compares each session of Kask's table with what st answers. st must not
// follow k, or it would answer from there.
func Verify(ctx context.Context, st *sessionstore.Store, k *Kask) (Verification, error) {
	var v Verification
	err := k.batches(ctx, First, func(some []entry) error {
		found, errs := make([]func(*Verification), len(some)), make([]error, len(some))
		each(len(some), func(i int) { found[i], errs[i] = k.compare(ctx, st, some[i]) })
		if err := errors.Join(errs...); err != nil {
			return err
		}
		for _, count := range found {
			v.Sessions++
			count(&v)
		}
		return nil
	})
	return v, err
}

// compare looks at one session, and again in Kask's table if it is not answered alike.
func (k *Kask) compare(ctx context.Context, st *sessionstore.Store, e entry) (func(*Verification), error) {
	got, err := st.Get(ctx, e.id)
	if err != nil && !errors.Is(err, sessionstore.ErrNotFound) {
		return nil, err
	}
	missing := err != nil
	sooner := got.Expires != 0 && (e.session.Expires == 0 || got.Expires.After(tolerance) < e.session.Expires)
	if !missing && !sooner && bytes.Equal(got.Value, e.session.Value) {
		return func(v *Verification) { v.Same++ }, nil
	}
	now, err := k.Find(ctx, e.id)
	switch {
	case errors.Is(err, sessionstore.ErrNotFound):
		return func(v *Verification) { v.Moved++ }, nil
	case err != nil:
		return nil, err
	case now.Written != e.session.Written:
		return func(v *Verification) { v.Moved++ }, nil
	case missing:
		return func(v *Verification) { v.Missing++ }, nil
	case !bytes.Equal(got.Value, e.session.Value):
		return func(v *Verification) { v.Different++ }, nil
	default:
		return func(v *Verification) { v.Sooner++ }, nil
	}
}
