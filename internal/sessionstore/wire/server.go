// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"log/slog"
	"net/http"
	"time"
)

// Limits bound what a connection may take. Zero values mean the defaults.
type Limits struct {
	HeaderTime  time.Duration // for a header to come in, and a body of up to 64 KiB; 5 s
	BodyTime    time.Duration // for a larger body; 10 s. Config.BodyTime must be the same
	AnswerTime  time.Duration // from the end of the header to the end of the answer; 30 s, which the backend's own limits must fit in
	IdleTime    time.Duration // between two requests; 120 s
	HeaderBytes int           // of a request's header; 16 KiB
}

// Defaults returns the limits with zero values filled in.
func (l Limits) Defaults() Limits {
	if l.HeaderTime <= 0 {
		l.HeaderTime = 5 * time.Second
	}
	if l.BodyTime <= 0 {
		l.BodyTime = 10 * time.Second
	}
	if l.AnswerTime <= 0 {
		l.AnswerTime = 30 * time.Second
	}
	if l.IdleTime <= 0 {
		l.IdleTime = 120 * time.Second
	}
	if l.HeaderBytes <= 0 {
		l.HeaderBytes = 16 << 10
	}
	return l
}

// Server returns an HTTP/1.1 server for the handler. The listener must hand out
// connections whose handshake is complete, or bound it itself. ConnContext and
// BaseContext are for the caller to set.
//
// The time for a header also bounds a small body. A larger one gets its own from
// the handler: the server would otherwise set one more deadline for each request.
func Server(h http.Handler, l Limits, log *slog.Logger) *http.Server {
	l = l.Defaults()
	var only http.Protocols
	only.SetHTTP1(true)
	return &http.Server{
		Handler:                      h,
		ReadTimeout:                  l.HeaderTime,
		WriteTimeout:                 l.AnswerTime,
		IdleTimeout:                  l.IdleTime,
		MaxHeaderBytes:               l.HeaderBytes,
		ErrorLog:                     slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		Protocols:                    &only,
		DisableGeneralOptionsHandler: true,
	}
}
