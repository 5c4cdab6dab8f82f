// SPDX-License-Identifier: Apache-2.0

package mailin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/notify"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Jobs returns the jobs of this package.
func (s *Service) Jobs() []job.Def {
	return []job.Def{
		{
			Kind: JobRoute, Summary: "Deliver a mail that came in.",
			Handle: func(ctx context.Context, payload []byte) error {
				var p routing
				if err := json.Unmarshal(payload, &p); err != nil {
					return job.Permanent(errors.New("the payload is not that of a mail"))
				}
				return s.Route(ctx, p.Message)
			},
		},
		{
			Kind: "mailin.purge", Summary: "Discard mails that nobody confirmed, and forget what was settled long ago.", Every: 24 * time.Hour,
			Handle: func(ctx context.Context, _ []byte) error { return s.purge(ctx) },
		},
	}
}

// Route delivers, parks or refuses a new mail. One that is not new is left as it is,
// so that it can be called again.
func (s *Service) Route(ctx context.Context, id string) error {
	var m mailRow
	var raw []byte
	err := s.cfg.DB.Read(ctx, func(r *store.ReadTx) (err error) {
		if m, err = store.Found(mails.One(ctx, r, "WHERE m.id = $1 AND m.state = 'new'", id)); err != nil {
			return err
		}
		raw, err = loadRaw(ctx, r, id)
		return err
	})
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	l, unreadable := read(raw)
	var v verdict
	err = s.cfg.DB.Read(ctx, func(r *store.ReadTx) (err error) {
		v, err = s.judge(ctx, r, m, l, unreadable)
		return err
	})
	switch {
	case err != nil:
		return err
	case v.why != "":
		return s.park(ctx, m, l, v)
	}
	return s.deliver(ctx, m, l)
}

// errChanged ends a decision that is not to be made any more: while it was prepared,
// an account was closed, say, or another process settled the mail.
var errChanged = errors.New("the mail is to be looked at anew")

// deliver gives a mail to its door or thread, in the name of its sender.
func (s *Service) deliver(ctx context.Context, m mailRow, l *letter) error {
	var v verdict
	err := s.cfg.Writer.Decide(ctx, func(tx *ledger.Tx) error {
		// What was found before the log was locked may have changed.
		current, err := store.Found(mails.One(ctx, tx, "WHERE m.id = $1 AND m.state = 'new'", m.id))
		if err != nil {
			return errors.Join(errChanged, err)
		}
		if v, err = s.judge(ctx, tx, current, l, nil); err != nil {
			return err
		}
		if v.why != "" {
			return errChanged
		}
		actor := authz.Anonymous()
		if v.sender != nil {
			actor = v.sender.Actor
			actor.Scopes = s.scopes(v)
		}
		return s.hand(ctx, tx, actor, current, l, v)
	})
	switch {
	case err == nil:
		s.counts.add(stateDelivered, "")
		return nil
	case refuses(err):
		return s.refuse(ctx, m, v, err)
	default:
		return fmt.Errorf("deliver a mail: %w", err)
	}
}

// scopes is what a mail may do of what its sender may do.
func (s *Service) scopes(v verdict) []authz.Action {
	if v.door != nil {
		return v.door.Scopes
	}
	return s.cfg.ReplyScopes
}

// hand gives a mail to where it belongs, as part of tx, and settles it.
func (s *Service) hand(ctx context.Context, tx *ledger.Tx, actor authz.Actor, m mailRow, l *letter, v verdict) error {
	as := authz.WithActor(ctx, actor)
	msg := message(m, l)
	msg.Person = actor.ID
	item := v.reply.item
	var err error
	switch {
	case v.door != nil && msg.Text == "" && len(msg.Attachments) == 0, v.door == nil && msg.Text == "":
		return fault.New(fault.Invalid, "mailin.empty", "Nothing is left of this mail without what it quotes.")
	case v.door != nil:
		item, err = v.door.Deliver(as, tx, msg)
	default:
		err = s.cfg.Threads.Reply(as, tx, actor, v.reply.item, v.reply.thread, msg.Text)
	}
	if err != nil {
		return err
	}
	done, err := settle(ctx, tx.Tx, m.id, m.state, stateDelivered, "", actor.ID, item)
	if err == nil && !done {
		return errChanged
	}
	return err
}

// message makes of a mail what doors get.
func message(m mailRow, l *letter) Message {
	msg := Message{ID: m.id, From: l.from, Subject: l.subject, Whole: strings.TrimSpace(l.text), Attachments: l.attachments, Left: l.left, ReceivedAt: m.receivedAt}
	msg.Text, msg.Cut = Cut(l.text)
	msg.Text = strings.TrimSpace(msg.Text)
	return msg
}

