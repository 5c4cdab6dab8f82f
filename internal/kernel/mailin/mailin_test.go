// SPDX-License-Identifier: Apache-2.0

package mailin

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

func TestReply(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.deliver(h.address("risk:a", "Q1", "olive"), fromOlive("We use one token for each.\n\nOn Mon, 23 Nov 2026 at 09:00, Office <o@example.org> wrote:\n> The secret is hunter2.\n"))
		m := h.want(stateDelivered, "")
		h.wantPosts("olive on risk:a Q1: We use one token for each.")
		if m.person != "olive" || m.item != "risk:a" || m.subject != "" || m.sender != "" {
			t.Errorf("what is kept: %+v", m)
		}
		if !slices.Equal(h.scopes[0], []authz.Action{"content:comment"}) {
			t.Errorf("a mail may do %v", h.scopes[0])
		}
		var raw []byte
		if err := h.db.Read(t.Context(), func(r *store.ReadTx) (err error) {
			raw, err = loadRaw(t.Context(), r, m.id)
			return err
		}); err != nil || raw != nil {
			t.Errorf("%d bytes of a delivered mail are kept, %v", len(raw), err)
		}
		h.wantCount(outcomeReceived, "", 1)
		h.wantCount(stateDelivered, "", 1)
	})
}

func TestDoor(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.deliver("review@"+testDomain, passed+fromOlive("A sketch of the new thing.\n\n-- \nOlive"))
		h.want(stateDelivered, "")
		if len(h.opened) != 1 {
			t.Fatalf("%d were opened", len(h.opened))
		}
		m := h.opened[0]
		if m.Person != "olive" || m.From != "olive@example.org" || m.Subject != "A subject" || m.Text != "A sketch of the new thing." || !m.Cut || !strings.HasSuffix(m.Whole, "-- \nOlive") {
			t.Errorf("the door gets %+v", m)
		}
		if !slices.Equal(h.scopes[0], []authz.Action{"review:request"}) {
			t.Errorf("a mail may do %v", h.scopes[0])
		}
	})
}

