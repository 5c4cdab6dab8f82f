// SPDX-License-Identifier: Apache-2.0

package review

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/item"
)

// MeetingCmd is what can be done with meetings.
type MeetingCmd struct {
	List    MeetingListCmd    `cmd:"" help:"List the meetings."`
	Open    MeetingOpenCmd    `cmd:"" help:"Open the meeting of a day; one is open at a time."`
	Agenda  MeetingAgendaCmd  `cmd:"" help:"Show the agenda as it is now."`
	Show    MeetingShowCmd    `cmd:"" help:"Show a meeting with what was decided in it."`
	Minutes MeetingMinutesCmd `cmd:"" help:"Write the words of the minutes."`
	Undo    MeetingUndoCmd    `cmd:"" help:"Take back your latest move in a meeting."`
	Close   MeetingCloseCmd   `cmd:"" help:"Close a meeting for good."`
}

// MeetingListCmd lists meetings.
type MeetingListCmd struct{ client.JSONFlag }

// Run lists the meetings.
func (c *MeetingListCmd) Run(s *client.Session) error {
	return client.List(s, "/review-meetings", nil, c.JSON, []string{"MEETING", "HELD ON", "STATE"}, func(m Meeting) []string {
		return []string{m.ID, m.HeldOn, m.State}
	})
}

// MeetingOpenCmd opens a meeting.
type MeetingOpenCmd struct {
	HeldOn string `help:"The day; default is today." placeholder:"DATE"`
	client.JSONFlag
}

// Run opens the meeting and shows its agenda.
func (c *MeetingOpenCmd) Run(s *client.Session) error {
	d, err := client.Send[MeetingDetail](s, http.MethodPost, "/review-meetings", 0, OpenRequest{c.HeldOn})
	return client.Show(s, d, err, c.JSON, printMeeting)
}

// MeetingAgendaCmd shows the agenda.
type MeetingAgendaCmd struct{ client.JSONFlag }

// Run shows the agenda of the open meeting, or the one that it would have.
func (c *MeetingAgendaCmd) Run(s *client.Session) error {
	d, err := client.Get[MeetingDetail](s, "/reviews/meeting", nil)
	return client.Show(s, d, err, c.JSON, printMeeting)
}

// MeetingShowCmd shows a meeting.
type MeetingShowCmd struct {
	Meeting string `arg:"" help:"Id of the meeting."`
	client.JSONFlag
}

// Run shows the meeting.
func (c *MeetingShowCmd) Run(s *client.Session) error {
	d, err := client.Get[MeetingDetail](s, client.Path("review-meetings", c.Meeting), nil)
	return client.Show(s, d, err, c.JSON, printMeeting)
}

// meetingTarget is the meeting that a command changes.
type meetingTarget struct {
	Meeting string `arg:"" help:"Id of the meeting."`
	Version int64  `help:"The version that you saw; default is the current one." placeholder:"N"`
	client.JSONFlag
}

func (t *meetingTarget) send(s *client.Session, method, step string, body any) error {
	d, err := client.Change[MeetingDetail](s, method, client.Path("review-meetings", t.Meeting), step, t.Version, body)
	return client.Show(s, d, err, t.JSON, printMeeting)
}

// MeetingMinutesCmd writes minutes.
type MeetingMinutesCmd struct {
	meetingTarget
	typedText
}

// Run writes the minutes and shows the meeting.
func (c *MeetingMinutesCmd) Run(s *client.Session) error {
	text, err := c.read(s)
	if err != nil {
		return err
	}
	return c.send(s, http.MethodPut, "/minutes", MinutesRequest{text})
}

// MeetingCloseCmd closes a meeting.
type MeetingCloseCmd struct{ meetingTarget }

// Run closes the meeting and shows it.
func (c *MeetingCloseCmd) Run(s *client.Session) error {
	return c.send(s, http.MethodPost, "/closure", nil)
}

