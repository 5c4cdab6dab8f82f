// SPDX-License-Identifier: Apache-2.0

package ledgerweb

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

// stall is how long a reader of an export may take nothing before the
// connection is given up.
const stall = time.Minute

// exportOutput is an answer that is written as it is made.
type exportOutput struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        func(huma.Context)
}

// getExport streams. A log of a million entries takes longer than the time that
// a request has, so the stream has its own rule: it goes on as long as its
// reader takes something every minute, and is signed in.
func (s *Service) getExport(ctx context.Context, _ *struct{}) (*exportOutput, error) {
	a := authz.ActorFrom(ctx)
	// What can fail without having written anything fails here, with an answer.
	if _, err := s.note(ctx, s.Log.Head); err != nil {
		return nil, err
	}
	stream := func(h huma.Context) {
		long := context.WithoutCancel(ctx)
		out := s.patient(long, h.BodyWriter())
		err := s.read(long, func(r *store.ReadTx) error { return s.Log.Export(long, r, a, out) })
		if err == nil {
			return
		}
		if !errors.Is(err, out.failed) || out.failed == nil {
			s.Logger.Error("export broken off", "error", err)
		}
		// The status is sent: breaking the connection is the only way left to say
		// that this is not all.
		panic(http.ErrAbortHandler)
	}
	return &exportOutput{ContentType: "text/plain; charset=utf-8", Disposition: `attachment; filename="ledger-export.txt"`, Body: stream}, nil
}

// patientWriter gives each write a deadline of its own, and ends when who reads is not
// signed in any more.
type patientWriter struct {
	ctx     context.Context // of the one answer that it is for
	w       io.Writer
	control *http.ResponseController
	clock   *store.Clock
	failed  error
}

func (s *Service) patient(ctx context.Context, w io.Writer) *patientWriter {
	p := &patientWriter{ctx: ctx, w: w, clock: s.DB.Clock()}
	if rw, ok := w.(http.ResponseWriter); ok {
		p.control = http.NewResponseController(rw)
	}
	return p
}

func (p *patientWriter) Write(b []byte) (int, error) {
	if err := web.StillIn(p.ctx); err != nil {
		p.failed = err
		return 0, err
	}
	if p.control != nil {
		err := p.control.SetWriteDeadline(p.clock.Real().Add(stall))
		if err != nil && !errors.Is(err, http.ErrNotSupported) {
			p.failed = err
			return 0, err
		}
	}
	n, err := p.w.Write(b)
	if err != nil {
		p.failed = err
	}
	return n, err
}
