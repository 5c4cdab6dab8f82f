// SPDX-License-Identifier: Apache-2.0

package phabricator

import (
	"net/url"
	"regexp"
	"strings"

	"portreeve.org/portreeve/internal/kernel/foreign"
)

// secret is a token behind a pointer, so that no way of printing what holds it
// shows it: fmt asks the fields of a struct nothing when they are not exported.
type secret struct{ text *string }

func newSecret(token string) secret { return secret{text: &token} }

const hidden = "(token)"

// anyToken finds what has the form of a token: also that of somebody else.
var anyToken = regexp.MustCompile(`(?i)\b(api|cli|clr)-[a-z0-9]{8,}`)

// scrub makes one line of at most limit bytes without tokens out of words from
// outside: the server echoes a token that it does not accept.
func (s secret) scrub(text string, limit int) string {
	if text == "" {
		return ""
	}
	token := *s.text
	text = text[:min(len(text), 8*limit)] // what is far beyond is not looked at
	for _, form := range []string{token, url.QueryEscape(token), url.PathEscape(token)} {
		text = strings.ReplaceAll(text, form, hidden)
	}
	text = foreign.Line(anyToken.ReplaceAllString(text, hidden))
	// Taking out what has no width may have joined the parts of one.
	text = anyToken.ReplaceAllString(strings.ReplaceAll(text, token, hidden), hidden)
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "..."
	}
	return text
}
