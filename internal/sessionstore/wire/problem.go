// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// problem is an error as a client gets it: Kask's members (RFC 9457) in Kask's
// order, and the stable code of what went wrong if it is more than the status says.
type problem struct {
	Type     string `json:"type"`
	Title    string `json:"title"`
	Detail   string `json:"detail"`
	Instance string `json:"instance"`
	Reason   string `json:"reason,omitempty"`
}

// problemTypes is where Kask's problem types are; ours follow the same pattern.
const problemTypes = "https://www.mediawiki.org/wiki/Kask/errors/"

// Faults with one text.
var (
	errMethod     = fault.New(fault.Malformed, "session.method", "Sessions take GET, HEAD, POST, PUT and DELETE.")
	errKeyTooLong = fault.New(fault.Malformed, "session.key_too_long", "The key is longer than the 1024 bytes that this service takes.")
	errSlow       = fault.New(fault.Malformed, "session.slow", "The request's body took too long to come in.")
	errMemory     = &fault.Error{Kind: fault.Unavailable, Code: "session.memory", Message: "Too many large values are on their way. Try again.", RetryAfter: time.Second}
)

// statusOf returns the status of a fault. It differs from the rest of Portreeve in
// what Kask's clients know: 400 for whatever is wrong with a request.
func statusOf(f *fault.Error) int {
	switch f.Code {
	case "session.method":
		return http.StatusMethodNotAllowed
	case "session.too_large":
		return http.StatusRequestEntityTooLarge
	case "session.key_too_long":
		return http.StatusRequestURITooLong
	case "session.slow":
		return http.StatusRequestTimeout
	}
	if f.Kind == fault.Invalid {
		return http.StatusBadRequest
	}
	return f.Kind.HTTPStatus()
}

// wording is a status in Kask's words where Kask has some, else in RFC 9110's.
func wording(code int) (name, title, detail string) {
	switch code {
	case http.StatusBadRequest:
		return "bad_request", "Bad request", "The request was incorrect or malformed"
	case http.StatusUnauthorized:
		return "not_authorized", "Not authorized", "Unable to authorize request"
	case http.StatusForbidden:
		return "forbidden", "Forbidden", "This client may not do that in this namespace"
	case http.StatusNotFound:
		return "not_found", "Not found", "The value you requested was not found"
	case http.StatusMethodNotAllowed:
		return "method_not_allowed", "Method not allowed", "This method is not supported here"
	case http.StatusRequestTimeout:
		return "request_timeout", "Request timeout", "The request took too long to come in"
	case http.StatusConflict:
		return "conflict", "Conflict", "The session's state does not allow this"
	case http.StatusPreconditionFailed:
		return "precondition_failed", "Precondition failed", "The session is at another version"
	case http.StatusRequestEntityTooLarge:
		return "content_too_large", "Content too large", "The value is larger than this namespace takes"
	case http.StatusRequestURITooLong:
		return "uri_too_long", "URI too long", "The key is longer than this service takes"
	case http.StatusTooManyRequests:
		return "too_many_requests", "Too many requests", "This namespace takes no more for now"
	case http.StatusServiceUnavailable:
		return "service_unavailable", "Service unavailable", "The store cannot do this for now"
	default:
		return "server_error", "Internal server error", "The server encountered an error with your request"
	}
}

// problemOf returns a problem as JSON, laid out as Kask lays it out. An empty
// detail is the status' own.
func problemOf(code int, reason, detail, instance string) []byte {
	name, title, text := wording(code)
	if detail == "" {
		detail = text
	}
	b, err := json.MarshalIndent(problem{problemTypes + name, title, detail, instance, reason}, "", "  ")
	if err != nil {
		return nil // five strings: cannot fail
	}
	return append(b, '\n')
}

// refuse answers with an error and logs what the operator should know.
func (e *exchange) refuse(err error) {
	f := fault.From(err)
	code := statusOf(f)
	if errors.Is(err, context.Canceled) && e.r.Context().Err() != nil {
		e.code = clientGone // nobody hears the answer, and nothing is wrong here
		return
	}
	e.logRefusal(code, f)
	if code == http.StatusNotFound {
		e.problem(code, e.s.notFound)
		return
	}
	h := e.w.Header()
	switch code {
	case http.StatusUnauthorized:
		h["Www-Authenticate"] = e.s.challenge
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h["Retry-After"] = []string{strconv.FormatInt(max(1, int64((f.RetryAfter+time.Second-1)/time.Second)), 10)}
	}
	detail, reason := f.Message, f.Code
	if code == http.StatusInternalServerError || e.leaks(detail) {
		detail, reason = "", ""
	}
	e.problem(code, problemOf(code, reason, detail, e.s.instance))
}

func (e *exchange) problem(code int, text []byte) {
	e.code = code
	if err := sendProblem(e.w, code, text); err != nil {
		e.gone("the answer could not be sent", err)
	}
}

func sendProblem(w http.ResponseWriter, code int, text []byte) error {
	h := w.Header()
	h["Content-Type"] = problemJSON
	h["X-Content-Type-Options"] = noSniff
	h["Cache-Control"] = noStore
	w.WriteHeader(code)
	_, err := w.Write(text)
	return err
}
