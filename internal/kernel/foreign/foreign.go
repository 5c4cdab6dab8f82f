// SPDX-License-Identifier: Apache-2.0

// Package foreign is what another tracker knows about a task, in the one form
// that connectors produce and a slice imports: types and bounds, no I/O. What
// stands here happened elsewhere; it is history, never a decision made here.
package foreign

import "time"

// Systems that a task may come from.
const (
	Phabricator = "phabricator"
	Jira        = "jira"
)

// Kinds of status, to which each tracker's own are brought.
const (
	Open     = "open"
	Stalled  = "stalled"
	Done     = "done"
	Declined = "declined"
)

// Kinds of event.
const (
	Created     = "created"
	Comment     = "comment"
	Status      = "status"
	Priority    = "priority"
	Title       = "title"
	Text        = "text"
	Column      = "column"
	Owner       = "owner"
	Label       = "label"
	Subscribers = "subscribers"
	Other       = "other"
)

// Task is a task of another tracker with its history, as far as it could be read.
type Task struct {
	System string // Phabricator or Jira
	Source string // the server, such as "https://phorge.example"
	Number string // what people call it there: "T240943", "FOLIO-12"
	URL    string // its page there; empty if the source is not known
	Title  string
	Text   string

	Author, Owner Person

	CreatedAt, ChangedAt, ClosedAt time.Time // UTC; zero: none, or not readable

	Status     string // as there
	StatusKind string // Open, Stalled, Done or Declined
	Priority   string // as there
	Column     string // on the board there; "" is none
	Labels     []string

	// Restricted says that not everybody may read it there. It is also true
	// when that cannot be told.
	Restricted bool

	Events []Event // oldest first
	Losses []Loss  // what could not be taken over
}

// Readable reports whether enough of the task came over to make something of it.
// One that is not readable still has its Losses, which say why.
func (t Task) Readable() bool {
	return t.Number != "" && t.Title != "" && !t.CreatedAt.IsZero()
}

// Person is somebody as the other tracker knows them. An empty Name with an ID
// means that they could not be resolved; an empty ID, that there is nobody.
type Person struct {
	ID      string // stable there
	Name    string // as shown there
	Login   string
	Address string // mail address, if the tracker tells it
}

// Shown is the best name that there is: Name, Login or ID.
func (p Person) Shown() string {
	switch {
	case p.Name != "":
		return p.Name
	case p.Login != "":
		return p.Login
	default:
		return p.ID
	}
}

// Event is one thing that happened to the task there.
type Event struct {
	ID     string    // stable there, and unique in its task: a second import finds it again
	At     time.Time // UTC; zero: not readable
	Author Person
	Kind   string

	// From and To hold what was before and after, as shown there. Of labels and
	// subscribers From lists those taken off and To those added, divided by ", ".
	From, To string

	// Text is the words of a comment, the new text of the task, or of another
	// kind of event what it is called there.
	Text string

	Removed bool // a comment that was removed there; Text is empty
}

// Loss is something that could not be taken over, in words that are the same for
// every task that lost it, so that a report can count them.
type Loss struct {
	What string // such as "history"
	Why  string // one sentence
}

// Lose adds a loss to the task once.
func (t *Task) Lose(l Loss) {
	for _, have := range t.Losses {
		if have == l {
			return
		}
	}
	t.Losses = append(t.Losses, l)
}
