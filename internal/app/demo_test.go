// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"context"
	"net"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/client"
)

// demoSession is a terminal at which the demo is started.
func demoSession(ctx context.Context) (s *client.Session, out *bytes.Buffer) {
	out = &bytes.Buffer{}
	return &client.Session{Context: ctx, Stdin: strings.NewReader(""), Stdout: out, Stderr: out}, out
}

// Whoever stops the demo while it starts is told that, not that it took too long.
func TestDemoStoppedWhileItStarts(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s, out := demoSession(ctx)
	client.Report(out, (&demoCommand{Listen: "127.0.0.1:0", Data: t.TempDir()}).Run(s))
	if said := out.String(); !strings.Contains(said, "stopped before it was ready") || strings.Contains(said, "too long") {
		t.Errorf("it says: %s", said)
	}
}

// A port that is taken is answered with how to choose another.
func TestDemoWherePortIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	s, out := demoSession(t.Context())
	code := client.Report(out, (&demoCommand{Listen: taken.Addr().String(), Data: t.TempDir()}).Run(s))
	if code != 69 || !strings.Contains(out.String(), "--listen") || !strings.Contains(out.String(), "make demo LISTEN=") {
		t.Errorf("exit %d: %s", code, out)
	}
}

// The password, which holds spaces, stands there once and in quotes.
func TestDemoAnnouncesThePasswordOnce(t *testing.T) {
	s, out := demoSession(t.Context())
	accounts := []demoAccount{{Login: "owner", Password: demoPassword, TOTPSecret: "AAAA"}, {Login: "reviewer", Password: demoPassword, TOTPSecret: "BBBB"}}
	if err := (&demoCommand{}).announce(s, demoReady{URL: "https://localhost:1", Accounts: accounts}); err != nil {
		t.Fatal(err)
	}
	if said := out.String(); strings.Count(said, demoPassword) != 1 || !strings.Contains(said, `"`+demoPassword+`"`) || !strings.Contains(said, "BBBB") {
		t.Errorf("it says:\n%s", said)
	}
}
