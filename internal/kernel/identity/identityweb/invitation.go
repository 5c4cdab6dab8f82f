// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"html/template"
	"net/http"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/web"
)

// invitationView is what templates/invitation.html shows.
type invitationView struct {
	Action string
	Person identity.Person
	App    template.URL // the second factor as an otpauth: link
	QR     template.HTML
	Secret web.Code
	Until  time.Time
	Other  string // name of somebody else who is signed in here
}

// codesView is what templates/codes.html shows, once.
type codesView struct {
	Codes web.Code
	First bool // after enrolment
	Next  string
}

func (s *Site) invitationView(c *web.Ctx) (invitationView, error) {
	token := c.Path("token")
	e, err := s.People.Enrolment(c.Context(), token)
	if err != nil {
		return invitationView{}, err
	}
	picture, err := qrCode(e.URI, c.Text("identity.invitation.qr"))
	if err != nil {
		return invitationView{}, err
	}
	v := invitationView{
		Action: invitationPath(token), Person: e.Person, QR: picture,
		App:    template.URL(e.URI), // made by identity, not by anybody's input
		Secret: web.Code{Label: c.Text("identity.invitation.secret"), Text: inFours(e.Secret)},
		Until:  e.Until,
	}
	if c.Actor.SignedIn() && c.Actor.ID != e.Person.ID {
		v.Other = c.Actor.Name
	}
	return v, nil
}

func (s *Site) showInvitation(c *web.Ctx) error {
	v, err := s.invitationView(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, "identity/invitation", v)
}

func (s *Site) postInvitation(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	f.Require("password", "repeat_password", "code")
	password, code := f.Secret("password"), bareCode(f.Secret("code"))
	mustRepeat(c, f, password)
	var done identity.Enrolled
	if err = f.Err(); err == nil {
		done, err = s.People.Accept(c.Context(), c.Path("token"), password, code, c.Remote())
	}
	if err != nil {
		v, missing := s.invitationView(c)
		if missing != nil {
			return missing
		}
		return c.Again(err, "identity/invitation", v)
	}
	if err := s.adopt(c, done.Session); err != nil {
		return err
	}
	// The page shows already who is signed in now.
	if c.Actor, err = s.People.Authenticate(c.Context(), done.Session.Cookie); err != nil {
		return err
	}
	return c.Render(http.StatusOK, "identity/codes", newCodesView(c, done.RecoveryCodes, true))
}

func newCodesView(c *web.Ctx, codes []string, first bool) codesView {
	v := codesView{Codes: web.Code{Label: c.Text("identity.codes.label"), Text: strings.Join(codes, "\n")}, First: first, Next: "/me"}
	if first {
		v.Next = "/"
	}
	return v
}

// mustRepeat refuses a new password that was not typed twice alike: nobody can
// read it back to them.
func mustRepeat(c *web.Ctx, f *web.Form, password string) {
	if repeated := f.Secret("repeat_password"); repeated != "" && repeated != password {
		f.Refuse("repeat_password", "mismatch", c.Text("identity.password.mismatch"))
	}
}

func invitationPath(token string) string { return "/invitation/" + token }

// inFours groups a secret for those who type it.
func inFours(secret string) string {
	var out strings.Builder
	for i, r := range secret {
		if i > 0 && i%4 == 0 {
			out.WriteByte(' ')
		}
		out.WriteRune(r)
	}
	return out.String()
}
