// SPDX-License-Identifier: Apache-2.0

package catalog

// Document is a subject in the API with what hangs on it.
type Document struct {
	Subject
	Description      string   `json:"description" doc:"Markdown"`
	OwnerName        string   `json:"owner_name,omitempty"`
	OrganisationName string   `json:"organisation_name,omitempty"`
	Participants     []string `json:"participants,omitempty" doc:"who may see a restricted subject"`
	Links            []Linked `json:"links" nullable:"false"`
	Referrers        []string `json:"referrers" nullable:"false" doc:"subjects whose attributes name this one"`
}

func documentOf(d Detail) Document {
	out := Document{
		Subject: d.Subject, Description: d.Subject.Description, OwnerName: d.Owner.Name, OrganisationName: d.Organisation.Name,
		Links: append([]Linked{}, d.Links...), Referrers: []string{},
	}
	for _, p := range d.Participants {
		out.Participants = append(out.Participants, p.Text)
	}
	for _, r := range d.Referrers {
		out.Referrers = append(out.Referrers, r.Ref)
	}
	return out
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