// MeetingUndoCmd takes back a move.
type MeetingUndoCmd struct {
	Meeting string `arg:"" help:"Id of the meeting."`
	Entry   int64  `help:"Entry of the move, as portreeve review meeting show names it." required:"" placeholder:"N"`
	client.JSONFlag
}

// Run takes back the move and shows what changed.
func (c *MeetingUndoCmd) Run(s *client.Session) error {
	d, err := client.Send[Detail](s, http.MethodPost, client.Path("review-meetings", c.Meeting, "undo"), 0, UndoRequest{c.Entry})
	return client.Show(s, d, err, c.JSON, printChanged)
}

func printMeeting(s *client.Session, d MeetingDetail) error {
	if d.ID == "" {
		s.Printf("No meeting is open. What one would talk about today:\n")
	} else {
		s.Printf("meeting %s, held on %s, %s, chair %s\n", d.ID, d.HeldOn, d.State, nameOr(d.Names[d.Chair].Name, d.Chair))
	}
	if d.Open() || d.ID == "" {
		if err := printAgenda(s, d.Agenda); err != nil {
			return err
		}
	}
	if err := printDecided(s, d); err != nil {
		return err
	}
	if d.Minutes != "" {
		s.Printf("\nMinutes\n%s\n", strings.TrimSpace(d.Minutes))
	}
	return nil
}

func printAgenda(s *client.Session, agenda []AgendaItem) error {
	if len(agenda) == 0 {
		s.Printf("\nNothing is on the agenda.\n")
		return nil
	}
	s.Printf("\nAgenda\n")
	var rows [][]string
	for _, i := range agenda {
		handled := "open"
		if i.Handled {
			handled = "decided"
		}
		since := ""
		if !i.Since.IsZero() {
			since = i.Since.UTC().Format(time.DateOnly)
		}
		rows = append(rows, []string{i.because(), since, or(string(i.Priority), "none"), handled, i.Review, i.Title})
	}
	return s.Table([]string{"BECAUSE", "SINCE", "PRIORITY", "IN THIS MEETING", "REVIEW", "TITLE"}, rows, "")
}

// because says why a review stands on the agenda.
func (i AgendaItem) because() string {
	switch i.Reason {
	case OnIncoming:
		return "new: triage it"
	case OnResubmitted:
		return "sent back, mended"
	case OnPlanned:
		return "begins this week"
	case OnLeaderless:
		return "nobody leads it"
	case OnAnswered:
		return counted(i.Number, "answer waits", "answers wait")
	case OnStalled:
		return "stalled for over a week"
	case OnOverdue:
		return counted(i.Number, "condition overdue", "conditions overdue")
	case OnClock:
		return "its days are over"
	case OnReady:
		return "can be decided"
	}
	return plainWord(i.Reason)
}

func counted(n int, one, many string) string {
	if n <= 1 { // it is there because of one
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func printDecided(s *client.Session, d MeetingDetail) error {
	if len(d.Decided) == 0 {
		return nil
	}
	s.Printf("\nDecided in this meeting\n")
	var rows [][]string
	for _, m := range d.Decided {
		note := ""
		if m.Undone {
			note = "taken back"
		}
		actor := item.PersonOf(m.Actor)
		rows = append(rows, []string{fmt.Sprint(m.Entry), m.Review, m.plain(), nameOr(d.Names[actor].Name, actor), note, m.Title})
	}
	return s.Table([]string{"ENTRY", "REVIEW", "DECIDED", "BY", "NOTE", "TITLE"}, rows, "")
}

// plain says what was decided in a few words.
func (m Minuted) plain() string {
	if c, ok := m.changed("column"); ok && c.To != string(Done) {
		return "to " + plainWord(c.To)
	}
	if c, ok := m.changed("outcome"); ok {
		return plainWord(c.To)
	}
	return strings.NewReplacer(".", " ", "_", " ").Replace(strings.TrimPrefix(m.Kind, "review."))
}
