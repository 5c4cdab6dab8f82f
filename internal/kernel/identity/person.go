// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"net/mail"
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
)

// Person is an account of a person or of a service.
type Person struct {
	ID           string
	Login        string // as of [NormaliseLogin]
	Name         string
	Mail         string // may be empty
	Kind         authz.ActorKind
	Organisation string // organisation id, may be empty
	Roles        []authz.Role
	Groups       []string // group ids, sorted
	Active       bool
	Enrolled     bool // has a password and a second factor; never true for a service
	Epoch        int64
	CreatedAt    time.Time
	ErasedAt     time.Time // zero: not erased
	Version      int64
}

// Organisation is a party that people and posts belong to.
type Organisation struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Version int64  `json:"version"`
}

// Group is a named set of people, used to share restricted items.
type Group struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Members []string `json:"members" nullable:"false" doc:"ids of accounts"` // sorted
	Version int64    `json:"version"`
}

// Limits of what is stored, in bytes.
const (
	maxLogin = 40
	maxLine  = 200
	maxMail  = 254 // RFC 5321 section 4.5.3.1.3, without the angle brackets
)

// erasedPrefix begins the login of an erased account; nobody else gets such a login.
const erasedPrefix = "erased-"

// NormaliseLogin returns the one form of a login: ASCII letters in lower case,
// digits, and single dots, hyphens and underscores between them, 2 to 40 bytes.
// It reports false for anything else. So narrow a set needs no Unicode profile
// (RFC 8265) and leaves no two logins that look alike but for l, 1 and 0, o.
func NormaliseLogin(text string) (string, bool) {
	login := strings.TrimSpace(text)
	if len(login) < 2 || len(login) > maxLogin {
		return "", false
	}
	var b strings.Builder
	separated := true // no separator at the beginning, none after another
	for _, c := range []byte(login) {
		switch {
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
			separated = false
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			separated = false
		case (c == '.' || c == '-' || c == '_') && !separated:
			separated = true
		default:
			return "", false
		}
		b.WriteByte(c)
	}
	return b.String(), !separated
}

// isLine reports whether s is a text of one line that can stand in a page.
func isLine(s string) bool {
	return strings.TrimSpace(s) != "" && len(s) <= maxLine && web.PlainName(s)
}

func isMail(s string) bool {
	if s == "" {
		return true
	}
	if len(s) > maxMail || !web.PlainName(s) || strings.ContainsAny(s, " <>") {
		return false
	}
	address, err := mail.ParseAddress(s)
	return err == nil && address.Address == s
}

// fields collects what is wrong with an input.
type fields []fault.Field

func (f *fields) add(path, code, message string) {
	*f = append(*f, fault.Field{Path: path, Code: code, Message: message})
}

func (f *fields) name(s string) {
	if !isLine(s) {
		f.add("name", "line", "Give a name of one line and at most 200 bytes, without characters that hide or reorder others.")
	}
}

func (f *fields) mail(s string) {
	if !isMail(s) {
		f.add("mail", "mail", "Write a mail address such as name@example.org, or leave it empty.")
	}
}

func (f *fields) roles(roles []authz.Role) {
	for _, r := range roles {
		if !r.Known() {
			f.add("roles", "unknown", "Choose roles from the list.")
			return
		}
	}
}

// sortedRoles returns the roles once each, in the order of authz.Roles.
func sortedRoles(roles []authz.Role) []authz.Role {
	var sorted []authz.Role
	for _, r := range authz.Roles() {
		if slices.Contains(roles, r) {
			sorted = append(sorted, r)
		}
	}
	return sorted
}

func joinRoles(roles []authz.Role) string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	return strings.Join(names, " ")
}

func splitRoles(text string) []authz.Role {
	var roles []authz.Role
	for _, name := range strings.Fields(text) {
		roles = append(roles, authz.Role(name))
	}
	return roles
}
