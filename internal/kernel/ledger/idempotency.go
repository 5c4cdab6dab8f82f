// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Key identifies a request that must have its effect once only.
type Key struct {
	Actor       string // authz.Actor.Ref: keys of different people never meet
	Key         string // the Idempotency-Key header, or the hidden field of a form
	Fingerprint string // digest of method, path and body: the same key for something else is refused
}

// claim is a key on its way through a request. Only the first decision of the
// request claims it.
type claim struct {
	key  Key
	used atomic.Bool
}

type claimKey struct{}

// WithIdempotency returns a context under which the next decision takes effect
// at most once for this key, over restarts too. See [Writer.Decide].
func WithIdempotency(ctx context.Context, k Key) context.Context {
	return context.WithValue(ctx, claimKey{}, &claim{key: k})
}

func claimFrom(ctx context.Context) *claim {
	c, _ := ctx.Value(claimKey{}).(*claim)
	if c == nil || c.used.Load() {
		return nil
	}
	return c
}

// refuse reports a key that was used before. The head is locked, so no other
// decision can claim the key between this look and the insert.
func (c *claim) refuse(ctx context.Context, tx *store.Tx) error {
	if c == nil {
		return nil
	}
	if len(c.key.Key) > MaxField || !utf8.ValidString(c.key.Key) || strings.ContainsFunc(c.key.Key, unicode.IsControl) {
		return fault.New(fault.Invalid, "idempotency.invalid", "An idempotency key is a text of at most %d bytes on one line.", MaxField)
	}
	var fingerprint string
	err := tx.QueryRow(ctx, `SELECT fingerprint FROM ledger_idempotency WHERE actor = $1 AND key = $2`, c.key.Actor, c.key.Key).Scan(&fingerprint)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("look up idempotency key: %w", err)
	case fingerprint != c.key.Fingerprint:
		return fault.New(fault.Invalid, "idempotency.reused",
			"This idempotency key was used for another request. Use a new key for each request.")
	default:
		return Repeated()
	}
}

// Repeated is the fault for a request that took effect before and of whose answer
// nothing is left. The entry's number stays out of it: it tells how much is decided.
func Repeated() *fault.Error {
	return fault.New(fault.Conflict, "idempotency.repeated",
		"This request was carried out before and was not carried out again.")
}

func (c *claim) insert(ctx context.Context, tx *store.Tx, now time.Time, seq int64) error {
	if c == nil {
		return nil
	}
	_, err := tx.Exec(ctx, `INSERT INTO ledger_idempotency (actor, key, fingerprint, seq, created) VALUES ($1, $2, $3, $4, $5)`,
		c.key.Actor, c.key.Key, c.key.Fingerprint, seq, store.At(now))
	if err != nil {
		return fmt.Errorf("store idempotency key: %w", err)
	}
	return nil
}

func (c *claim) done() {
	if c != nil {
		c.used.Store(true)
	}
}

// Reply is the answer that was given to a request with an idempotency key.
type Reply struct {
	Status int
	Header map[string]string // the few headers that belong to the answer: Content-Type, Location, ETag
	Body   []byte
}

// Emptied reports whether the answer was dropped because something was erased
// since: what was erased may stand in it. Only the location is left, without its
// query.
func (r Reply) Emptied() bool { return r.Status == emptied }

// emptied stands for the status of an answer that was dropped, or that must not be
// kept any more because its request was decided before something was erased.
const emptied = 0

// Erases reports whether entries of a kind record that something was erased, which
// their last word says.
func Erases(kind string) bool { return strings.HasSuffix(kind, ".erased") }

// emptyReplies drops all kept answers, and keeps those from being kept that
// belong to earlier decisions and are still on their way.
func emptyReplies(ctx context.Context, tx *store.Tx) error {
	_, err := tx.Exec(ctx, `UPDATE ledger_idempotency SET status = $1, header = NULL, body = NULL WHERE status IS NULL OR status <> $1`, emptied)
	if err != nil {
		return fmt.Errorf("drop kept answers: %w", err)
	}
	return nil
}

// Remember stores the answer to the request whose key was claimed, so that a
// repeat can be answered alike. It does nothing if the key is not stored, has an
// answer already, or if something was erased since the decision.
func (l *Log) Remember(ctx context.Context, k Key, r Reply) error {
	header, err := json.Marshal(r.Header)
	if err != nil {
		return fmt.Errorf("remember reply: %w", err)
	}
	location, _, _ := strings.Cut(r.Header["Location"], "?") // a query may hold words
	return l.db.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE ledger_idempotency SET status = $1, header = $2, location = $3, body = $4
			WHERE actor = $5 AND key = $6 AND fingerprint = $7 AND status IS NULL`,
			r.Status, string(header), location, r.Body, k.Actor, k.Key, k.Fingerprint)
		if err != nil {
			return fmt.Errorf("remember reply: %w", err)
		}
		return nil
	})
}

// Recall returns what is known of a key: the first entry of its decision, and
// the answer, nil if the server stopped before [Log.Remember]. The error is
// [fault.ItemNotFound] if the key is not known, and the fault
// "idempotency.reused" if its fingerprint is another.
func (l *Log) Recall(ctx context.Context, k Key) (seq int64, reply *Reply, err error) {
	err = l.db.Read(ctx, func(tx *store.ReadTx) error {
		var fingerprint string
		var status sql.NullInt64
		var header, location sql.NullString
		var body []byte
		err := tx.QueryRow(ctx, `SELECT fingerprint, seq, status, header, location, body FROM ledger_idempotency WHERE actor = $1 AND key = $2`, k.Actor, k.Key).
			Scan(&fingerprint, &seq, &status, &header, &location, &body)
		if errors.Is(err, sql.ErrNoRows) {
			return fault.ItemNotFound()
		}
		if err != nil {
			return fmt.Errorf("recall reply: %w", err)
		}
		if fingerprint != k.Fingerprint {
			return fault.New(fault.Invalid, "idempotency.reused",
				"This idempotency key was used for another request. Use a new key for each request.")
		}
		if !status.Valid {
			return nil
		}
		reply = &Reply{Status: int(status.Int64), Body: body}
		if reply.Emptied() {
			reply.Header = map[string]string{"Location": location.String}
			return nil
		}
		return json.Unmarshal([]byte(header.String), &reply.Header)
	})
	return seq, reply, err
}

// ForgetKeys removes the keys stored before t, in real time, with their answers.
func (l *Log) ForgetKeys(ctx context.Context, t time.Time) error {
	return l.db.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM ledger_idempotency WHERE created < $1`, store.At(t)); err != nil {
			return fmt.Errorf("forget idempotency keys: %w", err)
		}
		return nil
	})
}
