// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// Session is what a command gets to work with. Kong passes it to each Run method.
// It is for one command after the other.
type Session struct {
	Context context.Context
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	Config  Config

	client *Client // once connected
}

// Client connects as the command line says; the second time it gives the same.
func (s *Session) Client() (*Client, error) {
	if s.client != nil {
		return s.client, nil
	}
	c, err := New(s.Config)
	s.client = c
	return c, err
}

// PrintJSON writes v as indented JSON to standard output.
func (s *Session) PrintJSON(v any) error {
	enc := json.NewEncoder(s.Stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// Printf writes to standard output.
func (s *Session) Printf(format string, args ...any) {
	fmt.Fprintf(s.Stdout, format, args...)
}

// Exit is an error that is no fault: the command has said all there is to say
// and ends with this code, such as 3 for a gate that denies.
type Exit int

// Error says which code the command ends with.
func (e Exit) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// Report writes err for a human to w and returns the exit code for it.
func Report(w io.Writer, err error) int {
	if err == nil {
		return 0
	}
	var exit Exit
	if errors.As(err, &exit) {
		return int(exit)
	}
	f := fault.From(err)
	if f.Kind == fault.Internal && f.Err != nil && f.Code == "internal" {
		// On the command line the reader is also the one who reads the log.
		fmt.Fprintf(w, "portreeve: %s\n", strings.TrimSpace(f.Err.Error()))
		return f.Kind.ExitCode()
	}
	fmt.Fprintf(w, "portreeve: %s\n", f.Message)
	for _, field := range f.Fields {
		switch {
		case saidIn(f.Message, field):
		case field.Path == "":
			fmt.Fprintf(w, "  %s\n", field.Message)
		default:
			fmt.Fprintf(w, "  %s: %s\n", field.Path, field.Message)
		}
	}
	for _, b := range f.Blockers {
		fmt.Fprintf(w, "  %s: %s\n    lifted by: %s\n", b.Code, b.Message, b.LiftedBy)
	}
	return f.Kind.ExitCode()
}

// saidIn reports whether the message ends with what the field says: that of a
// file with one mistake does, and names the line before it.
func saidIn(message string, field fault.Field) bool {
	line, text, cut := strings.Cut(field.Message, ": ")
	return field.Message == message || cut && strings.HasPrefix(line, "line ") && strings.HasSuffix(message, field.Path+" "+text)
}
