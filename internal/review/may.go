// SPDX-License-Identifier: Apache-2.0

package review

import (
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/item"
)

// may lists what the reader may do with the review now. A form is offered to whoever
// finds its word here; the use case checks again.
func (s *Service) may(a authz.Actor, d Detail) []string {
	res := resourceOf(d.Review, d.Participants)
	can := func(action authz.Action) bool { return s.Authz.Check(a, action, res) == nil }
	mine := slices.IndexFunc(d.Reviewers, func(v Reviewer) bool { return v.Person == a.ID })
	takes := mine >= 0 && d.Reviewers[mine].TakesPart() && a.Kind == authz.KindPerson
	open := !d.Done()
	verb := func(v string) bool {
		_, err := item.Next(Transitions(), d.Column, v, "review.state")
		return err == nil
	}
	owesOne := func(q Asked) bool { return !q.Closed() && d.owes(a.ID, q.Question) }
	barred := d.bars.bars(a.ID)
	offers := []struct {
		word string
		when bool
	}{
		{"edit", open && can(ActionEdit)},
		{"move", open && can(ActionMove)},
		{"resubmit", d.Wait.Cause == NotReady && can(ActionEdit)},
		{"assign", open && can(ActionAssign)},
		{"declare", open && mine >= 0 && !slices.Contains(d.bars.conflicted, a.ID) && can(ActionDeclare)},
		{"read", open && takes && d.Reviewers[mine].Part == SecondReader && d.Assessment != nil && can(ActionDeclare)},
		{"ask", open && can(ActionAsk)},
		{"answer", open && slices.ContainsFunc(d.Questions, owesOne) && can(ActionAnswer)},
		{"find", open && can(ActionFind)},
		{"risk", d.Subject != "" && can(ActionFind)},
		{"opine", open && !barred && slices.ContainsFunc(d.Opinions, func(o Opinion) bool { return o.Assessor == a.ID }) && can(ActionOpine)},
		{"assess", open && takes && can(ActionAssess)},
		{"publish", !d.Imported() && can(ActionPublish)},
		{"decide", verb("decide") && !barred && can(ActionDecide) && (takes || d.kind.DecidedBy != "")},
		{"dismiss", verb("dismiss") && can(ActionMove)},
		{"withdraw", open && can(ActionEnd)},
		{"supersede", open && can(ActionEnd)},
		{"meet", can(ActionMeet) && slices.ContainsFunc(d.Conditions, func(c Condition) bool {
			return c.MetAt.IsZero() && (c.Owner == a.ID || d.standsIn[c.ID] || !barred && can(ActionMove))
		})},
	}
	words := []string{}
	for _, o := range offers {
		if o.when && a.SignedIn() {
			words = append(words, o.word)
		}
	}
	return words
}
