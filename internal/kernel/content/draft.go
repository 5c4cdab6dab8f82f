// SPDX-License-Identifier: Apache-2.0

package content

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Limits of drafts.
const (
	MaxDraft     = 256 << 10 // bytes of one draft
	maxDrafts    = 100       // of one person; the oldest goes
	maxDraftForm = 2000      // bytes of a page's address
)

// DraftInfo says that there is a draft.
type DraftInfo struct {
	Form    string // address of the form's page
	SavedAt time.Time
}

// Keep stores what a person wrote into the form of a page, in place of what was
// kept for it before. It is for the person's own requests alone: the caller has
// authenticated them.
func (s *Service) Keep(ctx context.Context, person, form string, values url.Values) error {
	body, err := json.Marshal(values)
	if err != nil {
		return wrap(err, "keep a draft")
	}
	if person == "" || form == "" || len(form) > maxDraftForm {
		return fault.New(fault.Invalid, "content.draft_form", "This form cannot be kept as a draft.")
	}
	if len(body) > MaxDraft {
		return fault.New(fault.Invalid, "content.draft_too_large", "This is too much for a draft; at most %d KiB are kept. Save it elsewhere before you leave.", MaxDraft>>10)
	}
	return s.writer.Quiet(ctx, "a draft is not a decision", func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO content_draft (person, form, body, saved_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (person, form) DO UPDATE SET body = excluded.body, saved_at = excluded.saved_at`, person, form, string(body), store.At(tx.Now()))
		if err != nil {
			return wrap(err, "keep a draft")
		}
		return trimDrafts(ctx, tx, person)
	})
}

// trimDrafts removes the oldest drafts of a person beyond the limit.
func trimDrafts(ctx context.Context, tx *store.Tx, person string) error {
	all, err := draftsOf(ctx, tx, person)
	if err != nil {
		return err
	}
	for _, d := range all[min(maxDrafts, len(all)):] {
		if err := DropDraft(ctx, tx, person, d.Form); err != nil {
			return err
		}
	}
	return nil
}

// Draft returns what was kept for a person and a page, or nil.
func (s *Service) Draft(ctx context.Context, person, form string) (url.Values, error) {
	var body string
	err := s.db.Read(ctx, func(r *store.ReadTx) error {
		return r.QueryRow(ctx, "SELECT body FROM content_draft WHERE person = $1 AND form = $2", person, form).Scan(&body)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, wrap(err, "load a draft")
	}
	var values url.Values
	return values, wrap(json.Unmarshal([]byte(body), &values), "read a draft")
}

// Discard removes a draft; one that is not there is fine.
func (s *Service) Discard(ctx context.Context, person, form string) error {
	return s.writer.Quiet(ctx, "discarding a draft is not a decision", func(tx *store.Tx) error {
		return DropDraft(ctx, tx, person, form)
	})
}

// DropDraft is [Service.Discard] as part of the transaction that saves the form.
func DropDraft(ctx context.Context, tx *store.Tx, person, form string) error {
	_, err := tx.Exec(ctx, "DELETE FROM content_draft WHERE person = $1 AND form = $2", person, form)
	return wrap(err, "drop a draft")
}

// Drafts returns the drafts of a person, the newest first.
func (s *Service) Drafts(ctx context.Context, person string) ([]DraftInfo, error) {
	var all []DraftInfo
	err := s.db.Read(ctx, func(r *store.ReadTx) error {
		var err error
		all, err = draftsOf(ctx, r, person)
		return err
	})
	return all, err
}

func draftsOf(ctx context.Context, r store.Reader, person string) ([]DraftInfo, error) {
	rows, err := r.Query(ctx, "SELECT form, saved_at FROM content_draft WHERE person = $1 ORDER BY saved_at DESC, form", person)
	all, err := store.Collect(rows, err, func(sc store.Scanner) (DraftInfo, error) {
		var d DraftInfo
		err := sc.Scan(&d.Form, store.Time(&d.SavedAt))
		return d, err
	})
	return all, wrap(err, "list drafts")
}
