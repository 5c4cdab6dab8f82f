// SPDX-License-Identifier: Apache-2.0

package phabricator

import "encoding/json"

// task is an element of maniphest.search.
type task struct {
	ID     Number `json:"id"`
	PHID   string `json:"phid"`
	Fields struct {
		Name        string          `json:"name"`
		Description raw             `json:"description"`
		Author      string          `json:"authorPHID"`
		Owner       string          `json:"ownerPHID"`
		Status      named           `json:"status"`
		Priority    named           `json:"priority"`
		Space       string          `json:"spacePHID"`
		Created     Number          `json:"dateCreated"`
		Modified    Number          `json:"dateModified"`
		Closed      Number          `json:"dateClosed"`
		Policy      Map[policyName] `json:"policy"`
	} `json:"fields"`
	Attachments struct {
		Projects struct {
			PHIDs []string `json:"projectPHIDs"`
		} `json:"projects"`
		Columns struct {
			Boards Map[board] `json:"boards"` // by the project's PHID
		} `json:"columns"`
	} `json:"attachments"`
}

// Key is the PHID.
func (t task) Key() string { return t.PHID }

// board is a project's workboard with the columns that a task stands in.
type board struct {
	Columns []struct {
		Name string `json:"name"`
	} `json:"columns"`
}

// policyName is "public", "users", a PHID...
type policyName = Text

// raw is a text with its markup. An empty one may come as [].
type raw string

// UnmarshalJSON reads {"raw": "..."}.
func (r *raw) UnmarshalJSON(text []byte) error {
	if emptyList(text) || isNull(text) {
		*r = ""
		return nil
	}
	var v struct {
		Raw string `json:"raw"`
	}
	err := json.Unmarshal(text, &v)
	*r = raw(v.Raw)
	return err
}

// named is a value with the name that people see.
type named struct {
	Value Text   `json:"value"`
	Name  string `json:"name"`
}

// transaction is an element of transaction.search.
type transaction struct {
	ID       Number          `json:"id"`
	PHID     string          `json:"phid"`
	Type     Text            `json:"type"` // "": the server does not name it
	Author   string          `json:"authorPHID"`
	Created  Number          `json:"dateCreated"`
	Comments []comment       `json:"comments"`
	Fields   json.RawMessage `json:"fields"`
}

// Key is the PHID.
func (t transaction) Key() string { return t.PHID }

// comment is one version of a comment.
type comment struct {
	Version Number `json:"version"`
	Removed bool   `json:"removed"`
	Content raw    `json:"content"`
}

// size is about how many bytes the transaction holds in memory.
func (t transaction) size() int {
	n := len(t.Fields)
	for _, c := range t.Comments {
		n += len(c.Content)
	}
	return n
}

// latest is the newest version of the comment.
func (t transaction) latest() comment {
	newest := t.Comments[0]
	for _, c := range t.Comments[1:] {
		if c.Version > newest.Version {
			newest = c
		}
	}
	return newest
}

// change is the fields of a transaction that changes one value. A value is a
// text, a number, or an object with a name.
type change struct {
	Old json.RawMessage `json:"old"`
	New json.RawMessage `json:"new"`
}

// change reads the fields of the transaction; they are [] when there are none.
func (t transaction) change() (before, after string, err error) {
	if len(t.Fields) == 0 || emptyList(t.Fields) || isNull(t.Fields) {
		return "", "", nil
	}
	var c change
	if err := json.Unmarshal(t.Fields, &c); err != nil {
		return "", "", err
	}
	return shown(c.Old), shown(c.New), nil
}

// shown is a value in the words that people see.
func shown(value json.RawMessage) string {
	var text Text
	if len(value) == 0 || json.Unmarshal(value, &text) == nil {
		return string(text)
	}
	var object named
	if json.Unmarshal(value, &object) != nil {
		return ""
	}
	if object.Name != "" {
		return object.Name
	}
	return string(object.Value)
}

// operations are the objects that a transaction added and took off.
func (t transaction) operations() (added, removed []string, err error) {
	if len(t.Fields) == 0 || emptyList(t.Fields) || isNull(t.Fields) {
		return nil, nil, nil
	}
	var fields struct {
		Operations []struct {
			Operation string `json:"operation"`
			PHID      string `json:"phid"`
		} `json:"operations"`
	}
	if err := json.Unmarshal(t.Fields, &fields); err != nil {
		return nil, nil, err
	}
	for _, o := range fields.Operations {
		if o.Operation == "remove" {
			removed = append(removed, o.PHID)
		} else {
			added = append(added, o.PHID)
		}
	}
	return added, removed, nil
}

// user is an element of user.search.
type user struct {
	PHID   string `json:"phid"`
	Fields struct {
		Login string `json:"username"`
		Name  string `json:"realName"`
	} `json:"fields"`
}

// Key is the PHID.
func (u user) Key() string { return u.PHID }

// project is an element of project.search.
type project struct {
	PHID   string `json:"phid"`
	Fields struct {
		Name string `json:"name"`
		Slug string `json:"slug"`
	} `json:"fields"`
}

// Key is the PHID.
func (p project) Key() string { return p.PHID }
