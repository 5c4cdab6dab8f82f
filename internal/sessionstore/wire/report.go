// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/time/rate"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// noRequestID is what Kask logs when a client sent no X-Request-ID.
const noRequestID = "00000000-0000-0000-0000-000000000000"

// throttle bounds the lines a second, so that a backend that is away does not fill
// the disk that it may be away for.
type throttle struct {
	limit *rate.Limiter
	lost  atomic.Int64
}

func newThrottle() *throttle { return &throttle{limit: rate.NewLimiter(50, 200)} }

// logRefusal logs what an operator should know of: faults of this side, and peers
// that may not. What clients do wrong is theirs, and is logged for debugging.
func (e *exchange) logRefusal(code int, f *fault.Error) {
	level := slog.LevelDebug
	switch {
	case code >= http.StatusInternalServerError && f.Code != errMemory.Code:
		level = slog.LevelError
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code >= http.StatusInternalServerError:
		level = slog.LevelWarn
	case code == http.StatusNotFound:
		return
	}
	if !e.h.Log.Enabled(context.Background(), level) {
		return
	}
	text := e.s.Store.Name + ": " + e.act.String() + " refused with " + strconv.Itoa(code) + " (" + f.Code + ")"
	if f.Err != nil {
		text += ": " + e.safe(f.Err)
	}
	e.log(level, text)
}

// log writes a line whose text is known to name no session.
func (e *exchange) log(level slog.Level, text string) {
	t := e.h.logs
	if !t.limit.Allow() {
		t.lost.Add(1)
		return
	}
	if n := t.lost.Swap(0); n > 0 {
		text += " (" + strconv.FormatInt(n, 10) + " lines before this one were left out)"
	}
	e.h.Log.LogAttrs(context.Background(), level, text, slog.String("request_id", e.requestID()))
}

// requestID returns the client's X-Request-ID if it can be one and is not the key.
func (e *exchange) requestID() string {
	id := e.r.Header.Get("X-Request-Id")
	if id == "" || len(id) > 64 || e.leaks(id) {
		return noRequestID
	}
	for i := range len(id) {
		if c := id[i]; !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '.' || c == '_') {
			return noRequestID
		}
	}
	return id
}

// gone notes that a client left before its answer was sent.
func (e *exchange) gone(what string, err error) {
	if e.h.Log.Enabled(context.Background(), slog.LevelDebug) {
		e.log(slog.LevelDebug, e.s.Store.Name+": "+what+": "+e.safe(err))
	}
}

// recovers answers and logs a panic: its type and where it came from. Its value
// may hold anything, and what net/http would log of it, too.
func (e *exchange) recovers() {
	p := recover()
	if p == nil {
		return
	}
	var frames [24]uintptr
	var where []string
	for stack := runtime.CallersFrames(frames[:runtime.Callers(3, frames[:])]); ; {
		f, more := stack.Next()
		if !strings.HasPrefix(f.Function, "runtime.") && !strings.HasPrefix(f.Function, "net/http.") {
			where = append(where, f.Function+":"+strconv.Itoa(f.Line))
		}
		if !more || len(where) == 8 {
			break
		}
	}
	e.log(slog.LevelError, fmt.Sprintf("%s: a panic of type %T in %s", e.s.Store.Name, p, strings.Join(where, " < ")))
	if e.code != 0 {
		e.code = http.StatusInternalServerError
		panic(http.ErrAbortHandler) // half an answer is out: only ending the connection says so
	}
	clear(e.w.Header())
	e.w.Header()["Connection"] = closes
	e.problem(http.StatusInternalServerError, problemOf(http.StatusInternalServerError, "", "", e.s.instance))
}

// maxText bounds what is logged of an error.
const maxText = 400

// safe returns the beginning of an error's text for the log, or its types alone if
// that holds something of the request's. The store's own errors never do; this is for what
// comes from further down.
func (e *exchange) safe(err error) string {
	text := err.Error()
	text = text[:min(len(text), maxText)]
	if !e.leaks(text) {
		return strings.ToValidUTF8(text, "?")
	}
	var types []string
	for ; err != nil; err = errors.Unwrap(err) {
		types = append(types, fmt.Sprintf("%T", err))
	}
	return "text withheld, for it names the session (" + strings.Join(types, ": ") + ")"
}

// leaks reports whether a text holds a secret of the request: the key, the old key,
// the owner or the value, in the forms that errors quote things in.
func (e *exchange) leaks(text string) bool {
	return holds(text, e.key) || holds(text, string(e.ask.from)) || holds(text, e.ask.owner) || holds(text, string(e.body[:min(len(e.body), part)])) || e.quotes(text)
}

// quotes reports whether some part of the value stands in the text as it is.
func (e *exchange) quotes(text string) bool {
	value := e.body[:min(len(e.body), small)]
	for i := 0; i+part <= len(text) && len(value) >= part; i++ {
		if bytes.Contains(value, []byte(text[i:i+part])) {
			return true
		}
	}
	return false
}

// part is how much of a secret is too much. What is shorter than least is no
// secret, and stands in every other sentence.
const part, least = 16, 6

func holds(text, secret string) bool {
	if len(secret) < least {
		return false
	}
	secret = secret[:min(len(secret), part)]
	quoted := strconv.Quote(secret)
	whole := secret[:len(secret)/3*3] // base64 of a beginning is the beginning of base64
	forms := []string{secret, url.PathEscape(secret), url.QueryEscape(secret), quoted[1 : len(quoted)-1], fmt.Sprint([]byte(secret)),
		base64.StdEncoding.EncodeToString([]byte(whole)), base64.URLEncoding.EncodeToString([]byte(whole))}
	for _, form := range forms {
		if strings.Contains(text, strings.Trim(form, "[]")) {
			return true
		}
	}
	return strings.Contains(strings.ToLower(text), hex.EncodeToString([]byte(secret)))
}
