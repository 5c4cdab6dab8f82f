// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// entry writes one credential of a file.
func entry(name, hash, namespaces string, from, until time.Time) string {
	return fmt.Sprintf("  - {name: %s, hash: %q, namespaces: %s, from: %s, until: %s}\n", name, hash, namespaces, from.Format(time.RFC3339), until.Format(time.RFC3339))
}

func file(entries ...string) []byte { return []byte("credentials:\n" + strings.Join(entries, "")) }

func basic(name, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+secret))
}

// cheap hashes a password at the lowest cost that a file may have.
func cheap(t *testing.T, password string) string {
	t.Helper()
	hash, err := argon2id.CreateHash(password, &argon2id.Params{Memory: minArgonKiB, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// byCredentials starts a listener in profile credential.
func byCredentials(t *testing.T, entries ...string) *service {
	t.Helper()
	return serve(t, func(s *service, c *Config) {
		c.Profile, c.ClientCA, c.ClientCRL = ByCredential, "", ""
		c.Credentials, c.Networks = s.file("credentials.yaml"), s.file("networks")
		put(t, c.Credentials, file(entries...))
		put(t, c.Networks, []byte("# source: test\n# generated: 2026-11-23T10:00:00Z\n127.0.0.0/24\n"))
		c.Policy = []Rule{
			{Identity: "credential:mediawiki", Namespaces: []string{"*"}, Verbs: []Verb{Read, Write}},
			{Identity: "credential:old-*", Namespaces: []string{"default"}, Verbs: []Verb{Read}},
		}
	})
}

// TestCredentials: what is admitted and what is not, each on a connection of its own.
func TestCredentials(t *testing.T) {
	token, hash := NewToken()
	other, otherHash := NewToken()
	ended, endedHash := NewToken()
	early, earlyHash := NewToken()
	stranger, strangerHash := NewToken()
	day := 24 * time.Hour
	s := byCredentials(t,
		entry("mediawiki", hash, "[default]", start, start.Add(day)),
		entry("old-job", otherHash, `["*"]`, start, start.Add(day)),
		entry("old-job2", endedHash, `["*"]`, start.Add(-2*day), start),
		entry("old-job3", earlyHash, `["*"]`, start.Add(time.Second), start.Add(day)),
		entry("stranger", strangerHash, `["*"]`, start, start.Add(day)),
		entry("old-password", cheap(t, "correct horse"), `["*"]`, start, start.Add(day)),
	)
	for name, c := range map[string]struct {
		path   string
		header []string
		want   int
	}{
		"bearer":                     {"default/read", []string{"Bearer " + token}, 200},
		"bearer, another case":       {"default/write", []string{"bearer  " + token}, 200},
		"basic with a token":         {"default/read", []string{basic("mediawiki", token)}, 200},
		"basic with a password":      {"default/read", []string{basic("old-password", "correct horse")}, 200},
		"a prefix of the policy":     {"default/read", []string{"Bearer " + other}, 200},
		"none":                       {"default/read", nil, 401},
		"empty":                      {"default/read", []string{""}, 401},
		"two":                        {"default/read", []string{"Bearer " + token, "Bearer " + token}, 401},
		"two in one":                 {"default/read", []string{"Bearer " + token + ", Bearer " + other}, 401},
		"wrong":                      {"default/read", []string{"Bearer " + token + "x"}, 401},
		"the hash itself":            {"default/read", []string{"Bearer " + hash}, 401},
		"the digits of the hash":     {"default/read", []string{"Bearer " + strings.TrimPrefix(hash, "sha256:")}, 401},
		"another scheme":             {"default/read", []string{"Digest " + token}, 401},
		"no scheme":                  {"default/read", []string{token}, 401},
		"another's name":             {"default/read", []string{basic("old-job", token)}, 401},
		"no name":                    {"default/read", []string{basic("", token)}, 401},
		"not base64":                 {"default/read", []string{"Basic !!!"}, 401},
		"no colon":                   {"default/read", []string{"Basic " + base64.StdEncoding.EncodeToString([]byte("mediawiki"))}, 401},
		"wrong password":             {"default/read", []string{basic("old-password", "correct horse!")}, 401},
		"the password's hash":        {"default/read", []string{basic("old-password", "$argon2id$v=19$m=8192,t=1,p=1$")}, 401},
		"a password as a bearer":     {"default/read", []string{"Bearer correct horse"}, 401},
		"too long":                   {"default/read", []string{"Bearer " + strings.Repeat("a", 5000)}, 401},
		"ended":                      {"default/read", []string{"Bearer " + ended}, 401},
		"not yet":                    {"default/read", []string{"Bearer " + early}, 401},
		"a namespace of the policy":  {"anonymous/read", []string{"Bearer " + token}, 403},
		"a namespace of the entry":   {"anonymous/read", []string{"Bearer " + other}, 403},
		"a verb that nobody granted": {"default/delete", []string{"Bearer " + token}, 403},
		"all namespaces":             {"*/read", []string{"Bearer " + token}, 403},
		"no rule":                    {"default/read", []string{"Bearer " + stranger}, 403},
	} {
		got, who := s.get(s.client(issued{}, nil), c.path, c.header...)
		if got != c.want || got == 200 && !strings.HasPrefix(who, "credential:") {
			t.Errorf("%s: %d %q, want %d", name, got, who, c.want)
		}
	}
}

// TestCredentialsOfOneConnection: each request shows its own; one that was good
// gives the next nothing.
func TestCredentialsOfOneConnection(t *testing.T) {
	a, hashA := NewToken()
	b, hashB := NewToken()
	s := byCredentials(t, entry("mediawiki", hashA, "[default]", start, start.Add(time.Hour)), entry("old-b", hashB, "[default]", start, start.Add(time.Hour)))
	c := s.client(issued{}, nil)
	for i, step := range []struct {
		header []string
		status int
		who    string
	}{
		{[]string{"Bearer " + a}, 200, "credential:mediawiki"},
		{nil, 401, ""},
		{[]string{"Bearer " + b}, 200, "credential:old-b"},
		{[]string{"Bearer wrong"}, 401, ""},
		{[]string{"Bearer " + a}, 200, "credential:mediawiki"},
	} {
		if status, who := s.get(c, "default/read", step.header...); status != step.status || who != step.who {
			t.Errorf("request %d: %d %q, want %d %q", i, status, who, step.status, step.who)
		}
	}
	if n := s.figure("sessiond_handshakes_total", "ok"); n != 1 {
		t.Fatalf("%v connections: the test needs one", n)
	}
}

// TestRotation: old and new are valid together; then the old one is refused, also
// when it is sent again on the connection on which it was good, and a connection
// that used it is closed.
func TestRotation(t *testing.T) {
	was, hashWas := NewToken()
	is, hashIs := NewToken()
	end := start.Add(24 * time.Hour)
	oldEntry, newEntry := entry("mediawiki", hashWas, "[default]", start, end), entry("mediawiki", hashIs, "[default]", start, end)
	s := byCredentials(t, oldEntry)
	c, d := s.client(issued{}, nil), s.client(issued{}, nil)
	if status, _ := s.get(c, "default/read", "Bearer "+was); status != 200 {
		t.Fatal(status)
	}
	put(t, s.file("credentials.yaml"), file(oldEntry, newEntry))
	eventually(t, "both are valid", func() bool {
		status, _ := s.get(d, "default/read", "Bearer "+is)
		return status == 200
	})
	if status, _ := s.get(c, "default/read", "Bearer "+was); status != 200 {
		t.Errorf("the old one during the change: %d", status)
	}
	put(t, s.file("credentials.yaml"), file(newEntry))
	eventually(t, "the old one is refused", func() bool {
		status, _ := s.get(c, "default/read", "Bearer "+was)
		return status == 401
	})
	if n := s.figure("sessiond_connections_ended_total", "credential"); n != 1 {
		t.Errorf("%v connections were ended, want the one of the old credential", n)
	}
	if status, _ := s.get(c, "default/read", basic("mediawiki", was)); status != 401 {
		t.Errorf("the old one, sent in another form: %d", status)
	}
	if status, _ := s.get(d, "default/read", "Bearer "+is); status != 200 {
		t.Errorf("the new one: %d", status)
	}
}

// TestCredentialEnds: at its end it is over for connections that are open, too.
func TestCredentialEnds(t *testing.T) {
	token, hash := NewToken()
	password := entry("old-password", cheap(t, "correct horse"), "[default]", start, start.Add(time.Hour))
	s := byCredentials(t, entry("mediawiki", hash, "[default]", start, start.Add(time.Hour)), password)
	for _, header := range []string{"Bearer " + token, basic("old-password", "correct horse")} {
		s.clock.Set(start)
		c := s.client(issued{}, nil)
		if status, _ := s.get(c, "default/read", header); status != 200 {
			t.Fatal(status)
		}
		s.clock.Set(start.Add(time.Hour))
		eventually(t, "it is refused", func() bool {
			status, _ := s.get(c, "default/read", header)
			return status == 401
		})
	}
}

// TestGuessing: wrong passwords of one address are slowed down; tokens of the same
// address go on.
func TestGuessing(t *testing.T) {
	token, hash := NewToken()
	s := byCredentials(t, entry("mediawiki", hash, "[default]", start, start.Add(time.Hour)), entry("old-password", cheap(t, "correct horse"), "[default]", start, start.Add(time.Hour)))
	c := s.client(issued{}, nil)
	limited := false
	for i := 0; i < 1000 && !limited; i++ {
		status, _ := s.get(c, "default/read", basic("old-password", fmt.Sprint("guess ", i)))
		limited = status == http.StatusTooManyRequests
		if !limited && status != 401 {
			t.Fatalf("guess %d: %d", i, status)
		}
	}
	if !limited {
		t.Error("a thousand guesses went through")
	}
	if status, _ := s.get(c, "default/read", "Bearer "+token); status != 200 {
		t.Errorf("a token meanwhile: %d", status)
	}
}

// TestCredentialsNeedTLS: no configuration takes them over plaintext.
func TestCredentialsNeedTLS(t *testing.T) {
	base := Config{Profile: ByCredential, Credentials: "c", Networks: "n", Now: time.Now}
	plain := base
	if err := plain.withDefaults().check(); !fault.HasCode(err, "listen.config") {
		t.Errorf("without a certificate: %v", err)
	}
	staged := base
	staged.Cert, staged.Key = "a", "b"
	staged.Staged = map[Control]func() bool{ServerTLS: func() bool { return true }}
	if err := staged.withDefaults().check(); !fault.HasCode(err, "listen.config") {
		t.Errorf("with TLS held off: %v", err)
	}
	m := modeOf(&staged, map[Control]bool{ServerTLS: true}, &material{pair: &keyPair{}, credentials: &Credentials{}, networks: &Networks{}})
	if !m.secure {
		t.Error("TLS can be held off where credentials are shown")
	}
}

// TestParseCredentials: what makes a file unusable, and that errors give nothing away.
func TestParseCredentials(t *testing.T) {
	day := 24 * time.Hour
	_, hash := NewToken()
	_, hash2 := NewToken()
	_, hash3 := NewToken()
	at := func(h string, from, until time.Duration) string {
		return entry("a", h, "[default]", start.Add(from), start.Add(until))
	}
	for name, c := range map[string]struct {
		data []byte
		ok   bool
	}{
		"one":                   {file(at(hash, 0, day)), true},
		"two of a name":         {file(at(hash, 0, day), at(hash2, 0, day)), true},
		"three one after other": {file(at(hash, 0, day), at(hash2, day/2, 2*day), at(hash3, day, 3*day)), true},
		"three of a name":       {file(at(hash, 0, 2*day), at(hash2, 0, 2*day), at(hash3, day, 3*day)), false},
		"the same twice":        {file(at(hash, 0, day), at(hash, day, 2*day)), false},
		"empty":                 {nil, false},
		"no entry":              {[]byte("credentials: []\n"), false},
		"unknown key":           {[]byte("credentials:\n  - {name: a, secret: b}\n"), false},
		"no end":                {[]byte(fmt.Sprintf("credentials:\n  - {name: a, hash: %q, namespaces: [default]}\n", hash)), false},
		"ends before it begins": {file(at(hash, day, 0)), false},
		"no namespace":          {file(entry("a", hash, "[]", start, start.Add(day))), false},
		"a name with a colon":   {file(entry(`"a:b"`, hash, "[default]", start, start.Add(day))), false},
		"in clear":              {file(at("hunter2hunter2", 0, day)), false},
		"half a hash":           {file(at(hash[:40], 0, day)), false},
		"md5":                   {file(at("$1$abc$def", 0, day)), false},
		"an hour of hashing":    {file(at("$argon2id$v=19$m=262144,t=4000,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g", 0, day)), false},
		"no memory":             {file(at("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g", 0, day)), false},
	} {
		_, err := ParseCredentials("credentials.yaml", c.data)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v, want it to be fine: %v", name, err, c.ok)
		}
		if err != nil && (strings.Contains(fmt.Sprintf("%+v", fault.From(err)), hash[7:]) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%s: the error gives the hash away: %v", name, err)
		}
	}
}

// FuzzParseCredentials: whatever a file holds, reading it is an error or gives
// credentials that no empty header opens.
func FuzzParseCredentials(f *testing.F) {
	_, hash := NewToken()
	f.Add(file(entry("a", hash, "[default]", start, start.Add(time.Hour))))
	f.Add([]byte("credentials:\n  - {name: a, hash: \"$argon2id$v=19$m=8192,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g\", namespaces: [\"*\"], until: 2027-01-01T00:00:00Z}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseCredentials("f", data)
		if err != nil {
			return
		}
		for _, one := range c.list {
			if one.name == "" || len(one.namespaces) == 0 || one.until.IsZero() || one.password == "" && one.token == [32]byte{} && !strings.Contains(string(data), strings.Repeat("0", 64)) {
				t.Errorf("a credential without name, namespace, end or hash: %+v", one)
			}
		}
	})
}

// FuzzAuthorization: no header makes the check panic or opens anything that its
// secret does not.
func FuzzAuthorization(f *testing.F) {
	token := "pst_known"
	c, err := ParseCredentials("f", file(entry("a", HashToken(token), "[default]", start, start.Add(time.Hour))))
	if err != nil {
		f.Fatal(err)
	}
	v := newVerifier()
	f.Add("Bearer " + token)
	f.Add(basic("a", token))
	f.Add("Basic ")
	f.Fuzz(func(t *testing.T, header string) {
		one, err := v.verify(t.Context(), c, header, addrOne, start)
		if (one == nil) == (err == nil) {
			t.Errorf("%v and %v", one, err)
		}
		scheme, rest, _ := strings.Cut(header, " ")
		raw, _ := base64.StdEncoding.DecodeString(strings.Trim(rest, " "))
		if one != nil && !(strings.EqualFold(scheme, "bearer") && strings.Trim(rest, " ") == token || strings.EqualFold(scheme, "basic") && string(raw) == "a:"+token) {
			t.Errorf("%q is let in", header)
		}
	})
}
