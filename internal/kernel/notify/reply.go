// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
)

// draft is what is to stand in a mail.
type draft struct {
	to           Recipient
	told         []sentence
	item, thread string // what an answer belongs to
	silent       bool   // there is not just one such thing, or none
}

// answers notes what an answer to a notice belongs to. There is an address for answers
// if all notices of the mail want one, about the same thread, and of an item that is
// not restricted: what is restricted is to be written where the mail's archives are not.
func (d *draft) answers(n notice, v authz.Visibility) {
	first := d.item == ""
	if !n.answer || v == authz.Restricted || !first && (d.item != n.item || d.thread != n.thread) {
		d.silent = true
	}
	d.item, d.thread = n.item, n.thread
}

// addressed writes the mail, with an address for answers if there is one.
func (s *Service) addressed(ctx context.Context, l letter, d draft) (*Mail, error) {
	if d.silent || d.item == "" || s.cfg.Replies == nil || s.cfg.Replies() == nil {
		return s.write(l, d.to, d.told, "", ""), nil
	}
	var address, root string
	err := s.cfg.Writer.Quiet(ctx, "an address that answers may go to is not a decision", func(tx *store.Tx) (err error) {
		address, root, err = s.cfg.Replies().ReplyTo(ctx, tx, d.item, d.thread, l.person)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.write(l, d.to, d.told, address, root), nil
}
