// SPDX-License-Identifier: Apache-2.0

package webtest

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/web"
)

// Client sends requests to a handler like a browser, or an API client, of one
// actor. It keeps cookies between requests and follows no redirect.
type Client struct {
	t       testing.TB
	handler http.Handler
	cookies map[string]string
	token   string
}

// As returns a client with its own cookies, signed in as login.
func (c *Client) As(login string) *Client {
	return &Client{t: c.t, handler: c.handler, cookies: map[string]string{web.SessionCookie: login}}
}

// Token returns a client that sends login as its API token.
func (c *Client) Token(login string) *Client {
	return &Client{t: c.t, handler: c.handler, cookies: map[string]string{}, token: login}
}

// For returns a client that reports to another test, such as a subtest, with the
// same cookies.
func (c *Client) For(t testing.TB) *Client {
	return &Client{t: t, handler: c.handler, cookies: maps.Clone(c.cookies), token: c.token}
}

// Get requests a page or an operation.
func (c *Client) Get(path string) *Response {
	return c.Do(httptest.NewRequest(http.MethodGet, "https://office.test"+path, nil))
}

// Post sends a form with the given values.
func (c *Client) Post(path string, values url.Values) *Response {
	return c.Send(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(values.Encode()))
}

// Upload sends a multipart form with values and one file.
func (c *Client) Upload(path string, values url.Values, field, name string, data []byte) *Response {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for key, all := range values {
		for _, v := range all {
			if err := w.WriteField(key, v); err != nil {
				c.t.Fatal(err)
			}
		}
	}
	part, err := w.CreateFormFile(field, name)
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := part.Write(data); err != nil {
		c.t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		c.t.Fatal(err)
	}
	return c.Send(http.MethodPost, path, w.FormDataContentType(), &body)
}

// JSON sends v as a JSON body; headers are pairs of name and value.
func (c *Client) JSON(method, path string, v any, headers ...string) *Response {
	data, err := json.Marshal(v)
	if err != nil {
		c.t.Fatal(err)
	}
	r := httptest.NewRequest(method, "https://office.test"+path, bytes.NewReader(data))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return c.Do(r)
}

// Send sends any body.
func (c *Client) Send(method, path, contentType string, body io.Reader) *Response {
	r := httptest.NewRequest(method, "https://office.test"+path, body)
	r.Header.Set("Content-Type", contentType)
	return c.Do(r)
}

// Do sends a request of the test's own making, with the client's cookies or token.
func (c *Client) Do(r *http.Request) *Response {
	c.t.Helper()
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for name, value := range c.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	res := w.Result()
	for _, cookie := range res.Cookies() {
		if cookie.MaxAge < 0 || cookie.Value == "" {
			delete(c.cookies, cookie.Name)
			continue
		}
		c.cookies[cookie.Name] = cookie.Value
	}
	return &Response{t: c.t, Status: res.StatusCode, Header: res.Header, Body: w.Body.String()}
}
