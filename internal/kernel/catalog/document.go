// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
)

// Summary is a subject in the API's lists.
type Summary struct {
	ID           string            `json:"id"`
	Ref          string            `json:"ref" doc:"kind:name, unique for ever"`
	Kind         string            `json:"kind"`
	Name         string            `json:"name"`
	Title        string            `json:"title"`
	Owner        string            `json:"owner" doc:"id of the person who answers for it"`
	Organisation string            `json:"organisation" doc:"id of the organisation whose ranks decide about it"`
	Version      int64             `json:"version" doc:"counts the changes that decisions depend on"`
	Digest       string            `json:"digest" doc:"SHA-256 of what decisions are pinned to"`
	Revision     int64             `json:"revision" doc:"counts every edit; the ETag"`
	Attributes   map[string]string `json:"attributes" nullable:"false"`
	Visibility   authz.Visibility  `json:"visibility" enum:"public,internal,restricted"`
	RegisteredAt time.Time         `json:"registered_at"`
	ChangedAt    time.Time         `json:"changed_at"`
	RetiredAt    *time.Time        `json:"retired_at,omitempty" doc:"absent while it is in use"`
	Entry        int64             `json:"entry,omitempty" doc:"ledger entry of the latest edit; absent if you may not read the ledger"`
}

// Document is a subject in the API with what hangs on it.
type Document struct {
	Summary
	Description      string         `json:"description" doc:"Markdown"`
	OwnerName        string         `json:"owner_name,omitempty"`
	OrganisationName string         `json:"organisation_name,omitempty"`
	Participants     []string       `json:"participants,omitempty" doc:"who may see a restricted subject"`
	Links            []LinkDocument `json:"links" nullable:"false"`
	Referrers        []string       `json:"referrers" nullable:"false" doc:"subjects whose attributes name this one"`
}

// LinkDocument is one link in the API, as seen from the subject.
type LinkDocument struct {
	Relation string    `json:"relation"`
	Words    string    `json:"words" doc:"how the subject relates to the other end"`
	Incoming bool      `json:"incoming" doc:"the link goes from the other end to the subject"`
	Item     string    `json:"item" doc:"reference of the other end"`
	Ref      string    `json:"ref,omitempty" doc:"the other end, if it is a subject"`
	Title    string    `json:"title"`
	State    string    `json:"state,omitempty"`
	URL      string    `json:"url"`
	AddedAt  time.Time `json:"added_at"`
}

func summaryOf(s Subject) Summary {
	out := Summary{
		ID: s.ID, Ref: s.Ref, Kind: s.Kind, Name: s.Name, Title: s.Title, Owner: s.Owner, Organisation: s.Organisation,
		Version: s.Version, Digest: s.Digest, Revision: s.Revision, Attributes: s.Attributes, Visibility: s.Visibility,
		RegisteredAt: s.RegisteredAt, ChangedAt: s.ChangedAt, Entry: s.Entry,
	}
	if s.Retired() {
		out.RetiredAt = &s.RetiredAt
	}
	return out
}

func documentOf(d Detail) Document {
	out := Document{
		Summary: summaryOf(d.Subject), Description: d.Subject.Description, OwnerName: d.Owner.Name, OrganisationName: d.Organisation.Name,
		Links: []LinkDocument{}, Referrers: []string{},
	}
	for _, p := range d.Participants {
		out.Participants = append(out.Participants, p.Text)
	}
	for _, l := range d.Links {
		out.Links = append(out.Links, LinkDocument(l))
	}
	for _, r := range d.Referrers {
		out.Referrers = append(out.Referrers, r.Ref)
	}
	return out
}

// NewSubject is the body that registers a subject.
type NewSubject struct {
	Kind         string            `json:"kind" maxLength:"40"`
	Name         string            `json:"name,omitempty" maxLength:"100" doc:"never changes; left out, it is random; that of a restricted subject gets a random end, so that nobody can guess it"`
	Title        string            `json:"title" maxLength:"200"`
	Description  string            `json:"description,omitempty" maxLength:"20000" doc:"Markdown"`
	Owner        string            `json:"owner,omitempty" maxLength:"200" doc:"id or login; left out, whoever registers it"`
	Organisation string            `json:"organisation" maxLength:"100" doc:"id"`
	Attributes   map[string]string `json:"attributes,omitempty" doc:"those of the kind, see /kinds"`
	Visibility   string            `json:"visibility,omitempty" enum:"public,internal,restricted" doc:"left out: internal"`
	Participants []string          `json:"participants,omitempty" maxItems:"100" doc:"person:LOGIN or group:NAME; who may see a restricted subject beside its owner"`
}

