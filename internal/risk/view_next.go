// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"slices"

	"portreeve.org/portreeve/internal/kernel/web"
)

// riskActions fills in what the reader may do now, and which of it is the next
// step for them: a decision or a proof that waits for them comes before anything
// else, then what the risk itself waits for.
func (s *Service) riskActions(c *web.Ctx, d Detail, v *riskView) error {
	next, err := s.waitsForReader(c, d)
	if err != nil {
		return err
	}
	verb := ""
	if next == nil {
		verb = s.nextVerb(d, v.May, d.Owner == c.Actor.ID)
	}
	for _, a := range []struct{ verb, at, icon string }{
		{"rate", "rate", "gauge"}, {"hear", "hear", "message-square"}, {"compare", "options", "scale"}, {"ask", "acceptances/new", "signature"},
		{"edit", "edit", "pencil"}, {"complete", "complete", "circle-check"}, {"review", "review", "refresh-cw"}, {"close", "close", "ban"},
	} {
		link := web.Link{Text: c.Text("risk.act_" + a.verb), URL: d.URL() + "/" + a.at, Icon: a.icon}
		switch {
		case a.verb == verb:
			next = &link
		case v.May[a.verb] && a.verb != "hear": // that has a button beside the parties
			v.Actions = append(v.Actions, link)
		}
	}
	v.Primary = next
	return nil
}

// waitsForReader is the decision, or the proof after an exception, that waits for
// the reader, or nil.
func (s *Service) waitsForReader(c *web.Ctx, d Detail) (*web.Link, error) {
	for _, a := range d.Acceptances {
		if a.Standing.Code != Awaiting && !a.Standing.Unclosed {
			continue
		}
		detail, err := s.Acceptance(c.Context(), a.ID)
		if err != nil {
			return nil, err
		}
		switch {
		case detail.MayGrant || slices.Contains(detail.Verbs, "refuse"):
			return &web.Link{Text: c.Text("risk.act_decide"), URL: a.URL(), Icon: "vote"}, nil
		case a.Standing.Unclosed && slices.Contains(detail.Verbs, "close") && (d.Owner == c.Actor.ID || a.AskedBy == c.Actor.ID):
			return &web.Link{Text: c.Text("risk.do_close"), URL: a.URL() + "/close", Icon: "file-check"}, nil
		}
	}
	return nil, nil
}

// nextVerb is the step that the risk waits for, if the reader may take it, or "".
// Seeking an acceptance is for its owner to begin.
func (s *Service) nextVerb(d Detail, may map[string]bool, owner bool) string {
	waiting, covered := false, false
	for _, a := range d.Acceptances {
		waiting = waiting || a.Standing.Code == Awaiting
		covered = covered || a.Standing.Code == InForce || a.Standing.Code == NotStarted
	}
	switch {
	case d.Closed():
		return ""
	case !d.Rated() && may["rate"]:
		return "rate"
	case waiting && may["hear"] && slices.ContainsFunc(d.Parties, mustBeHeard):
		return "hear"
	case may["review"] && !d.ReviewDue.IsZero() && d.ReviewDue.Before(d.AsOf):
		return "review"
	case covered || waiting || !owner || !may["ask"]:
		return ""
	case may["edit"] && len(d.Options) == 0 && d.Effective().Rating.AtLeast(s.Policy().Options.From):
		return "compare"
	}
	return "ask"
}
