// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
)

// answer is what the API said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// want fails the test unless the status is the given one.
func (a answer) want(t *testing.T, status int) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d\n%s", a.status, status, a.body)
	}
	return a
}

// problem fails the test unless the answer is a problem document (RFC 9457) of
// that status and code, and returns it.
func (a answer) problem(t *testing.T, status int, code string) problem {
	t.Helper()
	a.want(t, status)
	var p problem
	if err := json.Unmarshal(a.body, &p); err != nil || a.header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("not a problem document (%s): %s", a.header.Get("Content-Type"), a.body)
	}
	if p.Status != status || p.Code != code || p.Detail == "" || p.Title == "" || p.RequestID == "" {
		t.Errorf("problem %+v, want status %d, code %q and words", p, status, code)
	}
	return p
}

// decode parses the answer's JSON.
func (a answer) decode(t *testing.T, into any) answer {
	t.Helper()
	if err := json.Unmarshal(a.body, into); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, a.body)
	}
	return a
}

// problem is a problem document.
type problem struct {
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Code      string `json:"code"`
	Detail    string `json:"detail"`
	RequestID string `json:"request_id"`
	Fields    []struct {
		Path    string `json:"path"`
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"fields"`
}

// caller calls the API as one person.
type caller struct {
	s      *server
	client *http.Client
	token  string
}

// caller returns a client of the API with the role's token; no role is nobody.
func (s *server) caller(role string) *caller {
	s.t.Helper()
	c := &caller{s: s, client: s.http()}
	if role != "" {
		c.token = s.as(role).Token
	}
	return c
}

// call sends body as JSON, unless it is nil; text goes out as it is. Headers are
// pairs of name and value.
func (c *caller) call(method, path string, body any, headers ...string) answer {
	c.s.t.Helper()
	var data []byte
	switch b := body.(type) {
	case nil:
	case string:
		data = []byte(b)
	default:
		var err error
		if data, err = json.Marshal(b); err != nil {
			c.s.t.Fatal(err)
		}
	}
	r, err := http.NewRequest(method, c.s.URL+path, bytes.NewReader(data))
	if err != nil {
		c.s.t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	return c.s.exchange(c.client, r, headers)
}

// exchange sends a request with further headers, pairs of name and value, and reads
// the whole answer.
func (s *server) exchange(client *http.Client, r *http.Request, headers []string) answer {
	s.t.Helper()
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, data}
}

func (c *caller) get(path string) answer {
	c.s.t.Helper()
	return c.call(http.MethodGet, path, nil)
}
