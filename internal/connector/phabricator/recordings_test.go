// SPDX-License-Identifier: Apache-2.0

package phabricator

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"portreeve.org/portreeve/test/fakes/phorge"
)

// TestRecordings: everything that a real server answered is read into the types
// that the client uses for that method, or is an error of its class.
func TestRecordings(t *testing.T) {
	c := &Client{token: newSecret("api-x"), maxAnswer: 32 << 20}
	read := map[string]int{}
	for name, r := range phorge.Recordings() {
		t.Run(name, func(t *testing.T) {
			raw, err := c.judge(r.Method, &http.Response{StatusCode: r.Status, Header: http.Header{}}, r.Body)
			if strings.HasPrefix(name, "error.") && err == nil {
				t.Error("no error")
			}
			if err != nil {
				return
			}
			n, err := elements(c, r.Method, raw)
			if err != nil {
				t.Error(err)
			}
			read[r.Method] += n
		})
	}
	for method, want := range map[string]int{"user.search": 17, "project.search": 7, "maniphest.search": 4, "transaction.search": 15 + 2 + 51 + 5, "phid.query": 4, "maniphest.status.search": 6, "user.whoami": 2} {
		if read[method] < want {
			t.Errorf("%s: %d elements read, want %d", method, read[method], want)
		}
	}
}

// elements decodes an answer and counts what is in it.
func elements(c *Client, method string, raw json.RawMessage) (int, error) {
	switch method {
	case "user.search":
		return inPage[user](c, method, raw)
	case "project.search":
		return inPage[project](c, method, raw)
	case "maniphest.search":
		return inPage[task](c, method, raw)
	case "transaction.search":
		return inPage[transaction](c, method, raw)
	case "phid.query":
		var v Map[struct {
			Name string `json:"name"`
		}]
		err := c.decode(method, raw, &v)
		return len(v), err
	case "maniphest.status.search":
		var v struct {
			Data []status `json:"data"`
		}
		err := c.decode(method, raw, &v)
		return len(v.Data), err
	case "user.whoami":
		var v Account
		return 1, c.decode(method, raw, &v)
	}
	return 0, nil
}

func inPage[T Keyed](c *Client, method string, raw json.RawMessage) (int, error) {
	var p page[T]
	if err := c.decode(method, raw, &p); err != nil {
		return 0, err
	}
	for _, e := range p.Data {
		if e.err != nil || e.value.Key() == "" {
			return 0, e.err
		}
	}
	return len(p.Data), nil
}
