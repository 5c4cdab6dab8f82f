// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"fmt"
	"net/http"
	"time"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/web"
)

// MailCommands are the verbs of `portreeve mail`.
type MailCommands struct {
	List    MailListCmd    `cmd:"" help:"List the mails that could not be sent."`
	Requeue MailRequeueCmd `cmd:"" help:"Try to send a mail after all."`
}

// JobCommands are the verbs of `portreeve job`.
type JobCommands struct {
	List    JobListCmd    `cmd:"" help:"List jobs."`
	Requeue JobRequeueCmd `cmd:"" help:"Try a dead job again."`
}

// DataCommands are the verbs of `portreeve data`.
type DataCommands struct {
	Mine  MineCmd  `cmd:"" help:"Print as JSON all that is held about you."`
	Show  DataCmd  `cmd:"" help:"Print as JSON what is held about a person, as far as it is shown to you."`
	Erase EraseCmd `cmd:"" help:"Erase a person in all parts, for good."`
}

// MailListCmd lists undelivered mails.
type MailListCmd struct {
	client.JSONFlag
}

// Run lists the mails.
func (c *MailListCmd) Run(s *client.Session) error {
	return client.List(s, "/mail", nil, c.JSON, []string{"ID", "TO", "ATTEMPTS", "CREATED", "REASON"}, func(m Mail) []string {
		return []string{m.ID, m.Person, fmt.Sprint(m.Attempts), m.CreatedAt.Format(time.RFC3339), m.Reason}
	})
}

// MailRequeueCmd sends a mail again.
type MailRequeueCmd struct {
	ID string `arg:"" help:"The mail's id."`
}

// Run plans new attempts.
func (c *MailRequeueCmd) Run(s *client.Session) error {
	return s.Do(http.MethodPost, client.Path("mail", c.ID, "requeue"), nil)
}

// JobListCmd lists jobs.
type JobListCmd struct {
	State string `help:"dead, running or ready." enum:"dead,running,ready" default:"dead" placeholder:"STATE" query:"state"`
	client.JSONFlag
}

// Run lists the jobs.
func (c *JobListCmd) Run(s *client.Session) error {
	return client.List(s, "/jobs", c, c.JSON, []string{"ID", "KIND", "ATTEMPTS", "DUE", "ERROR"}, func(j Job) []string {
		return []string{j.ID, j.Kind, fmt.Sprint(j.Attempts), j.RunAt.Format(time.RFC3339), j.LastError}
	})
}

// JobRequeueCmd runs a dead job again.
type JobRequeueCmd struct {
	ID string `arg:"" help:"The job's id."`
}

// Run makes the job ready.
func (c *JobRequeueCmd) Run(s *client.Session) error {
	return s.Do(http.MethodPost, client.Path("jobs", c.ID, "requeue"), nil)
}

// ConfigurationCmd is `portreeve configuration`.
type ConfigurationCmd struct {
	client.JSONFlag
}

// Run prints the policies that are running.
func (c *ConfigurationCmd) Run(s *client.Session) error {
	list, err := client.Get[web.List[Part]](s, "/configuration", nil)
	return client.Show(s, list, err, c.JSON, printParts)
}

func printParts(s *client.Session, list web.List[Part]) error {
	for _, p := range list.Items {
		file := p.File
		if file == "" {
			file = "shipped default"
		}
		s.Printf("%s (%s)\n", p.Name, file)
		if p.Problem != "" {
			s.Printf("  refused as it is now: %s\n", p.Problem)
		}
		for _, g := range p.Groups {
			if g.Name != "" {
				s.Printf("  %s\n", g.Name)
			}
			for _, setting := range g.Settings {
				s.Printf("    %s: %s", setting.Name, setting.Value)
				if setting.Origin != "" {
					s.Printf("  [%s]", trailing(string(setting.Origin), setting.Cites))
				}
				s.Printf("\n")
			}
		}
	}
	return nil
}

func trailing(origin, cites string) string {
	if cites == "" {
		return origin
	}
	return origin + ": " + cites
}

// MineCmd exports one's own data.
type MineCmd struct{}

// Run prints the data.
func (MineCmd) Run(s *client.Session) error { return printHeld(s, "/me/data") }

func printHeld(s *client.Session, path string) error {
	list, err := client.Get[web.List[Held]](s, path, nil)
	if err != nil {
		return err
	}
	return s.PrintJSON(list)
}

// DataCmd shows what is held about a person.
type DataCmd struct {
	Person string `arg:"" help:"The person's id."`
}

// Run prints the data.
func (c *DataCmd) Run(s *client.Session) error {
	return printHeld(s, client.Path("people", c.Person, "data"))
}

// EraseCmd erases a person.
type EraseCmd struct {
	Person string `arg:"" help:"The person's id."`
	Reason string `required:"" help:"Why; the reason stays in the ledger, so name nobody in it." placeholder:"TEXT"`
}

// Run erases the person.
func (c *EraseCmd) Run(s *client.Session) error {
	return s.Do(http.MethodPost, client.Path("people", c.Person, "erasure"), Erasure{c.Reason})
}
