// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"fmt"
	"net/http"
	"net/url"
	"text/tabwriter"
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

// get fetches a list.
func get[T any](s *client.Session, path string, query url.Values) (web.List[T], error) {
	var list web.List[T]
	api, err := s.Client()
	if err != nil {
		return list, err
	}
	return list, api.Call(s.Context, client.Request{Path: "/api/v1" + path, Query: query}, &list)
}

// post orders something that has no answer.
func post(s *client.Session, path string, body any) error {
	api, err := s.Client()
	if err != nil {
		return err
	}
	return api.Call(s.Context, client.Request{Method: http.MethodPost, Path: "/api/v1" + path, Body: body}, nil)
}

// MailListCmd lists undelivered mails.
type MailListCmd struct {
	JSON bool `help:"Print JSON." name:"json"`
}

// Run lists the mails.
func (c *MailListCmd) Run(s *client.Session) error {
	list, err := get[Mail](s, "/mail", nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return s.PrintJSON(list)
	}
	table := tabwriter.NewWriter(s.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tTO\tATTEMPTS\tCREATED\tREASON")
	for _, m := range list.Items {
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\n", m.ID, m.Person, m.Attempts, m.CreatedAt.Format(time.RFC3339), m.Reason)
	}
	return table.Flush()
}

// MailRequeueCmd sends a mail again.
type MailRequeueCmd struct {
	ID string `arg:"" help:"The mail's id."`
}

// Run plans new attempts.
func (c *MailRequeueCmd) Run(s *client.Session) error {
	return post(s, "/mail/"+url.PathEscape(c.ID)+"/requeue", nil)
}

// JobListCmd lists jobs.
type JobListCmd struct {
	State string `help:"dead, running or ready." enum:"dead,running,ready" default:"dead" placeholder:"STATE"`
	JSON  bool   `help:"Print JSON." name:"json"`
}

// Run lists the jobs.
func (c *JobListCmd) Run(s *client.Session) error {
	list, err := get[Job](s, "/jobs", url.Values{"state": {c.State}})
	if err != nil {
		return err
	}
	if c.JSON {
		return s.PrintJSON(list)
	}
	table := tabwriter.NewWriter(s.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tKIND\tATTEMPTS\tDUE\tERROR")
	for _, j := range list.Items {
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\n", j.ID, j.Kind, j.Attempts, j.RunAt.Format(time.RFC3339), j.LastError)
	}
	return table.Flush()
}

// JobRequeueCmd runs a dead job again.
type JobRequeueCmd struct {
	ID string `arg:"" help:"The job's id."`
}

// Run makes the job ready.
func (c *JobRequeueCmd) Run(s *client.Session) error {
	return post(s, "/jobs/"+url.PathEscape(c.ID)+"/requeue", nil)
}

// ConfigurationCmd is `portreeve configuration`.
type ConfigurationCmd struct {
	JSON bool `help:"Print JSON." name:"json"`
}

// Run prints the policies that are running.
func (c *ConfigurationCmd) Run(s *client.Session) error {
	list, err := get[Part](s, "/configuration", nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return s.PrintJSON(list)
	}
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
			s.Printf("  %s\n", g.Name)
			for _, setting := range g.Settings {
				s.Printf("    %s: %s", setting.Name, setting.Value)
				if setting.Origin != "" {
					s.Printf("  [%s]", trailing(setting.Origin, setting.Cites))
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
func (MineCmd) Run(s *client.Session) error {
	list, err := get[Held](s, "/me/data", nil)
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
	list, err := get[Held](s, "/people/"+url.PathEscape(c.Person)+"/data", nil)
	if err != nil {
		return err
	}
	return s.PrintJSON(list)
}

// EraseCmd erases a person.
type EraseCmd struct {
	Person string `arg:"" help:"The person's id."`
	Reason string `required:"" help:"Why; the reason stays in the ledger, so name nobody in it." placeholder:"TEXT"`
}

// Run erases the person.
func (c *EraseCmd) Run(s *client.Session) error {
	return post(s, "/people/"+url.PathEscape(c.Person)+"/erasure", Erasure{c.Reason})
}
