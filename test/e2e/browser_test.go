// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"html"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// httpBrowser is what a browser without JavaScript does: it keeps cookies, sends
// forms, and follows redirects only when told to.
type httpBrowser struct {
	s      *server
	client *http.Client
}

func (s *server) browser() *httpBrowser {
	s.t.Helper()
	client := s.http()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	client.Jar = jar
	return &httpBrowser{s, client}
}

// send makes a request with the browser's cookies. Headers are pairs.
func (b *httpBrowser) send(method, path, contentType, body string, headers ...string) answer {
	b.s.t.Helper()
	r, err := http.NewRequest(method, b.s.URL+path, strings.NewReader(body))
	if err != nil {
		b.s.t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return b.s.exchange(b.client, r, headers)
}

func (b *httpBrowser) get(path string) answer {
	b.s.t.Helper()
	return b.send("GET", path, "", "")
}

// post sends a form from our own pages.
func (b *httpBrowser) post(path string, values url.Values) answer {
	b.s.t.Helper()
	return b.send("POST", path, "application/x-www-form-urlencoded", values.Encode(), "Origin", b.s.URL, "Sec-Fetch-Site", "same-origin")
}

// code is the one-time code of the moment, as an authenticator shows it.
func (s *server) code(login string) string {
	s.t.Helper()
	for _, a := range s.Accounts {
		if a.Login == login {
			return strings.TrimSpace(command(s.t, nil, "demo-code", a.TOTPSecret).must(s.t, 0).stdout)
		}
	}
	s.t.Fatalf("no account %s", login)
	return ""
}

// credentials are the fields of the sign-in form.
func (s *server) credentials(login string) url.Values {
	s.t.Helper()
	password := ""
	for _, a := range s.Accounts {
		if a.Login == login {
			password = a.Password
		}
	}
	return url.Values{"login": {login}, "password": {password}, "code": {s.code(login)}}
}

// signIn signs in; it works once in half a minute for each login, because a code
// is good once.
func (b *httpBrowser) signIn(login string) {
	b.s.t.Helper()
	if a := b.post("/sign-in", b.s.credentials(login)); a.status != http.StatusSeeOther {
		b.s.t.Fatalf("sign in as %s: status %d\n%s", login, a.status, a.body)
	}
}

// cookie returns the value of one of the browser's cookies, or "".
func (b *httpBrowser) cookie(name string) string {
	home, err := url.Parse(b.s.URL)
	if err != nil {
		b.s.t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(home) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

const sessionCookie = "__Host-portreeve"

var (
	formTag = regexp.MustCompile(`(?s)<form [^>]*action="([^"]*)".*?</form>`)
	control = regexp.MustCompile(`(?s)<input [^>]*>|<textarea [^>]*>.*?</textarea>|<select [^>]*>.*?</select>`)
	named   = regexp.MustCompile(`name="([^"]*)"`)
	valued  = regexp.MustCompile(`value="([^"]*)"`)
	chosen  = regexp.MustCompile(`<option [^>]*selected[^>]*>`)
	inside  = regexp.MustCompile(`(?s)^<textarea [^>]*>\n?(.*)</textarea>$`)
)

// form returns what a browser would send from the form with that action.
func (a answer) form(t *testing.T, action string) url.Values {
	t.Helper()
	for _, f := range formTag.FindAllStringSubmatch(string(a.body), -1) {
		if html.UnescapeString(f[1]) != action {
			continue
		}
		values := url.Values{}
		for _, c := range control.FindAllString(f[0], -1) {
			name, value, ok := readControl(c)
			if ok {
				values.Add(name, value)
			}
		}
		return values
	}
	t.Fatalf("status %d: no form leads to %s in\n%.3000s", a.status, action, a.body)
	return nil
}

func readControl(c string) (name, value string, ok bool) {
	n := named.FindStringSubmatch(c)
	if n == nil {
		return "", "", false
	}
	switch {
	case strings.HasPrefix(c, "<textarea"):
		value = inside.FindStringSubmatch(c)[1]
	case strings.HasPrefix(c, "<select"):
		option := valued.FindStringSubmatch(chosen.FindString(c))
		if option == nil {
			return "", "", false
		}
		value = option[1]
	default:
		if (strings.Contains(c, `type="checkbox"`) || strings.Contains(c, `type="radio"`)) && !strings.Contains(c, " checked") || strings.Contains(c, `type="file"`) {
			return "", "", false
		}
		if v := valued.FindStringSubmatch(c); v != nil {
			value = v[1]
		}
	}
	return html.UnescapeString(n[1]), html.UnescapeString(value), true
}

// String is the answer for the message of a test that fails.
func (a answer) String() string {
	return fmt.Sprintf("status %d, location %q\n%.3000s", a.status, a.header.Get("Location"), a.body)
}
