// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
)

func TestCheckPassword(t *testing.T) {
	p := Person{Login: "squill", Name: "Samira de Quill", Mail: "samira.q@example.org"}
	tests := []struct {
		password, want string // code of the field; "" means good
	}{
		{"violet anchor meets tin lantern", ""},
		{"tr0ub4dor&3 x", ""},
		{"ÄpfelUndBirnen", ""},
		{"Kx9#mQ2vLp7w", ""},
		{"дом на холме стоит", ""},
		{"elevenchars", "short"},
		{"ääääöööüü", "short"},
		{strings.Repeat("violet ", 80), "long"},
		{"violet\x00anchor tin", "text"},
		{"violet\xffanchor tin", "text"},
		{"xx-squill-2026", "personal"},
		{"quillquillquill!", "personal"},
		{"hello samira.q hello", "personal"},
		{"aaaaaaaaaaaaaaaa", "common"},
		{"abababababab", "common"},
		{"123456789012", "common"},
		{"abcdefghijklmn", "common"},
		{"qwertyuiopasdf", "common"},
		{"zyxwvutsrqponm", "common"},
		{"foobarfoobarfoobar", "common"},
		{"password1234", "common"},
		{"P@ssw0rd!2026", "common"},
		{"Welcome2026!!", "common"},
		{"letmein-letmein", "common"},
		{"correcthorsebatterystaple", "common"},
		{"portreeve-admin-1", "common"},
	}
	for _, tt := range tests {
		err := checkPassword(normalisePassword(tt.password), p)
		got := ""
		if err != nil {
			got = fault.From(err).Fields[0].Code
		}
		if got != tt.want {
			t.Errorf("%q: %q, want %q", tt.password, got, tt.want)
		}
	}
}

// The same characters, typed on another system, are the same password.
func TestNormalisePassword(t *testing.T) {
	if normalisePassword("cafe\u0301 au lait") != normalisePassword("caf\u00e9 au lait") {
		t.Error("composed and decomposed forms differ")
	}
}

// Passwords of a generator are never refused as guessable.
func TestGeneratedPasswordsAreGood(t *testing.T) {
	for range 5000 {
		password := rand.Text()[:16]
		if guessable(strings.ToLower(password)) {
			t.Fatalf("%q is refused", password)
		}
	}
	if guessable("7#%9&2+4#6%8&0+3i") {
		t.Error("digits and signs with one letter are refused")
	}
}

func TestNormaliseLogin(t *testing.T) {
	for text, want := range map[string]string{
		"sam": "sam", " Sam.Quill ": "sam.quill", "a1": "a1", "x-y_z.0": "x-y_z.0", strings.Repeat("a", 40): strings.Repeat("a", 40),
		"": "", "a": "", strings.Repeat("a", 41): "", "a..b": "", ".ab": "", "ab.": "", "-ab": "", "a b": "", "a\x00b": "", "sämi": "", "ѕam": "", "a/b": "", "a@b": "",
	} {
		got, ok := NormaliseLogin(text)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%q: %q, %t; want %q", text, got, ok, want)
		}
	}
}

func FuzzNormaliseLogin(f *testing.F) {
	for _, s := range []string{"sam", "SAM.quill", "..", "a\x00", "ＳＡＭ", "İstanbul", " a-b "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		login, ok := NormaliseLogin(text)
		if !ok {
			return
		}
		if again, ok := NormaliseLogin(login); !ok || again != login {
			t.Fatalf("%q gives %q, which gives %q", text, login, again)
		}
		if len(login) < 2 || len(login) > 40 || strings.Trim(login, "abcdefghijklmnopqrstuvwxyz0123456789._-") != "" {
			t.Fatalf("%q gives %q", text, login)
		}
	})
}

