// SPDX-License-Identifier: Apache-2.0

package jira_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/connector/jira"
	"portreeve.org/portreeve/internal/kernel/fault"
)

const token = "verysecret+token/="

// connect starts the handler and returns a client of it.
func connect(t *testing.T, h http.HandlerFunc) (*jira.Client, *[]time.Duration) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	waited := &[]time.Duration{}
	client, err := jira.New(jira.Config{URL: server.URL, Token: token, Wait: func(ctx context.Context, d time.Duration) error {
		*waited = append(*waited, d)
		return ctx.Err()
	}})
	if err != nil {
		t.Fatal(err)
	}
	return client, waited
}

// project answers a search for n issues, at most 50 at once as servers do.
func project(t *testing.T, n int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if r.Header.Get("Authorization") != "Bearer "+token || strings.Contains(r.URL.RawQuery, "secret") {
			t.Errorf("the token belongs into the header: %s", r.URL)
		}
		if r.URL.Path != "/rest/api/2/search" || q.Get("jql") != "project = A order by key" || q.Get("expand") != "changelog" {
			t.Errorf("%s", r.URL)
		}
		start, err := strconv.Atoi(q.Get("startAt"))
		if err != nil {
			t.Error(err)
		}
		var issues []string
		for i := start; i < min(n, start+50); i++ {
			issues = append(issues, fmt.Sprintf(`{"key":"A-%d","fields":{"summary":"s"}}`, i))
		}
		fmt.Fprintf(w, `{"startAt":%d,"issues":[%s],"total":%d}`, start, strings.Join(issues, ","), n)
	}
}

func TestPages(t *testing.T) {
	for _, n := range []int{0, 1, 50, 51, 130} {
		client, _ := connect(t, project(t, n))
		tasks, err := collect(client.Tasks(t.Context(), "project = A order by key"))
		if err != nil || len(tasks) != n {
			t.Errorf("%d issues: %d came, %v", n, len(tasks), err)
		}
		for _, task := range tasks {
			if task.Source != client.Source() || !strings.HasPrefix(task.URL, client.Source()+"/browse/A-") {
				t.Errorf("%+v", task)
			}
		}
	}
	client, _ := connect(t, project(t, 130))
	for range client.Tasks(t.Context(), "project = A order by key") {
		break
	}
}

// TestRefusals: what a server answers, and what that means to a reader.
func TestRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		code   string
		waits  int
	}{
		"query":     {400, `{"errorMessages":["The value 'X' does not exist, ` + token + `"]}`, "jira.query", 0},
		"no reason": {400, `<p>`, "jira.query", 0},
		"token":     {401, "", "jira.token", 0},
		"forbidden": {403, "", "jira.token", 0},
		"gone":      {410, "", "jira.not_api", 0},
		"missing":   {404, "", "jira.not_api", 0},
		"redirect":  {302, "", "jira.not_api", 0},
		"limit":     {429, "", "jira.limited", 4},
		"down":      {503, token, "jira.unavailable", 4},
		"page":      {200, "<html>" + token, "jira.answer", 0},
		"other":     {200, `{"hello":1}`, "jira.answer", 0},
		"cut off":   {200, `{"issues":[{"key":"A-1","fields":{}`, "jira.answer", 0},
	} {
		t.Run(name, func(t *testing.T) {
			client, waited := connect(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "https://elsewhere.example/"+token)
				w.WriteHeader(test.status)
				fmt.Fprintf(w, "%s", test.body)
			})
			_, err := collect(client.Tasks(t.Context(), "x"))
			if !fault.HasCode(err, test.code) || len(*waited) != test.waits {
				t.Errorf("%v after %v", err, *waited)
			}
			if text := fmt.Sprintf("%v %#v %+v", err, err, *client); strings.Contains(text, "secret") {
				t.Errorf("the token is shown: %s", text)
			}
		})
	}
}

// TestLimit: a limit is waited for, as long as the server says.
func TestLimit(t *testing.T) {
	n, good := 0, project(t, 3)
	client, waited := connect(t, func(w http.ResponseWriter, r *http.Request) {
		if n++; n == 1 {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(429)
			return
		}
		good(w, r)
	})
	tasks, err := collect(client.Tasks(t.Context(), "project = A order by key"))
	if err != nil || len(tasks) != 3 || len(*waited) != 1 || (*waited)[0] != 7*time.Second {
		t.Errorf("%d tasks, %v, waited %v", len(tasks), err, *waited)
	}
}

// TestAway: a server that cannot be reached is asked again, then told.
func TestAway(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	n := 0
	client, err := jira.New(jira.Config{URL: server.URL, Wait: func(context.Context, time.Duration) error { n++; return nil }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := collect(client.Tasks(t.Context(), "x")); !fault.HasCode(err, "jira.unavailable") || n != 4 {
		t.Errorf("%v after %d", err, n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := collect(client.Tasks(ctx, "x")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestConfig: a token is never sent in clear, nor to what is not the server alone.
func TestConfig(t *testing.T) {
	for url, good := range map[string]bool{
		"https://j.example": true, "https://j.example/jira/": true, "http://127.0.0.1:1": true, "http://j.example": false, "": false, "j.example": false,
		"https://user:pw@j.example": false, "https://j.example?x": false, "file:///etc": false,
	} {
		if _, err := jira.New(jira.Config{URL: url}); (err == nil) != good {
			t.Errorf("%q: %v", url, err)
		}
	}
	if _, err := jira.New(jira.Config{URL: "https://j.example", Token: "a\nb"}); err == nil {
		t.Error("a token of two lines was taken")
	}
}