// refuses reports whether an error says that this mail will never be taken.
func refuses(err error) bool {
	if errors.Is(err, errChanged) {
		return false
	}
	switch fault.From(err).Kind {
	case fault.Invalid, fault.Forbidden, fault.NotFound, fault.Conflict, fault.Blocked, fault.Unauthenticated:
		return true
	}
	return false
}

// refuse settles a mail that its place does not take, and tells its sender that it
// was refused: not why, because that could tell what exists.
func (s *Service) refuse(ctx context.Context, m mailRow, v verdict, cause error) error {
	why, person := WhyRefused, ""
	if fault.HasCode(cause, "mailin.empty") {
		why = WhyEmpty
	}
	if v.sender != nil {
		person = v.sender.Actor.ID
	}
	err := s.cfg.Writer.Quiet(ctx, "a mail that was refused changed nothing", func(tx *store.Tx) error {
		done, err := settle(ctx, tx, m.id, stateNew, stateRefused, why, person, "")
		if err != nil || !done {
			return err
		}
		return s.tell(ctx, tx, m.id, person, "mailin.notice.refused")
	})
	if err == nil {
		s.counts.add(stateRefused, why)
		s.log.Info("a mail was refused", "mail", m.id, "reason", why, "code", fault.From(cause).Code)
	}
	return err
}

// park keeps a mail for somebody to look at. The person whose address it has, if that
// is one, is asked whether it is theirs.
func (s *Service) park(ctx context.Context, m mailRow, l *letter, v verdict) error {
	var from, subject string
	if l != nil {
		from, subject = strings.ToLower(l.from), l.subject
	}
	if !confirmable(v.why) {
		v.claimed = ""
	}
	err := s.cfg.Writer.Quiet(ctx, "a mail that waits decides nothing", func(tx *store.Tx) error {
		n, err := store.Affected(tx.Exec(ctx, `UPDATE mailin_message SET state = 'parked', why = $1, from_address = $2, subject = $3, claimed = $4
			WHERE id = $5 AND state = 'new'`, v.why, from, subject, v.claimed, m.id))
		if err != nil || n == 0 {
			return wrap(err, "park a mail")
		}
		return s.tell(ctx, tx, m.id, v.claimed, "mailin.notice.confirm")
	})
	if err == nil {
		s.counts.add(stateParked, v.why)
	}
	return err
}

// tell sends a person a notice about a mail under their address, unless they got one
// within the hour. It says nothing that stands in the mail: whoever forged it would
// write to them in our name.
func (s *Service) tell(ctx context.Context, tx *store.Tx, id, person, key string) error {
	if person == "" {
		return nil
	}
	now := s.cfg.DB.Clock().Real()
	var told int
	err := tx.QueryRow(ctx, "SELECT COUNT(*) FROM mailin_message WHERE claimed = $1 AND asked_at > $2", person, store.At(now.Add(-askEvery))).Scan(&told)
	if err != nil || told > 0 {
		return wrap(err, "look when a person was last told")
	}
	if _, err := tx.Exec(ctx, "UPDATE mailin_message SET claimed = $1, asked_at = $2 WHERE id = $3", person, store.At(now), id); err != nil {
		return wrap(err, "note that a person is told")
	}
	return s.cfg.Notices.Enqueue(ctx, tx, notify.Message{Person: person, Key: key, Path: pagePath(id), Urgent: true})
}

// purge discards what nobody confirmed, and forgets what was settled long ago.
func (s *Service) purge(ctx context.Context) error {
	var expired int64
	err := s.cfg.Writer.Quiet(ctx, "forgetting a mail that nobody wants is not a decision", func(tx *store.Tx) error {
		var err error
		expired, err = store.Affected(tx.Exec(ctx, `UPDATE mailin_message SET state = 'discarded', why = $1, settled_at = $2, raw = NULL, subject = '', sender = ''
			WHERE state = 'parked' AND received_at < $3`, WhyExpired, store.At(tx.Now()), store.At(tx.Now().Add(-s.cfg.Keep))))
		if err != nil {
			return wrap(err, "discard mails")
		}
		if _, err := tx.Exec(ctx, "DELETE FROM mailin_message WHERE settled_at < $1", store.At(tx.Now().Add(-keepSettled))); err != nil {
			return wrap(err, "forget mails")
		}
		_, err = tx.Exec(ctx, "DELETE FROM mailin_reply WHERE expires_at < $1", store.At(s.cfg.DB.Clock().Real().Add(-s.cfg.Keep)))
		return wrap(err, "forget reply addresses")
	})
	if err == nil && expired > 0 {
		s.counts.mails.WithLabelValues(stateDiscarded, WhyExpired).Add(float64(expired))
	}
	return err
}
