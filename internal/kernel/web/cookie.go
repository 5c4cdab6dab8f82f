// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"
	"time"
)

// SessionCookie is the name of the session cookie. The prefix makes browsers
// refuse it unless it is Secure, has no Domain and covers the whole site, so
// that no neighbouring host can plant one (RFC 6265bis, section 4.1.3.2).
const SessionCookie = "__Host-portreeve"

const flashCookie = "__Host-portreeve-flash"

// SetSession gives the browser the session cookie. Until is real time; the zero
// time makes it end with the browser.
func (c *Ctx) SetSession(value string, until time.Time) {
	http.SetCookie(c.W, hostCookie(SessionCookie, value, until))
}

// ClearSession takes the session cookie away.
func (c *Ctx) ClearSession() { http.SetCookie(c.W, goneCookie(SessionCookie)) }

// Session returns the session cookie's value, or "".
func (c *Ctx) Session() string { return cookieValue(c.R, SessionCookie) }

// SetCookie gives the browser a cookie that scripts and other sites never see.
// Its name must begin with "__Host-". Until is real time; the zero time makes it
// end with the browser.
func (c *Ctx) SetCookie(name, value string, until time.Time) {
	http.SetCookie(c.W, hostCookie(name, value, until))
}

// Cookie returns a cookie's value, or "".
func (c *Ctx) Cookie(name string) string { return cookieValue(c.R, name) }

func cookieValue(r *http.Request, name string) string {
	cookie, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return cookie.Value
}

func hostCookie(name, value string, until time.Time) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", Expires: until,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

func goneCookie(name string) *http.Cookie {
	c := hostCookie(name, "", time.Time{})
	c.MaxAge = -1
	return c
}
