// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/http"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/sessionstore"
)

// FuzzTags: whatever stands in If-Match is refused or understood, and what is
// understood says the same when it is written out again.
func FuzzTags(f *testing.F) {
	for _, seed := range []string{`*`, `"0123456789abcdef"`, `W/"0123456789abcdef", "x"`, `"a,b" , "c"`, `,,"0123456789abcdef",`, `"`, `""`, `W/`, `* , "a"`, "\t*"} {
		f.Add(seed, uint64(0x0123456789abcdef))
	}
	f.Fuzz(func(t *testing.T, text string, version uint64) {
		var match, none tags
		errMatch, errNone := match.parse("If-Match", []string{text}), none.parse("If-None-Match", []string{text})
		if (errMatch == nil) != (errNone == nil) {
			t.Fatalf("%q: %v, but %v", text, errMatch, errNone)
		}
		if errMatch != nil {
			return
		}
		if match.any != none.any || len(match.versions) > len(none.versions) || len(none.versions) > maxTags {
			t.Fatalf("%q: %+v, %+v", text, match, none)
		}
		tag := `"` + string(hex16(nil, version)) + `"`
		if !match.any && match.holds(true, version) && !strings.Contains(text, tag) {
			t.Fatalf("%q holds for %s", text, tag)
		}
		var again tags
		if err := again.parse("If-Match", []string{tag, text}); !match.any && (err != nil || !again.holds(true, version)) && len(none.versions) < maxTags-1 {
			t.Fatalf("%q with %s: %v", text, tag, err)
		}
	})
}

// FuzzSession: no header makes the reader panic, and what it takes is within bounds.
func FuzzSession(f *testing.F) {
	for _, name := range []string{"Session-Ttl", "Session-Max-Age", "Session-Grace", "Session-Expiry", "Session-Owner", "Session-Established", "Session-Touch", "Session-Change-From", "Session-X"} {
		for _, value := range []string{"", "0", "1", "-1", "3162240000", "3162240001", "9223372036854775808", "sliding", "absolute", "true", "1700000000.5", "1.", ".5", "%2F", "%zz", "a%3Ab", "\xff"} {
			f.Add(name, value, 2)
		}
	}
	f.Fuzz(func(t *testing.T, name, value string, which int) {
		var a ask
		if a.parse(http.Header{name: {value}}, act(((which%int(acts))+int(acts))%int(acts))) != nil {
			return
		}
		const most = maxSeconds * 1e9
		if a.life.TTL < 0 || a.life.TTL > most || a.life.MaxAge < 0 || a.life.MaxAge > most || a.grace < 0 || a.grace > most || a.established < 0 {
			t.Fatalf("%s: %q gives %+v", name, value, a)
		}
		if len(a.owner) > sessionstore.MaxOwner || len(a.from) > sessionstore.MaxID || strings.Contains(string(a.from), "/") || a.from != nil && len(a.from) == 0 {
			t.Fatalf("%s: %q gives %+v", name, value, a)
		}
	})
}
