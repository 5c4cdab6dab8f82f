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

func (s *Site) invitationPage(m *web.Mux) {
	web.FormPage[invitationView, acceptance]{
		Path: "/invitation/{token}", Public: whyInvitation, Page: "identity/invitation", Load: s.invitationView, Do: s.accept,
		Read: func(c *web.Ctx, _ invitationView, f *web.Form) acceptance {
			f.Require("password", "repeat_password", "code")
			in := acceptance{f.Secret("password"), bareCode(f.Secret("code"))}
			mustRepeat(c, f, in.password)
			return in
		},
	}.Register(m)
}

// acceptance is what an invitation's form holds.
type acceptance struct{ password, code string }

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

func (s *Site) accept(c *web.Ctx, _ invitationView, _ int64, in acceptance) (web.Next, error) {
	done, err := s.People.Accept(c.Context(), c.Path("token"), in.password, in.code, c.Remote())
	return func(c *web.Ctx) error {
		if err := s.adopt(c, done.Session); err != nil {
			return err
		}
		// The page shows already who is signed in now.
		if c.Actor, err = s.People.Authenticate(c.Context(), done.Session.Cookie); err != nil {
			return err
		}
		return codesPage(done.RecoveryCodes, true)(c)
	}, err
}

// codesPage shows new recovery codes, once.
func codesPage(codes []string, first bool) web.Next {
	return func(c *web.Ctx) error {
		v := codesView{Codes: web.Code{Label: c.Text("identity.codes.label"), Text: strings.Join(codes, "\n")}, First: first, Next: "/me"}
		if first {
			v.Next = "/"
		}
		return c.Render(http.StatusOK, "identity/codes", v)
	}
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
