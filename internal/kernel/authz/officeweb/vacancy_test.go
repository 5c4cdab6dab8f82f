// SPDX-License-Identifier: Apache-2.0

package officeweb

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/authz"
)

func TestSuccessors(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	post := func(id, rank, function, holder string) authz.Post {
		return authz.Post{ID: id, Organisation: "org", Rank: rank, Function: function, Title: id, Holder: holder}
	}
	vacant := post("vacant", "director", "security", "")
	plain := post("plain", "director", "", "")
	for name, tc := range map[string]struct {
		posts []authz.Post
		of    authz.Post
		want  []acting
	}{
		"function moves to the next rank above": {[]authz.Post{vacant, post("chief", "chief", "", "cleo"), post("top", "top", "", "tom")}, vacant, []acting{{"cleo", "chief"}}},
		"and past vacant ranks":                 {[]authz.Post{vacant, post("chief", "chief", "", ""), post("top", "top", "", "tom")}, vacant, []acting{{"tom", "top"}}},
		"never down":                            {[]authz.Post{vacant, post("manager", "manager", "", "mia")}, vacant, nil},
		"another post has the function":         {[]authz.Post{vacant, post("deputy", "manager", "security", "dan"), post("chief", "chief", "", "cleo")}, vacant, []acting{{"dan", "deputy"}}},
		"an inactive account holds nothing":     {[]authz.Post{vacant, post("chief", "chief", "", "gone"), post("top", "top", "", "tom")}, vacant, []acting{{"tom", "top"}}},
		"another organisation does not count":   {[]authz.Post{vacant, {ID: "chief", Organisation: "other", Rank: "chief", Title: "chief", Holder: "cleo"}}, vacant, nil},
		"a rank is held by its equals":          {[]authz.Post{plain, post("equal", "director", "", "eve"), post("chief", "chief", "", "cleo")}, plain, []acting{{"eve", "equal"}}},
		"or by the next above":                  {[]authz.Post{plain, post("manager", "manager", "", "mia"), post("chief", "chief", "", "cleo")}, plain, []acting{{"cleo", "chief"}}},
		"of several all are named":              {[]authz.Post{vacant, post("a", "chief", "", "cleo"), post("b", "chief", "", "carl")}, vacant, []acting{{"cleo", "a"}, {"carl", "b"}}},
	} {
		t.Run(name, func(t *testing.T) {
			a := authz.Authority{
				Ranks: []authz.Rank{{Name: "manager"}, {Name: "director"}, {Name: "chief"}, {Name: "top"}}, Posts: tc.posts,
				Active: map[string]bool{"cleo": true, "carl": true, "tom": true, "mia": true, "dan": true, "eve": true},
			}
			if diff := cmp.Diff(tc.want, successors(a, tc.of, now)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMoment(t *testing.T) {
	zone := time.FixedZone("east", 2*3600)
	for _, tc := range []struct {
		text string
		end  bool
		want string
	}{
		{"2026-03-31", false, "2026-03-30T22:00:00Z"},
		{"2026-03-31", true, "2026-03-31T22:00:00Z"},
		{"2026-03-31T10:00:00+02:00", true, "2026-03-31T08:00:00Z"},
		{"2026-02-30", true, ""},
		{"soon", false, ""},
		{"0001-01-01", false, ""},
		{"9999999-01-01", false, ""},
	} {
		got, ok := moment(tc.text, zone, tc.end)
		if ok != (tc.want != "") || ok && got.Format(time.RFC3339Nano) != tc.want {
			t.Errorf("moment(%q, %v) = %v, %v; want %s", tc.text, tc.end, got, ok, tc.want)
		}
	}
	if got, ok := moment("", zone, true); !ok || !got.IsZero() {
		t.Errorf("nothing is %v, %v", got, ok)
	}
}

func FuzzMoment(f *testing.F) {
	for _, seed := range []string{"", "2026-03-31", "2026-03-31T10:00:00Z", "9999-12-31", "1970-01-01", "-1-1-1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := moment(text, time.UTC, true)
		if ok && !got.IsZero() && (got.Year() < 1970 || got.Year() > 9999) {
			t.Errorf("moment(%q) = %v", text, got)
		}
	})
}
