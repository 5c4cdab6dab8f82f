// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"
	"strconv"
	"strings"
)

// contentPolicy is the Content-Security-Policy of every response: nothing but
// our own files, nothing inline, no frames, forms only to ourselves.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// secure sets the headers that every response carries. Cache-Control is the
// strict one; static files relax it.
func (m *Mux) secure(h http.Header, requestID string) {
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("Strict-Transport-Security", "max-age=31536000")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Request-Id", requestID)
}

// statusText is the metric label for a status; invented ones share a label.
func statusText(status int) string {
	if http.StatusText(status) == "" {
		return "other"
	}
	return strconv.Itoa(status)
}

// varyByHTMX marks a response that differs for htmx, so that no cache mixes the two.
func varyByHTMX(h http.Header) {
	if !strings.Contains(h.Get("Vary"), "HX-Request") {
		h.Add("Vary", "HX-Request")
	}
}
