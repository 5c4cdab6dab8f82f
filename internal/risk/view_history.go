// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/item/itemweb"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// acceptanceLine is what was asked and decided about a risk, the latest first.
func (s *Service) acceptanceLine(c *web.Ctx, d Detail) web.Timeline {
	var t web.Timeline
	for _, a := range d.Acceptances {
		title := []any{web.Link{Text: acceptanceTitle(c, a.Acceptance), URL: a.URL()}, standingBadge(c, a.Standing.Code)}
		if a.Standing.Unclosed {
			title = append(title, web.Badge{Tone: web.ToneWarning, Text: c.Text("risk.unclosed")})
		}
		t.Events = append(t.Events, web.Event{
			At: a.AskedAt, Icon: standingIcon(a.Standing.Code), Tone: standingTone(a.Standing.Code), Title: title,
			By: c.Text("risk.asked_by", itemweb.NameOf(c, d.Names, a.AskedBy)), Body: decidedText(c, d.Names, a),
		})
	}
	return t
}

// acceptanceTitle says what is accepted and until when.
func acceptanceTitle(c *web.Ctx, a Acceptance) string {
	what := a.Option.Title
	if what == "" {
		what = c.Text("risk.acceptance.plain")
	}
	return c.Text("risk.acceptance.until", what, c.Day(web.LastDay(a.Until)))
}

// decidedText says who decided by which right, and why it stands as it does.
func decidedText(c *web.Ctx, names map[string]Named, a Placed) string {
	var parts []string
	switch {
	case a.WasGranted():
		for _, e := range a.Rights {
			for _, by := range e.By {
				parts = append(parts, c.Text("risk.granted_by", itemweb.NameOf(c, names, by.Person), rightText(c, names, by.Right)))
			}
		}
	case a.State == Refused:
		parts = append(parts, c.Text("risk.refused_by", itemweb.NameOf(c, names, a.DecidedBy)))
	}
	return itemweb.Sentence(append(parts, standingText(c, a))...)
}

// standingText says in a sentence why an acceptance stands where it stands.
func standingText(c *web.Ctx, a Placed) string {
	switch a.Standing.Code {
	case InForce:
		return c.Text("risk.why_in_force", c.Day(web.LastDay(a.Standing.ValidUntil)))
	case Void:
		if len(a.Standing.Changed) > 0 && !a.WasGranted() {
			return c.Text("risk.why_asked_changed", differences(c, a.Standing.Changed))
		}
		if len(a.Standing.Changed) > 0 {
			return c.Text("risk.why_changed", differences(c, a.Standing.Changed))
		}
		return itemweb.Sentence(c.Text("risk.why_void"), a.EndReason)
	case NotStarted:
		return c.Text("risk.why_not_started", c.Day(a.From))
	case Expired, Lapsed:
		return c.Text("risk.why_"+string(a.Standing.Code), c.Day(web.LastDay(a.Until)))
	case WasRevoked:
		return c.Text("risk.why_revoked", c.Day(a.EndedAt), a.EndReason)
	case WasRefused:
		return a.Decision
	case WasClosed:
		return c.Text("risk.why_closed", c.Day(a.ClosedAt))
	default:
		return c.Text("risk.why_" + string(a.Standing.Code))
	}
}

// differences names what is no longer as it was decided on.
func differences(c *web.Ctx, changed []string) []string {
	all := make([]string, len(changed))
	for i, what := range changed {
		all[i] = c.Text("risk.differs_" + what)
	}
	return all
}

func standingIcon(code StandingCode) string {
	switch code {
	case InForce:
		return "stamp"
	case Awaiting:
		return "hourglass"
	case NotStarted:
		return "clock"
	case Expired, Lapsed:
		return "calendar-clock"
	case WasRefused, WasRevoked, Void:
		return "circle-x"
	case ConditionOverdue:
		return "triangle-alert"
	case WasClosed:
		return "file-check"
	default:
		return "undo-2"
	}
}

// rightText says by which right somebody decides: "As Chief officer of The
// Foundation", "For Chief officer of The Foundation, delegated by ... until ...".
func rightText(c *web.Ctx, names map[string]Named, r RightUsed) string {
	text := strings.TrimSuffix(r.Explanation, ".")
	if post, until, ok := strings.Cut(text, ", by delegation until "); ok && r.Delegation != "" {
		end, err := time.Parse(time.RFC3339, until)
		switch {
		case err == nil && r.Holder == "": // the reader may not see who holds posts
			return c.Text("risk.right.delegation", post, itemweb.NameOf(c, names, r.Organisation), c.Day(web.LastDay(end)))
		case err == nil:
			return c.Text("risk.right.delegated", post, itemweb.NameOf(c, names, r.Organisation), itemweb.NameOf(c, names, r.Holder), c.Day(web.LastDay(end)))
		}
	}
	if r.Organisation != "" && names[r.Organisation].Name != "" {
		text = c.Text("risk.right.of", text, names[r.Organisation].Name)
	}
	return text
}

// historyLine is what happened to a risk, each step with the entry that proves it.
func historyLine(c *web.Ctx, d Detail) web.Timeline {
	told := itemweb.Telling{
		Did: "risk.did.", Changed: "risk.changed.", Icon: historyIcon,
		Value: func(c *web.Ctx, field, value string) string { return changeValue(c, d.Names, field, value) },
		// The name of the step says these already.
		Silent: []string{"acceptance", "vote", "condition", "reviewed", "hearings", "parties", "options"},
		Part: func(acceptance string) any {
			return web.Link{Text: c.Text("risk.history.acceptance"), URL: d.URL() + "/acceptances/" + acceptance}
		},
	}
	var t web.Timeline
	for _, h := range d.History {
		t.Events = append(t.Events, told.Event(c, d.Names, item.Step(h)))
	}
	return t
}

func historyIcon(kind string) string {
	switch kind {
	case KindGranted:
		return "stamp"
	case KindRefused, KindRevoked, KindVoided, KindClosed:
		return "circle-x"
	case KindAsked:
		return "signature"
	case KindApproved, KindObjected:
		return "vote"
	case KindRated, KindReviewed:
		return "gauge"
	case KindHeard:
		return "message-square"
	case KindSettled, KindMet, KindCompleted:
		return "file-check"
	default:
		return "history"
	}
}

func changeValue(c *web.Ctx, names map[string]Named, field, value string) string {
	switch field {
	case "owner":
		return itemweb.NameOf(c, names, value)
	case "rating", "proposed":
		if matrix.Rating(value).Known() {
			return c.Text("risk.rating_" + value)
		}
	case "visibility", "state", "treatment", "mitigation":
		return c.Text("risk." + field + "_" + value)
	}
	return value
}
