// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"io"
	"slices"
	"sync"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// Who is removed, or loses a right, is out within stillFor, also of a request that is
// being sent or an answer that is being read; asking again takes stillWait at most.
const (
	stillFor  = time.Second
	stillWait = 5 * time.Second
)

// still is who made a request, and how that was found out.
type still struct {
	again func(context.Context) (authz.Actor, error)
	now   func() time.Time

	mu    sync.Mutex
	actor authz.Actor
	at    time.Time // when it was asked last
	err   error     // who is out stays out
}

type stillKey struct{}

// StillIn returns an error if who makes the request that ctx belongs to is not
// signed in any more, or not with the rights that it began with. It asks once a second,
// so it may be called for each piece of an answer that takes long. Outside of a request,
// and for who is not signed in, there is nothing to ask.
func StillIn(ctx context.Context) error {
	s, _ := ctx.Value(stillKey{}).(*still)
	if s == nil {
		return nil
	}
	return s.check(ctx)
}

// StillWriter is w for as long as [StillIn] has no error.
func StillWriter(ctx context.Context, w io.Writer) io.Writer { return &stillWriter{w, ctx} }

type stillWriter struct {
	w   io.Writer
	ctx context.Context // of the one answer that it is for
}

// Write writes, if who reads is signed in still.
func (s *stillWriter) Write(p []byte) (int, error) {
	if err := StillIn(s.ctx); err != nil {
		return 0, err
	}
	return s.w.Write(p)
}

func (s *still) check(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if past := now.Sub(s.at); s.err != nil || past >= 0 && past < stillFor {
		return s.err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stillWait)
	defer cancel()
	actor, err := s.again(ctx)
	if err == nil && !sameRights(actor, s.actor) {
		err = fault.New(fault.Unauthenticated, "authz.changed", "Your rights changed while this was on its way. Begin again.")
	}
	s.at, s.err = now, err
	return err
}

func sameRights(a, b authz.Actor) bool {
	return a.ID == b.ID && slices.Equal(a.Roles, b.Roles) && slices.Equal(a.Groups, b.Groups) && slices.Equal(a.Scopes, b.Scopes)
}

// stillBody is a request's body that ends with an error once its sender is out.
type stillBody struct {
	io.ReadCloser
	ctx context.Context // the request's, which lasts as long as its body
	s   *still
}

// Read reads, and then asks: what came in late is not handed on.
func (b *stillBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if out := b.s.check(b.ctx); out != nil {
		return 0, out
	}
	return n, err
}
