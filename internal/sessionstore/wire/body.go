// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
)

// small is the size up to which a value is not counted against Config.Memory, and
// up to which its body has no time of its own beside that of the header.
const small = 64 << 10

// first is the size of a buffer before anything has come in.
const first = 4 << 10

// body is a request's body and the buffer that it lies in.
type body struct {
	bytes  []byte
	pooled *[]byte
	taken  int // counted against Config.Memory
}

// buffers are what keys, bodies and values lie in while they are on their way.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, first); return &b }}

// receive reads the request's body, no more of it than the namespace takes. What says
// that it is larger is refused unread; what grows larger is left off there. Memory
// is taken as the bytes come in, so an announcement alone takes none.
func (e *exchange) receive() (body, error) {
	n := e.r.ContentLength
	if n == 0 {
		return body{}, nil
	}
	if n > e.s.maxValue {
		return body{}, e.tooLarge()
	}
	if n < 0 || n > small {
		e.slow()
	}
	b := body{pooled: buffers.Get().(*[]byte)}
	err := e.fill(&b, int(n))
	if err != nil {
		b.release(e.h)
		return body{}, err
	}
	return b, nil
}

// fill reads to the end of the body; n is the announced length, or less than 0.
func (e *exchange) fill(b *body, n int) error {
	buf, limit := (*b.pooled)[:0], int(e.s.maxValue)
	most := limit + 1
	if n > 0 {
		most = n
	}
	for {
		if len(buf) == cap(buf) {
			size := max(min(2*cap(buf), most), first)
			if size > small {
				if !e.h.take(size - b.taken) {
					return errMemory
				}
				b.taken = size
			}
			larger := make([]byte, len(buf), size)
			copy(larger, buf)
			buf = larger
			*b.pooled = buf
		}
		got, err := e.r.Body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+got]
		switch {
		case len(buf) > limit:
			return e.tooLarge()
		case errors.Is(err, io.EOF), len(buf) == n && err == nil:
			b.bytes = buf
			return nil
		case err != nil:
			return e.broken(err)
		}
	}
}

// release gives back what the body lay in, for others to use.
func (b *body) release(h *Handler) {
	if b.pooled != nil {
		putBack(b.pooled)
	}
	b.abandon(h)
}

// putBack gives a buffer to others, unless it has grown large.
func putBack(b *[]byte) {
	if cap(*b) <= small {
		*b = (*b)[:0]
		buffers.Put(b)
	}
}

// abandon leaves the buffer to the garbage collector.
func (b *body) abandon(h *Handler) {
	h.give(b.taken)
	b.taken, b.pooled = 0, nil
}

// take asks for room for a large value; it must be given back.
func (h *Handler) take(n int) bool {
	if h.memory.Add(int64(n)) > h.Memory {
		h.memory.Add(-int64(n))
		return false
	}
	return true
}

func (h *Handler) give(n int) {
	if n != 0 {
		h.memory.Add(-int64(n))
	}
}

// slow gives a large body a time of its own to come in. What cannot be set stays as
// the server set it.
func (e *exchange) slow() {
	if e.h.BodyTime <= 0 {
		return
	}
	_ = http.NewResponseController(e.w).SetReadDeadline(e.h.Now().Add(e.h.BodyTime))
}

// tooLarge refuses a body and ends the connection, so that the rest is not read.
func (e *exchange) tooLarge() error {
	e.w.Header()["Connection"] = closes
	return sessionstore.TooLarge(e.s.maxValue)
}

// broken words why a body did not come in.
func (e *exchange) broken(err error) error {
	e.w.Header()["Connection"] = closes
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errSlow
	}
	return fault.New(fault.Malformed, "session.body", "The request's body broke off.").Because(err)
}
