// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

// collector builds a verdict from answers.
type collector struct {
	base     string // of absolute links
	subject  catalog.Subject
	limit    time.Time // the latest valid_until
	until    time.Time // valid_until if the verdict is allow
	blockers []fault.Blocker
	advice   []fault.Blocker
	withheld bool
}

// block adds a blocker of the gate's own about the subject.
func (c *collector) block(code, message, liftedBy string) {
	c.blockers = append(c.blockers, fault.Blocker{Code: code, Message: message, LiftedBy: liftedBy, URL: c.link(c.subject.URL())})
}

// add takes over one answer as far as the asker may see it.
func (c *collector) add(ctx context.Context, r store.Reader, a authz.Actor, req Requirement, answer Answer) error {
	participants, err := participants(ctx, r, answer)
	if err != nil {
		return err
	}
	for _, m := range answer.Missing {
		advises := req.Mode == Advisory || m.Advice
		m, seen := told(a, m, participants)
		switch {
		case advises && seen:
			c.advice = append(c.advice, c.blocker(m))
		case advises:
			// What only advises is left out: its constant would reveal that it exists.
		case seen:
			c.blockers = append(c.blockers, c.blocker(m))
		default:
			c.withheld = true
		}
	}
	if req.Mode != Advisory && !answer.ValidUntil.IsZero() && answer.ValidUntil.Before(c.until) {
		c.until = answer.ValidUntil
	}
	return nil
}

// told returns what the asker may be told of what is missing, and whether they may
// be told anything.
func told(a authz.Actor, m Missing, participants map[string][]string) (Missing, bool) {
	for {
		if m.Item == "" || authz.CanSee(a, authz.Resource{Item: m.Item, Visibility: m.Visibility, Participants: participants[m.Item]}) {
			return m, true
		}
		if m.Otherwise == nil {
			return m, false
		}
		m = *m.Otherwise
	}
}

// participants reads who takes part in the items of an answer, with one
// statement, and whatever their visibility, so that the same statements run.
func participants(ctx context.Context, r store.Reader, answer Answer) (map[string][]string, error) {
	var items []string
	for _, first := range answer.Missing {
		for m := &first; m != nil; m = m.Otherwise {
			if m.Item != "" {
				items = append(items, m.Item)
			}
		}
	}
	all, err := authz.ParticipantsOf(ctx, r, items)
	if err != nil {
		return nil, fmt.Errorf("look who may see a blocker: %w", err)
	}
	return all, nil
}

func (c *collector) blocker(m Missing) fault.Blocker {
	return fault.Blocker{Code: m.Code, Message: m.Message, LiftedBy: m.LiftedBy, URL: c.link(m.URL)}
}

// link makes a link relative to the server's root absolute.
func (c *collector) link(url string) string {
	if strings.HasPrefix(url, "/") {
		return c.base + url
	}
	return url
}

// verdict ends the collection. The order of blockers does not depend on the
// order of rows in the database; what is withheld comes last, once.
func (c *collector) verdict(q Question) Verdict {
	v := Verdict{
		Decision: Allow, Subject: q.Subject.Ref, Action: q.Action, Version: q.Subject.Version, Digest: q.Subject.Digest,
		Blockers: ordered(c.blockers), Advice: ordered(c.advice), EvaluatedAt: q.At, ValidUntil: c.until.UTC(),
	}
	if c.withheld {
		v.Blockers = append(v.Blockers, fault.Blocker{
			Code: CodeWithheld, Message: "A decision that this needs is not in force. It is about something that is not shown to you.",
			LiftedBy: "The owner of the subject, who can see more or ask those who can.", URL: c.link(q.Subject.URL()),
		})
	}
	if len(v.Blockers) > 0 {
		v.Decision, v.ValidUntil = Deny, c.limit
	}
	return v
}

// ordered sorts and drops repetitions. The result is never nil, so that JSON
// shows an empty list.
func ordered(all []fault.Blocker) []fault.Blocker {
	sorted := append([]fault.Blocker{}, all...)
	slices.SortFunc(sorted, func(a, b fault.Blocker) int {
		for _, pair := range [][2]string{{a.Code, b.Code}, {a.URL, b.URL}, {a.Message, b.Message}} {
			if order := strings.Compare(pair[0], pair[1]); order != 0 {
				return order
			}
		}
		return strings.Compare(a.LiftedBy, b.LiftedBy)
	})
	return slices.Compact(sorted)
}
