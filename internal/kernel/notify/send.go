// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/store"
)

// SendDue puts notices whose window is over into mails and tries each mail that
// is due once. A mail that fails is not an error here: it is tried again by its
// plan, or dead. Without a Sender nothing happens.
func (s *Service) SendDue(ctx context.Context) error {
	if s.cfg.Sender == nil {
		return nil
	}
	for {
		var l *letter
		err := s.cfg.Writer.Quiet(ctx, "preparing a mail is not a decision", func(tx *store.Tx) error {
			if err := batch(ctx, tx); err != nil {
				return err
			}
			var err error
			l, err = claim(ctx, tx)
			return err
		})
		if err != nil || l == nil {
			return err
		}
		if err := s.deliver(ctx, *l); err != nil {
			return err
		}
	}
}

// deliver tries to send one mail and records what came of it. The error is one
// of the database or of the context.
func (s *Service) deliver(ctx context.Context, l letter) error {
	var d *draft
	var dropped []string
	err := s.cfg.DB.Read(ctx, func(r *store.ReadTx) error {
		var err error
		d, dropped, err = s.compose(ctx, r, l)
		return err
	})
	if err != nil {
		return err
	}
	var mail *Mail
	if d != nil {
		if mail, err = s.addressed(ctx, l, *d); err != nil {
			return err
		}
	}
	var failure error
	if mail != nil {
		failure = s.cfg.Sender.Send(ctx, *mail)
	}
	if failure != nil && ctx.Err() != nil {
		return ctx.Err() // the server stops; the try is planned again
	}
	return s.record(context.WithoutCancel(ctx), l, mail != nil, dropped, failure)
}

// record writes the result of a try. What was sent needs its arguments no more,
// and so they go: an outbox is not an archive.
func (s *Service) record(ctx context.Context, l letter, tried bool, dropped []string, failure error) error {
	return s.cfg.Writer.Quiet(ctx, "the result of sending a mail is not a decision", func(tx *store.Tx) error {
		for _, id := range dropped {
			if _, err := tx.Exec(ctx, "UPDATE notify_message SET state = 'dropped', args = '[]' WHERE id = $1", id); err != nil {
				return wrap(err, "drop a notice")
			}
		}
		switch {
		case !tried:
			_, err := tx.Exec(ctx, "DELETE FROM notify_mail WHERE id = $1", l.id)
			return wrap(err, "remove an empty mail")
		case failure == nil:
			s.counts.add("sent")
			if _, err := tx.Exec(ctx, "UPDATE notify_message SET args = '[]' WHERE mail = $1", l.id); err != nil {
				return wrap(err, "clear what was sent")
			}
			_, err := tx.Exec(ctx, "UPDATE notify_mail SET state = 'sent', sent_at = $1, last_error = '' WHERE id = $2", store.At(tx.Now()), l.id)
			return wrap(err, "mark a mail as sent")
		}
		return s.recordFailure(ctx, tx, l, failure)
	})
}

func (s *Service) recordFailure(ctx context.Context, tx *store.Tx, l letter, failure error) error {
	state, reason := mailReady, describe(failure)
	if Refused(failure) || l.attempts >= s.cfg.Attempts {
		state = mailDead
	}
	s.counts.add(map[string]string{mailReady: "failed", mailDead: "dead"}[state])
	s.log.Warn("mail not sent", "mail", l.id, "attempt", l.attempts, "state", state, "reason", reason)
	_, err := tx.Exec(ctx, "UPDATE notify_mail SET state = $1, last_error = $2 WHERE id = $3", state, reason, l.id)
	if err != nil || state == mailDead {
		return wrap(err, "record a failed try")
	}
	return s.cfg.Queue.Enqueue(ctx, tx, job.Job{Kind: JobSend, Key: "due", RunAt: l.nextAt})
}

// compose collects what stands in the mail from what its person may see now. It returns a nil mail
// if there is nothing to tell, and the notices that are not to be told.
func (s *Service) compose(ctx context.Context, r store.Reader, l letter) (*draft, []string, error) {
	notices, err := noticesOf(ctx, r, l.id)
	if err != nil {
		return nil, nil, err
	}
	to, err := s.cfg.Directory(ctx, r, l.person)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, nil, wrap(err, "find the recipient of a mail")
	}
	gone := err != nil || to.Address == ""
	d := draft{to: to}
	var dropped []string
	for _, n := range notices {
		say, visibility := hide, authz.Restricted
		if !gone {
			if say, visibility, err = s.mayTell(ctx, r, to.Actor, n.item); err != nil {
				return nil, nil, err
			}
		}
		if say != hide {
			d.answers(n, visibility)
		}
		switch say {
		case hide:
			dropped = append(dropped, n.id)
		case hint:
			d.told = append(d.told, sentence{id: n.id})
		case tell:
			d.told = append(d.told, sentence{id: n.id, text: s.sentence(n)})
		}
	}
	if len(d.told) == 0 {
		return nil, dropped, nil
	}
	return &d, dropped, nil
}

// saying is how much of a notice may stand in a mail.
type saying int

const (
	hide saying = iota // not even that there is something
	hint               // that something needs attention
	tell               // its sentence
)

// mayTell decides by what the item is now. A notice without an item says only
// what its sender put into it for everybody to read.
func (s *Service) mayTell(ctx context.Context, r store.Reader, a authz.Actor, item string) (saying, authz.Visibility, error) {
	if item == "" {
		return tell, authz.Internal, nil
	}
	kind, id, _ := strings.Cut(item, ":")
	resourceOf := s.cfg.Resources[kind]
	if resourceOf == nil {
		// Nobody can say who may see it, so nobody is told.
		s.log.Error("notice dropped: no module knows items of its type", "type", kind)
		return hide, "", nil
	}
	res, err := resourceOf(ctx, r, id)
	switch {
	case fault.Is(err, fault.NotFound):
		return hide, "", nil
	case err != nil:
		return hide, "", wrap(err, "look up the item of a notice")
	case !authz.CanSee(a, res):
		return hide, "", nil
	case res.Visibility == authz.Public, res.Visibility == authz.Internal && s.cfg.InternalInMail:
		return tell, res.Visibility, nil
	default:
		return hint, res.Visibility, nil
	}
}
