// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Front is the public face of an installation: the page at / for those who are
// not signed in, and /.well-known/security.txt.
type Front struct {
	Security SecurityTxt
	// Read gives what the page shows to everybody.
	Read func(ctx context.Context) (FrontData, error)
	// Home answers / for those who are signed in.
	Home func(c *Ctx) error
}

// FrontData is what the front page shows. All of it is public.
type FrontData struct {
	Office     string // name of the security office
	Lead       string // what it is there for, in one sentence
	Contacts   []Contact
	Public     Table // what is public, such as advisories and accepted risks
	Checkpoint *Checkpoint
}

// Contact is one way to reach the office. URL may be empty.
type Contact struct{ Label, Text, URL, Icon string }

// Checkpoint is the latest public checkpoint of the decision log.
type Checkpoint struct {
	Note string // the signed note, as it is
	At   time.Time
	URL  string // page about checkpoints, "" for none
}

// SecurityTxt is the content of security.txt as RFC 9116 names it. Every value
// but Languages is a URI: "mailto:security@example.org".
type SecurityTxt struct {
	Contact         []string // at least one, the preferred first
	Encryption      []string
	Policy          []string
	Acknowledgments []string
	Languages       []string // "en", "de"
}

// Front registers the public face.
func (m *Mux) Front(front Front) {
	text, err := front.Security.text(m.deps.PublicURL)
	if err != nil {
		m.fail("security.txt: %w", err)
	}
	m.Public("GET /{$}", "the public face: how to reach the office, what is public", func(c *Ctx) error {
		if c.Actor.SignedIn() {
			return front.Home(c)
		}
		data, err := front.Read(c.Context())
		if err != nil {
			return err
		}
		return c.Render(http.StatusOK, "web/front", data)
	})
	m.Public("GET /.well-known/security.txt", "how to report a vulnerability, RFC 9116", func(c *Ctx) error {
		c.W.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, err := fmt.Fprintf(c.W, "%sExpires: %s\n", text, securityExpiry(m.deps.Clock.Real()).Format(time.RFC3339))
		return err
	})
}

// securityExpiry is half a year from today: RFC 9116 recommends less than a year,
// and the file is made anew for every reader.
func securityExpiry(now time.Time) time.Time {
	return now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 180)
}

// text returns the fields except Expires, one per line.
func (s SecurityTxt) text(publicURL string) (string, error) {
	if len(s.Contact) == 0 {
		return "", fmt.Errorf("there is no contact")
	}
	var out strings.Builder
	for _, field := range []struct {
		name   string
		values []string
	}{
		{"Contact", s.Contact}, {"Encryption", s.Encryption}, {"Policy", s.Policy},
		{"Acknowledgments", s.Acknowledgments}, {"Canonical", []string{publicURL + "/.well-known/security.txt"}},
	} {
		for _, v := range field.values {
			u, err := url.Parse(v)
			if err != nil || !u.IsAbs() || !cleanLine(v) || u.Scheme == "http" {
				return "", fmt.Errorf("%s %q is not a URI (mailto:, https:, tel:)", field.name, v)
			}
			fmt.Fprintf(&out, "%s: %s\n", field.name, v)
		}
	}
	if len(s.Languages) > 0 {
		fmt.Fprintf(&out, "Preferred-Languages: %s\n", strings.Join(s.Languages, ", "))
	}
	return out.String(), nil
}
