// SPDX-License-Identifier: Apache-2.0

package mailin

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"portreeve.org/portreeve/internal/kernel/store"
)

// Limits of one server; each mail is in memory until it is stored.
const (
	maxConnections = 32
	maxRecipients  = 20
	maxAtOnce      = 2 // mails in memory
	readTimeout    = 2 * time.Minute
	writeTimeout   = time.Minute
	storeTimeout   = time.Minute
)

// session is one connection of the mail server.
type session struct {
	s      *Service
	ctx    context.Context
	guest  *guest
	secure bool // whether the connection may carry a mail

	// A mail in chunks (BDAT) is read beside the conversation, which may end it.
	mu sync.Mutex
	envelope
}

// envelope is where a mail comes from and goes to.
type envelope struct {
	sender string
	to     []address
}

// address is one of our addresses.
type address struct {
	name  string // of a door, or reply
	reply string // hash of the token
}

func refusal(code int, enhanced smtp.EnhancedCode, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: text}
}

// Reset implements smtp.Session.
func (c *session) Reset() { c.set(func(e *envelope) { *e = envelope{} }) }

func (c *session) set(change func(e *envelope)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.envelope)
}

// Logout implements smtp.Session.
func (c *session) Logout() error { return nil }

// Mail implements smtp.Session. The server has compared a declared size already.
func (c *session) Mail(from string, _ *smtp.MailOptions) error {
	if !c.secure {
		return refusal(530, smtp.EnhancedCode{5, 7, 0}, "Must issue a STARTTLS command first")
	}
	c.set(func(e *envelope) { *e = envelope{sender: from} })
	return nil
}

// Rcpt implements smtp.Session: it takes our addresses and no others.
func (c *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	local, domain, _ := strings.Cut(to, "@")
	if !strings.EqualFold(domain, c.s.cfg.Domain) {
		return refusal(550, smtp.EnhancedCode{5, 7, 1}, "This server takes no mail for that domain")
	}
	name := strings.ToLower(local)
	a := address{name: name}
	if token, ok := tokenOf(name); ok {
		// Whether it is a valid one is found out later: an old one may be answered.
		a = address{replyName, hashToken(token)}
	} else if _, ok := c.s.doors[name]; !ok {
		return refusal(550, smtp.EnhancedCode{5, 1, 1}, "There is no such address here")
	}
	c.set(func(e *envelope) {
		if !slices.Contains(e.to, a) {
			e.to = append(e.to, a)
		}
	})
	return nil
}

// LMTPData implements smtp.LMTPSession: a mail is stored for all of its recipients or
// for none, so they have one answer.
func (c *session) LMTPData(r io.Reader, _ smtp.StatusCollector) error { return c.Data(r) }

// Data implements smtp.Session: what it acknowledges is stored.
func (c *session) Data(r io.Reader) error {
	c.guest.busy.Store(true)
	defer c.guest.busy.Store(false)
	var e envelope
	c.set(func(now *envelope) { e = *now })
	if e.sender == "" {
		// A bounce, or an answer of a machine: nobody here waits for it.
		c.s.counts.add(outcomeDropped, WhyBounce)
		_, err := io.Copy(io.Discard, r)
		return err
	}
	select {
	case c.s.slots <- struct{}{}:
		defer func() { <-c.s.slots }()
	case <-c.ctx.Done():
		return refusal(421, smtp.EnhancedCode{4, 3, 2}, "The server stops; try again later")
	}
	var raw bytes.Buffer
	// One more byte than may be, so that a chunked mail (BDAT) is measured, too.
	n, err := io.Copy(&raw, io.LimitReader(r, c.s.cfg.MaxSize+1))
	if n > c.s.cfg.MaxSize {
		err = smtp.ErrDataTooLarge
	}
	if errors.Is(err, smtp.ErrDataTooLarge) {
		c.s.counts.add(outcomeDropped, WhyTooLarge)
		return smtp.ErrDataTooLarge
	}
	if err != nil {
		return err
	}
	return c.keep(e, raw.Bytes())
}

// errFull says that there is no room for more mails.
var errFull = errors.New("no room for more mails")

// keep stores the mail, once for each of our addresses, in one transaction. It is not
// given up when the server stops: what was sent whole is acknowledged.
func (c *session) keep(e envelope, raw []byte) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), storeTimeout)
	defer cancel()
	var fresh int
	err := c.s.cfg.Writer.Quiet(ctx, "a mail decides nothing until it is delivered", func(tx *store.Tx) error {
		fresh = 0
		stored, err := storedBytes(ctx, tx)
		if err != nil {
			return err
		}
		if stored+int64(len(raw)*len(e.to)) > maxStored {
			return errFull
		}
		for _, to := range e.to {
			is, err := c.s.keepMail(ctx, tx, cleanLine(e.sender, 254), to, raw)
			if err != nil {
				return err
			}
			if is {
				fresh++
			}
		}
		return nil
	})
	switch {
	case errors.Is(err, errFull):
		c.s.counts.add(outcomeDropped, WhyFull)
		c.s.log.Error("a mail was turned away: too many wait", "limit_bytes", int64(maxStored))
		return refusal(452, smtp.EnhancedCode{4, 3, 1}, "There is no room for this mail now; try again later")
	case err != nil:
		c.s.log.Error("a mail could not be stored", "error", err)
		return refusal(451, smtp.EnhancedCode{4, 3, 0}, "The mail could not be stored; try again later")
	}
	for i := range e.to {
		if i < fresh {
			c.s.counts.add(outcomeReceived, "")
		} else {
			c.s.counts.add(outcomeRepeated, "")
		}
	}
	return nil
}
