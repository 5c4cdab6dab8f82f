// SPDX-License-Identifier: Apache-2.0

package mailin

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/store"
)

// tokenBytes is the length of the random part of a reply address: 160 bits.
const tokenBytes = 20

// replyTo is a reply address as it is kept: not the token, which is a secret, but its hash.
type replyTo struct {
	hash, item, thread, person, root string
	createdAt, expiresAt, revokedAt  time.Time
}

// replies is where reply addresses are kept.
var replies = store.NewTable("mailin_reply", "p", nil, func(p *replyTo) []store.Column {
	return []store.Column{
		store.Text("hash", &p.hash),
		store.Text("item", &p.item),
		store.Text("thread", &p.thread),
		store.Text("person", &p.person),
		store.Text("root", &p.root),
		store.Moment("created_at", &p.createdAt),
		store.Moment("expires_at", &p.expiresAt),
		store.Moment("revoked_at", &p.revokedAt),
	}
})

// alphabet32 writes a token so that it survives being made lower case or upper case.
func alphabet32() *base32.Encoding { return base32.StdEncoding.WithPadding(base32.NoPadding) }

// ReplyAddress returns a new address, as part of tx, from which a mail of that person
// joins a thread of an item; thread may be empty. It is for that one person: whoever
// else knows it can do nothing with it. If no mail comes in it returns "".
func (s *Service) ReplyAddress(ctx context.Context, tx *store.Tx, item, thread, person string) (string, error) {
	address, _, err := s.ReplyTo(ctx, tx, item, thread, person)
	return address, err
}

// ReplyTo is [Service.ReplyAddress] that also returns the Message-ID, without angle
// brackets, that all mails about the thread refer to, so that mail programs show them
// together. It tells nothing of the item.
func (s *Service) ReplyTo(ctx context.Context, tx *store.Tx, item, thread, person string) (address, root string, err error) {
	if !s.On() {
		return "", "", nil
	}
	token := make([]byte, tokenBytes)
	if _, err := io.ReadFull(s.cfg.DB.Rand(), token); err != nil {
		return "", "", fmt.Errorf("draw a reply address: %w", err)
	}
	local := strings.ToLower(alphabet32().EncodeToString(token))
	now := s.cfg.DB.Clock().Real()
	p := replyTo{hash: hashToken(local), item: item, thread: thread, person: person, createdAt: now, expiresAt: now.Add(keepReply)}
	if p.root, err = rootOf(ctx, tx, item, thread); err != nil {
		return "", "", err
	}
	if p.root == "" {
		p.root = tx.NewID() + ".thread@" + s.cfg.Host
	}
	if err := replies.Insert(ctx, tx, p); err != nil {
		return "", "", err
	}
	return replyName + "+" + local + "@" + s.cfg.Domain, p.root, nil
}

// rootOf returns what the mails about a thread referred to so far, or "".
func rootOf(ctx context.Context, r store.Reader, item, thread string) (string, error) {
	rows, err := r.Query(ctx, "SELECT root FROM mailin_reply WHERE item = $1 AND thread = $2 ORDER BY created_at, hash LIMIT 1", item, thread)
	roots, err := store.Texts(rows, err)
	if err != nil || len(roots) == 0 {
		return "", wrap(err, "find the root of a thread")
	}
	return roots[0], nil
}

// Revoke ends the reply addresses of a person for an item; no person means all of
// the item's. What a person may do is checked when a mail comes in any case.
func (s *Service) Revoke(ctx context.Context, tx *store.Tx, item, person string) error {
	query, args := "UPDATE mailin_reply SET revoked_at = $1 WHERE item = $2 AND revoked_at IS NULL", []any{store.At(s.cfg.DB.Clock().Real()), item}
	if person != "" {
		query += " AND person = " + store.Arg(person, &args)
	}
	_, err := tx.Exec(ctx, query, args...)
	return wrap(err, "revoke reply addresses")
}

// hashToken returns how a token is kept.
func hashToken(local string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(local)))
	return hex.EncodeToString(sum[:])
}

// tokenOf returns the token of a local part, if it has the form of a reply address.
func tokenOf(local string) (string, bool) {
	token, ok := strings.CutPrefix(strings.ToLower(local), replyName+"+")
	if !ok {
		return "", false
	}
	data, err := alphabet32().DecodeString(strings.ToUpper(token))
	return token, err == nil && len(data) == tokenBytes
}
