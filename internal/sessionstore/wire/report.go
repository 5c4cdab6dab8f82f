// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"golang.org/x/time/rate"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
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
	if code >= http.StatusInternalServerError && f.Code != "internal" && !e.leaks(f.Message) {
		text += ": " + f.Message
	}
	if f.Err != nil {
		text += ": " + e.plain(f.Err)
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
		e.log(slog.LevelDebug, e.s.Store.Name+": "+what+": "+e.plain(err))
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

// plain says what an error is without its text, which may quote anything: a store
// that cannot open a row holds its key and value in its hands. Told are the texts of
// faults, which are written to be shown, of what the system said, and types.
func (e *exchange) plain(err error) string {
	var parts []string
	for ; err != nil && len(parts) < 8; err = inner(err) {
		switch v := err.(type) {
		case *fault.Error:
			parts = append(parts, v.Code)
			if !e.leaks(v.Message) {
				parts = append(parts, v.Message)
			}
		case syscall.Errno:
			parts = append(parts, v.Error())
		case *net.OpError:
			where := v.Op + " " + v.Net
			if v.Addr != nil {
				where += " " + v.Addr.String()
			}
			parts = append(parts, where)
		case *fs.PathError:
			parts = append(parts, v.Op+" "+v.Path)
		default:
			parts = append(parts, known(err))
		}
	}
	return strings.Join(parts, ": ")
}

// known returns the text of an error that is the same for everybody, or its type.
func known(err error) string {
	switch err {
	case context.Canceled, context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, os.ErrDeadlineExceeded, sessionstore.ErrNotFound, sessionstore.ErrFull:
		return err.Error()
	default:
		return fmt.Sprintf("%T", err)
	}
}

// inner returns what an error wraps, the first of several.
func inner(err error) error {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		for _, each := range several.Unwrap() {
			return each
		}
		return nil
	}
	return errors.Unwrap(err)
}

// leaks reports whether a text holds a secret of the request: the key, the old key,
// the owner or the beginning of the value, in the forms that texts quote things in.
func (e *exchange) leaks(text string) bool {
	return holds(text, e.key) || holds(text, e.changed()) || holds(text, e.r.Header.Get("Session-Owner")) || holds(text, string(e.body[:min(len(e.body), part)]))
}

// changed returns the old key of a change, also one that was not read yet, or cannot be.
func (e *exchange) changed() string {
	raw := e.r.Header.Get("Session-Change-From")
	if plain, err := url.PathUnescape(raw); err == nil {
		return plain
	}
	return raw
}

// part is how much of a secret is too much. What is shorter than least is no
// secret, and stands in every other sentence.
const part, least = 16, 6

func holds(text, secret string) bool {
	if len(secret) < least {
		return false
	}
	for i := 0; i+part < len(secret); i++ {
		if strings.Contains(text, secret[i:i+part]) {
			return true
		}
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
