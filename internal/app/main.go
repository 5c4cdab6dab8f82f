// SPDX-License-Identifier: Apache-2.0

// Package app is the composition root: it reads the configuration, wires the
// kernel and the slices, and holds the commands that run on the server's machine
// (serve, demo, migrate, backup, restore, admin). Nobody but cmd and test
// imports it.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgerweb"
	"portreeve.org/portreeve/internal/sessionstore/sessiond"
)

// Version is what `portreeve version` and the API description say.
const Version = "0.1.0"

// Main runs the command line and returns the exit code. SIGINT and SIGTERM
// cancel what runs; a second one ends the program at once.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return run(ctx, args, stdin, stdout, stderr)
}

// exited carries the exit code out of kong, which wants to end the program for --help.
type exited int

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(exited)
			if !ok {
				panic(r)
			}
			code = int(e)
		}
	}()
	root := commands{Ledger: *ledgerweb.NewCommands(openStored)}
	for _, s := range capabilities() {
		root.Plugins = append(root.Plugins, s.Command)
	}
	parser, err := kong.New(&root,
		kong.Name("portreeve"),
		kong.Description("The security office: decide, enforce, prove."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { panic(exited(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
	)
	if err != nil {
		return client.Report(stderr, fmt.Errorf("command line: %w", err))
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return client.Report(stderr, usage(err))
	}
	session := &client.Session{
		Context: ctx, Stdin: stdin, Stdout: stdout, Stderr: stderr,
		Config: client.Config{URL: root.URL, Token: root.APIToken, CA: root.CA},
	}
	return client.Report(stderr, asTyped(parsed.Run(session, trackers(), sessiond.Version(Version)), parsed.Selected()))
}

// usage turns what kong says about a wrong command line into a fault that names
// the command whose help would tell more.
func usage(err error) error {
	command := "portreeve"
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil {
		if node := parse.Context.Selected(); node != nil {
			command = node.FullPath()
		}
	}
	text := strings.NewReplacer(
		`one of "",`, "one of ", " (short flag)", "",
		"expected int value", "expected a number", "a valid 64 bit int", "a whole number",
	).Replace(strings.TrimSuffix(err.Error(), "."))
	return fault.New(fault.Usage, "usage", "%s\nTry: %s --help", text, command)
}
