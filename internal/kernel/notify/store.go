// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"encoding/json"
	"time"

	"portreeve.org/portreeve/internal/kernel/store"
)

// notice is a stored message.
type notice struct {
	id, person, item, key, path string
	args                        []string
}

const noticeColumns = "id, person, item, key, args, path"

func scanNotice(s store.Scanner) (notice, error) {
	var n notice
	var args string
	if err := s.Scan(&n.id, &n.person, &n.item, &n.key, &args, &n.path); err != nil {
		return n, err
	}
	return n, json.Unmarshal([]byte(args), &n.args)
}

// The states of a mail that a failed try can lead to; see doc.go for all.
const (
	mailReady = "ready"
	mailDead  = "dead"
)

// letter is a stored mail: notices to one person under one Message-ID.
type letter struct {
	id, person, state string
	attempts          int
	nextAt, createdAt time.Time
	lastError         string
}

const letterColumns = "id, person, state, attempts, next_at, created_at, last_error"

func scanLetter(s store.Scanner) (letter, error) {
	var l letter
	err := s.Scan(&l.id, &l.person, &l.state, &l.attempts, store.Time(&l.nextAt), store.Time(&l.createdAt), &l.lastError)
	return l, err
}

func scanText(s store.Scanner) (string, error) {
	var text string
	err := s.Scan(&text)
	return text, err
}

// noticesPerMail bounds a mail; further notices go into the next one.
const noticesPerMail = 100

// batch puts waiting notices into mails: for each person with a notice that has
// waited long enough, all that wait.
func batch(ctx context.Context, tx *store.Tx) error {
	for {
		rows, err := tx.Query(ctx, "SELECT DISTINCT person FROM notify_message WHERE state = 'waiting' AND not_before <= $1 ORDER BY person LIMIT 100", store.At(tx.Now()))
		people, err := store.Collect(rows, err, scanText)
		if err != nil {
			return wrap(err, "find people with notices")
		}
		if len(people) == 0 {
			return nil
		}
		for _, person := range people {
			if err := batchFor(ctx, tx, person); err != nil {
				return err
			}
		}
	}
}

func batchFor(ctx context.Context, tx *store.Tx, person string) error {
	rows, err := tx.Query(ctx, "SELECT id FROM notify_message WHERE state = 'waiting' AND person = $1 ORDER BY not_before, created_at, id LIMIT $2", person, noticesPerMail)
	ids, err := store.Collect(rows, err, scanText)
	if err != nil {
		return wrap(err, "find the notices to a person")
	}
	mail := tx.NewID()
	_, err = tx.Exec(ctx, `INSERT INTO notify_mail (id, person, state, attempts, next_at, created_at, sent_at, last_error)
		VALUES ($1, $2, 'ready', 0, $3, $3, NULL, '')`, mail, person, store.At(tx.Now()))
	if err != nil {
		return wrap(err, "write a mail")
	}
	for _, id := range ids {
		if _, err := tx.Exec(ctx, "UPDATE notify_message SET state = 'mailed', mail = $1 WHERE id = $2", mail, id); err != nil {
			return wrap(err, "put a notice into a mail")
		}
	}
	return nil
}

// claim takes the mail that has been due longest for one more try, or returns
// nil. The next try is planned at once: if this process dies, it comes.
func claim(ctx context.Context, tx *store.Tx) (*letter, error) {
	rows, err := tx.Query(ctx, "SELECT "+letterColumns+" FROM notify_mail WHERE state = 'ready' AND next_at <= $1 ORDER BY next_at, id LIMIT 1", store.At(tx.Now()))
	found, err := store.Collect(rows, err, scanLetter)
	if err != nil || len(found) == 0 {
		return nil, wrap(err, "find a due mail")
	}
	l := found[0]
	l.attempts++
	l.nextAt = tx.Now().Add(wait(l.attempts))
	_, err = tx.Exec(ctx, "UPDATE notify_mail SET attempts = $1, next_at = $2 WHERE id = $3", l.attempts, store.At(l.nextAt), l.id)
	return &l, wrap(err, "claim a mail")
}

// noticesOf returns the notices of a mail that have not been dropped.
func noticesOf(ctx context.Context, r store.Reader, mail string) ([]notice, error) {
	rows, err := r.Query(ctx, "SELECT "+noticeColumns+" FROM notify_message WHERE mail = $1 AND state = 'mailed' ORDER BY not_before, created_at, id", mail)
	all, err := store.Collect(rows, err, scanNotice)
	return all, wrap(err, "load the notices of a mail")
}
