// SPDX-License-Identifier: Apache-2.0

package mailin

import (
	"context"
	"errors"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Why a mail was not delivered: labels of metrics, and with "mailin.why." before them
// keys of messages.
const (
	WhyMalformed = "malformed" // it cannot be read
	WhyComplex   = "complex"   // too many parts
	WhyAutomatic = "automatic" // a machine or a list sent it
	WhyLoop      = "loop"      // it came from us, or has come too far
	WhyNowhere   = "nowhere"   // the reply address is none of ours
	WhySender    = "sender"    // nothing proves who sent it
	WhyForged    = "forged"    // the server says that somebody else sent it
	WhyOther     = "other"     // the reply address is another person's
	WhyOver      = "over"      // the reply address was given out too long ago, or revoked
	WhyStranger  = "stranger"  // nobody here has that address
	WhyShared    = "shared"    // several people have that address
	WhyInactive  = "inactive"  // the account of that address is closed
	WhyEmpty     = "empty"     // nothing is left without quotes and signature
	WhyRefused   = "refused"   // the person may not do that, or it does not exist
	WhyExpired   = "expired"   // nobody confirmed it in time
	WhyUnwanted  = "unwanted"  // somebody discarded it
	WhyErased    = "erased"    // the person it belonged to was erased

	WhyBounce   = "bounce"    // dropped: no sender in the envelope
	WhyTooLarge = "too_large" // dropped
	WhyFull     = "full"      // turned away: no room
	WhyNetwork  = "network"   // turned away: may not deliver here
)

// confirmable reports whether the person whose address a mail has can say that it is
// theirs.
func confirmable(why string) bool {
	return slices.Contains([]string{WhySender, WhyForged, WhyOther, WhyOver}, why)
}

// verdict is what is to be done with a mail.
type verdict struct {
	why     string  // to park it; empty: deliver it
	claimed string  // the one active person whose address From is
	sender  *Person // verified; nil: a stranger at an open door
	door    *Door   // nil: a reply
	reply   replyTo
}

// parked is a verdict that parks the mail.
func (v verdict) parked(why string) (verdict, error) {
	v.why, v.sender = why, nil
	return v, nil
}

// judge decides what becomes of a mail, by what the database holds now.
func (s *Service) judge(ctx context.Context, r store.Reader, m mailRow, l *letter, unreadable error) (verdict, error) {
	var v verdict
	switch {
	case errors.Is(unreadable, errComplex):
		return v.parked(WhyComplex)
	case unreadable != nil:
		return v.parked(WhyMalformed)
	}
	if why := automatic(l.header, s.cfg.Host, m.sender == "", m.reply != ""); why != "" {
		return v.parked(why)
	}
	if m.reply == "" {
		if d, ok := s.doors[m.recipient]; ok {
			v.door = &d
			return s.judgeDoor(ctx, r, v, l)
		}
		return v.parked(WhyNowhere)
	}
	var err error
	v.reply, err = store.Found(replies.One(ctx, r, "WHERE p.hash = $1", m.reply))
	if fault.Is(err, fault.NotFound) {
		return v.parked(WhyNowhere)
	}
	if err != nil {
		return v, err
	}
	return s.judgeReply(ctx, r, v, l)
}

// judgeReply asks whether a reply is from the person to whom its address was given.
func (s *Service) judgeReply(ctx context.Context, r store.Reader, v verdict, l *letter) (verdict, error) {
	people, why, err := s.peopleAt(ctx, r, l.from)
	if err != nil || why != "" && why != WhyShared {
		v.why = why
		return v, err
	}
	// Of several people with one address, the reply address says which one it is.
	mine := slices.IndexFunc(people, func(p Person) bool { return p.Actor.ID == v.reply.person })
	switch {
	case mine >= 0:
		v.claimed = v.reply.person
	case why != "":
		return v.parked(why)
	default:
		v.claimed = people[0].Actor.ID
	}
	now := s.cfg.DB.Clock().Real()
	switch said := s.said(l); {
	case said.result == "fail":
		return v.parked(WhyForged)
	case mine < 0:
		return v.parked(WhyOther)
	case !v.reply.revokedAt.IsZero() || !now.Before(v.reply.expiresAt):
		return v.parked(WhyOver)
	}
	v.sender = &people[mine]
	return v, nil
}

// judgeDoor asks who opens something by mail.
func (s *Service) judgeDoor(ctx context.Context, r store.Reader, v verdict, l *letter) (verdict, error) {
	people, why, err := s.peopleAt(ctx, r, l.from)
	if err != nil {
		return v, err
	}
	if why == "" {
		v.claimed = people[0].Actor.ID
		said := s.said(l)
		_, domain, _ := strings.Cut(strings.ToLower(l.from), "@")
		switch {
		case said.result == "pass" && said.domain == domain:
			v.sender = &people[0]
			return v, nil
		case said.result == "fail":
			why = WhyForged
		default:
			why = WhySender
		}
	}
	if v.door.Open {
		return v, nil // as a stranger's: whose it is is not known
	}
	return v.parked(why)
}

// said is what the trusted server says of the sender.
func (s *Service) said(l *letter) dmarc {
	return authentication(l.header["Authentication-Results"], s.cfg.Authserv)
}

// peopleAt returns the active people with an address, and why there is not just one.
func (s *Service) peopleAt(ctx context.Context, r store.Reader, address string) ([]Person, string, error) {
	if address == "" {
		return nil, WhyMalformed, nil
	}
	all, err := s.cfg.People.PeopleAt(ctx, r, address)
	if err != nil {
		return nil, "", err
	}
	all = slices.DeleteFunc(all, func(p Person) bool { return p.Active && p.Actor.Kind != authz.KindPerson })
	active := slices.DeleteFunc(slices.Clone(all), func(p Person) bool { return !p.Active })
	switch {
	case len(all) == 0:
		return nil, WhyStranger, nil
	case len(active) == 0:
		return nil, WhyInactive, nil
	case len(active) > 1:
		return active, WhyShared, nil
	}
	return active, "", nil
}
