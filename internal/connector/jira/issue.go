// SPDX-License-Identifier: Apache-2.0

package jira

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"

	"portreeve.org/portreeve/internal/kernel/foreign"
)

// issue is an issue as the search gives it. Each of its fields is read alone, so
// that one that cannot be read does not take the others with it.
type issue struct {
	Key       string                     `json:"key"`
	Self      string                     `json:"self"`
	Fields    map[string]json.RawMessage `json:"fields"`
	Changelog *struct {
		Total     int               `json:"total"`
		Histories []json.RawMessage `json:"histories"`
	} `json:"changelog"`
}

// named is anything that has a name.
type named struct {
	Name string `json:"name"`
}

// person is an account. Which of its identifiers there are depends on the server.
type person struct {
	AccountID string `json:"accountId"`
	Key       string `json:"key"`
	Name      string `json:"name"`
	Shown     string `json:"displayName"`
	Address   string `json:"emailAddress"`
}

// foreign gives the person; nobody is a nil person.
func (p *person) foreign() foreign.Person {
	if p == nil {
		return foreign.Person{}
	}
	f := foreign.Person{ID: p.AccountID, Name: p.Shown, Login: p.Name, Address: p.Address}
	if f.ID == "" {
		f.ID = p.Key
	}
	if f.ID == "" {
		f.ID = p.Name
	}
	return f
}

// status is a status with the category that every server has.
type status struct {
	Name     string `json:"name"`
	Category struct {
		Key string `json:"key"` // new, indeterminate, done
	} `json:"statusCategory"`
}

// comments are the comments of an issue, as far as the answer holds them.
type comments struct {
	Total    int               `json:"total"`
	Comments []json.RawMessage `json:"comments"`
}

// comment is one comment.
type comment struct {
	ID         id              `json:"id"`
	Author     *person         `json:"author"`
	Body       json.RawMessage `json:"body"`
	Created    string          `json:"created"`
	Updated    string          `json:"updated"`
	Visibility json.RawMessage `json:"visibility"`
	Public     *bool           `json:"jsdPublic"` // of a service desk
}

// forSome reports whether not everybody who sees the issue sees the comment.
func (c comment) forSome() bool {
	return !absent(c.Visibility) || c.Public != nil && !*c.Public
}

// history is one change of one or several fields.
type history struct {
	ID      id      `json:"id"`
	Author  *person `json:"author"`
	Created string  `json:"created"`
	Items   []item  `json:"items"`
}

// item is the change of one field.
type item struct {
	Field   string `json:"field"`
	FieldID string `json:"fieldId"`
	From    string `json:"fromString"`
	To      string `json:"toString"`
}

// id is an identifier, which may come as a number.
type id string

// UnmarshalJSON reads a text, a number or null.
func (i *id) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		var s string
		err := json.Unmarshal(text, &s)
		*i = id(s)
		return err
	}
	if bytes.ContainsAny(text, "{[tf") {
		return errors.New("not an identifier")
	}
	if !absent(text) {
		*i = id(text)
	}
	return nil
}

// absent reports whether a field is missing or null.
func absent(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// timeLayout is that of Jira: milliseconds, and an offset without a colon.
const timeLayout = "2006-01-02T15:04:05.000-0700"

// instant reads a time; zero is none, or not readable.
func instant(text string) time.Time {
	for _, layout := range []string{timeLayout, time.RFC3339} {
		at, err := time.Parse(layout, text)
		if err == nil && at.Year() >= 1970 && at.Year() <= 9999 {
			return at.UTC().Truncate(time.Microsecond)
		}
	}
	return time.Time{}
}
