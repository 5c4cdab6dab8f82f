// SPDX-License-Identifier: Apache-2.0

package phabricator

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// Class says what can be done about an error.
type Class int

// The classes. The zero value is Refused: what nobody knows is for a person to read.
const (
	Refused         Class = iota // the server refused, in words of its own
	Unauthenticated              // the token is missing, unknown, or its account is disabled
	Denied                       // the account may not
	BadCall                      // no such method, parameter, constraint, attachment or object type
	Validation                   // a value was not accepted
	DeadCursor                   // the object at which a page ended is gone: begin again
	ReadOnly                     // the server takes no writes at present
	Limited                      // too many requests
	Unavailable                  // the server is away, or something between is
	NotConduit                   // something answered that is not Conduit
	TooLarge                     // the answer is larger than we read
	Malformed                    // an answer of Conduit that has not the form of this method's
)

// Error is a call that failed. Its texts hold no token.
type Error struct {
	Class      Class
	Method     string
	Status     int           // of HTTP; 0: there was no answer
	Code       string        // such as ERR-CONDUIT-CORE
	Info       string        // what the server said, in its language, cut to a line
	RetryAfter time.Duration // of Limited, if the server named it
}

// Error gives the method and what was said about it.
func (e *Error) Error() string {
	text := "phabricator: " + e.Method
	if e.Code != "" {
		text += ": " + e.Code
	}
	if e.Info != "" {
		text += ": " + e.Info
	}
	if e.Status != 0 && e.Status != 200 {
		text += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	return text
}

// Unwrap gives the same as a fault, which says to a reader what to do next.
func (e *Error) Unwrap() error {
	switch e.Class {
	case Unauthenticated:
		return fault.New(fault.Unavailable, "phabricator.token", "The Phabricator server does not accept the token. Check that it is whole and that its account is active.")
	case Limited:
		f := fault.New(fault.Limited, "phabricator.limited", "The Phabricator server answers that there are too many requests. Try again later.")
		f.RetryAfter = max(e.RetryAfter, limitedPause)
		return f
	case Unavailable:
		return fault.New(fault.Unavailable, "phabricator.unavailable", "The Phabricator server cannot be reached, or is not working at present. Try again later.")
	case NotConduit:
		return fault.New(fault.Unavailable, "phabricator.not_conduit", "What answers at the address of the Phabricator server is not its API. Check the address, and what stands in front of the server.")
	case TooLarge:
		return fault.New(fault.Unavailable, "phabricator.too_large", "An answer of the Phabricator server is larger than we read.")
	default:
		return fault.New(fault.Conflict, "phabricator.refused", "The Phabricator server refused %s: %s", e.Method, e.said())
	}
}

func (e *Error) said() string {
	if e.Info == "" {
		return "it gave no reason."
	}
	return e.Info
}

// HasClass reports whether err's chain holds an Error of the class.
func HasClass(err error, class Class) bool {
	var e *Error
	return errors.As(err, &e) && e.Class == class
}

// maxInfo bounds in bytes what an error repeats of the server's words.
const maxInfo = 500

// failed returns an Error whose text is one line without tokens.
func (c *Client) failed(method string, class Class, status int, code, info string) *Error {
	return &Error{Class: class, Method: method, Status: status, Code: c.token.scrub(code, 100), Info: c.token.scrub(info, maxInfo)}
}

// classify tells the errors of Conduit apart. ERR-CONDUIT-CORE is the code of
// everything that has no other; only the words tell, and they may be translated,
// so that unknown words are a refusal and no more.
func classify(code, info string) Class {
	switch code {
	case "ERR-INVALID-SESSION", "ERR-INVALID-AUTH":
		return Unauthenticated
	case "ERR-PERMISSIONS":
		return Denied
	case "ERR-CONDUIT-CALL", "ERR-INVALID-CONSTRAINT", "ERR-INVALID-ATTACHMENT", "ERR-INVALID-PAGE-SIZE", "ERR-INVALID-OBJECT-TYPE":
		return BadCall
	case "ERR-CONDUIT-CORE":
		return classifyCore(info)
	default:
		return Refused
	}
}

func classifyCore(info string) Class {
	for _, known := range []struct {
		prefix string
		class  Class
	}{
		{"[You Shall Not Pass", Denied},
		{"Validation errors", Validation},
		{"Cursor ", DeadCursor},
		{"Unable to establish a write-mode", ReadOnly},
	} {
		if strings.HasPrefix(info, known.prefix) {
			return known.class
		}
	}
	return Refused
}
