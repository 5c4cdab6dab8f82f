// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/http"
	"strconv"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
)

// read answers GET and HEAD. Preconditions come after the session was found and
// before anything is answered (RFC 9110, 13.2.1), If-Match first (13.2.2).
func (e *exchange) read(headOnly bool) {
	pooled := buffers.Get().(*[]byte)
	defer putBack(pooled)
	id := append((*pooled)[:0], e.key...)
	session, all, err := e.s.Store.GetInto(e.r.Context(), id, id) // the value lies behind the key
	*pooled = all
	if err != nil {
		e.refuse(err)
		return
	}
	when := &e.ask.when
	if when.match.given && !when.match.holds(true, session.Version) {
		e.refuse(sessionstore.Precondition())
		return
	}
	if e.ask.touch && !session.Retired {
		if err := e.renew(id, &session); err != nil {
			e.refuse(err)
			return
		}
	}
	if when.none.given && when.none.holds(true, session.Version) {
		e.describe(&session.Meta)
		e.status(http.StatusNotModified)
		return
	}
	e.value(&session, headOnly)
}

// renew gives a session its time again. One that moved to another id meanwhile is
// read as it was for its grace, and that is what the reader gets.
func (e *exchange) renew(id []byte, session *sessionstore.Session) error {
	e.act = touching
	meta, err := e.s.Store.Touch(e.r.Context(), id, nil)
	switch {
	case err == nil && meta.Version == session.Version:
		session.Meta = meta
		return nil
	case err != nil && !fault.Is(err, fault.Conflict):
		return err
	}
	*session, err = e.s.Store.Get(e.r.Context(), id) // it changed between the two steps
	return err
}

// value answers with a session.
func (e *exchange) value(session *sessionstore.Session, headOnly bool) {
	size := len(session.Value)
	if !headOnly && size > small {
		if !e.h.take(size) {
			e.refuse(errMemory)
			return
		}
		defer e.h.give(size)
	}
	h := e.w.Header()
	h["Content-Type"] = octets
	if headOnly || size > unchunked {
		h["Content-Length"] = []string{strconv.Itoa(size)}
	}
	e.describe(&session.Meta)
	e.status(http.StatusOK)
	if headOnly || size == 0 {
		return
	}
	if _, err := e.w.Write(session.Value); err != nil {
		e.gone("the answer could not be sent", err)
	}
}

// unchunked is the size up to which net/http finds out the length of an answer by
// itself: its buffer is 2048 bytes.
const unchunked = 2000

// describe sets the headers that tell of a session. All texts share one string and
// all values one slice: two allocations.
func (e *exchange) describe(m *sessionstore.Meta) {
	var room [96]byte
	now := sessionstore.InstantOf(e.start)
	b := append(room[:0], '"')
	b = hex16(b, m.Version)
	b = append(b, '"')
	tag := len(b)
	b = unixTime(b, m.Established)
	established := len(b)
	if m.Expires != 0 {
		b = strconv.AppendInt(b, left(m.Expires, now), 10)
	}
	expires := len(b)
	if m.Cap != 0 {
		b = strconv.AppendInt(b, left(m.Cap, now), 10)
	}
	text := string(b)
	values := make([]string, 0, 4)
	one := func(s string) []string {
		values = append(values, s)
		return values[len(values)-1 : len(values) : len(values)]
	}
	h := e.w.Header()
	h["Cache-Control"] = noStore
	h["Etag"] = one(text[:tag])
	h["Session-Established"] = one(text[tag:established])
	if expires > established {
		h["Session-Expires-In"] = one(text[established:expires])
	}
	if len(text) > expires {
		h["Session-Ends-In"] = one(text[expires:])
	}
	if m.Retired {
		h["Session-Retired"] = yes
	}
}

// left returns the whole seconds until an instant.
func left(until, now sessionstore.Instant) int64 { return max(0, int64(until-now)/1e6) }

// hex16 appends 16 hexadecimal digits.
func hex16(b []byte, v uint64) []byte {
	const digits = "0123456789abcdef"
	for shift := 60; shift >= 0; shift -= 4 {
		b = append(b, digits[v>>shift&15])
	}
	return b
}

// unixTime appends seconds since 1970 with six decimals.
func unixTime(b []byte, i sessionstore.Instant) []byte {
	b = strconv.AppendInt(b, int64(i)/1e6, 10)
	b = append(b, '.')
	part := int64(i) % 1e6
	for unit := int64(1e5); unit > 0; unit /= 10 {
		b = append(b, byte('0'+part/unit%10))
	}
	return b
}

// status sends the status line's code.
func (e *exchange) status(code int) {
	e.code = code
	e.w.WriteHeader(code)
}

// Values of headers that are always the same. Nobody changes them: net/http copies.
var (
	octets       = []string{"application/octet-stream"}
	problemJSON  = []string{"application/problem+json"}
	noStore      = []string{"no-store"}
	noSniff      = []string{"nosniff"}
	yes          = []string{"true"}
	closes       = []string{"close"}
	allowed      = []string{"GET, HEAD, POST, PUT, DELETE"}
	allowedReads = []string{"GET, HEAD"}
)
