// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// LevelFatal is Kask's level above error.
const LevelFatal = slog.LevelError + 4

// LevelOf returns the level that Kask's log_level names, in any case.
func LevelOf(name string) (slog.Level, error) {
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError, LevelFatal} {
		if strings.EqualFold(name, levelName(level)) {
			return level, nil
		}
	}
	return 0, errors.New("log level is none of debug, info, warning, error, fatal")
}

func levelName(l slog.Level) string {
	switch {
	case l < slog.LevelInfo:
		return "DEBUG"
	case l < slog.LevelWarn:
		return "INFO"
	case l < slog.LevelError:
		return "WARNING"
	case l < LevelFatal:
		return "ERROR"
	default:
		return "FATAL"
	}
}

// NewLogHandler returns a handler that writes lines as Kask writes them:
// {msg, appname, time, level, request_id}. The attribute request_id goes to its
// place; others follow the message as name=value.
func NewLogHandler(w io.Writer, service string, level slog.Leveler) slog.Handler {
	return &logHandler{out: &lines{w: w}, service: service, level: level}
}

// line is one log line.
type line struct {
	Msg       string `json:"msg"`
	Appname   string `json:"appname"`
	Time      string `json:"time"`
	Level     string `json:"level"`
	RequestID string `json:"request_id,omitempty"`
}

// lines writes whole lines, one at a time.
type lines struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lines) write(b []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.w.Write(b)
	return err
}

type logHandler struct {
	out     *lines
	service string
	level   slog.Leveler
	prefix  string // of names: the groups
	fixed   string // attributes given beforehand, as text
	request string
}

// Enabled reports whether a level is written.
func (h *logHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level.Level() }

// Handle writes a record.
func (h *logHandler) Handle(_ context.Context, r slog.Record) error {
	l := line{Msg: r.Message + h.fixed, Appname: h.service, Time: r.Time.Format(time.RFC3339), Level: levelName(r.Level), RequestID: h.request}
	r.Attrs(func(a slog.Attr) bool {
		l.Msg += h.attr(a, &l.RequestID)
		return true
	})
	b, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("log line: %w", err)
	}
	return h.out.write(append(b, '\n'))
}

// attr returns an attribute as text, or sets the request's id.
func (h *logHandler) attr(a slog.Attr, request *string) string {
	v := a.Value.Resolve()
	switch {
	case a.Equal(slog.Attr{}):
		return ""
	case a.Key == "request_id" && h.prefix == "":
		*request = v.String()
		return ""
	case v.Kind() == slog.KindGroup:
		inner := logHandler{prefix: h.prefix + a.Key + "."}
		text := ""
		for _, each := range v.Group() {
			text += inner.attr(each, request)
		}
		return text
	default:
		return " " + h.prefix + a.Key + "=" + v.String()
	}
}

// WithAttrs returns a handler that adds attributes to each line.
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	for _, a := range attrs {
		c.fixed += h.attr(a, &c.request)
	}
	return &c
}

// WithGroup returns a handler that puts a group's name before those that follow.
func (h *logHandler) WithGroup(name string) slog.Handler {
	c := *h
	if name != "" {
		c.prefix += name + "."
	}
	return &c
}
