// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"portreeve.org/portreeve/internal/kernel/store"
)

// notice is a stored message.
type notice struct {
	id, person, item, key, path string
	args                        []string
	thread                      string
	answer                      bool
}

// notices is where notices are kept; see Enqueue for how they get there.
var notices = store.NewTable("notify_message", "n", nil, func(n *notice) []store.Column {
	return []store.Column{
		store.Text("id", &n.id),
		store.Text("person", &n.person),
		store.Text("item", &n.item),
		store.Text("key", &n.key),
		store.JSON("args", &n.args),
		store.Text("path", &n.path),
		store.Text("thread", &n.thread),
		store.Flag("answer", &n.answer),
	}
})

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

// letters is where mails are kept.
var letters = store.NewTable("notify_mail", "l", nil, func(l *letter) []store.Column {
	return []store.Column{
		store.Text("id", &l.id),
		store.Text("person", &l.person),
		store.Text("state", &l.state),
		store.Int("attempts", &l.attempts),
		store.Moment("next_at", &l.nextAt),
		store.Moment("created_at", &l.createdAt),
		store.Text("last_error", &l.lastError),
	}
})

// noticesPerMail bounds a mail; further notices go into the next one.
const noticesPerMail = 100

// batch puts waiting notices into mails: for each person with a notice that has
// waited long enough, all that wait.
func batch(ctx context.Context, tx *store.Tx) error {
	for {
		rows, err := tx.Query(ctx, "SELECT DISTINCT person FROM notify_message WHERE state = 'waiting' AND not_before <= $1 ORDER BY person LIMIT 100", store.At(tx.Now()))
		people, err := store.Texts(rows, err)
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
	ids, err := store.Texts(rows, err)
	if err != nil {
		return wrap(err, "find the notices to a person")
	}
	l := letter{id: tx.NewID(), person: person, state: mailReady, nextAt: tx.Now(), createdAt: tx.Now()}
	if err := letters.Insert(ctx, tx, l); err != nil {
		return err
	}
	for _, id := range ids {
		if _, err := tx.Exec(ctx, "UPDATE notify_message SET state = 'mailed', mail = $1 WHERE id = $2", l.id, id); err != nil {
			return wrap(err, "put a notice into a mail")
		}
	}
	return nil
}

// claim takes the mail that has been due longest for one more try, or returns
// nil. The next try is planned at once: if this process dies, it comes.
func claim(ctx context.Context, tx *store.Tx) (*letter, error) {
	l, err := letters.One(ctx, tx, "WHERE l.state = 'ready' AND l.next_at <= $1 ORDER BY l.next_at, l.id LIMIT 1", store.At(tx.Now()))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	l.attempts++
	l.nextAt = tx.Now().Add(wait(l.attempts))
	_, err = tx.Exec(ctx, "UPDATE notify_mail SET attempts = $1, next_at = $2 WHERE id = $3", l.attempts, store.At(l.nextAt), l.id)
	return &l, wrap(err, "claim a mail")
}

// noticesOf returns the notices of a mail that have not been dropped.
func noticesOf(ctx context.Context, r store.Reader, mail string) ([]notice, error) {
	return notices.All(ctx, r, "WHERE n.mail = $1 AND n.state = 'mailed' ORDER BY n.not_before, n.created_at, n.id", mail)
}
