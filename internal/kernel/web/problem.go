// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// Codes of faults that this package makes and that have a status of their own.
const (
	CodeTooLarge  = "request.too_large"
	codeMediaType = "request.media_type"
	codeMethod    = "request.method"
	codeTimeout   = "request.timeout"
)

// Status returns the HTTP status of a fault: that of its kind, except for the
// few statuses of RFC 9110 that only the web knows.
func Status(f *fault.Error) int {
	switch f.Code {
	case CodeTooLarge:
		return http.StatusRequestEntityTooLarge
	case codeMediaType:
		return http.StatusUnsupportedMediaType
	case codeMethod:
		return http.StatusMethodNotAllowed
	case codeTimeout:
		return http.StatusRequestTimeout
	default:
		return f.Kind.HTTPStatus()
	}
}

// Problem is a fault as RFC 9457 problem details. Type is "about:blank" and left
// out: Code is the stable name. It never repeats a value that was sent.
type Problem struct {
	Title     string          `json:"title" doc:"the status in words"`
	Status    int             `json:"status" doc:"the HTTP status"`
	Code      string          `json:"code" doc:"stable name of the problem" example:"risk.rank_too_low"`
	Detail    string          `json:"detail" doc:"what happened and what to do next"`
	RequestID string          `json:"request_id,omitempty" doc:"give it to the administrator"`
	Fields    []fault.Field   `json:"fields,omitempty" doc:"the fields that are wrong; their values are never repeated"`
	Blockers  []fault.Blocker `json:"blockers,omitempty" doc:"the decisions that are missing, and what would lift each"`

	retryAfter string
}

// NewProblem returns the problem document of an error.
func NewProblem(err error, requestID string) *Problem {
	f := fault.From(err)
	p := &Problem{
		Title: http.StatusText(Status(f)), Status: Status(f), Code: f.Code, Detail: f.Message,
		RequestID: requestID, Fields: fault.Bounded(f.Fields), Blockers: f.Blockers,
	}
	if f.RetryAfter > 0 {
		p.retryAfter = retrySeconds(f)
	}
	return p
}

// Error implements error, for huma.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders implements huma.HeadersError.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.retryAfter != "" {
		h.Set("Retry-After", p.retryAfter)
	}
	return h
}

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

// fail answers with an error: a problem document for the API, a page for people.
func (c *Ctx) fail(err error) {
	if c.repeated(err) {
		return
	}
	f := fault.From(tooLarge(err))
	c.mux.logFault(c.Context(), f)
	c.retryAfter(f)
	if Status(f) == http.StatusRequestEntityTooLarge {
		c.drain()
	}
	if c.route.API {
		c.writeProblem(f)
		return
	}
	if err := c.errorPage(f); err != nil {
		c.log().Error("error page", "error", err)
		http.Error(c.W, f.Message+"\nRequest id: "+RequestID(c.R.Context()), Status(f))
	}
}

func (c *Ctx) writeProblem(f *fault.Error) {
	if f.Kind == fault.Unauthenticated {
		c.W.Header().Set("WWW-Authenticate", `Bearer realm="portreeve"`)
	}
	body, err := json.Marshal(NewProblem(f, RequestID(c.R.Context())))
	if err != nil {
		c.log().Error("problem not written", "error", err)
		return
	}
	c.W.Header().Set("Content-Type", problemType)
	c.W.WriteHeader(Status(f))
	_, _ = c.W.Write(append(body, '\n'))
}

// logFault logs what the reader is not told. Only faults of our own making are
// errors; the rest is in the request's line.
func (m *Mux) logFault(ctx context.Context, f *fault.Error) {
	switch f.Kind {
	case fault.Internal:
		m.logger(ctx).Error("internal", "code", f.Code, "error", f.Err)
	case fault.Unavailable:
		m.logger(ctx).Warn("unavailable", "code", f.Code, "error", f.Err)
	}
}

func (c *Ctx) retryAfter(f *fault.Error) {
	if f.RetryAfter > 0 {
		c.W.Header().Set("Retry-After", retrySeconds(f))
	}
}

// retrySeconds rounds up: coming back a second early would be refused again.
func retrySeconds(f *fault.Error) string {
	return strconv.FormatInt(int64((f.RetryAfter+999_999_999)/1_000_000_000), 10)
}

// tooLarge maps the standard library's limit error, wherever it surfaces.
func tooLarge(err error) error {
	var limit *http.MaxBytesError
	if !errors.As(err, &limit) {
		return err
	}
	return fault.New(fault.Malformed, CodeTooLarge, "What was sent is larger than %s, the most that is taken here. Shorten it, or attach it as a file.", byteSize(limit.Limit)).Because(err)
}

func byteSize(n int64) string {
	if n >= 1<<20 {
		return strconv.FormatInt(n>>20, 10) + " MiB"
	}
	return strconv.FormatInt(n>>10, 10) + " KiB"
}

// bodyFault maps an error of reading a body.
func bodyFault(err error) error {
	var limit *http.MaxBytesError
	if errors.As(err, &limit) {
		return tooLarge(err)
	}
	if fault.Is(err, fault.Unauthenticated) || fault.Is(err, fault.Unavailable) { // stillBody
		return err
	}
	return fault.New(fault.Malformed, "request.form", "The form could not be read. Open its page again and send it once more.").Because(err)
}

func mediaFault(err error) error {
	return fault.New(fault.Malformed, codeMediaType, "This address takes forms only (application/x-www-form-urlencoded or multipart/form-data).").Because(err)
}
