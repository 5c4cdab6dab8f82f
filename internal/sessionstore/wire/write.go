// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"net/http"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
)

// write answers POST and PUT, which do the same: MediaWiki may be set to either.
//
// Once the body is here, the act no longer hangs on the client: who has gone does
// not leave half a log-out behind. Backends have their own time limits.
func (e *exchange) write() {
	got, err := e.receive()
	if err != nil {
		e.refuse(err)
		return
	}
	defer got.abandon(e.h) // after an error, a backend that gave up may still look at it
	e.body = got.bytes
	ctx := context.WithoutCancel(e.r.Context())
	empty := len(got.bytes) == 0
	switch {
	case e.ask.from != nil:
		err = e.change(ctx, got.bytes)
	case empty && e.ask.touch:
		err = e.touch(ctx)
	case empty:
		err = fault.New(fault.Malformed, "session.empty", "The request has no body. A session's value is at least one byte long.")
	default:
		err = e.set(ctx, got.bytes)
	}
	if err != nil {
		e.refuse(err)
		return
	}
	got.release(e.h)
}

func (e *exchange) what(value []byte) sessionstore.Write {
	return sessionstore.Write{Life: e.ask.life, Owner: e.ask.owner, Established: e.ask.established, Value: value}
}

func (e *exchange) set(ctx context.Context, value []byte) error {
	var meta sessionstore.Meta
	id, w := []byte(e.key), e.what(value)
	err := e.under(ctx, id, func(m *sessionstore.Match) (err error) {
		w.Match = m
		meta, _, err = e.s.Store.Set(ctx, id, w)
		return err
	})
	return e.done(meta, http.StatusCreated, err)
}

// change moves a session to the id of the path. Conditions are those on the old id.
func (e *exchange) change(ctx context.Context, value []byte) error {
	e.act = changing
	var meta sessionstore.Meta
	id, w, grace := []byte(e.key), e.what(value), defaultGrace
	if len(value) == 0 {
		w.Value = nil // it stays
	}
	if e.ask.graced {
		grace = e.ask.grace
	}
	err := e.under(ctx, e.ask.from, func(m *sessionstore.Match) (err error) {
		w.Match = m
		meta, err = e.s.Store.Change(ctx, e.ask.from, id, w, grace)
		return err
	})
	return e.done(meta, http.StatusCreated, err)
}

func (e *exchange) touch(ctx context.Context) error {
	e.act = touching
	if e.ask.lively {
		return malformed("Session-Touch", "gives a session the time again that it has. Send the value to set another one.")
	}
	var meta sessionstore.Meta
	id := []byte(e.key)
	err := e.under(ctx, id, func(m *sessionstore.Match) (err error) {
		meta, err = e.s.Store.Touch(ctx, id, m)
		return err
	})
	return e.done(meta, http.StatusNoContent, err)
}

func (e *exchange) done(meta sessionstore.Meta, code int, err error) error {
	if err == nil {
		e.describe(&meta)
		e.status(code)
	}
	return err
}

// remove answers DELETE: 204 also for what was not there, unless If-Match asks.
func (e *exchange) remove() {
	ctx := context.WithoutCancel(e.r.Context())
	id := []byte(e.key)
	err := e.under(ctx, id, func(m *sessionstore.Match) error { return e.s.Store.Delete(ctx, id, m) })
	if err != nil {
		e.refuse(err)
		return
	}
	e.w.Header()["Cache-Control"] = noStore
	e.status(http.StatusNoContent)
}
