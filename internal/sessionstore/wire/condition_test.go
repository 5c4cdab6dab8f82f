// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"portreeve.org/portreeve/internal/kernel/fault"
)

func forbidden() error {
	return fault.New(fault.Forbidden, "policy.forbidden", "This client may not do that here.")
}

// TestConditions: If-Match before If-None-Match (RFC 9110, 13.2.2), strong and weak
// comparison (8.8.3.2), lists, "*", and tags that cannot be ours.
func TestConditions(t *testing.T) {
	const match, none = "If-Match: ", "If-None-Match: "
	// TAG stands for the current entity tag.
	for _, c := range []struct {
		name      string
		headers   []string
		reads     int // GET and HEAD of what is there
		writes    int // POST, PUT of what is there
		deletes   int
		newReads  int // of what is absent
		newWrites int
	}{
		{"none", nil, 200, 201, 204, 404, 201},
		{"match", []string{match + "TAG"}, 200, 201, 204, 404, 412},
		{"match any", []string{match + "*"}, 200, 201, 204, 404, 412},
		{"match another", []string{match + `"0123456789abcdef"`}, 412, 412, 412, 404, 412},
		{"match one of a list", []string{match + `"x", TAG , "y"`}, 200, 201, 204, 404, 412},
		{"match one of two lines", []string{match + `"0123456789abcdef"`, match + "TAG"}, 200, 201, 204, 404, 412},
		{"match none of a list", []string{match + `"0123456789abcdef", "0123456789abcdee"`}, 412, 412, 412, 404, 412},
		{"match a foreign tag", []string{match + `"v1"`}, 412, 412, 412, 404, 412},
		{"match an empty tag", []string{match + `""`}, 412, 412, 412, 404, 412},
		{"match weakly", []string{match + "W/TAG"}, 412, 412, 412, 404, 412},
		{"match in upper case", []string{match + "UPPER"}, 412, 412, 412, 404, 412},
		{"none match", []string{none + "TAG"}, 304, 412, 412, 404, 201},
		{"none match any", []string{none + "*"}, 304, 412, 412, 404, 201},
		{"none match another", []string{none + `"0123456789abcdef"`}, 200, 201, 204, 404, 201},
		{"none match one of a list", []string{none + `"a,b", W/"c", TAG`}, 304, 412, 412, 404, 201},
		{"none match weakly", []string{none + "W/TAG"}, 304, 412, 412, 404, 201},
		{"none match a foreign tag", []string{none + `"v1"`}, 200, 201, 204, 404, 201},
		{"both hold", []string{match + "TAG", none + `"0123456789abcdef"`}, 200, 201, 204, 404, 412},
		{"match first", []string{match + `"0123456789abcdef"`, none + "TAG"}, 412, 412, 412, 404, 412},
		{"both, none match fails", []string{match + "TAG", none + "TAG"}, 304, 412, 412, 404, 412},
		{"any, and not this one", []string{match + "*", none + "TAG"}, 304, 412, 412, 404, 412},
		{"any and none", []string{match + "*", none + "*"}, 304, 412, 412, 404, 412},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := start(t)
			for _, m := range []struct {
				method, key string
				code        int
			}{
				{"GET", "there", c.reads}, {"HEAD", "there", c.reads}, {"POST", "there", c.writes}, {"PUT", "there", c.writes}, {"DELETE", "there", c.deletes},
				{"GET", "absent", c.newReads}, {"POST", "absent", c.newWrites}, {"PUT", "absent", c.newWrites},
			} {
				b.ask("DELETE", base+"absent", "").want(t, 204)
				tag := b.set("there", "before")
				var headers []string
				for _, h := range c.headers {
					headers = append(headers, strings.NewReplacer("TAG", tag, "UPPER", `"0123456789ABCDEF"`).Replace(h))
				}
				body := ""
				if m.method == "POST" || m.method == "PUT" {
					body = "after"
				}
				r := b.ask(m.method, base+m.key, body, headers...)
				if r.StatusCode != m.code {
					t.Errorf("%s %s: %d, want %d (%s)", m.method, m.key, r.StatusCode, m.code, r.body)
				}
				if r.StatusCode == 304 && (r.body != "" || r.Header.Get("Etag") != tag) {
					t.Errorf("%s: 304 with %q, tag %s", m.method, r.body, r.Header.Get("Etag"))
				}
				if now := b.ask("GET", base+"there", ""); m.code >= 400 && (now.body != "before" || now.Header.Get("Etag") != tag) {
					t.Errorf("%s was refused, and changed the session to %q", m.method, now.body)
				}
			}
		})
	}
}

// TestConditionsOfOtherActs: on a touch, and on a change, where they speak of the old key.
func TestConditionsOfOtherActs(t *testing.T) {
	b := start(t)
	tag := b.set("old", "v")
	const stale = `"0123456789abcdef"`
	b.ask("POST", base+"old", "", "Session-Touch: true", "If-Match: "+stale).want(t, 412)
	b.ask("POST", base+"old", "", "Session-Touch: true", "If-Match: "+tag).want(t, 204)
	b.ask("POST", base+"old", "", "Session-Touch: true", "If-Match: "+stale+", "+tag).want(t, 204)
	b.ask("POST", base+"new", "", "Session-Change-From: old", "If-Match: "+stale).want(t, 412)
	b.ask("GET", base+"new", "").want(t, 404)
	b.ask("POST", base+"new", "", "Session-Change-From: old", "If-Match: "+tag).want(t, 201)
}

// TestCompareAndSet: of writers that all saw the same version one wins, also when
// each asks by a list.
func TestCompareAndSet(t *testing.T) {
	for name, form := range map[string]string{"one tag": `If-Match: %s`, "a list": `If-Match: "x", %s`} {
		t.Run(name, func(t *testing.T) {
			b := start(t)
			tag := b.set("k", "first")
			codes := make(chan int, 8)
			var all sync.WaitGroup
			for i := range cap(codes) {
				all.Go(func() { codes <- b.ask("POST", base+"k", fmt.Sprint(i), fmt.Sprintf(form, tag)).StatusCode })
			}
			all.Wait()
			close(codes)
			count := map[int]int{}
			for c := range codes {
				count[c]++
			}
			if count[201] != 1 || count[412] != 7 {
				t.Errorf("codes %v", count)
			}
		})
	}
}
