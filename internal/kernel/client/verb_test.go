// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/client"
)

type filter struct {
	client.Paging
	client.JSONFlag
	Kind  string `query:"kind"`
	All   bool   `query:"state=all"`
	Plain bool   `query:"plain"`
	Step  int    `query:"step"`
	Other string
}

func TestQuery(t *testing.T) {
	for _, c := range []struct {
		name string
		in   any
		want string
	}{
		{"nothing", nil, ""},
		{"empty", filter{}, ""},
		{"all", &filter{Paging: client.Paging{Limit: 7, Cursor: "a b"}, JSONFlag: client.JSONFlag{JSON: true}, Kind: "x&y", All: true, Plain: true, Step: 2, Other: "z"},
			"cursor=a+b&kind=x%26y&limit=7&plain=true&state=all&step=2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := client.Query(c.in).Encode(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// session talks to a server that answers each request with what it was sent.
func session(t *testing.T, out io.Writer) *client.Session {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if strings.HasSuffix(r.URL.Path, "/long") {
			w.Header().Set("ETag", `"v41"`)
			if _, err := w.Write(make([]byte, 8<<20)); err != nil {
				t.Errorf("the client hangs up: %v", err)
			}
			return
		}
		if !strings.HasSuffix(r.URL.Path, "/bare") {
			w.Header().Set("ETag", `"v41"`)
		}
		fmt.Fprintf(w, `{"items": [%q, %q, %q], "next": "n"}`, r.Method+" "+r.RequestURI, r.Header.Get("If-Match"), body)
	}))
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return &client.Session{Context: t.Context(), Stdin: strings.NewReader(`{"A": 1, "B": 2}`), Stdout: out, Config: client.Config{URL: server.URL, CA: ca}}
}

func TestVerbs(t *testing.T) {
	s := session(t, io.Discard)
	type echo struct{ Items []string }
	item := client.Path("items", "a/b")
	for name, c := range map[string]struct {
		call func() (echo, error)
		want string
	}{
		"get":            {func() (echo, error) { return client.Get[echo](s, item, filter{Kind: "k"}) }, `GET /api/v1/items/a%2Fb?kind=k||`},
		"send":           {func() (echo, error) { return client.Send[echo](s, "PUT", item, 7, []int{1}) }, `PUT /api/v1/items/a%2Fb|"v7"|[1]`},
		"send bytes":     {func() (echo, error) { return client.Send[echo](s, "POST", item, 0, []byte("x")) }, `POST /api/v1/items/a%2Fb||x`},
		"change":         {func() (echo, error) { return client.Change[echo](s, "POST", item, "/step", 0, nil) }, `POST /api/v1/items/a%2Fb/step|"v41"|`},
		"change as seen": {func() (echo, error) { return client.Change[echo](s, "POST", item, "/step", 9, nil) }, `POST /api/v1/items/a%2Fb/step|"v9"|`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.call()
			if err != nil || strings.Join(got.Items, "|") != c.want {
				t.Errorf("got %q, %v", got.Items, err)
			}
		})
	}
	if _, err := s.Version("/bare", 0); err == nil || !strings.Contains(err.Error(), "no version") {
		t.Errorf("an answer without ETag: %v", err)
	}
	if err := s.Do("POST", item, nil); err != nil {
		t.Errorf("an answer of no interest: %v", err)
	}
}

func TestPrinting(t *testing.T) {
	var out bytes.Buffer
	s := session(t, &out)
	list := func(asJSON bool) error {
		return client.List(s, "/x", nil, asJSON, []string{"WHAT", "LENGTH"}, func(v string) []string { return []string{v, fmt.Sprint(len(v))} })
	}
	if err := list(false); err != nil || out.String() != "WHAT           LENGTH\nGET /api/v1/x  13\n               0\n               0\n\nmore: --cursor n\n" {
		t.Errorf("%v:\n%s", err, &out)
	}
	out.Reset()
	if err := list(true); err != nil || !strings.HasPrefix(out.String(), "{\n  \"items\": [\n    \"GET /api/v1/x\",") {
		t.Errorf("%v:\n%s", err, &out)
	}
	out.Reset()
	if err := s.Facts([][2]string{{"id", "1"}, {"nothing", " "}, {"long name", "two\nlines"}}); err != nil || out.String() != "id         1\nlong name  two lines\n" {
		t.Errorf("%v:\n%s", err, &out)
	}
}

func TestReadJSON(t *testing.T) {
	s := session(t, io.Discard)
	var both struct{ A, B int }
	if err := client.ReadJSON(s, "-", &both); err != nil || both.B != 2 {
		t.Errorf("%+v, %v", both, err)
	}
	s.Stdin = strings.NewReader(`{"A": 1, "B": 2}`)
	if err := client.ReadJSON(s, "-", &struct{ A int }{}); client.Report(io.Discard, err) != 64 {
		t.Errorf("an unknown member: %v", err)
	}
	if err := client.ReadJSON(s, "nowhere.json", &both); client.Report(io.Discard, err) != 64 {
		t.Errorf("no file: %v", err)
	}
}

// The version of an item is asked for without hanging up on the server, however much
// there is of the item.
func TestVersionReadsToTheEnd(t *testing.T) {
	s := session(t, io.Discard)
	if n, err := s.Version("/items/long", 0); n != 41 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
}
