// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/sessionstore/audit"
)

// authenticator gives one-time codes, of which each is good once.
type authenticator struct {
	s    *server
	last map[string]int64
}

// period is how long a code is shown; the ones before and after it are taken, too.
const period = 30

// next returns somebody's next code. Two are good within a moment.
func (a *authenticator) next(login string) string {
	a.s.t.Helper()
	step := max(time.Now().Unix()/period, a.last[login]+1)
	for step > time.Now().Unix()/period+1 {
		time.Sleep(time.Second)
	}
	a.last[login] = step
	code, err := identity.TOTPCode(a.s.as(login).TOTPSecret, time.Unix(step*period, 0))
	if err != nil {
		a.s.t.Fatal(err)
	}
	return code
}

// signIn opens a session and returns its browser.
func (a *authenticator) signIn(login string) *httpBrowser {
	a.s.t.Helper()
	b := a.s.browser()
	if got := a.try(b, login); got.status != http.StatusSeeOther || b.cookie(sessionCookie) == "" {
		a.s.t.Fatalf("sign in as %s: status %d\n%s", login, got.status, got.body)
	}
	return b
}

func (a *authenticator) try(b *httpBrowser, login string) answer {
	a.s.t.Helper()
	return b.post("/sign-in", url.Values{"login": {login}, "password": {a.s.as(login).Password}, "code": {a.next(login)}})
}

// signedIn reports whether the browser's session counts; anything but yes and no ends
// the test.
func (b *httpBrowser) signedIn() bool {
	b.s.t.Helper()
	a := b.get("/me")
	switch {
	case a.status == http.StatusOK:
		return true
	case a.status == http.StatusSeeOther && strings.HasPrefix(a.header.Get("Location"), "/sign-in"):
		return false
	default:
		b.s.t.Fatalf("/me: status %d\n%s", a.status, a.body)
		return false
	}
}

// person returns the id of who is signed in.
func (b *httpBrowser) person() string {
	b.s.t.Helper()
	var me struct {
		ID string `json:"id"`
	}
	b.get("/api/v1/me").want(b.s.t, http.StatusOK).decode(b.s.t, &me)
	if me.ID == "" {
		b.s.t.Fatal("nobody")
	}
	return me.ID
}

// want fails the test unless the browser is signed in, or is not.
func (b *httpBrowser) want(signedIn bool, when string) {
	b.s.t.Helper()
	if b.signedIn() != signedIn {
		b.s.t.Errorf("%s: signed in is %v", when, !signedIn)
	}
}

// ownSessions are the sessions of a browser's person, as their profile lists them.
type ownSession struct {
	ID      string `json:"id"`
	Current bool   `json:"current"`
}

func (b *httpBrowser) sessions() (all []ownSession) {
	b.s.t.Helper()
	var list struct {
		Items []ownSession `json:"items"`
	}
	b.send("GET", "/api/v1/me/sessions", "", "").want(b.s.t, http.StatusOK).decode(b.s.t, &list)
	return list.Items
}

// twice is somebody with two sessions.
type twice struct {
	login       string
	here, there *httpBrowser
}

func (a *authenticator) twice(login string) twice {
	a.s.t.Helper()
	return twice{login, a.signIn(login), a.signIn(login)}
}

// signsOutElsewhere ends the other session and stays.
func (p twice) signsOutElsewhere(t *testing.T) {
	t.Helper()
	all := p.here.sessions()
	if len(all) != 2 {
		t.Fatalf("two sessions, listed: %+v", all)
	}
	for _, one := range all {
		if !one.Current {
			p.here.post("/me/sessions/"+one.ID+"/end", url.Values{}).want(t, http.StatusSeeOther)
		}
	}
	p.onlyHere(t, "signing out elsewhere")
}

// changesThePassword ends the other session and stays.
func (p twice) changesThePassword(t *testing.T, a *authenticator) {
	t.Helper()
	p.there.want(true, "before the change of the password")
	const password = "another long password of mine"
	form := url.Values{"password": {a.s.as(p.login).Password}, "code": {a.next(p.login)}, "new_password": {password}, "repeat_password": {password}}
	if got := p.here.post("/me/password", form); got.status != http.StatusSeeOther || got.header.Get("Location") != "/me" {
		t.Fatalf("change the password: %s", got)
	}
	p.onlyHere(t, "the change of the password")
}

func (p twice) onlyHere(t *testing.T, after string) {
	t.Helper()
	p.here.want(true, "this session after "+after)
	p.there.want(false, "the other session after "+after)
	if all := p.here.sessions(); len(all) != 1 || !all[0].Current {
		t.Errorf("after %s: %+v", after, all)
	}
}

// leaves: the account is closed, and its session is refused at the very next request.
func (s *server) leaves(login string, session *httpBrowser) {
	s.t.Helper()
	session.want(true, "before the account is closed")
	s.cli("admin", "person", "deactivate", login, "--reason", "Left").must(s.t, 0)
	session.want(false, "the session of a closed account")
}

// removed waits for the entry that says that the store has ended the one session of a
// person. How many others there are depends on how far the demo's jobs had come.
func (s *server) removed(person string) (found ledgerEntry) {
	s.t.Helper()
	eventually(s.t, "the ledger says that the session was removed", func() bool {
		for _, e := range s.entriesOf("identity.session.removed_all") {
			if e.says(person) && e.says(`"sessions":1`) {
				found = e
				return true
			}
		}
		return false
	})
	return found
}

