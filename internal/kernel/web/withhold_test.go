// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

// numbered has the number of an entry in every place where an answer can hold one.
type numbered struct {
	Entry int64               `json:"entry,omitempty"`
	One   *numbered           `json:"one,omitempty"`
	List  []numbered          `json:"list,omitempty"`
	Map   map[string]numbered `json:"map,omitempty"`
	Kept  int64               `json:"kept"`
}

// TestEntryNumbersAreWithheld: the number of an entry tells how much was decided
// before it. Who may not read the ledger gets none, from no operation.
func TestEntryNumbersAreWithheld(t *testing.T) {
	type out struct{ Body numbered }
	answer := numbered{Entry: 41, Kept: 7, One: &numbered{Entry: 42, Kept: 7}, List: []numbered{{Entry: 43, Kept: 7}}, Map: map[string]numbered{"a": {Entry: 44, Kept: 7}}}
	m := web.NewMux(webtest.Deps(ledger.Actions()...))
	web.PublicOp(m.API(), "a test", huma.Operation{Method: http.MethodGet, Path: "/numbered"}, func(context.Context, *struct{}) (*out, error) {
		one := *answer.One
		return &out{numbered{Entry: 41, Kept: 7, One: &one, List: []numbered{answer.List[0]}, Map: map[string]numbered{"a": answer.Map["a"]}}}, nil
	})
	m.Public("GET /linked", "a test", func(c *web.Ctx) error {
		if link := c.EntryLink("no. 41", 41); link != nil {
			c.W.Header().Set("Link", link.(web.Link).URL)
		}
		return nil
	})
	client := webtest.Serve(t, m)
	for _, who := range []*webtest.Client{client, client.As("outsider")} {
		got := who.Get("/api/v1/numbered").Want(200)
		if strings.Contains(got.Body, "entry") || strings.Contains(got.Body, "4") || strings.Count(got.Body, `"kept":7`) != 4 {
			t.Errorf("told: %s", got.Body)
		}
		if link := who.Get("/linked").Want(200).Header.Get("Link"); link != "" {
			t.Errorf("linked: %s", link)
		}
	}
	owner := client.As("owner")
	if got := owner.Get("/api/v1/numbered").Want(200); strings.Count(got.Body, `"entry":4`) != 4 {
		t.Errorf("withheld from a reader of the ledger: %s", got.Body)
	}
	if link := owner.Get("/linked").Want(200).Header.Get("Link"); link != "/ledger/41" {
		t.Errorf("link %q", link)
	}
}

// TestEntryNumbersMustBeOmitted: an answer that would show a withheld number as
// zero stops the start.
func TestEntryNumbersMustBeOmitted(t *testing.T) {
	type bare struct {
		Entry int64 `json:"entry"`
	}
	m := web.NewMux(webtest.Deps())
	web.PublicOp(m.API(), "a test", huma.Operation{Method: http.MethodGet, Path: "/bare"}, func(context.Context, *struct{}) (*struct{ Body []bare }, error) {
		return nil, nil
	})
	if _, err := m.Handler(); err == nil || !strings.Contains(err.Error(), "bare.Entry holds the number of an entry") {
		t.Errorf("%v", err)
	}
}