func (n NewSubject) registration() Registration {
	return Registration{
		Kind: n.Kind, Name: n.Name, Title: n.Title, Description: n.Description, Owner: n.Owner, Organisation: n.Organisation,
		Attributes: n.Attributes, Visibility: authz.Visibility(n.Visibility), Participants: n.Participants,
	}
}

// Edit is the body that changes a subject; what is left out stays as it is.
type Edit struct {
	Title        *string           `json:"title,omitempty" maxLength:"200"`
	Description  *string           `json:"description,omitempty" maxLength:"20000"`
	Owner        *string           `json:"owner,omitempty" maxLength:"200" doc:"id or login"`
	Organisation *string           `json:"organisation,omitempty" maxLength:"100" doc:"id; changes what decisions are pinned to"`
	Attributes   map[string]string `json:"attributes,omitzero" required:"false" doc:"all of them; changes what decisions are pinned to"`
	Visibility   *string           `json:"visibility,omitempty" enum:"public,internal,restricted"`
	Participants *[]string         `json:"participants,omitempty" maxItems:"100" doc:"all of them"`
}

func (e Edit) change() Change {
	return Change{
		Title: e.Title, Description: e.Description, Owner: e.Owner, Organisation: e.Organisation, Attributes: e.Attributes,
		Visibility: (*authz.Visibility)(e.Visibility), Participants: e.Participants,
	}
}

// NewLink is the body that links a subject to another.
type NewLink struct {
	Relation string `json:"relation" maxLength:"40" doc:"see /kinds"`
	To       string `json:"to" maxLength:"150" doc:"ref of the other subject"`
}

// Retirement is the body that takes a subject out of use.
type Retirement struct {
	Reason string `json:"reason" minLength:"1" maxLength:"2000"`
}

// KindDocument describes a kind of subject in the API.
type KindDocument struct {
	Name        string              `json:"name"`
	Title       string              `json:"title"`
	Description string              `json:"description,omitempty"`
	Origin      Origin              `json:"origin" enum:"source,chosen" doc:"whether a cited source says so or it is a default of this product"`
	Cites       string              `json:"cites,omitempty"`
	Attributes  []AttributeDocument `json:"attributes" nullable:"false"`
}

// AttributeDocument describes an attribute of a kind in the API.
type AttributeDocument struct {
	Name        string   `json:"name"`
	Title       string   `json:"title"`
	Description string   `json:"description,omitempty"`
	Required    bool     `json:"required"`
	Allowed     []string `json:"allowed,omitempty" doc:"absent: free text"`
	Refers      string   `json:"refers,omitempty" doc:"the value is the name of a subject of this kind"`
	Origin      Origin   `json:"origin" enum:"source,chosen"`
	Cites       string   `json:"cites,omitempty"`
}

// RelationDocument describes a relation in the API.
type RelationDocument struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	Inverse string `json:"inverse"`
}

// KindsDocument is what can be registered and how it can be linked.
type KindsDocument struct {
	Kinds     []KindDocument     `json:"kinds" nullable:"false"`
	Relations []RelationDocument `json:"relations" nullable:"false"`
}

func kindsOf(k *Kinds) KindsDocument {
	out := KindsDocument{Kinds: []KindDocument{}, Relations: []RelationDocument{}}
	for _, kind := range k.Kinds {
		d := KindDocument{Name: kind.Name, Title: kind.Title, Description: kind.Description, Origin: kind.Origin, Cites: kind.Cites, Attributes: []AttributeDocument{}}
		for _, a := range kind.Attributes {
			d.Attributes = append(d.Attributes, AttributeDocument(a))
		}
		out.Kinds = append(out.Kinds, d)
	}
	for _, r := range k.Relations {
		out.Relations = append(out.Relations, RelationDocument{Name: r.Name, Title: r.Title, Inverse: r.Inverse})
	}
	return out
}
