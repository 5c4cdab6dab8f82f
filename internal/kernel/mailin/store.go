// SPDX-License-Identifier: Apache-2.0

package mailin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/mail"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/store"
)

// The states of a mail; see doc.go.
const (
	stateNew       = "new"
	stateParked    = "parked"
	stateDelivered = "delivered"
	stateRefused   = "refused"
	stateDiscarded = "discarded"
)

// mailRow is a stored mail, without its bytes.
type mailRow struct {
	id, digest, sender, recipient, reply string
	state, why                           string
	from, subject                        string
	size                                 int64
	claimed, person, item                string
	receivedAt, settledAt, askedAt       time.Time
}

// mails is where mails are kept.
var mails = store.NewTable("mailin_message", "m", nil, func(m *mailRow) []store.Column {
	return []store.Column{
		store.Text("id", &m.id),
		store.Text("digest", &m.digest),
		store.Text("sender", &m.sender),
		store.Text("recipient", &m.recipient),
		store.Text("reply", &m.reply),
		store.Text("state", &m.state),
		store.Text("why", &m.why),
		store.Text("from_address", &m.from),
		store.Text("subject", &m.subject),
		store.Int("size", &m.size),
		store.Text("claimed", &m.claimed),
		store.Text("person", &m.person),
		store.Text("item", &m.item),
		store.Moment("received_at", &m.receivedAt),
		store.Moment("settled_at", &m.settledAt),
		store.Moment("asked_at", &m.askedAt),
	}
})

// fingerprint tells a repeated delivery from a new mail: after a lost answer the
// other side sends the same one again, perhaps with further fields on top. The text
// is part of it, so that nobody can keep a mail out by sending one with its
// Message-ID first.
func fingerprint(raw []byte, recipient string) string {
	head, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	h := sha256.New()
	write := func(parts ...string) {
		for _, p := range parts {
			sum := sha256.Sum256([]byte(p))
			h.Write(sum[:])
		}
	}
	msg, err := mail.ReadMessage(bytes.NewReader(append(bytes.Clone(head[:min(len(head), maxHeader)]), "\r\n\r\n"...)))
	if err != nil || msg.Header.Get("Message-Id") == "" {
		write("raw", recipient, string(raw))
	} else {
		write("mail", recipient, msg.Header.Get("Message-Id"), strings.Join(msg.Header["From"], "\n"), string(body))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// keepMail stores a mail to one of our addresses and plans its delivery. It reports
// false if it is there already.
func (s *Service) keepMail(ctx context.Context, tx *store.Tx, sender string, to address, raw []byte) (bool, error) {
	id := tx.NewID()
	n, err := store.Affected(tx.Exec(ctx, `INSERT INTO mailin_message (id, digest, sender, recipient, reply, state, why, from_address, subject, size, raw,
		claimed, person, item, received_at) VALUES ($1, $2, $3, $4, $5, 'new', '', '', '', $6, $7, '', '', '', $8) ON CONFLICT (digest) DO NOTHING`,
		id, fingerprint(raw, to.name+" "+to.reply), sender, to.name, to.reply, len(raw), raw, store.At(tx.Now())))
	if err != nil || n == 0 {
		return false, wrap(err, "store a mail")
	}
	return true, s.cfg.Queue.Enqueue(ctx, tx, job.Job{Kind: JobRoute, Key: id, Payload: routing{id}})
}

// loadRaw returns the bytes of a mail; nil if they are gone.
func loadRaw(ctx context.Context, r store.Reader, id string) ([]byte, error) {
	var raw []byte
	err := r.QueryRow(ctx, "SELECT raw FROM mailin_message WHERE id = $1", id).Scan(&raw)
	return raw, wrap(err, "load a mail")
}

// storedBytes is how much room all mails take.
func storedBytes(ctx context.Context, r store.Reader) (int64, error) {
	var n int64
	err := r.QueryRow(ctx, "SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM mailin_message WHERE raw IS NOT NULL").Scan(&n)
	return n, wrap(err, "count what is stored")
}

// settle ends a mail that is in that state: its words go. It reports false if
// somebody was faster.
func settle(ctx context.Context, tx *store.Tx, id, from, state, why, person, item string) (bool, error) {
	n, err := store.Affected(tx.Exec(ctx, `UPDATE mailin_message SET state = $1, why = $2, person = $3, item = $4, settled_at = $5, raw = NULL, subject = '', sender = ''
		WHERE id = $6 AND state = $7`, state, why, person, item, store.At(tx.Now()), id, from))
	return n == 1, wrap(err, "settle a mail")
}
