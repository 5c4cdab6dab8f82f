// SPDX-License-Identifier: Apache-2.0

package review

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/foreign"
	"portreeve.org/portreeve/internal/kernel/web"
)

// What is lost when a task becomes a review. The words are the same for every task,
// so that a report can count them.
var (
	lossNoTask   = foreign.Loss{What: "task", Why: "Its number, title or date could not be read, so nothing could be made of it."}
	lossSource   = foreign.Loss{What: "task", Why: "It does not say which tracker it comes from, so it could be taken twice. Name the tracker with --server, such as https://jira.example.org."}
	lossTaken    = foreign.Loss{What: "task", Why: "It was imported before, and is not shown to you here. Ask whoever imported it."}
	lossAuthor   = foreign.Loss{What: "author", Why: "Whoever filed it could not be resolved there; whoever imports it stands as the requester."}
	lossAccount  = foreign.Loss{What: "requester", Why: "Whoever filed it has no account here that is known; whoever imports it stands as the requester. Name them in the mapping of people."}
	lossApart    = foreign.Loss{What: "requester", Why: "It is restricted there, so whoever filed it does not take part here until somebody lets them."}
	lossSketch   = foreign.Loss{What: "description", Why: "It is longer than a sketch; its beginning is the sketch, and the history keeps more of it."}
	lossTitle    = foreign.Loss{What: "title", Why: "It is longer than a title here, or holds characters that hide or reorder others; those were left out."}
	lossWords    = foreign.Loss{What: "words of events", Why: "A text of the history is longer than is kept; its end was cut off."}
	lossEvents   = foreign.Loss{What: "events", Why: "An event has no identifier, so that it could not be found again; it was left out."}
	lossLink     = foreign.Loss{What: "address", Why: "The address of its page is not one of the web."}
	lossReopened = foreign.Loss{What: "status", Why: "It was opened again there. Nothing is reopened here: request another review that follows it."}
	lossHidden   = foreign.Loss{What: "visibility", Why: "It is open there and restricted here. An import shows nothing to more people than before: say here who may see it, with portreeve review edit --visibility."}
	lossShown    = foreign.Loss{What: "visibility", Why: "It is restricted there now, and was changed here since it was imported: say here who may see it."}
)

// Bounds of what is kept of a task.
const (
	maxPastText = 64 << 10
	maxOrigin   = 40 // losses that stand at the review
)