// TestSessionsInASessionStore: Portreeve's own web sessions lie in `portreeve sessiond`,
// over mutual TLS, and end there with the access; while it is away nobody is signed in
// and nobody is signed out.
func TestSessionsInASessionStore(t *testing.T) {
	t.Parallel() // it waits for codes
	accounts, data := seeded(t)
	d := newSessionStore(t)
	d.start()
	sessionsIn(t, d, startServe(t, configure(t, data, d.forPortreeve()), data, accounts))
}

// sessionsIn is the journey on some database.
func sessionsIn(t *testing.T, d *sessionStore, s *serving) {
	t.Helper()
	a := &authenticator{s.server, map[string]int64{}}
	leaver := a.twice("requester")
	owners := d.owners("portreeve")
	if len(owners) != 1 || d.held("portreeve", owners[0]) != 2 || d.held("portreeve-past", owners[0]) != 2 {
		t.Fatalf("one person signed in twice, and in the store are the sessions of %v", owners)
	}
	leaver.signsOutElsewhere(t)
	if n := d.held("portreeve", owners[0]); n != 1 {
		t.Errorf("signed out elsewhere, and the store holds %d", n)
	}
	changer, kept := a.twice("owner"), a.signIn("reviewer")
	changing := d.owner("portreeve", changer.here.person())
	gone, began := leaver.here.person(), time.Now()
	s.leaves("requester", leaver.here)
	eventually(t, "the store has no session of a closed account", func() bool { return d.held("portreeve", owners[0]) == 0 })
	t.Logf("refused, and gone from the store, %s after an administrator's command", time.Since(began).Round(time.Millisecond))
	kept.want(true, "somebody else's session")
	t.Logf("the store ended it %s after that command began", s.receipt(d, s.removed(gone)).Sub(began).Round(time.Millisecond))
	// Nothing of a session is in any log, nor lies readable in the store's folder.
	secret := kept.cookie(sessionCookie)
	for name, text := range map[string]string{"the store's log": d.log.String(), "the server's log": s.log.String(), "the files": contents(t, d.folder)} {
		if secret == "" || strings.Contains(text, secret) || name == "the files" && strings.Contains(text, owners[0]) {
			t.Errorf("%s tell of a session", name)
		}
	}

	d.kill()
	for _, path := range []string{"/me", "/risks"} {
		page := kept.get(path)
		if page.want(t, http.StatusServiceUnavailable); !strings.Contains(string(page.body), "The store of the sessions does not answer") || len(page.header.Values("Set-Cookie")) > 0 {
			t.Errorf("%s without a store: %s", path, page)
		}
	}
	stranger := s.browser()
	if got := a.try(stranger, "triager"); got.status != http.StatusServiceUnavailable || stranger.cookie(sessionCookie) != "" {
		t.Errorf("signing in without a store: %s", got)
	}
	if got := s.browser().get("/readyz"); got.status != http.StatusServiceUnavailable || !strings.Contains(string(got.body), "sessions") {
		t.Errorf("/readyz without a store: %s", got)
	}
	s.caller("reviewer").get("/api/v1/risks").want(t, http.StatusOK) // a token needs no session
	if kept.cookie(sessionCookie) != secret {
		t.Error("the cookie is gone with the store")
	}

	d.start()
	kept.want(true, "an acknowledged session after kill -9")
	stranger.want(false, "who could not sign in")
	eventually(t, "it is ready again", func() bool { return s.browser().get("/readyz").status == http.StatusOK })
	a.signIn("triager").want(true, "a new one")
	changer.changesThePassword(t, a)
	eventually(t, "the store has one session of who changed the password", func() bool { return d.held("portreeve", changing) == 1 })
}

// receipt checks the entry's receipt without the service, by its public key, and
// returns when the sessions ended.
func (s *serving) receipt(d *sessionStore, e ledgerEntry) time.Time {
	t := s.t
	t.Helper()
	var body struct {
		Sessions int64  `json:"sessions"`
		Receipt  string `json:"receipt"`
	}
	if err := json.Unmarshal([]byte(e.Openings.Body.Value), &body); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(d.at("audit.log.key"))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := format.ParseSigner(text)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := signer.Keys()
	if err != nil {
		t.Fatal(err)
	}
	key, note, log := d.write("audit.pub", d.auditKeys()), d.write("receipt", body.Receipt), d.write("copy.log", d.ask("audit").must(t, 0).stdout)
	sound := command(t, nil, "sessiond", "verify", "--key", key, "--log", log, note).must(t, 0)
	if !strings.Contains(sound.stdout, "The receipts are sound") || !strings.Contains(sound.stdout, "The audit log is sound") {
		t.Errorf("verified by the command line: %s", sound.stdout)
	}
	r, anchor, err := audit.VerifyReceipt([]byte(body.Receipt), keys)
	if err != nil || r.By != "uri:spiffe://example.org/portreeve" || len(r.Namespaces) != 1 || r.Namespaces[0].Namespace != "portreeve" || r.Namespaces[0].Ended != body.Sessions {
		t.Errorf("the receipt: %+v of %+v, %v", r, body, err)
	}
	copied, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := audit.Verify(bytes.NewReader(copied), keys, anchor); err != nil || !strings.Contains(string(copied), `"act":"owner.ended"`) {
		t.Errorf("the audit log does not hold what the receipt names: %v\n%s", err, copied)
	}
	return r.At
}

// contents returns what all files of a folder hold.
func contents(t *testing.T, folder string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(folder, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		all.Write(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
