// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strconv"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
)

// Limits of a subject's texts in bytes, and of its participants in number. They
// bound the row, the form and the ledger entry.
const (
	MaxName         = 100
	MaxTitle        = 200
	MaxDescription  = 20_000
	MaxAttribute    = 1_000
	MaxParticipants = 100
)

// ItemType is the type in the item reference of a subject, "subject:<id>", by
// which visibility, participants and ledger openings are recorded.
const ItemType = "subject"

// Subject is one thing that decisions are about. It is a value: changing a copy
// changes nothing.
type Subject struct {
	ID           string            `json:"id"` // 16 random characters
	Ref          string            `json:"ref" doc:"kind:name, unique for ever"`
	Kind         string            `json:"kind"`  // name of a Kind
	Name         string            `json:"name"`  // never changes
	Title        string            `json:"title"` // for people
	Description  string            `json:"-"`     // Markdown; too long for a list
	Owner        string            `json:"owner" doc:"id of the person who answers for it"`
	Organisation string            `json:"organisation" doc:"id of the organisation whose ranks decide about it"`
	Version      int64             `json:"version" doc:"counts the changes that decisions depend on"` // from 1
	Digest       string            `json:"digest" doc:"SHA-256 of what decisions are pinned to"`      // of Canonical, 64 lower-case hexadecimal digits
	Revision     int64             `json:"revision" doc:"counts every edit; the ETag"`                // from 1; the optimistic lock
	Attributes   map[string]string `json:"attributes" nullable:"false"`
	Visibility   authz.Visibility  `json:"visibility" enum:"public,internal,restricted"`
	RegisteredAt time.Time         `json:"registered_at"`
	ChangedAt    time.Time         `json:"changed_at"`
	RetiredAt    time.Time         `json:"retired_at,omitzero" doc:"absent while it is in use"`
	Entry        int64             `json:"entry,omitempty" doc:"ledger entry of the latest edit; absent if you may not read the ledger"`
}

// Item returns the reference by which visibility and ledger entries name the subject.
func (s Subject) Item() string { return ItemType + ":" + s.ID }

// Retired reports whether the subject is no longer in use.
func (s Subject) Retired() bool { return !s.RetiredAt.IsZero() }

// Resource describes the subject to authz; participants are principals such as
// "person:<id>" and matter only for a restricted subject.
func (s Subject) Resource(participants []string) authz.Resource {
	return authz.Resource{Item: s.Item(), Visibility: s.Visibility, Owner: s.Owner, Participants: participants}
}

// URL is the subject's page, relative to the server's root.
func (s Subject) URL() string { return "/subjects/" + s.Ref }

var (
	kindPattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	namePattern = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9._-]{0,98}[a-z0-9])?$`)
)

// Pin names one state of a subject: what a decision was taken on.
type Pin struct {
	Version int64  `json:"version"`
	Digest  string `json:"digest"`
}

// Pin returns the state that a decision taken now is pinned to.
func (s Subject) Pin() Pin { return Pin{Version: s.Version, Digest: s.Digest} }

// canonicalFormat is the first line of the canonical bytes.
const canonicalFormat = "portreeve.subject/v1\n"

// Canonical returns the bytes whose SHA-256 is the subject's digest:
//
//	portreeve.subject/v1
//	kind 4
//	flow
//	name 25
//	property-suggester-ab-test
//	organisation 16
//	k3j4...
//	attribute.from 10
//	production
//	attribute.from.target 66
//	3 9f86d081...
//
// Each field is its name, a space, the length of the value in bytes as a decimal
// number, a newline, the value, a newline: the lengths make it unambiguous
// whatever the values hold. The order is kind, name, organisation, then the
// attributes by the bytes of their names. An attribute without a value is left
// out. For an attribute that refers to another subject, a field
// "attribute.NAME.target" follows with the version of that subject, a space and
// its digest; targets holds these by attribute name.
func Canonical(kind, name, organisation string, attributes map[string]string, targets map[string]Pin) []byte {
	b := []byte(canonicalFormat)
	field := func(name, value string) {
		b = append(b, name...)
		b = append(b, ' ')
		b = strconv.AppendInt(b, int64(len(value)), 10)
		b = append(b, '\n')
		b = append(b, value...)
		b = append(b, '\n')
	}
	field("kind", kind)
	field("name", name)
	field("organisation", organisation)
	names := make([]string, 0, len(attributes))
	for n, v := range attributes {
		if v != "" {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	for _, n := range names {
		field("attribute."+n, attributes[n])
		if pin, ok := targets[n]; ok {
			field("attribute."+n+".target", strconv.FormatInt(pin.Version, 10)+" "+pin.Digest)
		}
	}
	return b
}

// Digest returns the SHA-256 of [Canonical] in lower-case hexadecimal.
func Digest(kind, name, organisation string, attributes map[string]string, targets map[string]Pin) string {
	sum := sha256.Sum256(Canonical(kind, name, organisation, attributes, targets))
	return hex.EncodeToString(sum[:])
}
