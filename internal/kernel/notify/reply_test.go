// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
)

// fixedReplies gives out addresses that say what they were asked for.
type fixedReplies struct{}

func (fixedReplies) ReplyTo(_ context.Context, _ *store.Tx, item, thread, person string) (string, string, error) {
	return "reply+" + strings.ReplaceAll(item, ":", "-") + "-" + thread + "-" + person + "@office.example.org", "root@office.example.org", nil
}

// TestReplyTo: a mail about one thread that wants an answer has an address for it, and
// no other mail has.
func TestReplyTo(t *testing.T) {
	asks := func(item, thread string) Message {
		m := runsOut("olive", item, "first")
		m.Answer, m.Thread = true, thread
		return m
	}
	cases := map[string]struct {
		messages []Message
		want     string
	}{
		"one thread":          {[]Message{asks("inside", "Q1"), asks("inside", "Q1")}, "reply+risk-inside-Q1-olive@office.example.org"},
		"two threads":         {[]Message{asks("inside", "Q1"), asks("inside", "Q2")}, ""},
		"two items":           {[]Message{asks("inside", "Q1"), asks("open", "Q1")}, ""},
		"no answer is wanted": {[]Message{asks("inside", "Q1"), runsOut("olive", "inside", "second")}, ""},
		"restricted":          {[]Message{asks("secret", "Q1")}, ""},
		"hidden beside it":    {[]Message{asks("inside", "Q1"), asks("hidden", "Q1")}, "reply+risk-inside-Q1-olive@office.example.org"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			each(t, func(c *Config) { c.Replies = func() Replies { return fixedReplies{} } }, func(t *testing.T, o *office) {
				o.item("inside", authz.Internal)
				o.item("open", authz.Public)
				o.item("secret", authz.Restricted, "person:olive")
				o.item("hidden", authz.Restricted)
				o.enqueue(c.messages...)
				o.advance(time.Hour)
				got := o.wantMails(1)[0]
				if to := got.header.Get("Reply-To"); c.want == "" && to != "" || !strings.Contains(to, c.want) {
					t.Errorf("answers go to %q", to)
				}
				if refs := got.header.Get("References"); (refs == "<root@office.example.org>") != (c.want != "") {
					t.Errorf("References: %q", refs)
				}
				if body := decoded(t, got.body); strings.Contains(body, "an answer reaches nobody") != (c.want == "") {
					t.Errorf("the mail says:\n%s", body)
				}
			})
		})
	}
}