// TestVerification: who a mail counts as from, and what becomes of it otherwise.
func TestVerification(t *testing.T) {
	const confirm = "olive mailin.notice.confirm"
	reply := func(h *house) string { return h.address("risk:a", "", "olive") }
	review := func(*house) string { return "review@" + testDomain }
	cases := map[string]struct {
		to    func(h *house) string
		raw   string
		state string
		why   string
		told  []string
	}{
		"token and From":                    {reply, fromOlive("yes"), stateDelivered, "", nil},
		"case of the address":               {reply, text("From: OLIVE@Example.ORG\n", "yes"), stateDelivered, "", nil},
		"token, From of another":            {reply, text("From: rita@example.org\n", "yes"), stateParked, WhyOther, []string{"rita mailin.notice.confirm"}},
		"token, From of another that pass":  {reply, passed + text("From: rita@example.org\n", "yes"), stateParked, WhyOther, []string{"rita mailin.notice.confirm"}},
		"token, stranger":                   {reply, text("From: mallory@elsewhere.example\n", "yes"), stateParked, WhyStranger, nil},
		"token, forged":                     {reply, strings.Replace(passed, "pass", "fail", 1) + fromOlive("yes"), stateParked, WhyForged, []string{confirm}},
		"token, fail that nobody claims":    {reply, "Authentication-Results: elsewhere.example; dmarc=fail header.from=example.org\n" + fromOlive("yes"), stateDelivered, "", nil},
		"wrong token":                       {func(*house) string { return "reply+" + strings.Repeat("a", 32) + "@" + testDomain }, fromOlive("yes"), stateParked, WhyNowhere, nil},
		"two From fields":                   {reply, "From: mallory@elsewhere.example\n" + fromOlive("yes"), stateParked, WhyMalformed, nil},
		"two addresses":                     {reply, text("From: olive@example.org, mallory@elsewhere.example\n", "yes"), stateParked, WhyMalformed, nil},
		"no From":                           {reply, text("", "yes"), stateParked, WhyMalformed, nil},
		"From in a quoted name":             {reply, text("From: \"olive@example.org\" <mallory@elsewhere.example>\n", "yes"), stateParked, WhyStranger, nil},
		"quoted local part":                 {reply, text("From: \"olive\\ \"@example.org\n", "yes"), stateParked, WhyMalformed, nil},
		"look-alike":                        {reply, text("From: оlive@example.org\n", "yes"), stateParked, WhyMalformed, nil},
		"door, passed":                      {review, passed + fromOlive("sketch"), stateDelivered, "", nil},
		"door, nothing is said":             {review, fromOlive("sketch"), stateParked, WhySender, []string{confirm}},
		"door, failed":                      {review, strings.Replace(passed, "pass", "fail", 1) + fromOlive("sketch"), stateParked, WhyForged, []string{confirm}},
		"door, another server":              {review, strings.Replace(passed, testMX, "mx.elsewhere.example", 1) + fromOlive("sketch"), stateParked, WhySender, []string{confirm}},
		"door, passed for another domain":   {review, strings.Replace(passed, "example.org\n", "elsewhere.example\n", 1) + fromOlive("sketch"), stateParked, WhySender, []string{confirm}},
		"door, passed below another result": {review, strings.Replace(passed, "dmarc=pass", "dmarc=none", 1) + passed + fromOlive("sketch"), stateParked, WhySender, []string{confirm}},
		"door, only SPF":                    {review, "Authentication-Results: " + testMX + "; spf=pass smtp.mailfrom=example.org; dkim=pass header.d=example.org\n" + fromOlive("sketch"), stateParked, WhySender, []string{confirm}},
		"door, in a comment": {review, "Authentication-Results: " + testMX + "; spf=fail (they say; dmarc=pass header.from=example.org) smtp.mailfrom=x\n" + fromOlive("sketch"),
			stateParked, WhySender, []string{confirm}},
		"door, stranger":      {review, strings.Replace(passed, "example.org\n", "elsewhere.example\n", 1) + text("From: mallory@elsewhere.example\n", "sketch"), stateParked, WhyStranger, nil},
		"door, bare newlines": {review, passed + "X-A: b\rFrom: mallory@elsewhere.example\n" + fromOlive("sketch"), stateParked, WhyMalformed, nil},
		"reply of quotes":     {reply, fromOlive("> The secret is hunter2."), stateRefused, WhyEmpty, []string{"olive mailin.notice.refused"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, h *house) {
				h.deliver(c.to(h), c.raw)
				h.want(c.state, c.why, c.told...)
				if taken := len(h.posts)+len(h.opened) > 0; taken != (c.state == stateDelivered) {
					t.Errorf("posted %q, opened %v", h.posts, h.opened)
				}
				for _, m := range h.told {
					if m.Path != "/mail/"+h.rows()[0].id || !m.Urgent {
						t.Errorf("the notice leads to %q, urgent %v", m.Path, m.Urgent)
					}
				}
			})
		})
	}
}

