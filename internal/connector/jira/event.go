// SPDX-License-Identifier: Apache-2.0

package jira

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/foreign"
)

// events are that the issue was created, its comments and its changes; Bounded
// brings them into order.
func (c *conversion) events() {
	c.task.Events = append(c.task.Events, foreign.Event{ID: "created", At: c.task.CreatedAt, Author: c.task.Author, Kind: foreign.Created})
	c.changes()
	c.comments()
}

func (c *conversion) changes() {
	log := c.issue.Changelog
	if log == nil {
		c.task.Lose(lossHistory)
		return
	}
	if log.Total > len(log.Histories) {
		c.task.Lose(lossHistory)
	}
	for n, raw := range log.Histories {
		var h history
		if json.Unmarshal(raw, &h) != nil {
			c.task.Lose(lossEvent)
			continue
		}
		if h.ID == "" {
			h.ID = id("#" + strconv.Itoa(n)) // the place in the list is as stable as the list
		}
		for i, change := range h.Items {
			e := foreign.Event{ID: "h" + string(h.ID) + "." + strconv.Itoa(i), At: instant(h.Created), Author: c.person(h.Author)}
			if e.At.IsZero() {
				c.task.Lose(lossDates)
			}
			c.task.Events = append(c.task.Events, c.change(e, change))
		}
	}
}

// change is the change of one field. A field that has no kind of its own keeps
// its name.
func (c *conversion) change(e foreign.Event, i item) foreign.Event {
	e.From, e.To = i.From, i.To
	field := strings.ToLower(i.FieldID)
	if field == "" {
		field = strings.ToLower(i.Field)
	}
	switch field {
	case "status":
		e.Kind = foreign.Status
	case "priority":
		e.Kind = foreign.Priority
	case "summary":
		e.Kind = foreign.Title
	case "assignee":
		e.Kind = foreign.Owner
	case "component", "components":
		e.Kind = foreign.Label
	case "labels":
		e.Kind = foreign.Label
		before, after := strings.Fields(i.From), strings.Fields(i.To)
		e.From, e.To = without(before, after), without(after, before)
	case "description":
		e.Kind, e.From, e.To, e.Text = foreign.Text, "", "", i.To
	case "comment": // the words of a comment that was removed, or of an earlier version
		e.Kind, e.From, e.To, e.Removed = foreign.Comment, "", "", true
		c.task.Lose(lossRemoved)
	default:
		e.Kind, e.Text = foreign.Other, i.Field
	}
	return e
}

// without lists what is in all and not in others.
func without(all, others []string) string {
	all = slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(others, s) })
	return strings.Join(all, ", ")
}

func (c *conversion) comments() {
	raw := c.issue.Fields["comment"]
	var list comments
	c.field("comment", &list)
	if absent(raw) || list.Total > len(list.Comments) {
		c.task.Lose(lossComments)
	}
	for n, text := range list.Comments {
		var one comment
		if json.Unmarshal(text, &one) != nil {
			c.task.Lose(lossEvent)
			c.task.Restricted = true // nobody knows whom it was for
			continue
		}
		if one.ID == "" {
			one.ID = id("#" + strconv.Itoa(n))
		}
		e := foreign.Event{ID: "c" + string(one.ID), At: instant(one.Created), Author: c.person(one.Author), Kind: foreign.Comment, Text: c.words(one.Body)}
		if e.At.IsZero() {
			c.task.Lose(lossDates)
		}
		if one.Updated != "" && one.Updated != one.Created {
			c.task.Lose(lossVersions)
		}
		if one.forSome() {
			c.task.Restricted = true
			c.task.Lose(lossVisibility)
		}
		c.task.Events = append(c.task.Events, e)
	}
}
