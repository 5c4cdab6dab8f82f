// SPDX-License-Identifier: Apache-2.0

package mailin

import (
	"mime"
	"net/mail"
	"strings"
)

// maxHops is how many servers a mail has passed at most; more is a loop (RFC 5321,
// 6.3, recommends at least 100 as the limit of a relay; we are the end of the way).
const maxHops = 30

// automatic says why a mail was not written by a person for us to read, or "". Such
// a mail is never posted and never answered, whatever it says (RFC 3834, section 2).
// host is our own name, which our mails have in their Message-ID; returned says that
// the envelope has no sender, and toThread that a reply token says where it belongs.
func automatic(h mail.Header, host string, returned, toThread bool) string {
	submitted, _, _ := strings.Cut(h.Get("Auto-Submitted"), ";")
	submitted = strings.ToLower(strings.TrimSpace(submitted))
	switch strings.ToLower(strings.TrimSpace(h.Get("Precedence"))) {
	case "bulk", "junk", "list", "auto_reply":
		return WhyAutomatic
	}
	switch {
	case returned:
		return WhyBounce
	case submitted != "" && submitted != "no":
		return WhyAutomatic
	case len(h["Received"]) > maxHops:
		return WhyLoop
	case mentions(h["Message-Id"], host), names(h["X-Loop"], host):
		return WhyLoop
	case h.Get("List-Id") != "", h.Get("X-Autoreply") != "", h.Get("X-Autorespond") != "":
		return WhyAutomatic
	case h.Get("X-Auto-Response-Suppress") != "", report(h): // Exchange's own answers have the field
		return WhyAutomatic
	case !toThread && (mentions(h["References"], host) || mentions(h["In-Reply-To"], host)):
		return WhyLoop
	}
	return ""
}

// report reports whether a mail tells what became of another one: that it was not
// delivered, or that it was read (RFC 6522).
func report(h mail.Header) bool {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && kind == "multipart/report"
}

// mentions reports whether one of the message ids was made by host.
func mentions(fields []string, host string) bool {
	for _, field := range fields {
		if host != "" && strings.Contains(strings.ToLower(field), "@"+strings.ToLower(host)+">") {
			return true
		}
	}
	return false
}

// names reports whether one of the fields is our name.
func names(fields []string, host string) bool {
	for _, field := range fields {
		if host != "" && strings.EqualFold(strings.TrimSpace(field), host) {
			return true
		}
	}
	return false
}