// TestMachinesGetNoAnswer: what a machine sent is neither posted nor answered, even
// with a valid reply address.
func TestMachinesGetNoAnswer(t *testing.T) {
	cases := map[string]struct{ head, why string }{
		"vacation":        {"Auto-Submitted: auto-replied (vacation)\n", WhyAutomatic},
		"not automatic":   {"Auto-Submitted: no\n", ""},
		"bulk":            {"Precedence: Bulk\n", WhyAutomatic},
		"list":            {"List-Id: <everybody.example.org>\n", WhyAutomatic},
		"out of office":   {"X-Auto-Response-Suppress: All\n", WhyAutomatic},
		"receipt":         {"Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n", WhyAutomatic},
		"our own mail":    {"X-Loop: " + testHost + "\n", WhyLoop},
		"someone's loop":  {"X-Loop: elsewhere.example\n", ""},
		"too many hops":   {strings.Repeat("Received: from a by b; Mon, 23 Nov 2026 10:00:00 +0000\n", maxHops+1), WhyLoop},
		"answers a mail":  {"References: <1@" + testHost + ">\n", ""},
		"our own message": {"Message-ID: <k3j4@" + testHost + ">\n", WhyLoop},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, h *house) {
				h.deliver(h.address("risk:a", "", "olive"), c.head+fromOlive("I am on holiday."))
				if c.why == "" {
					h.want(stateDelivered, "")
					return
				}
				h.want(stateParked, c.why)
				h.wantPosts()
				if all, err := h.Waiting(h.as("olive")); err != nil || len(all) != 0 {
					t.Errorf("Olive is asked about %v, %v", all, err)
				}
			})
		})
	}
	t.Run("bounce", func(t *testing.T) {
		each(t, func(t *testing.T, h *house) {
			if err := h.send("", []string{"review@" + testDomain}, fromOlive("Undelivered Mail Returned to Sender")); err != nil {
				t.Fatal(err)
			}
			if all := h.rows(); len(all) != 0 {
				t.Errorf("a bounce is stored: %v", all)
			}
			h.wantCount(outcomeDropped, WhyBounce, 1)
		})
	})
	t.Run("answer to a notice at a door", func(t *testing.T) {
		each(t, func(t *testing.T, h *house) {
			h.deliver("review@"+testDomain, passed+"In-Reply-To: <1@"+testHost+">\n"+fromOlive("Thanks."))
			h.want(stateParked, WhyLoop)
		})
	})
}

// TestAccounts: closed, shared and service accounts.
func TestAccounts(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		to := h.address("risk:a", "", "olive")
		shared := h.address("risk:a", "", "rita")
		closed := h.people["olive"]
		closed.Active = false
		h.people["olive"] = closed
		h.deliver(to, fromOlive("yes"))
		h.want(stateParked, WhyInactive)
		closed.Active = true
		h.people["olive"] = closed
		h.person("rita", "olive@example.org", authz.RoleRequester)
		h.deliver(shared, fromOlive("the address says that Rita is meant"))
		h.wantPosts("rita on risk:a : the address says that Rita is meant")
		h.deliver("review@"+testDomain, passed+fromOlive("who is it?"))
		if all := h.rows(); len(all) != 3 || len(h.opened) != 0 || len(h.told) != 0 {
			t.Errorf("%+v, opened %v, told %v", all, h.opened, h.told)
		}
		robot := h.people["oscar"]
		robot.Actor.Kind = authz.KindService
		h.people["oscar"] = robot
		h.deliver("review@"+testDomain, passed+text("From: oscar@example.org\n", "beep"))
		if len(h.opened) != 0 || len(h.told) != 0 {
			t.Errorf("a service account opened %v, told %v", h.opened, h.told)
		}
	})
}

// TestOpenDoor takes strangers' mails, and never in the name of somebody.
func TestOpenDoor(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		report := "report@" + testDomain
		h.deliver(report, text("From: finder@elsewhere.example\n", "I found a hole."))
		h.deliver(report, fromOlive("I say that I am Olive."))
		h.deliver(report, passed+fromOlive("I am Olive."))
		h.deliver(report, "Auto-Submitted: auto-replied\n"+fromOlive("I am on holiday."))
		var got []string
		for _, m := range h.opened {
			got = append(got, m.Person+" "+m.From+" "+m.Text)
		}
		want := []string{" finder@elsewhere.example I found a hole.", " olive@example.org I say that I am Olive.", "olive olive@example.org I am Olive."}
		if !slices.Equal(got, want) || len(h.told) != 0 {
			t.Errorf("opened %q, told %v", got, h.told)
		}
	})
}

