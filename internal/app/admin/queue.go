// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"net/http"
	"net/url"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/notify"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

// mailView is what templates/mail.html shows.
type mailView struct {
	Tabs  web.Tabs
	Table web.Table
}

func (s *Site) showMail(c *web.Ctx) error {
	all, err := s.Mail.Undelivered(c.Context())
	if err != nil {
		return err
	}
	names, err := s.loginsOf(c.Context(), all)
	if err != nil {
		return err
	}
	v := mailView{s.tabs(c), c.Table(c.Text("admin.mail.title"), "admin.mail.to", "admin.mail.reason", "admin.attempts", "admin.mail.created", "admin.act")}
	v.Table.Empty = &web.Empty{Icon: "mail", Title: c.Text("admin.mail.empty"), Text: c.Text("admin.mail.empty_text")}
	for _, m := range all {
		to := names[m.Person]
		if to == "" {
			to = m.Person
		}
		v.Table.Add(to, m.Reason, m.Attempts, m.CreatedAt, requeue(c, c.Can(notify.ActionRequeue), mailPath, m.ID, to))
	}
	return c.Render(http.StatusOK, "admin/mail", v)
}

// loginsOf returns the logins of those for whom the mails are.
func (s *Site) loginsOf(ctx context.Context, all []notify.Undelivered) (map[string]string, error) {
	names := map[string]string{}
	err := s.DB.Read(ctx, func(r *store.ReadTx) error {
		for _, m := range all {
			if _, asked := names[m.Person]; asked {
				continue
			}
			p, err := s.People.PersonByID(ctx, r, m.Person)
			if err != nil && !fault.Is(err, fault.NotFound) {
				return err
			}
			names[m.Person] = p.Login
		}
		return nil
	})
	return names, err
}

func (s *Site) postMail(c *web.Ctx) error {
	if _, err := c.Form(); err != nil {
		return err
	}
	if err := s.Mail.Requeue(c.Context(), c.Path("id")); err != nil {
		return err
	}
	c.Flash("admin.mail.requeued")
	return c.SeeOther(mailPath)
}

// requeue is the button that tries something once more.
func requeue(c *web.Ctx, may bool, path, id, about string) any {
	if !may {
		return nil
	}
	return web.Act{URL: path + "/" + url.PathEscape(id) + "/requeue", Text: c.Text("admin.requeue"), About: about}
}

// jobsView is what templates/jobs.html shows.
type jobsView struct {
	Tabs                 web.Tabs
	Dead, Running, Ready web.Table
}

func (s *Site) showJobs(c *web.Ctx) error {
	v := jobsView{Tabs: s.tabs(c)}
	summaries := map[string]string{}
	for _, d := range s.Defs() {
		summaries[d.Kind] = d.Summary
	}
	for _, part := range []struct {
		state job.State
		into  *web.Table
		icon  string
	}{{job.StateDead, &v.Dead, "circle-check"}, {job.StateRunning, &v.Running, "clock"}, {job.StateReady, &v.Ready, "clock"}} {
		all, err := s.Jobs().List(c.Context(), part.state)
		if err != nil {
			return err
		}
		name := string(part.state)
		*part.into = c.Table(c.Text("admin.jobs."+name), "admin.jobs.kind", "admin.jobs.does", "admin.jobs.at", "admin.attempts", "admin.jobs.error")
		part.into.Empty = &web.Empty{Icon: part.icon, Title: c.Text("admin.jobs." + name + "_empty")}
		if part.state == job.StateDead {
			part.into.Columns = append(part.into.Columns, web.Column{Text: c.Text("admin.act")})
		}
		for _, j := range all {
			cells := []any{j.Kind, summaries[j.Kind], web.Moment{At: j.RunAt}, j.Attempts, j.LastError}
			if part.state == job.StateDead {
				cells = append(cells, requeue(c, c.Can(job.ActionRequeue), jobsPath, j.ID, j.Kind))
			}
			part.into.Add(cells...)
		}
	}
	return c.Render(http.StatusOK, "admin/jobs", v)
}

func (s *Site) postJob(c *web.Ctx) error {
	if _, err := c.Form(); err != nil {
		return err
	}
	if err := s.Jobs().Requeue(c.Context(), c.Path("id")); err != nil {
		return err
	}
	c.Flash("admin.jobs.requeued")
	return c.SeeOther(jobsPath)
}
