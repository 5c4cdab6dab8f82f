// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// in returns the browser on another run of its server, or on a copy of it.
func (b *httpBrowser) in(s *server) *httpBrowser {
	client := s.http()
	client.Jar = b.client.Jar // cookies know no ports
	return &httpBrowser{s, client}
}

// TestSessionsOfTheDemo: without a session store of its own the server keeps its web
// sessions itself, and all holds as with one: they end with the access, they outlive a
// restart and a power cut, and a restore from a backup ends them all.
func TestSessionsOfTheDemo(t *testing.T) {
	t.Parallel() // it waits for codes
	data := t.TempDir()
	s := startDemo(t, data, "")
	a := &authenticator{s, map[string]int64{}}
	changer, leaver, kept := a.twice("owner"), a.twice("requester"), a.signIn("reviewer")
	leaver.signsOutElsewhere(t)
	gone := leaver.here.person()
	s.leaves("requester", leaver.here)
	if e := s.removed(gone); e.says("receipt") {
		t.Errorf("who gave a receipt? %+v", e)
	}
	kept.want(true, "somebody else's session")

	s.stop()
	s = startDemo(t, data, "")
	a.s, kept = s, kept.in(s)
	changer.here, changer.there = changer.here.in(s), changer.there.in(s)
	kept.want(true, "after a restart")
	leaver.here.in(s).want(false, "a closed account after a restart")
	leaver.there.in(s).want(false, "a session that was ended elsewhere, after a restart")
	s.kill()
	s = startDemo(t, data, "")
	a.s, kept = s, kept.in(s)
	changer.here, changer.there = changer.here.in(s), changer.there.in(s)
	kept.want(true, "after a power cut")
	changer.changesThePassword(t, a)
	secret := kept.cookie(sessionCookie)
	if secret == "" || strings.Contains(contents(t, data), secret) {
		t.Error("the files tell a session's secret")
	}

	file := filepath.Join(t.TempDir(), "backup.gz")
	command(t, nil, "backup", "--data", data, "--out", file).must(t, 0)
	kept.want(true, "after a backup")
	s.stop()
	// Whoever restores copies the keys, and may copy the sessions along.
	copied := keysOf(t, data)
	for _, name := range []string{"sessions", "sessions.key"} {
		from, to := filepath.Join(data, name), filepath.Join(copied, name)
		if info, err := os.Stat(from); err != nil {
			t.Fatal(err)
		} else if info.IsDir() {
			err = os.CopyFS(to, os.DirFS(from))
			if err != nil {
				t.Fatal(err)
			}
			continue
		}
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(copied, "sessions", "ring.json"), 0o600); err != nil {
		t.Fatal(err)
	}
	config := configure(t, copied)
	command(t, nil, "restore", "--config", config, file).must(t, 0)
	r := startServe(t, config, copied, s.Accounts)
	kept.in(r.server).want(false, "after a restore from a backup")
	changer.here.in(r.server).want(false, "another one after a restore from a backup")
	a.s = r.server
	a.signIn("triager").want(true, "who signs in anew")
}