func FuzzParseToken(f *testing.F) {
	f.Add(formatToken([secretBytes]byte{}))
	f.Add(formatToken([secretBytes]byte{1, 2, 3, 255}) + " ")
	f.Add("ptr_")
	f.Add(strings.Repeat("a", 63))
	f.Fuzz(func(t *testing.T, text string) {
		token, ok := ParseToken(text)
		if !ok {
			return
		}
		if token != strings.TrimSpace(text) || !strings.HasPrefix(token, "ptr_") || len(token) != 63 {
			t.Fatalf("%q was taken as %q", text, token)
		}
		// One changed character is found by the checksum, wherever it is.
		for i := 4; i < len(token); i++ {
			b := []byte(token)
			b[i] = 'a' + (b[i]-'a'+1)%26
			if _, ok := ParseToken(string(b)); ok && string(b) != token {
				t.Fatalf("%q: change at %d is not found", token, i)
			}
		}
	})
}

func FuzzParseRecovery(f *testing.F) {
	f.Add("abcd-efgh-ijkl-mnop")
	f.Add("ABCD EFGH IJKL MNOP")
	f.Add("0000-0000-0000-0000")
	f.Fuzz(func(t *testing.T, text string) {
		bare, ok := parseRecovery(text)
		if again, still := parseRecovery(bare); ok && (!still || again != bare) {
			t.Fatalf("%q gives %q, which gives %q", text, bare, again)
		}
		if ok && (totpFactor{}).Fits(text) {
			t.Fatalf("%q fits two factors", text)
		}
	})
}

func TestTokensAreParsed(t *testing.T) {
	for range 100 {
		token, err := newToken(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := ParseToken(token); !ok || got != token {
			t.Fatalf("%q is not taken", token)
		}
	}
}

func TestSealIsBoundToThePerson(t *testing.T) {
	k, err := newKeys(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := k.sealFor(rand.Reader, "sam", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := k.openFor("sam", sealed); err != nil || string(got) != "secret" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := k.openFor("mia", sealed); err == nil {
		t.Error("it opens for somebody else")
	}
	for i := range sealed {
		broken := bytes.Clone(sealed)
		broken[i] ^= 1
		if _, err := k.openFor("sam", broken); err == nil {
			t.Errorf("it opens with byte %d changed", i)
		}
	}
	for n := range 14 {
		if _, err := k.openFor("sam", sealed[:n]); err == nil {
			t.Errorf("it opens with %d bytes", n)
		}
	}
}

func TestLimiter(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	l := NewLimiter(Rate{Every: time.Second, Burst: 2}, 3, func() time.Time { return now })
	take := func(key string, want bool) {
		t.Helper()
		wait, ok := l.Allow(key)
		if ok != want || ok == (wait > 0) {
			t.Errorf("%s: %v, %t; want %t", key, wait, ok, want)
		}
	}
	take("a", true)
	take("a", true)
	take("a", false)
	take("a", false) // asking costs nothing
	now = now.Add(time.Second)
	take("a", true)
	take("a", false)
	take("b", true)
	take("c", true)
	take("a", false)
	take("d", true) // b was used longest ago and is forgotten, a is not
	take("a", false)
	for i := range 1000 {
		l.Allow(fmt.Sprint("key", i))
	}
	if l.Len() != 3 {
		t.Errorf("%d keys are kept, want 3", l.Len())
	}
}

func TestRemoteKey(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "192.0.2.7:443": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "[2001:db8:1:2::9]:443": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
		"": "", "somewhere": "somewhere", strings.Repeat("x", 1000): strings.Repeat("x", 64),
	} {
		if got := RemoteKey(remote); got != want {
			t.Errorf("%q: %q, want %q", remote, got, want)
		}
	}
}

func TestFailureWait(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for count, want := range map[int64]time.Duration{
		0: 0, 4: 0, 5: time.Second, 6: 2 * time.Second, 10: 32 * time.Second, 11: time.Minute, 12: time.Minute, 1 << 40: time.Minute,
	} {
		f := failures{count: count, lastAt: now}
		if got := f.wait(now); got != want {
			t.Errorf("%d failures: wait %v, want %v", count, got, want)
		}
		if got := f.wait(now.Add(want)); got != 0 {
			t.Errorf("%d failures: still %v to wait after %v", count, got, want)
		}
	}
}
