// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"io"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

// meanwhile is a body that comes in slowly: after its first half something happens.
type meanwhile struct {
	first, rest io.Reader
	happens     func()
}

func (m *meanwhile) Read(p []byte) (int, error) {
	n, err := m.first.Read(p)
	if err != io.EOF {
		return n, err
	}
	if m.happens != nil {
		m.happens()
		m.happens = nil
	}
	return m.rest.Read(p)
}

// slowly is the text with something that happens in its middle.
func slowly(text string, happens func()) io.Reader {
	return &meanwhile{strings.NewReader(text[:len(text)/2]), strings.NewReader(text[len(text)/2:]), happens}
}

// TestWhoIsOutWritesNoMore: a request that began before its account was closed, or lost
// a role, and comes to its end after that, changes nothing.
func TestWhoIsOutWritesNoMore(t *testing.T) {
	for name, c := range map[string]struct {
		takes  time.Duration
		change func(p webtest.People)
		want   int
	}{
		"the account is closed": {2 * time.Second, func(p webtest.People) { delete(p, "reviewer") }, 401},
		"a role is taken away": {2 * time.Second, func(p webtest.People) {
			a := p["reviewer"]
			a.Roles = []authz.Role{authz.RoleOutsider}
			p["reviewer"] = a
		}, 401},
		"a group is taken away":  {2 * time.Second, func(p webtest.People) { a := p["reviewer"]; a.Groups = []string{"g"}; p["reviewer"] = a }, 401},
		"nothing happens":        {2 * time.Second, func(webtest.People) {}, 200},
		"the clock was set back": {-time.Hour, func(p webtest.People) { delete(p, "reviewer") }, 401},
	} {
		t.Run(name, func(t *testing.T) {
			people, clock := maps.Clone(webtest.ByRole()), store.FixedClock(webtest.Start())
			_, m := openNotes(t, func(d *web.Deps) { d.People, d.Clock = people, clock })
			wrote := false
			m.Page("POST /slow", "note:entry:write", func(c *web.Ctx) error {
				if _, err := c.Form(); err != nil {
					return err
				}
				wrote = true
				return text("done")(c)
			})
			client := webtest.Serve(t, m)
			happens := func() { c.change(people); clock.Set(clock.Real().Add(c.takes)) }
			client.As("reviewer").Send("POST", "/slow", "application/x-www-form-urlencoded", slowly(url.Values{"title": {"a title"}}.Encode(), happens)).Want(c.want)
			if wrote != (c.want == 200) {
				t.Errorf("written: %v", wrote)
			}
			maps.Copy(people, webtest.ByRole())
			want := c.want
			if want == 200 {
				want = 201
			}
			client.Token("reviewer").Send("POST", "/api/v1/notes", "application/json", slowly(`{"title":"a long enough title"}`, happens)).Want(want)
		})
	}
}

// TestWhoIsOutReadsNoMore: an answer that takes long asks again.
func TestWhoIsOutReadsNoMore(t *testing.T) {
	people, clock := maps.Clone(webtest.ByRole()), store.FixedClock(webtest.Start())
	_, m := openNotes(t, func(d *web.Deps) { d.People, d.Clock = people, clock })
	var errs []error
	m.Page("GET /long", "note:entry:read", func(c *web.Ctx) error {
		var out strings.Builder
		w := web.StillWriter(c.Context(), &out)
		ask := func() {
			before := out.Len()
			_, err := io.WriteString(w, "x")
			if errs = append(errs, web.StillIn(c.Context())); (err == nil) != (errs[len(errs)-1] == nil) || (out.Len() > before) != (err == nil) {
				t.Errorf("written %d, %v", out.Len()-before, err)
			}
		}
		ask()
		clock.Set(clock.Real().Add(2 * time.Second))
		ask()
		delete(people, "reviewer")
		ask() // within the second
		clock.Set(clock.Real().Add(2 * time.Second))
		ask()
		ask()
		return text("done")(c)
	})
	webtest.Serve(t, m).As("reviewer").Get("/long").Want(200)
	for i, out := range []bool{false, false, false, true, true} {
		if (errs[i] != nil) != out {
			t.Errorf("%d: %v", i, errs[i])
		}
	}
	if err := web.StillIn(t.Context()); err != nil {
		t.Errorf("what is no request: %v", err)
	}
}
