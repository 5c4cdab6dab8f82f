// SPDX-License-Identifier: Apache-2.0

package webtest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Response is an answer with assertions that fail the test.
type Response struct {
	Status int
	Header http.Header
	Body   string

	t testing.TB
}

// Want fails the test unless the status is the given one.
func (r *Response) Want(status int) *Response {
	r.t.Helper()
	if r.Status != status {
		r.t.Fatalf("status %d, want %d; location %q; body:\n%s", r.Status, status, r.Header.Get("Location"), r.Text())
	}
	return r
}

// WantLocation fails the test unless the answer is a redirect to path.
func (r *Response) WantLocation(path string) *Response {
	r.t.Helper()
	r.Want(http.StatusSeeOther)
	if got := r.Header.Get("Location"); got != path {
		r.t.Fatalf("location %q, want %q", got, path)
	}
	return r
}

// WantText fails the test unless the visible text contains each of the texts.
func (r *Response) WantText(texts ...string) *Response {
	r.t.Helper()
	all := r.Text()
	for _, want := range texts {
		if !strings.Contains(all, want) {
			r.t.Errorf("text %q is not in:\n%s", want, all)
		}
	}
	return r
}

// WantNoText fails the test if the body contains one of the texts anywhere.
func (r *Response) WantNoText(texts ...string) *Response {
	r.t.Helper()
	for _, bad := range texts {
		if strings.Contains(r.Body, bad) {
			r.t.Errorf("the body contains %q", bad)
		}
	}
	return r
}

// Into decodes a JSON body.
func (r *Response) Into(v any) *Response {
	r.t.Helper()
	if err := json.Unmarshal([]byte(r.Body), v); err != nil {
		r.t.Fatalf("not JSON: %v\n%s", err, r.Body)
	}
	return r
}

// Document parses the body as HTML.
func (r *Response) Document() *Node {
	r.t.Helper()
	root, err := html.Parse(strings.NewReader(r.Body))
	if err != nil {
		r.t.Fatal(err)
	}
	return &Node{node: root}
}

// Text returns the visible text with single spaces, or the body if it is not HTML.
func (r *Response) Text() string {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
		return r.Body
	}
	return r.Document().Text()
}

// Find returns the first element that matches the selector, or fails the test.
func (r *Response) Find(selector string) *Node {
	r.t.Helper()
	all := r.All(selector)
	if len(all) == 0 {
		r.t.Fatalf("nothing matches %q in:\n%s", selector, r.Text())
	}
	return all[0]
}

// All returns every element that matches the selector.
func (r *Response) All(selector string) []*Node {
	r.t.Helper()
	return r.Document().All(selector)
}

// FormValues returns what a browser would send from the form with that action,
// hidden fields included.
func (r *Response) FormValues(action string) url.Values {
	r.t.Helper()
	return r.Find(`form[action="` + action + `"]`).formValues()
}
