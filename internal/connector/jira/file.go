// SPDX-License-Identifier: Apache-2.0

package jira

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/foreign"
)

// Bounds of a file.
const (
	maxIssue  = 16 << 20 // bytes of one issue
	maxIssues = 1_000_000
)

// Read gives the issues of a file, in its order and each once, while the caller
// takes them: one issue is in memory at a time. The file holds JSON in any of
// these forms, also several of them one after the other: an answer of the search
// ({"issues": [...]}), a list of issues, one issue a line. An issue of which
// something could not be read has losses, and the import goes on. An error is the
// last thing that is given: the file is none of these, it is cut off, an issue is
// too large, the context has ended, or, after all issues that it has, the file
// says that there are more.
func Read(ctx context.Context, file io.Reader, o Options) iter.Seq2[foreign.Task, error] {
	return func(yield func(foreign.Task, error) bool) {
		s := newStream(ctx, file, func(i issue, bad bool) bool { return yield(o.convert(i, bad), nil) })
		err := s.read()
		switch {
		case errors.Is(err, errStopped):
			return
		case err != nil:
			yield(foreign.Task{}, s.fault(ctx, err))
		case s.total > s.count:
			yield(foreign.Task{}, fault.New(fault.Invalid, "jira.incomplete", "The file holds %d of %d issues. Export the others too, and import them with it or after it.", s.count, s.total))
		}
	}
}

// errStopped says that the caller wants no more.
var errStopped = errors.New("no more is wanted")

var (
	errTooLarge = errors.New("an issue is larger than is read")
	errTooMany  = errors.New("there are more issues than are read")
	errForm     = errors.New("the JSON is not that of Jira's search")
)

// stream reads issues out of JSON as it comes.
type stream struct {
	dec   *json.Decoder
	limit *limited
	give  func(i issue, bad bool) bool
	seen  map[string]bool // keys
	count int             // of issues, those met again too
	total int             // that an answer says there are
}

func newStream(ctx context.Context, r io.Reader, give func(issue, bool) bool) *stream {
	l := &limited{ctx: ctx, from: r, left: maxIssue}
	return &stream{dec: json.NewDecoder(l), limit: l, give: give, seen: map[string]bool{}}
}

// read takes one value after the other.
func (s *stream) read() error {
	for first := true; ; first = false {
		s.limit.left = maxIssue
		token, err := s.dec.Token()
		switch {
		case errors.Is(err, io.EOF) && !first:
			return nil
		case errors.Is(err, io.EOF):
			return errForm // an empty file
		case err != nil:
			return err
		case token == json.Delim('['):
			err = s.list()
		case token == json.Delim('{'):
			err = s.object()
		default:
			err = errForm
		}
		if err != nil {
			return err
		}
	}
}

// list takes the issues of a list, whose beginning was read, to its end.
func (s *stream) list() error {
	for s.dec.More() {
		s.limit.left = maxIssue
		var raw json.RawMessage
		if err := s.dec.Decode(&raw); err != nil {
			return err
		}
		if err := s.issue(raw); err != nil {
			return err
		}
	}
	_, err := s.dec.Token()
	return err
}

// object takes an answer of the search, or an issue, whose beginning was read.
func (s *stream) object() error {
	parts, answer := map[string]json.RawMessage{}, false
	for s.dec.More() {
		token, err := s.dec.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		if name == "issues" {
			answer = true
			if token, err = s.dec.Token(); err != nil {
				return err
			}
			if token != json.Delim('[') {
				return errForm
			}
			if err := s.list(); err != nil {
				return err
			}
			continue
		}
		var raw json.RawMessage
		if err := s.dec.Decode(&raw); err != nil {
			return err
		}
		switch name {
		case "key", "self", "fields", "changelog", "total":
			parts[name] = raw
		}
	}
	if _, err := s.dec.Token(); err != nil {
		return err
	}
	if answer {
		var total int
		if json.Unmarshal(parts["total"], &total) == nil {
			s.total = max(s.total, total)
		}
		return nil
	}
	if parts["key"] == nil || parts["fields"] == nil {
		return errForm
	}
	raw, err := json.Marshal(parts)
	if err != nil {
		return err
	}
	return s.issue(raw)
}

// issue gives one issue.
func (s *stream) issue(raw json.RawMessage) error {
	if s.count++; s.count > maxIssues {
		return errTooMany
	}
	var i issue
	bad := json.Unmarshal(raw, &i) != nil
	if i.Key != "" {
		if s.seen[i.Key] {
			return nil
		}
		s.seen[i.Key] = true
	}
	if !s.give(i, bad) {
		return errStopped
	}
	return nil
}

// fault says to a reader what is wrong with the file.
func (s *stream) fault(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	why := "It is not JSON, or it is cut off."
	for _, known := range []error{errTooLarge, errTooMany, errForm} {
		if errors.Is(err, known) {
			why = "Its form is not known: " + known.Error() + "."
		}
	}
	return fault.New(fault.Invalid, "jira.file", "The file could not be read to its end, after %d issues. %s It should hold what Jira's search answers, with fields and changelog.", s.count, why).Because(err)
}

// limited bounds what is read for one issue, and ends with the context.
type limited struct {
	ctx  context.Context
	from io.Reader
	left int
}

// Read reads within the bound.
func (l *limited) Read(p []byte) (int, error) {
	if err := l.ctx.Err(); err != nil {
		return 0, err
	}
	if l.left <= 0 {
		return 0, errTooLarge
	}
	n, err := l.from.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}
