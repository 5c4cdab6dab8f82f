// SPDX-License-Identifier: Apache-2.0

package mailin

import (
	"context"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Held is one thing that the package holds about a person, for their export.
type Held struct {
	ID, What, Where, Value string // What: "mail" or "reply address"; Where: a path or an item
	Item                   string
	At                     time.Time
}

// addressOf is the address of a person in lower case; empty if there is none (any more).
func (s *Service) addressOf(ctx context.Context, r store.Reader, person string) (string, error) {
	if s.cfg.People == nil {
		return "", nil
	}
	p, err := s.cfg.People.PersonOf(ctx, r, person)
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	return strings.ToLower(p.Address), err
}

// Holds returns the mails from a person's address, verified or not, and the reply
// addresses that were given out to them, the latest first.
func (s *Service) Holds(ctx context.Context, r store.Reader, person string) ([]Held, error) {
	address, err := s.addressOf(ctx, r, person)
	if err != nil {
		return nil, err
	}
	all, err := mails.All(ctx, r, "WHERE m.claimed = $1 OR m.person = $1 OR m.from_address = $2 AND m.from_address <> '' ORDER BY m.received_at DESC, m.id", person, address)
	if err != nil {
		return nil, err
	}
	var held []Held
	for _, m := range all {
		h := Held{ID: m.id, What: "mail", Where: pagePath(m.id), Value: m.state, Item: m.item, At: m.receivedAt}
		if m.subject != "" {
			h.Value += ": " + m.subject
		}
		held = append(held, h)
	}
	addresses, err := replies.All(ctx, r, "WHERE p.person = $1 ORDER BY p.created_at DESC, p.hash", person)
	for _, p := range addresses {
		held = append(held, Held{What: "reply address", Where: p.item, Value: p.thread, Item: p.item, At: p.createdAt})
	}
	return held, err
}

// Forget removes what is held about a person: part of erasing them. What waits is
// discarded; of what is settled stays that there was a mail.
func (s *Service) Forget(ctx context.Context, tx *store.Tx, person string) error {
	address, err := s.addressOf(ctx, tx, person)
	if err != nil {
		return err
	}
	const theirs = "(claimed = $1 OR person = $1 OR from_address = $2 AND from_address <> '')"
	if _, err := tx.Exec(ctx, "UPDATE mailin_message SET state = 'discarded', why = $3, settled_at = $4 WHERE state = 'parked' AND "+theirs,
		person, address, WhyErased, store.At(tx.Now())); err != nil {
		return wrap(err, "discard the mails of a person")
	}
	if _, err := tx.Exec(ctx, "UPDATE mailin_message SET raw = NULL, subject = '', sender = '', from_address = '', claimed = '', person = '' WHERE "+theirs,
		person, address); err != nil {
		return wrap(err, "forget the mails of a person")
	}
	_, err = tx.Exec(ctx, "DELETE FROM mailin_reply WHERE person = $1", person)
	return wrap(err, "forget the reply addresses of a person")
}
