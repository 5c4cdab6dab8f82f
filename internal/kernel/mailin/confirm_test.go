// SPDX-License-Identifier: Apache-2.0

package mailin

import (
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

func TestMessages(t *testing.T) { webtest.CheckMessages(t, "mailin") }

// site is the pages of a house.
func (h *house) site() *webtest.Client {
	h.t.Helper()
	return webtest.Serve(h.t, h.mux())
}

func (h *house) mux() *web.Mux {
	deps := webtest.Deps(Actions()...)
	people := webtest.People{}
	for id, p := range h.people {
		people[id] = p.Actor
	}
	deps.People, deps.Policy, deps.Submissions, deps.Clock, deps.Texts = people, policyWithDrafts{h.cfg.Policy}, h.log, h.db.Clock(), Messages()
	m := web.NewMux(deps)
	h.Pages(m)
	return m
}

// policyWithDrafts lets everybody keep drafts beside what the package's policy says.
type policyWithDrafts struct{ *authz.Policy }

// Allowed implements web.Policy.
func (p policyWithDrafts) Allowed(a authz.Actor, action authz.Action) bool {
	return p.Policy.Allowed(a, action) || action == web.ActionDraft && a.SignedIn()
}

func (h *house) entries(kind string) int {
	h.t.Helper()
	var n int
	err := h.db.Read(h.t.Context(), func(r *store.ReadTx) error {
		return r.QueryRow(h.t.Context(), "SELECT COUNT(*) FROM ledger_opening WHERE kind = $1", kind).Scan(&n)
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

// TestConfirm: the person whose address a mail has delivers it with one button, and
// nobody else does.
func TestConfirm(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.deliver("review@"+testDomain, "Reply-To: mallory@elsewhere.example\n"+fromOlive("A <b>sketch</b>.\n\n"+strings.Repeat("x", 900)+"\n"+strings.Repeat("y", 900)))
		m := h.want(stateParked, WhySender, "olive mailin.notice.confirm")
		page := "/mail/" + m.id
		site := h.site()
		shown := site.As("olive").Get(page).Want(200).WantText("A subject", "A <b>sketch</b>.", "This is the beginning", "Nothing proves that it is from this sender.")
		if strings.Contains(shown.Body, strings.Repeat("y", 900)) {
			t.Error("all of the text is shown")
		}
		site.As("olive").Get("/mail").Want(200).WantText("A subject", "olive@example.org")
		for _, other := range []string{"rita", "oscar"} {
			site.As(other).Get(page).Want(404)
			site.As(other).Get("/mail").Want(200).WantNoText("A subject")
			if err := h.Confirm(h.as(other), m.id); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s confirms: %v", other, err)
			}
			if err := h.Discard(h.as(other), m.id); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s discards: %v", other, err)
			}
		}
		triage := site.As("tom").Get(page).Want(200)
		if !strings.Contains(triage.Body, strings.Repeat("y", 900)) || len(triage.All(`form[action="`+page+`/confirm"]`)) != 0 {
			t.Error("triage sees all of the text, and confirms nothing")
		}
		if err := h.Confirm(h.as("tom"), m.id); !fault.Is(err, fault.NotFound) {
			t.Errorf("triage confirms: %v", err)
		}
		site.As("olive").Post(page+"/confirm", shown.FormValues(page+"/confirm")).WantLocation(page)
		if len(h.opened) != 1 || h.opened[0].Person != "olive" || h.scopes[0] != nil {
			t.Fatalf("opened %+v", h.opened)
		}
		if h.entries(KindConfirmed) != 1 {
			t.Error("no entry says so")
		}
		site.As("olive").Get(page).Want(200).WantText("delivered").WantNoText("sketch")
		site.As("tom").Get(page).Want(404)
		if err := h.Confirm(h.as("olive"), m.id); !fault.HasCode(err, "mailin.settled") {
			t.Errorf("confirmed twice: %v", err)
		}
	})
}

// TestConfirmIsChecked: signing in does not make somebody see what they may not.
func TestConfirmIsChecked(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.deliver(h.address("risk:a", "", "olive"), text("From: oscar@example.org\n", "let me in"))
		m := h.want(stateParked, WhyOther, "oscar mailin.notice.confirm")
		if err := h.Confirm(h.as("oscar"), m.id); !fault.Is(err, fault.NotFound) {
			t.Errorf("Oscar posts where he sees nothing: %v", err)
		}
		if err := h.Confirm(h.as("olive"), m.id); !fault.Is(err, fault.NotFound) {
			t.Errorf("Olive confirms what has Oscar's address: %v", err)
		}
		h.want(stateParked, WhyOther, "oscar mailin.notice.confirm")
		h.wantPosts()
		h.sees["risk:a"] = []string{"oscar"}
		if err := h.Confirm(h.as("oscar"), m.id); err != nil {
			t.Fatal(err)
		}
		h.wantPosts("oscar on risk:a : let me in")
	})
}

