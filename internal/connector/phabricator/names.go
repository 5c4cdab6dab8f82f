// SPDX-License-Identifier: Apache-2.0

package phabricator

import (
	"context"
	"errors"
	"strings"

	"portreeve.org/portreeve/internal/kernel/foreign"
)

// names resolves PHIDs to people and to what else has a name, and remembers them
// for the whole import, those that cannot be resolved too.
type names struct {
	client *Client
	people map[string]foreign.Person // by PHID; an empty Name: cannot be resolved
	things map[string]string         // names of everything else; "": cannot be resolved
}

func newNames(c *Client) *names {
	return &names{client: c, people: map[string]foreign.Person{}, things: map[string]string{}}
}

const userPrefix = "PHID-USER-"

// resolve asks for those of the PHIDs that are not known yet, in chunks. An error
// is one that ends the import: a server that refuses leaves them unresolved.
func (n *names) resolve(ctx context.Context, phids []string) error {
	var users, others []string
	for _, phid := range phids {
		if phid == "" || n.knows(phid) {
			continue
		}
		if strings.HasPrefix(phid, userPrefix) {
			n.people[phid] = foreign.Person{ID: phid}
			users = append(users, phid)
		} else {
			n.things[phid] = ""
			others = append(others, phid)
		}
	}
	for len(users) > 0 {
		chunk := users[:min(len(users), pageSize)]
		users = users[len(chunk):]
		if err := n.users(ctx, chunk); ends(err) {
			return err
		}
	}
	for len(others) > 0 {
		chunk := others[:min(len(others), pageSize)]
		others = others[len(chunk):]
		if err := n.others(ctx, chunk); ends(err) {
			return err
		}
	}
	return nil
}

func (n *names) knows(phid string) bool {
	_, person := n.people[phid]
	_, thing := n.things[phid]
	return person || thing
}

func (n *names) users(ctx context.Context, phids []string) error {
	params := Params{"constraints": map[string]any{"phids": phids}, "order": "oldest"}
	for u, err := range Search[user](ctx, n.client, "user.search", params) {
		var bad *ElementError
		if errors.As(err, &bad) {
			continue
		}
		if err != nil {
			return err
		}
		if _, asked := n.people[u.PHID]; !asked {
			continue
		}
		name := u.Fields.Name
		if name == "" {
			name = u.Fields.Login
		}
		n.people[u.PHID] = foreign.Person{ID: u.PHID, Name: name, Login: u.Fields.Login}
	}
	return nil
}

// others asks for what is not a person: projects, and applications and services
// that act on tasks.
func (n *names) others(ctx context.Context, phids []string) error {
	var found Map[struct {
		Name string `json:"name"`
	}]
	if err := n.client.Call(ctx, "phid.query", Params{"phids": phids}, &found); err != nil {
		return err
	}
	for _, phid := range phids {
		n.things[phid] = found[phid].Name
	}
	return nil
}

// person is who acted. It is somebody without a name when they cannot be
// resolved, which is a loss of the task.
func (n *names) person(t *foreign.Task, phid string) foreign.Person {
	if phid == "" {
		return foreign.Person{}
	}
	p, ok := n.people[phid]
	if !ok {
		p = foreign.Person{ID: phid, Name: n.things[phid]}
	}
	if p.Name == "" {
		t.Lose(lossPeople)
	}
	return p
}

// list names people or things for an event, divided by ", ".
func (n *names) list(t *foreign.Task, phids []string) string {
	all := make([]string, 0, len(phids))
	for _, phid := range phids {
		name := n.things[phid]
		if p, ok := n.people[phid]; ok {
			name = p.Name
		}
		if name == "" {
			t.Lose(lossNames)
			name = phid
		}
		all = append(all, name)
	}
	return strings.Join(all, ", ")
}

// ends reports whether an error ends the import: nothing that comes after it
// would be any better. Any other is the loss of one task.
func ends(err error) bool {
	if err == nil {
		return false
	}
	var e *Error
	if !errors.As(err, &e) {
		return true // the context's
	}
	switch e.Class {
	case Unauthenticated, Limited, Unavailable, NotConduit:
		return true
	default:
		return false
	}
}
