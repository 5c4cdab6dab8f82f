// SPDX-License-Identifier: Apache-2.0

package mailin

import (
	"context"
	"slices"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Waiting is a mail that waits, or the end of one, as it is shown to somebody.
type Waiting struct {
	ID, From, Subject string
	Text              string // cleaned; only of one mail, and only while it waits
	More              bool   // Text is the beginning only
	Files             []Attachment
	State, Why        string
	Size              int64
	ReceivedAt        time.Time
	Item              string // what it became; only for who sent it
	Own               bool   // the actor's address is that of the mail
	MayConfirm        bool
	MayDiscard        bool
}

// shownTo makes of a mail what the actor may see of it. It reports false if that is
// nothing: then there is no such mail.
func (s *Service) shownTo(ctx context.Context, r store.Reader, a authz.Actor, m mailRow) (Waiting, bool, error) {
	own := a.SignedIn() && m.claimed == a.ID
	if !own {
		if shown, err := s.triages(ctx, r, a, m); err != nil || !shown {
			return Waiting{}, false, err
		}
	}
	w := Waiting{ID: m.id, From: m.from, Subject: m.subject, State: m.state, Why: m.why, Size: m.size, ReceivedAt: m.receivedAt, Own: own}
	if own && m.person == a.ID {
		w.Item = m.item
	}
	if m.state == stateParked {
		w.MayConfirm = own && confirmable(m.why) && s.cfg.Policy.Allowed(a, ActionConfirm)
		w.MayDiscard = own && s.cfg.Policy.Allowed(a, ActionConfirm) || s.cfg.Policy.Allowed(a, ActionDiscard)
	}
	return w, true, nil
}

// triages reports whether the actor is shown a mail of somebody else that waits, as
// one of those who look after them. A reply may say what stands in its thread: it is
// for those who may see the item. Where one to an address that is forgotten belongs
// nobody knows, and so nobody reads it.
func (s *Service) triages(ctx context.Context, r store.Reader, a authz.Actor, m mailRow) (bool, error) {
	if m.state != stateParked || !s.cfg.Policy.Allowed(a, ActionRead) {
		return false, nil
	}
	if m.reply == "" {
		return true, nil
	}
	p, err := store.Found(replies.One(ctx, r, "WHERE p.hash = $1", m.reply))
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return s.cfg.Threads.Sees(ctx, r, a, p.item)
}

// shownOf makes of mails what the actor may see of them, and leaves out the others.
func (s *Service) shownOf(ctx context.Context, r store.Reader, a authz.Actor, all []mailRow) ([]Waiting, error) {
	var shown []Waiting
	for _, m := range all {
		w, ok, err := s.shownTo(ctx, r, a, m)
		if err != nil {
			return nil, err
		}
		if ok {
			shown = append(shown, w)
		}
	}
	return shown, nil
}

// maxListed is how many mails a list has.
const maxListed = 200

// Waiting returns the mails that wait, the latest first, up to 200: those under the
// actor's address, or all of them for who may read all. The actor needs mailin:open.
func (s *Service) Waiting(ctx context.Context) ([]Waiting, error) {
	a := authz.ActorFrom(ctx)
	if err := s.cfg.Policy.Require(a, ActionOpen); err != nil {
		return nil, err
	}
	var shown []Waiting
	err := s.cfg.DB.Read(ctx, func(r *store.ReadTx) error {
		all, err := ownWaiting(ctx, r, a.ID)
		if s.cfg.Policy.Allowed(a, ActionRead) {
			all, err = mails.All(ctx, r, "WHERE m.state = 'parked' ORDER BY m.received_at DESC, m.id LIMIT $1", maxListed)
		}
		if err != nil {
			return err
		}
		shown, err = s.shownOf(ctx, r, a, all)
		return err
	})
	return shown, wrap(err, "list the mails that wait")
}

// Own returns the mails under a person's address that wait for them, the latest
// first, up to 200; for the person's inbox.
func (s *Service) Own(ctx context.Context, r store.Reader, a authz.Actor) ([]Waiting, error) {
	all, err := ownWaiting(ctx, r, a.ID)
	if err != nil {
		return nil, err
	}
	shown, err := s.shownOf(ctx, r, a, all)
	return slices.DeleteFunc(shown, func(w Waiting) bool { return !w.MayConfirm }), err
}

func ownWaiting(ctx context.Context, r store.Reader, person string) ([]mailRow, error) {
	return mails.All(ctx, r, "WHERE m.claimed = $1 AND m.state = 'parked' ORDER BY m.received_at DESC, m.id LIMIT $2", person, maxListed)
}

// beginning is how much of a mail's text the person sees who is asked whether it is theirs.
const beginning = 1000

// Mail returns one mail: with all of its text for who may read all mails, with its
// beginning for the person whose address it has. For all others it is NotFound.
func (s *Service) Mail(ctx context.Context, id string) (Waiting, error) {
	a := authz.ActorFrom(ctx)
	if err := s.cfg.Policy.Require(a, ActionOpen); err != nil {
		return Waiting{}, err
	}
	var w Waiting
	var raw []byte
	err := s.cfg.DB.Read(ctx, func(r *store.ReadTx) error {
		m, err := store.Found(mails.One(ctx, r, "WHERE m.id = $1", id))
		if err != nil {
			return err
		}
		var ok bool
		if w, ok, err = s.shownTo(ctx, r, a, m); err != nil {
			return err
		}
		if !ok {
			return fault.ItemNotFound()
		}
		raw, err = loadRaw(ctx, r, id)
		return err
	})
	if err != nil {
		return Waiting{}, err
	}
	if l, _ := read(raw); l != nil && w.State == stateParked {
		w.Text, w.Files = l.text, l.attachments
		if !s.cfg.Policy.Allowed(a, ActionRead) && len(w.Text) > beginning {
			w.Text, w.More = clean(w.Text[:beginning]), true
		}
	}
	return w, nil
}

// confirmedBody is the body of the entries of this package. What the mail says is no
// part of it.
type confirmedBody struct {
	Mail string `json:"mail"`
	Own  bool   `json:"own"` // by the person whose address it has
}

// Confirm delivers a mail in the name of the actor, who says that it is theirs, and
// returns what it became. It appends mailin.confirmed beside the entry of what takes
// the mail. A mail that waits for somebody else is NotFound; one that is settled, or
// that nobody can confirm, is a Conflict ("mailin.settled").
func (s *Service) Confirm(ctx context.Context, id string) error {
	a := authz.ActorFrom(ctx)
	if err := s.cfg.Policy.Require(a, ActionConfirm); err != nil {
		return err
	}
	err := s.cfg.Writer.Decide(ctx, func(tx *ledger.Tx) error {
		m, w, err := s.held(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if !w.Own {
			return fault.ItemNotFound()
		}
		if !w.MayConfirm {
			return settled()
		}
		raw, err := loadRaw(ctx, tx, id)
		if err != nil {
			return err
		}
		l, err := read(raw)
		if err != nil {
			return settled()
		}
		v, err := s.place(ctx, tx, m)
		if err != nil {
			return err
		}
		if err := s.hand(ctx, tx, a, m, l, v); err != nil {
			return err
		}
		return s.append(ctx, tx, KindConfirmed, id, confirmedBody{id, true})
	})
	if err == nil {
		s.counts.add(stateDelivered, "confirmed")
	}
	return err
}

// place finds where a mail was sent to, without asking by whom.
func (s *Service) place(ctx context.Context, r store.Reader, m mailRow) (verdict, error) {
	if m.reply == "" {
		d, ok := s.doors[m.recipient]
		if !ok {
			return verdict{}, settled()
		}
		return verdict{door: &d}, nil
	}
	reply, err := store.Found(replies.One(ctx, r, "WHERE p.hash = $1", m.reply))
	return verdict{reply: reply}, err
}

// Discard ends a mail that waits; its words go. It is for the person whose address it
// has, and for who needs mailin:discard. It appends mailin.discarded.
func (s *Service) Discard(ctx context.Context, id string) error {
	a := authz.ActorFrom(ctx)
	if err := s.cfg.Policy.Require(a, ActionOpen); err != nil {
		return err
	}
	err := s.cfg.Writer.Decide(ctx, func(tx *ledger.Tx) error {
		_, w, err := s.held(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if !w.MayDiscard {
			return s.cfg.Policy.Require(a, ActionDiscard)
		}
		done, err := settle(ctx, tx.Tx, id, stateParked, stateDiscarded, WhyUnwanted, "", "")
		if err != nil {
			return err
		}
		if !done {
			return settled()
		}
		return s.append(ctx, tx, KindDiscarded, id, confirmedBody{id, w.Own})
	})
	if err == nil {
		s.counts.add(stateDiscarded, WhyUnwanted)
	}
	return err
}

// held returns a mail that waits, as far as the actor may see it.
func (s *Service) held(ctx context.Context, tx *ledger.Tx, a authz.Actor, id string) (mailRow, Waiting, error) {
	m, err := store.Found(mails.One(ctx, tx, "WHERE m.id = $1", id))
	if err != nil {
		return m, Waiting{}, err
	}
	w, ok, err := s.shownTo(ctx, tx, a, m)
	switch {
	case err != nil:
		return m, w, err
	case !ok:
		return m, w, fault.ItemNotFound()
	case m.state != stateParked:
		return m, w, settled()
	}
	return m, w, nil
}

func (s *Service) append(ctx context.Context, tx *ledger.Tx, kind, id string, body confirmedBody) error {
	_, err := s.cfg.Writer.Append(ctx, tx, ledger.Entry{
		Kind: kind, Actor: authz.ActorFrom(ctx).Ref(), Subject: "mail:" + id, Visibility: string(authz.Internal), Body: body,
	})
	return err
}

func settled() error {
	return fault.New(fault.Conflict, "mailin.settled", "This mail does not wait any more, or nobody can confirm it. Open the page again to see what became of it.")
}
