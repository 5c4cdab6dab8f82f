// SPDX-License-Identifier: Apache-2.0

package phabricator_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/connector/phabricator"
	"portreeve.org/portreeve/test/fakes/phorge"
)

// thing is the least that a search can give.
type thing struct {
	ID   int    `json:"id"`
	PHID string `json:"phid"`
}

func (t thing) Key() string { return t.PHID }

// ids searches and returns the numbers in the order in which they came.
func ids(t *testing.T, c *phabricator.Client, method string, p phabricator.Params) (all []int, elements int, last error) {
	t.Helper()
	for v, err := range phabricator.Search[thing](t.Context(), c, method, p) {
		var bad *phabricator.ElementError
		switch {
		case errors.As(err, &bad):
			elements++
		case err != nil:
			last = err
		default:
			all = append(all, v.ID)
		}
	}
	return all, elements, last
}

func made(t *testing.T, n int, h phorge.Hook) (*phabricator.Client, *phorge.Server) {
	t.Helper()
	server := phorge.New(phorge.Tasks(n, 1), h)
	client, _ := connect(t, server, phabricator.Config{Token: phorge.MadeToken})
	return client, server
}

func TestSearchPages(t *testing.T) {
	for _, n := range []int{0, 1, 99, 100, 101, 250, 300} {
		client, server := made(t, n, nil)
		all, _, err := ids(t, client, "maniphest.search", phabricator.Params{"order": "oldest"})
		if err != nil || len(all) != n {
			t.Errorf("%d tasks: %d came, %v", n, len(all), err)
		}
		for i, id := range all {
			if id != i+1 {
				t.Fatalf("%d tasks: element %d is %d", n, i, id)
			}
		}
		if want := max(1, (n+99)/100); server.Called("maniphest.search") != want {
			t.Errorf("%d tasks: %d calls, want %d", n, server.Called("maniphest.search"), want)
		}
	}
}

func TestSearchLeavesItsParametersAlone(t *testing.T) {
	client, _ := made(t, 150, nil)
	p := phabricator.Params{"order": "oldest"}
	if _, _, err := ids(t, client, "maniphest.search", p); err != nil || len(p) != 1 {
		t.Errorf("%v, %v", p, err)
	}
	if _, _, err := ids(t, client, "user.search", nil); err != nil {
		t.Error(err)
	}
}

// TestSearchStops: whoever has enough causes no further page.
func TestSearchStops(t *testing.T) {
	client, server := made(t, 300, nil)
	for range phabricator.Search[thing](t.Context(), client, "maniphest.search", nil) {
		break
	}
	if server.Called("maniphest.search") != 1 {
		t.Errorf("%d calls", server.Called("maniphest.search"))
	}
}

// TestDeadCursor: when the task at which a page ended is gone, the search begins
// anew and gives nothing twice.
func TestDeadCursor(t *testing.T) {
	client, server := made(t, 250, func(c phorge.Call, w *phorge.World) *phorge.Answer {
		if c.Params["after"] == "100" || c.Params["after"] == "201" {
			w.Remove(100)
			w.Remove(201)
		}
		return nil
	})
	all, _, err := ids(t, client, "maniphest.search", phabricator.Params{"order": "oldest"})
	if err != nil || len(all) != 249 { // 100 was given before it went
		t.Errorf("%d tasks, %v", len(all), err)
	}
	if server.Called("maniphest.search") < 4 {
		t.Errorf("%d calls: the search did not begin anew", server.Called("maniphest.search"))
	}
	seen := map[int]bool{}
	for _, id := range all {
		if seen[id] {
			t.Errorf("%d came twice", id)
		}
		seen[id] = true
	}
}

// TestDeadCursors: a list whose cursors all die ends with the error.
func TestDeadCursors(t *testing.T) {
	client, server := made(t, 250, func(c phorge.Call, _ *phorge.World) *phorge.Answer {
		if c.Params["after"] == nil {
			return nil
		}
		a := phorge.As("user.search-after-bad")
		return &a
	})
	all, _, err := ids(t, client, "maniphest.search", phabricator.Params{"order": "oldest"})
	if !phabricator.HasClass(err, phabricator.DeadCursor) || len(all) != 100 || server.Called("maniphest.search") != 8 {
		t.Errorf("%d tasks, %d calls, %v", len(all), server.Called("maniphest.search"), err)
	}
}

// TestCircle: pages that lead back to themselves come to an end.
func TestCircle(t *testing.T) {
	n := 0
	client, _ := made(t, 1, func(phorge.Call, *phorge.World) *phorge.Answer {
		n++
		a := phorge.Success(fmt.Sprintf(`{"data":[{"id":%d,"phid":"P%d"}],"cursor":{"after":"%d"}}`, n, n, n%2))
		return &a
	})
	if all, _, err := ids(t, client, "maniphest.search", nil); !phabricator.HasClass(err, phabricator.Malformed) || len(all) != 3 {
		t.Errorf("%v, %v", all, err)
	}
}

// TestElement: one element that cannot be read does not take the others with it.
func TestElement(t *testing.T) {
	client, _ := made(t, 1, only("user.search", phorge.Success(`{"data":[{"id":1,"phid":"A"},{"id":"x","phid":"B"},[],{"id":3,"phid":"C","new":{}},null,{"id":1,"phid":"A"}],"cursor":{"after":null}}`)))
	all, bad, err := ids(t, client, "user.search", nil)
	if fmt.Sprint(all) != "[1 3 0]" || bad != 2 || err != nil {
		t.Errorf("%v, %d that could not be read, %v", all, bad, err)
	}
}

// TestTooLargePage: a page that is too large is asked for in smaller parts.
func TestTooLargePage(t *testing.T) {
	world := phorge.Tasks(250, 1)
	server := phorge.New(world, nil)
	client, _ := connect(t, server, phabricator.Config{Token: phorge.MadeToken, MaxAnswer: 30 << 10})
	all, _, err := ids(t, client, "maniphest.search", phabricator.Params{"order": "oldest"})
	if err != nil || len(all) != 250 {
		t.Errorf("%d tasks, %v", len(all), err)
	}
	client, _ = connect(t, server, phabricator.Config{Token: phorge.MadeToken, MaxAnswer: 100})
	if _, _, err := ids(t, client, "maniphest.search", nil); !phabricator.HasClass(err, phabricator.TooLarge) {
		t.Errorf("an element that is too large alone: %v", err)
	}
}

// TestCursorAsNumber: some methods give the cursor as a number.
func TestCursorAsNumber(t *testing.T) {
	client, server := made(t, 1, func(c phorge.Call, _ *phorge.World) *phorge.Answer {
		text := `{"data":[{"id":1,"phid":"A"}],"cursor":{"after":1}}`
		if c.Params["after"] != nil {
			text = `{"data":[{"id":2,"phid":"B"}],"cursor":{"after":null}}`
		}
		a := phorge.Success(text)
		return &a
	})
	if all, _, err := ids(t, client, "user.search", nil); err != nil || len(all) != 2 || server.Calls()[1].Params["after"] != "1" {
		t.Errorf("%v, %v", all, err)
	}
	if strings.Contains(fmt.Sprint(server.Calls()), "conduit") {
		t.Error("the fake shows the token among the parameters")
	}
}
