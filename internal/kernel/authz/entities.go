// SPDX-License-Identifier: Apache-2.0

package authz

import (
	"strings"

	"github.com/cedar-policy/cedar-go"
)

// The entity types that policies see.
const (
	typePerson cedar.EntityType = "Person"
	typeRole   cedar.EntityType = "Role"
	typeGroup  cedar.EntityType = "Group"
	typeItem   cedar.EntityType = "Item"
	typeAction cedar.EntityType = "Action"
)

func actionUID(a Action) cedar.EntityUID {
	return cedar.NewEntityUID(typeAction, cedar.String(a))
}

// principalUID names the actor. Who is not signed in gets a name that no id
// can have, so that no policy about a person applies.
func principalUID(a Actor) cedar.EntityUID {
	if !a.SignedIn() {
		return cedar.NewEntityUID(typePerson, cedar.String("*"+string(a.Kind)))
	}
	return cedar.NewEntityUID(typePerson, cedar.String(a.ID))
}

func itemUID(r Resource) cedar.EntityUID {
	return cedar.NewEntityUID(typeItem, cedar.String(r.Item))
}

// entitiesOf describes actor and object to Cedar.
func entitiesOf(a Actor, r Resource) cedar.EntityMap {
	var parents []cedar.EntityUID
	if a.SignedIn() {
		for _, role := range a.Roles {
			parents = append(parents, cedar.NewEntityUID(typeRole, cedar.String(role)))
		}
		for _, group := range a.Groups {
			parents = append(parents, cedar.NewEntityUID(typeGroup, cedar.String(group)))
		}
	}
	kind, _, _ := strings.Cut(r.Item, ":")
	item := cedar.RecordMap{"type": cedar.String(kind), "visibility": cedar.String(r.Visibility)}
	if r.Owner != "" {
		item["owner"] = cedar.NewEntityUID(typePerson, cedar.String(r.Owner))
	}
	if r.Requester != "" {
		item["requester"] = cedar.NewEntityUID(typePerson, cedar.String(r.Requester))
	}
	principal, object := principalUID(a), itemUID(r)
	return cedar.EntityMap{
		principal: {
			UID: principal, Parents: cedar.NewEntityUIDSet(parents...),
			Attributes: cedar.NewRecord(cedar.RecordMap{"kind": cedar.String(a.Kind)}),
		},
		object: {UID: object, Attributes: cedar.NewRecord(item)},
	}
}
