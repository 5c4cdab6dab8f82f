// SPDX-License-Identifier: Apache-2.0

package phabricator_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/connector/phabricator"
	"portreeve.org/portreeve/internal/kernel/foreign"
	"portreeve.org/portreeve/test/fakes/phorge"
)

// pauses notes for how long a client would have waited, and does not wait.
type pauses []time.Duration

func (p *pauses) wait(ctx context.Context, d time.Duration) error {
	*p = append(*p, d)
	return ctx.Err()
}

// connect starts the handler and returns a client of it.
func connect(t testing.TB, h http.Handler, c phabricator.Config) (*phabricator.Client, *pauses) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	waited := &pauses{}
	c.URL = server.URL + "/"
	if c.Wait == nil {
		c.Wait = waited.wait
	}
	client, err := phabricator.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return client, waited
}

// recorded connects to a server that knows what a real one answered.
func recorded(t testing.TB, h phorge.Hook) (*phabricator.Client, *phorge.Server) {
	t.Helper()
	server := phorge.New(phorge.Recorded(), h)
	client, _ := connect(t, server, phabricator.Config{Token: phorge.RecordedToken})
	return client, server
}

// collect takes all tasks, and the error that ended them.
func collect(ctx context.Context, c *phabricator.Client, q phabricator.Query) (tasks []foreign.Task, err error) {
	for task, bad := range c.Tasks(ctx, q) {
		if bad != nil {
			err = bad
			continue
		}
		tasks = append(tasks, task)
	}
	return tasks, err
}

// only answers one method with what is given, and leaves the others alone.
func only(method string, a phorge.Answer) phorge.Hook {
	return func(c phorge.Call, _ *phorge.World) *phorge.Answer {
		if c.Method != method {
			return nil
		}
		return &a
	}
}

func lost(task foreign.Task, what string) bool {
	for _, l := range task.Losses {
		if l.What == what {
			return true
		}
	}
	return false
}

// element is an answer of a search with one element.
func element(text string) phorge.Answer {
	return phorge.Success(`{"data":[` + text + `],"cursor":{"limit":100,"after":null,"before":null}}`)
}
