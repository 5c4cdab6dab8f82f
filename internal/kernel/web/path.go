// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

const maxPath = 2048

// LocalPath returns s if it is a path (with query) on this server, and "/" for
// everything else: another origin, a scheme, "//host", a backslash that browsers
// read as a slash, control characters. It is what a redirect target that came
// with a request must pass through.
func LocalPath(s string) string {
	if len(s) > maxPath || !strings.HasPrefix(s, "/") || !utf8.ValidString(s) {
		return "/"
	}
	if strings.HasPrefix(s, "//") || strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f || r == '\\' }) {
		return "/"
	}
	u, err := url.Parse(s)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || strings.HasPrefix(u.Path, "//") || strings.Contains(u.Path, "\\") {
		return "/"
	}
	u.Fragment, u.RawFragment = "", ""
	return u.String()
}

// SignInURL returns the address of the sign-in page that leads back to path.
func SignInURL(path string) string {
	path = LocalPath(path)
	if path == "/" {
		return "/sign-in"
	}
	return "/sign-in?next=" + url.QueryEscape(path)
}