// TestParkedRepliesAreAsHiddenAsTheirThread: whoever looks after the mails that wait
// reads no reply to a thread that they may not see, and none to a forgotten address.
func TestParkedRepliesAreAsHiddenAsTheirThread(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		forgotten := h.address("risk:b", "", "olive")
		err := h.cfg.Writer.Quiet(t.Context(), "test", func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), "DELETE FROM mailin_reply WHERE item = 'risk:b'")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		h.deliver(forgotten, fromOlive("the key is 4711"))
		h.deliver(h.address("risk:a", "", "olive"), text("From: oscar@example.org\n", "the key is 4712"))
		if len(h.rows()) != 2 {
			t.Fatal("the mails do not wait")
		}
		all, err := h.Waiting(h.as("tom"))
		if err != nil || len(all) != 0 {
			t.Errorf("triage is shown %+v, %v", all, err)
		}
		for _, m := range h.rows() {
			if _, err := h.Mail(h.as("tom"), m.id); !fault.Is(err, fault.NotFound) {
				t.Errorf("triage reads a reply to what is hidden: %v", err)
			}
			if err := h.Discard(h.as("tom"), m.id); !fault.Is(err, fault.NotFound) {
				t.Errorf("triage discards a reply to what is hidden: %v", err)
			}
		}
		h.sees["risk:a"] = append(h.sees["risk:a"], "tom")
		if all, err := h.Waiting(h.as("tom")); err != nil || len(all) != 1 {
			t.Errorf("of what triage sees it is shown %+v, %v", all, err)
		}
	})
}

func TestDiscard(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for i, who := range []string{"olive", "tom"} {
			h.deliver("review@"+testDomain, fromOlive("sketch of "+who))
			all, err := h.Waiting(h.as(who))
			if err != nil || len(all) != 1 {
				t.Fatalf("%s sees %v, %v", who, all, err)
			}
			page := "/mail/" + all[0].ID
			site := h.site().As(who)
			site.Post(page+"/discard", site.Get(page).Want(200).FormValues(page+"/discard")).WantLocation("/mail")
			if h.entries(KindDiscarded) != i+1 {
				t.Error("no entry says so")
			}
			if err := h.Confirm(h.as("olive"), all[0].ID); !fault.HasCode(err, "mailin.settled") {
				t.Errorf("a discarded mail is confirmed: %v", err)
			}
		}
		h.wantCount(stateDiscarded, WhyUnwanted, 2)
	})
}

// TestStrangersAreForTriage: nobody is asked, and triage sees them.
func TestStrangersAreForTriage(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.deliver("review@"+testDomain, text("From: mallory@elsewhere.example\n", "<script>alert(1)</script> buy"))
		m := h.want(stateParked, WhyStranger)
		site := h.site()
		site.As("tom").Get("/mail").Want(200).WantText("mallory@elsewhere.example", "No account has this address.")
		if page := site.As("tom").Get("/mail/" + m.id).Want(200).WantText("<script>alert(1)</script> buy"); strings.Contains(page.Body, "<script>alert") {
			t.Error("a mail brings its own script")
		}
		site.As("olive").Get("/mail/" + m.id).Want(404)
		site.Get("/mail").WantLocation("/sign-in?next=%2Fmail")
	})
}

// TestPurge: what nobody wants goes after a while, and later the memory of it.
func TestPurge(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		purge := func() {
			t.Helper()
			if err := h.purge(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		h.deliver("review@"+testDomain, fromOlive("sketch"))
		h.later(h.cfg.Keep - time.Minute)
		purge()
		h.want(stateParked, WhySender, "olive mailin.notice.confirm")
		h.later(2 * time.Minute)
		purge()
		m := h.want(stateDiscarded, WhyExpired, "olive mailin.notice.confirm")
		var raw []byte
		if err := h.db.Read(t.Context(), func(r *store.ReadTx) (err error) {
			raw, err = loadRaw(t.Context(), r, m.id)
			return err
		}); err != nil || raw != nil || m.subject != "" {
			t.Errorf("%d bytes and %q are left, %v", len(raw), m.subject, err)
		}
		h.wantCount(stateDiscarded, WhyExpired, 1)
		h.later(keepSettled + time.Minute)
		purge()
		if all := h.rows(); len(all) != 0 {
			t.Errorf("still known: %v", all)
		}
		h.address("risk:a", "", "olive")
		h.later(keepReply + h.cfg.Keep + time.Minute)
		purge()
		var n int
		if err := h.db.Read(t.Context(), func(r *store.ReadTx) error {
			return r.QueryRow(t.Context(), "SELECT COUNT(*) FROM mailin_reply").Scan(&n)
		}); err != nil || n != 0 {
			t.Errorf("%d reply addresses are kept, %v", n, err)
		}
	})
}

// TestPerson: what is held about a person is found, and goes with them.
func TestPerson(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.deliver(h.address("risk:a", "", "olive"), fromOlive("delivered"))
		h.deliver("review@"+testDomain, fromOlive("parked"))
		h.deliver("review@"+testDomain, "List-Id: <x.example.org>\n"+fromOlive("by a list"))
		h.deliver("review@"+testDomain, text("From: rita@example.org\n", "Rita's"))
		holds := func() (n int) {
			t.Helper()
			err := h.db.Read(t.Context(), func(r *store.ReadTx) error {
				all, err := h.Holds(t.Context(), r, "olive")
				n = len(all)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := holds(); n != 4 {
			t.Errorf("%d things are held, want three mails and a reply address", n)
		}
		forget := func(tx *store.Tx) error { return h.Forget(t.Context(), tx, "olive") }
		if err := h.cfg.Writer.Quiet(t.Context(), "test", forget); err != nil {
			t.Fatal(err)
		}
		if n := holds(); n != 0 {
			t.Errorf("%d things are still held", n)
		}
		states := map[string]int{}
		for _, m := range h.rows() {
			states[m.state+" "+m.why]++
			if strings.Contains(m.from+m.claimed+m.person, "olive") {
				t.Errorf("Olive is still in %+v", m)
			}
		}
		if states["delivered "] != 1 || states["discarded erased"] != 2 || states["parked sender"] != 1 {
			t.Errorf("states: %v", states)
		}
	})
}
