// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Message is one notice to one person.
type Message struct {
	Person string   // person id
	Item   string   // "<type>:<id>" that the notice is about; its visibility decides what is said
	Key    string   // message key of one sentence: "risk.notice.runs_out"
	Args   []string // for the verbs of the sentence
	Path   string   // where the link leads, on this server: "/risks/k3j4..."
	// Once, if set, makes the notice unique for the person: "runs_out:<id>:7d". A
	// second one with the same text is dropped, whenever it comes.
	Once   string
	Urgent bool // do not wait for the batching window

	// Answer says that an answer to the mail is wanted and joins the discussion of
	// Item, in Thread if that is set. It needs [Config.Replies].
	Answer bool
	Thread string
}

// Enqueue writes a notice as part of tx: it goes out if and only if tx commits.
func (s *Service) Enqueue(ctx context.Context, tx *store.Tx, m Message) error {
	if err := m.check(); err != nil {
		return err
	}
	args, err := json.Marshal(m.Args)
	if err != nil {
		return fmt.Errorf("enqueue a notice: %w", err)
	}
	notBefore := tx.Now()
	if !m.Urgent {
		notBefore = notBefore.Add(s.cfg.Window)
	}
	once := sql.NullString{String: m.Person + "\n" + m.Once, Valid: m.Once != ""}
	_, err = tx.Exec(ctx, `INSERT INTO notify_message (id, channel, person, item, key, args, path, once, state, mail, not_before, created_at, thread, answer)
		VALUES ($1, 'mail', $2, $3, $4, $5, $6, $7, 'waiting', NULL, $8, $9, $10, $11) ON CONFLICT (once) DO NOTHING`,
		tx.NewID(), m.Person, m.Item, m.Key, string(args), m.Path, once, store.At(notBefore), store.At(tx.Now()), m.Thread, store.Bool(m.Answer))
	if err != nil {
		return fmt.Errorf("enqueue a notice: %w", err)
	}
	return s.cfg.Queue.Enqueue(ctx, tx, job.Job{Kind: JobSend, Key: "due", RunAt: notBefore})
}

// check refuses what the caller got wrong; it is never the reader's fault.
func (m Message) check() error {
	kind, id, ok := strings.Cut(m.Item, ":")
	switch {
	case m.Person == "" || m.Key == "":
		return errors.New("notify: a notice needs a person and a message key")
	case m.Item != "" && (!ok || kind == "" || id == ""):
		return errors.New("notify: the item is not <type>:<id>")
	case m.Answer && m.Item == "":
		return errors.New("notify: an answer needs an item to belong to")
	case !strings.HasPrefix(m.Path, "/") || strings.HasPrefix(m.Path, "//"):
		return errors.New("notify: the path does not lead to a page of this server")
	}
	return nil
}

// Open returns the path that the link of a notice leads to. Only the person it
// was sent to may follow it; everybody else gets NotFound.
func (s *Service) Open(ctx context.Context, id string) (string, error) {
	a := authz.ActorFrom(ctx)
	if err := s.cfg.Policy.Require(a, ActionOpen); err != nil {
		return "", err
	}
	var path string
	err := s.cfg.DB.Read(ctx, func(r *store.ReadTx) error {
		return r.QueryRow(ctx, "SELECT path FROM notify_message WHERE id = $1 AND person = $2", id, a.ID).Scan(&path)
	})
	return store.Found(path, wrap(err, "open a notice"))
}

// Forget removes all notices to a person, sent or not: part of erasing them.
func (s *Service) Forget(ctx context.Context, tx *store.Tx, person string) error {
	if _, err := tx.Exec(ctx, "DELETE FROM notify_message WHERE person = $1", person); err != nil {
		return fmt.Errorf("forget notices: %w", err)
	}
	_, err := tx.Exec(ctx, "DELETE FROM notify_mail WHERE person = $1", person)
	return wrap(err, "forget mails")
}

// Held is a notice that the package holds about a person, for their export.
type Held struct {
	ID, Key, Item, Path, State string
	CreatedAt                  time.Time
}

// Holds returns the notices to a person, the latest first.
func (s *Service) Holds(ctx context.Context, r store.Reader, person string) ([]Held, error) {
	rows, err := r.Query(ctx, "SELECT id, key, item, path, state, created_at FROM notify_message WHERE person = $1 ORDER BY created_at DESC, id", person)
	all, err := store.Collect(rows, err, func(sc store.Scanner) (Held, error) {
		var h Held
		err := sc.Scan(&h.ID, &h.Key, &h.Item, &h.Path, &h.State, store.Time(&h.CreatedAt))
		return h, err
	})
	return all, wrap(err, "list the notices to a person")
}

// purge removes what was dealt with long ago.
func (s *Service) purge(ctx context.Context) error {
	return s.cfg.Writer.Quiet(ctx, "removing notices that are over is not a decision", func(tx *store.Tx) error {
		before := store.At(tx.Now().Add(-keep))
		// What waits is removed too: it is news no more.
		if _, err := tx.Exec(ctx, "DELETE FROM notify_message WHERE created_at < $1", before); err != nil {
			return fmt.Errorf("purge notices: %w", err)
		}
		_, err := tx.Exec(ctx, "DELETE FROM notify_mail WHERE created_at < $1", before)
		return wrap(err, "purge mails")
	})
}