// numberPattern is the number of a task, T240943 or FOLIO-12. No id here is like it:
// a review is found by either.
var numberPattern = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,29}-?[0-9]{1,15}$`)

// pastTask identifies the first line of the past: the task as it was filed. A digit
// stands before what trackers begin their identifiers with, in any order of letters.
const pastTask = "0"

// Kinds of a line of the past beside those of foreign.
const pastRemoved = "comment_removed"

// madeTask is what a task becomes, as far as it follows from the task alone.
type madeTask struct {
	review Review
	past   []Past
	labels []string
	author foreign.Person
	losses []foreign.Loss
}

func (m *madeTask) lose(l foreign.Loss) {
	if !slices.Contains(m.losses, l) {
		m.losses = append(m.losses, l)
	}
}

// checkTask reports whether something can be made of a task, or else why not.
func checkTask(t foreign.Task) (foreign.Loss, bool) {
	system := t.System == foreign.Phabricator || t.System == foreign.Jira
	readable := system && numberPattern.MatchString(t.Number) && web.PlainName(t.Source) && t.Readable()
	if readable && t.Source == "" {
		return lossSource, false
	}
	return lossNoTask, readable
}

// draft makes a review of a task that is within the bounds of foreign.
func draft(t foreign.Task, now time.Time, open authz.Visibility) madeTask {
	m := madeTask{labels: t.Labels, author: t.Author, losses: slices.Clone(t.Losses)}
	m.past = m.pastOf(t)
	r := Review{
		Title: m.title(t), Sketch: m.sketch(t.Text), Visibility: open, Column: Incoming, Priority: priorityOf(t.Priority),
		ReceivedAt: noLater(t.CreatedAt, now), Answers: map[string]string{},
		Origin: Origin{
			System: t.System, Source: t.Source, Number: t.Number, URL: m.link(t.URL), Status: t.Status, Priority: t.Priority,
			Column: t.Column, Author: nameOf(t.Author), At: t.CreatedAt, ClosedAt: t.ClosedAt,
		},
	}
	if t.Restricted {
		r.Visibility = authz.Restricted
	}
	if r.Origin.Author == "" {
		m.lose(lossAuthor)
	}
	if t.StatusKind == foreign.Done || t.StatusKind == foreign.Declined {
		r.Column, r.DoneAt = Done, closedAt(t, now)
	}
	m.review = r
	return m
}

// closedAt is when a task was closed there; if that is not known, when it was
// changed last.
func closedAt(t foreign.Task, now time.Time) time.Time {
	for _, at := range []time.Time{t.ClosedAt, t.ChangedAt} {
		if !at.IsZero() {
			return noLater(at, now)
		}
	}
	return now
}

func noLater(at, now time.Time) time.Time {
	if at.After(now) {
		return now
	}
	return at
}

// nameOf is how somebody was called there; empty if that could not be resolved.
func nameOf(p foreign.Person) string {
	if p.Name != "" {
		return p.Name
	}
	return p.Login
}

// title is the title within the rules for lines that stand for something in lists.
func (m *madeTask) title(t foreign.Task) string {
	title := cutText(strings.TrimSpace(strings.Map(func(r rune) rune {
		if !web.PlainName(string(r)) {
			return -1
		}
		return r
	}, t.Title)), MaxTitle)
	if title != t.Title {
		m.lose(lossTitle)
	}
	if title == "" {
		return t.Number
	}
	return title
}

func (m *madeTask) sketch(text string) string {
	text = strings.TrimSpace(text)
	if len(text) > MaxText {
		m.lose(lossSketch)
	}
	return cutText(text, MaxText)
}

// link is the address of the task's page, if it is one that a page may lead to.
func (m *madeTask) link(address string) string {
	u, err := url.Parse(address)
	switch {
	case address == "":
		return ""
	case err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http":
		m.lose(lossLink)
		return ""
	}
	return u.String()
}

// priorityOf brings the priorities of Phabricator and Jira, as they are shipped, to
// those here. Others are left to the triage.
func priorityOf(there string) Priority {
	switch strings.ToLower(strings.Trim(there, "! ")) {
	case "unbreak now", "highest", "blocker", "critical":
		return Urgent
	case "high", "major":
		return High
	case "medium", "normal":
		return Medium
	case "low", "lowest", "minor", "trivial", "wishlist", "needs volunteer":
		return Low
	default:
		return ""
	}
}

// pastOf is the history of a task. The first line is the task as it was filed, with
// the whole of its description as it is now.
func (m *madeTask) pastOf(t foreign.Task) []Past {
	past := make([]Past, 1, len(t.Events)+1)
	past[0] = Past{ID: pastTask, At: t.CreatedAt, Author: nameOf(t.Author), Kind: foreign.Created, To: t.Title, Text: m.words(t.Text)}
	for _, e := range t.Events {
		switch {
		case e.Kind == foreign.Created:
			continue // that is the first line
		case e.ID == "":
			m.lose(lossEvents)
			continue
		case e.ID == pastTask:
			e.ID = "event-" + pastTask
		case e.At.IsZero():
			e.At = t.CreatedAt
		}
		p := Past{ID: e.ID, At: e.At, Author: nameOf(e.Author), Kind: e.Kind, From: e.From, To: e.To, Text: m.words(e.Text)}
		if e.Removed {
			p.Kind, p.Text = pastRemoved, ""
		}
		past = append(past, p)
	}
	return past
}

func (m *madeTask) words(text string) string {
	if len(text) > maxPastText {
		m.lose(lossWords)
	}
	return cutText(text, maxPastText)
}

// cutText returns at most limit bytes of text, whole characters.
func cutText(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return strings.TrimSpace(text[:limit])
}

// lossTexts are the losses that stand at the review: what stood there, and what is
// new, each once.
func lossTexts(before []string, losses []foreign.Loss) []string {
	all := slices.Clone(before)
	for _, l := range losses {
		text := l.What + ": " + l.Why
		if len(all) < maxOrigin && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}
