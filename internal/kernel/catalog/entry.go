// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/ledger"
)

// The ledger entry kinds of the catalogue.
const (
	KindRegistered  = "catalog.subject.registered"
	KindChanged     = "catalog.subject.changed"
	KindRetired     = "catalog.subject.retired"
	KindLinkAdded   = "catalog.link.added"
	KindLinkRemoved = "catalog.link.removed"
)

// EntryKinds returns the kinds that the catalogue alone appends.
func EntryKinds() []string {
	return []string{KindRegistered, KindChanged, KindRetired, KindLinkAdded, KindLinkRemoved}
}

// subjectBody is the state of a subject in an entry. The description stands there
// by its SHA-256: an entry refers to documents, it does not hold them.
type subjectBody struct {
	Ref          string            `json:"ref"`
	Title        string            `json:"title"`
	Description  string            `json:"description_sha256"`
	Owner        string            `json:"owner"`
	Organisation string            `json:"organisation"`
	Version      int64             `json:"version"`
	Digest       string            `json:"digest"`
	Revision     int64             `json:"revision"`
	Attributes   map[string]string `json:"attributes"`
	Visibility   authz.Visibility  `json:"visibility"`
	Participants []string          `json:"participants"`
}

type pinBody struct {
	Version  int64  `json:"version"`
	Digest   string `json:"digest"`
	Revision int64  `json:"revision"`
}

// changedBody is the state after an edit and what it was before. Cause names the
// subject whose change spread to this one.
type changedBody struct {
	subjectBody
	Before pinBody `json:"before"`
	Cause  string  `json:"cause,omitempty"`
}

type retiredBody struct {
	Ref      string `json:"ref"`
	Version  int64  `json:"version"`
	Digest   string `json:"digest"`
	Revision int64  `json:"revision"`
	Reason   string `json:"reason"`
}

// linkBody names items, not refs: "subject:<id>", "risk:<id>".
type linkBody struct {
	From     string `json:"from"`
	Relation string `json:"relation"`
	To       string `json:"to"`
}

func stateOf(s Subject, participants []string) subjectBody {
	sum := sha256.Sum256([]byte(s.Description))
	return subjectBody{
		Ref: s.Ref, Title: s.Title, Description: hex.EncodeToString(sum[:]), Owner: s.Owner, Organisation: s.Organisation,
		Version: s.Version, Digest: s.Digest, Revision: s.Revision, Attributes: s.Attributes,
		Visibility: s.Visibility, Participants: participants,
	}
}

// record appends an entry about the subject and returns its sequence number.
func (s *Service) record(ctx context.Context, tx *ledger.Tx, a authz.Actor, kind string, sub Subject, body any) (int64, error) {
	return s.Writer.Append(ctx, tx, ledger.Entry{
		Kind: kind, Actor: a.Ref(), Subject: sub.Ref, Body: body, Item: sub.Item(), Visibility: string(sub.Visibility),
	})
}
