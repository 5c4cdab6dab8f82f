// SPDX-License-Identifier: Apache-2.0

// Package fault is the one error type that may reach a reader.
//
// A [*Error] carries a kind (which decides HTTP status and exit code), a stable
// code shared by API, documentation and tests, and a message that is safe to
// show and says what to do next. Every other error is internal: its text goes
// to the log and the reader gets a request id.
package fault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Kind classifies an error by what the caller can do about it.
type Kind int

// The kinds. The zero value is Internal, so that a forgotten kind reveals nothing.
const (
	Internal             Kind = iota
	Usage                     // the command line was called wrongly
	Malformed                 // the request cannot be parsed
	Invalid                   // the request parses, but a field is wrong
	Unauthenticated           // nobody is signed in
	Forbidden                 // signed in, visible, but not allowed
	NotFound                  // absent, or not visible to this reader
	Conflict                  // the state does not allow this
	Stale                     // the caller's version is not the current one
	PreconditionRequired      // If-Match is missing
	Blocked                   // a required decision is missing; see Blockers
	Limited                   // too many requests
	Unavailable               // a part we need is away; try again
)

// Field is one wrong field. Path names it as the caller wrote it; the rejected
// value is never repeated, because a refused report may be confidential.
type Field struct {
	Path    string `json:"path"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Blocker is one missing decision: what is missing and what would lift it.
type Blocker struct {
	Code     string `json:"code"`
	Message  string `json:"message"`
	LiftedBy string `json:"lifted_by"`
	URL      string `json:"url,omitempty"`
}

// Error is an error that a reader may see, except for Err, which is for the log.
type Error struct {
	Kind       Kind
	Code       string // stable slug such as "risk.rank_too_low"
	Message    string // safe for the reader; says what to do next
	Fields     []Field
	Blockers   []Blocker
	RetryAfter time.Duration // for Limited and Unavailable
	Err        error         // the cause, for the log alone
}

// New returns an Error. The message is formatted as by fmt.Sprintf.
func New(kind Kind, code, message string, args ...any) *Error {
	if len(args) > 0 {
		message = fmt.Sprintf(message, args...)
	}
	return &Error{Kind: kind, Code: code, Message: message}
}

// Error gives code, message and cause; it is for logs, not for readers.
func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Err)
	}
	return e.Code + ": " + e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Because returns a copy of e with its cause set.
func (e *Error) Because(err error) *Error {
	c := *e
	c.Err = err
	return &c
}

// InvalidFields returns an Invalid error with the given fields, or nil if there are none.
func InvalidFields(code string, fields []Field) error {
	if len(fields) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Code: code, Message: "Some fields need your attention.", Fields: fields}
}

// MaxFields is how many wrong fields one answer lists: a request of the wrong kind
// would otherwise get an answer larger than itself.
const MaxFields = 20

// Bounded returns the fields, or the first MaxFields of them and one of code
// "more" that says how many there are besides.
func Bounded(fields []Field) []Field {
	if len(fields) <= MaxFields {
		return fields
	}
	more := Field{Code: "more", Message: fmt.Sprintf("and %d more", len(fields)-MaxFields)}
	return append(slices.Clone(fields[:MaxFields]), more)
}

// ItemNotFound is the one answer for what is absent and for what the reader may not see.
func ItemNotFound() *Error {
	return New(NotFound, "not_found", "There is nothing here, or it is not shown to you. Check the address, name or id, or ask its owner for access.")
}

// From returns the Error in err's chain. Anything else becomes Internal, except
// a deadline or cancellation, which becomes Unavailable. From(nil) is nil.
func From(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return New(Unavailable, "timeout", "This took too long and was stopped; nothing was changed. Try again.").Because(err)
	}
	return New(Internal, "internal", "Something went wrong on our side. Nothing you entered was the cause; give the request id to your administrator.").Because(err)
}

// Is reports whether err's chain holds an Error of the given kind.
func Is(err error, kind Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == kind
}

// HasCode reports whether err's chain holds an Error with the given code.
func HasCode(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// HTTPStatus returns the status of RFC 9110 or RFC 6585 for the kind.
func (k Kind) HTTPStatus() int {
	switch k {
	case Malformed, Usage:
		return 400
	case Invalid:
		return 422
	case Unauthenticated:
		return 401
	case Forbidden:
		return 403
	case NotFound:
		return 404
	case Conflict, Blocked:
		return 409
	case Stale:
		return 412
	case PreconditionRequired:
		return 428
	case Limited:
		return 429
	case Unavailable:
		return 503
	default:
		return 500
	}
}

// ExitCode returns the exit status of the command line for the kind. The
// numbers from 64 up are those of sysexits.h.
func (k Kind) ExitCode() int {
	switch k {
	case Usage:
		return 64
	case Unauthenticated, Forbidden:
		return 77
	case Blocked:
		return 3
	case Limited:
		return 75
	case Unavailable:
		return 69
	case Internal:
		return 70
	default:
		return 1
	}
}