// TestAccessEnded: what a person may not see any more is refused, and the answer does
// not say whether it exists.
func TestAccessEnded(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		to := h.address("risk:a", "", "olive")
		h.sees["risk:a"] = nil
		h.deliver(to, fromOlive("Am I still here?"))
		h.want(stateRefused, WhyRefused, "olive mailin.notice.refused")
		h.wantPosts()
		m, err := h.Mail(h.as("olive"), h.rows()[0].id)
		if err != nil || m.Item != "" || m.Text != "" || m.Subject != "" {
			t.Errorf("Olive is shown %+v, %v", m, err)
		}
	})
}

// TestRevoked: an address that was revoked or is too old only asks.
func TestRevoked(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		to := h.address("risk:a", "", "olive")
		err := h.cfg.Writer.Quiet(t.Context(), "test", func(tx *store.Tx) error { return h.Revoke(t.Context(), tx, "risk:a", "olive") })
		if err != nil {
			t.Fatal(err)
		}
		h.deliver(to, fromOlive("yes"))
		m := h.want(stateParked, WhyOver, "olive mailin.notice.confirm")
		if err := h.Confirm(h.as("olive"), m.id); err != nil {
			t.Fatal(err)
		}
		h.wantPosts("olive on risk:a : yes")
	})
	each(t, func(t *testing.T, h *house) {
		to := h.address("risk:a", "", "olive")
		h.later(keepReply)
		h.deliver(to, fromOlive("yes"))
		h.want(stateParked, WhyOver, "olive mailin.notice.confirm")
	})
}

// TestRepeated: a delivery that is repeated after its answer was lost is one mail,
// also with further fields on top; another text under the same Message-ID is not.
func TestRepeated(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		to := h.address("risk:a", "", "olive")
		h.deliver(to, fromOlive("once"))
		h.deliver(to, "Received: from a by b; Mon, 23 Nov 2026 10:00:00 +0000\n"+fromOlive("once"))
		h.wantPosts("olive on risk:a : once")
		h.wantCount(outcomeRepeated, "", 1)
		h.deliver(to, fromOlive("twice"))
		h.wantPosts("olive on risk:a : once", "olive on risk:a : twice")
		// The same mail at another of our addresses is a delivery of its own, and the
		// same one in one conversation is not.
		other := h.address("risk:a", "Q2", "olive")
		if err := h.send("olive@example.org", []string{to, other, strings.ToUpper(other), to}, fromOlive("both")); err != nil {
			t.Fatal(err)
		}
		h.run()
		if len(h.posts) != 4 {
			t.Errorf("posted %q", h.posts)
		}
		for _, m := range h.rows() {
			if err := h.Route(t.Context(), m.id); err != nil { // as a job that runs again
				t.Error(err)
			}
		}
		if len(h.posts) != 4 {
			t.Errorf("posted %q", h.posts)
		}
	})
}

// TestTriedAgain: what is not the mail's fault is tried again later.
func TestTriedAgain(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.failing = errors.New("the disk is full")
		h.deliver(h.address("risk:a", "", "olive"), fromOlive("patience"))
		h.want(stateNew, "")
		h.failing = fault.New(fault.Unavailable, "store.busy", "Later.")
		h.later(time.Minute)
		h.run()
		h.want(stateNew, "")
		h.failing = nil
		h.later(time.Hour)
		h.run()
		h.want(stateDelivered, "")
		h.wantPosts("olive on risk:a : patience")
	})
}

// TestAskedOnceAnHour: a flood of forged mails does not become one of ours.
func TestAskedOnceAnHour(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for _, body := range []string{"one", "two", "three"} {
			h.deliver("review@"+testDomain, fromOlive(body))
		}
		if len(h.told) != 1 {
			t.Errorf("Olive got %d notices", len(h.told))
		}
		if all, err := h.Waiting(h.as("olive")); err != nil || len(all) != 3 {
			t.Errorf("Olive sees %d mails, %v", len(all), err)
		}
		h.later(time.Hour + time.Second)
		h.deliver("review@"+testDomain, fromOlive("four"))
		if len(h.told) != 2 {
			t.Errorf("Olive got %d notices", len(h.told))
		}
	})
}
