// SPDX-License-Identifier: Apache-2.0

package review

import (
	"net/url"
	"slices"

	"portreeve.org/portreeve/internal/kernel/web"
)

// steps are what the reader may do with the review: the next step for them, those
// that are often taken, and those that are rarely needed. What belongs to a part of
// the page has its button there.
func steps(c *web.Ctx, d Detail) (next *web.Link, actions, more []web.Link) {
	verb := nextVerb(c, d)
	link := func(key, at, icon string) web.Link {
		return web.Link{Text: c.Text(key), URL: d.URL() + "/" + at, Icon: icon}
	}
	if l, waits := waitsFor(c, d); waits {
		next, verb = &l, ""
	}
	for _, a := range []struct {
		verb, at, icon string
		rare           bool
	}{
		{"resubmit", "resubmit", "send", false}, {"move", "move", "route", false}, {"decide", "decide", "stamp", false},
		{"edit", "edit", "pencil", false}, {"estimate", "estimate", "gauge", false},
		{"dismiss", "dismiss", "circle-minus", true}, {"supersede", "supersede", "git-branch", true}, {"withdraw", "withdraw", "ban", true},
	} {
		offered := a.verb
		if offered == "estimate" {
			offered = "move"
		}
		l := link("review.act_"+a.verb, a.at, a.icon)
		switch {
		case !d.May(offered):
		case a.verb == verb:
			next = &l
		case a.rare:
			more = append(more, l)
		default:
			actions = append(actions, l)
		}
	}
	return next, actions, more
}

// waitsFor is what the review waits for from this reader alone: an answer, a
// declaration, an opinion, a proof, a reading.
func waitsFor(c *web.Ctx, d Detail) (web.Link, bool) {
	me := c.Actor.ID
	if i := slices.IndexFunc(d.Questions, func(q Asked) bool { return q.State == QuestionOpen && d.owes(me, q.Question) }); i >= 0 && d.May("answer") {
		q := d.Questions[i]
		return web.Link{Text: c.Text("review.act_answer", q.Label), URL: "#" + questionAnchor(q.ID), Icon: "message-square"}, true
	}
	if i := slices.IndexFunc(d.Reviewers, func(v Reviewer) bool { return v.Person == me }); i >= 0 {
		switch v := d.Reviewers[i]; {
		case v.Conflict == Undeclared && d.May("declare"):
			return web.Link{Text: c.Text("review.declare.title"), URL: d.URL() + "/declare", Icon: "user-check"}, true
		case d.May("read") && v.ReadAt.Before(d.Assessment.At):
			return web.Link{Text: c.Text("review.read.title"), URL: d.URL() + "/read", Icon: "book-open"}, true
		}
	}
	if i := slices.IndexFunc(d.Opinions, func(o Opinion) bool { return o.Assessor == me && o.Verdict == "" }); i >= 0 && d.May("opine") {
		return web.Link{Text: c.Text("review.opine.title"), URL: d.URL() + "/opinions/" + url.PathEscape(d.Opinions[i].Aspect), Icon: "scale"}, true
	}
	if i := slices.IndexFunc(d.Conditions, func(o Condition) bool { return o.MetAt.IsZero() && (o.Owner == me || d.standsIn[o.ID]) }); i >= 0 && d.May("meet") {
		return web.Link{Text: c.Text("review.meet.do"), URL: d.URL() + "/conditions/" + url.PathEscape(d.Conditions[i].ID), Icon: "file-check"}, true
	}
	return web.Link{}, false
}

// nextVerb is the step that the review itself waits for, if the reader may take it.
func nextVerb(c *web.Ctx, d Detail) string {
	leads := d.Lead == c.Actor.ID
	switch {
	case d.May("resubmit") && (d.Owner == c.Actor.ID || d.Requester == c.Actor.ID):
		if len(d.Shortfalls) > 0 {
			return "edit"
		}
		return "resubmit"
	case d.Column == InProgress && leads && d.May("decide") && len(d.openLabels()) == 0:
		return "decide"
	case d.May("move") && d.Column != InProgress && d.Column != Done:
		return "move"
	}
	return ""
}
