// SPDX-License-Identifier: Apache-2.0

// Package foreign is what another tracker knows about a task, in the one form
// that connectors produce and a slice imports: types, as they go over the API, and
// bounds, no I/O. What stands here happened elsewhere; it is history, never a
// decision made here.
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
	System string `json:"system" enum:"phabricator,jira"`
	Source string `json:"source,omitempty" doc:"the server, such as https://phorge.example"`
	Number string `json:"number" doc:"what people call it there: T240943, FOLIO-12"`
	URL    string `json:"url,omitempty" doc:"its page there"`
	Title  string `json:"title"`
	Text   string `json:"text,omitempty"`

	Author Person `json:"author,omitzero"`
	Owner  Person `json:"owner,omitzero"`

	// In UTC. Zero: none, or not readable.
	CreatedAt time.Time `json:"created_at,omitzero"`
	ChangedAt time.Time `json:"changed_at,omitzero"`
	ClosedAt  time.Time `json:"closed_at,omitzero"`

	Status     string   `json:"status,omitempty" doc:"as there"`
	StatusKind string   `json:"status_kind,omitempty" enum:"open,stalled,done,declined"`
	Priority   string   `json:"priority,omitempty" doc:"as there"`
	Column     string   `json:"column,omitempty" doc:"on the board there; absent: none"`
	Labels     []string `json:"labels,omitempty"`

	// Restricted says that not everybody may read it there. It is also true
	// when that cannot be told.
	Restricted bool `json:"restricted,omitempty" doc:"not everybody may read it there, or that cannot be told"`

	Events []Event `json:"events,omitempty" doc:"the oldest first"`
	Losses []Loss  `json:"losses,omitempty" doc:"what could not be taken over"`
}

// Readable reports whether enough of the task came over to make something of it.
// One that is not readable still has its Losses, which say why.
func (t Task) Readable() bool {
	return t.Number != "" && t.Title != "" && !t.CreatedAt.IsZero()
}

// Person is somebody as the other tracker knows them. An empty Name with an ID
// means that they could not be resolved; an empty ID, that there is nobody.
type Person struct {
	ID      string `json:"id,omitempty" doc:"stable there"`
	Name    string `json:"name,omitempty" doc:"as shown there"`
	Login   string `json:"login,omitempty"`
	Address string `json:"address,omitempty" doc:"mail address, if the tracker tells it"`
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
	ID     string    `json:"id" doc:"stable there, and unique in its task: a second import finds it again"`
	At     time.Time `json:"at,omitzero"` // UTC; zero: not readable
	Author Person    `json:"author,omitzero"`
	Kind   string    `json:"kind" doc:"created, comment, status, priority, title, text, column, owner, label, subscribers or other"`

	// From and To hold what was before and after, as shown there. Of labels and
	// subscribers From lists those taken off and To those added, divided by ", ".
	From string `json:"from,omitempty" doc:"what was before; of labels and subscribers: those taken off"`
	To   string `json:"to,omitempty" doc:"what was after; of labels and subscribers: those added"`

	// Text is the words of a comment, the new text of the task, or of another
	// kind of event what it is called there.
	Text string `json:"text,omitempty"`

	Removed bool `json:"removed,omitempty" doc:"a comment that was removed there"` // Text is empty
}

// Loss is something that could not be taken over, in words that are the same for
// every task that lost it, so that a report can count them.
type Loss struct {
	What string `json:"what" doc:"such as history"`
	Why  string `json:"why" doc:"one sentence"`
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
