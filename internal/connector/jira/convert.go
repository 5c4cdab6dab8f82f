// SPDX-License-Identifier: Apache-2.0

package jira

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/foreign"
)

// Options say what an export does not.
type Options struct {
	// Source is the address of the server, such as "https://issues.example.org".
	// Empty takes it from each issue, which names its own address.
	Source string

	// NoLevels says that the server knows no security levels, so that an issue
	// without the field is not restricted.
	NoLevels bool
}

// conversion is one issue on its way.
type conversion struct {
	issue issue
	task  foreign.Task
}

// convert brings an issue to the common form, within its bounds.
func (o Options) convert(i issue, bad bool) foreign.Task {
	c := conversion{issue: i, task: foreign.Task{System: foreign.Jira, Number: i.Key}}
	t := &c.task
	if bad || i.Key == "" {
		t.Lose(lossIssue)
	}
	t.Source = o.source(i.Self)
	if t.Source != "" && i.Key != "" {
		t.URL = t.Source + "/browse/" + url.PathEscape(i.Key)
	}
	var created, changed, closed string
	c.field("summary", &t.Title)
	c.field("created", &created)
	c.field("updated", &changed)
	c.field("resolutiondate", &closed)
	t.CreatedAt, t.ChangedAt, t.ClosedAt = instant(created), instant(changed), instant(closed)
	if t.CreatedAt.IsZero() || t.ChangedAt.IsZero() || closed != "" && t.ClosedAt.IsZero() {
		t.Lose(lossDates)
	}
	t.Text = c.words(i.Fields["description"])
	c.people()
	c.status()
	c.labels()
	c.restricted(o, bad)
	c.leftOut()
	c.events()
	return foreign.Bounded(c.task)
}

// source is the address of the server: what stands before "/rest/" in the issue's.
func (o Options) source(self string) string {
	address := o.Source
	if address == "" {
		base, _, found := strings.Cut(self, "/rest/")
		if !found {
			return ""
		}
		address = base
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return ""
	}
	return strings.TrimRight(u.Scheme+"://"+u.Host+u.EscapedPath(), "/")
}

// field reads a field of the issue; null and absent leave the value alone.
func (c *conversion) field(name string, into any) {
	raw := c.issue.Fields[name]
	if absent(raw) {
		return
	}
	if json.Unmarshal(raw, into) != nil {
		c.task.Lose(lossIssue)
	}
}

func (c *conversion) people() {
	var creator, reporter, assignee *person
	c.field("creator", &creator)
	c.field("reporter", &reporter)
	c.field("assignee", &assignee)
	if reporter == nil { // who speaks in it, before who typed it in
		reporter = creator
	}
	c.task.Author, c.task.Owner = c.person(reporter), assignee.foreign()
}

// person is who acted.
func (c *conversion) person(p *person) foreign.Person {
	f := p.foreign()
	if f.Name == "" {
		c.task.Lose(lossPeople)
	}
	return f
}

// Words by which a status or a resolution is known, in lower case.
func stalledWords() []string {
	return []string{"stalled", "blocked", "on hold", "waiting", "waiting for support", "waiting for customer", "suspended", "deferred"}
}

func declinedWords() []string {
	return []string{"won't do", "won't fix", "wontfix", "declined", "rejected", "duplicate", "invalid", "cannot reproduce", "can't reproduce",
		"incomplete", "not a bug", "not a problem", "abandoned", "cancelled", "canceled", "withdrawn", "obsolete", "works for me", "not applicable"}
}

func (c *conversion) status() {
	var s status
	var resolution, priority named
	c.field("status", &s)
	c.field("resolution", &resolution)
	c.field("priority", &priority)
	t := &c.task
	t.Status, t.Priority = s.Name, priority.Name
	name := strings.ToLower(s.Name)
	done := s.Category.Key == "done"
	if s.Category.Key == "" {
		done = !t.ClosedAt.IsZero()
		t.Lose(lossStatus)
	}
	switch {
	case done && (slices.Contains(declinedWords(), strings.ToLower(resolution.Name)) || slices.Contains(declinedWords(), name)):
		t.StatusKind = foreign.Declined
	case done:
		t.StatusKind = foreign.Done
	case slices.Contains(stalledWords(), name):
		t.StatusKind = foreign.Stalled
	default:
		t.StatusKind = foreign.Open
	}
}

// labels are the labels and the components.
func (c *conversion) labels() {
	var components []named
	c.field("labels", &c.task.Labels)
	c.field("components", &components)
	for _, part := range components {
		if part.Name != "" && !slices.Contains(c.task.Labels, part.Name) {
			c.task.Labels = append(c.task.Labels, part.Name)
		}
	}
}

// restricted tells whether everybody may read the issue there.
func (c *conversion) restricted(o Options, bad bool) {
	level, told := c.issue.Fields["security"]
	if !told && !o.NoLevels {
		c.task.Lose(lossLevel)
	}
	c.task.Restricted = bad || !absent(level) || !told && !o.NoLevels
}

// leftOut tells what is in the issue and not in a task.
func (c *conversion) leftOut() {
	for name, raw := range c.issue.Fields {
		if empty(raw) {
			continue
		}
		switch name {
		case "attachment":
			c.task.Lose(lossFiles)
		case "issuelinks", "subtasks", "parent":
			c.task.Lose(lossLinks)
		case "environment", "versions", "fixVersions", "duedate", "timeestimate", "timeoriginalestimate":
			c.task.Lose(lossOther)
		case "worklog":
			var w struct {
				Total int `json:"total"`
			}
			if json.Unmarshal(raw, &w) == nil && w.Total > 0 {
				c.task.Lose(lossWork)
			}
		default:
			if strings.HasPrefix(name, "customfield_") {
				c.task.Lose(lossFields)
			}
		}
	}
	// The fields of a map come in any order; the report should not.
	slices.SortStableFunc(c.task.Losses, func(a, b foreign.Loss) int { return strings.Compare(a.What, b.What) })
}

// empty reports whether a field holds nothing.
func empty(raw json.RawMessage) bool {
	switch string(raw) {
	case "", "null", "[]", "{}", `""`:
		return true
	default:
		return false
	}
}
