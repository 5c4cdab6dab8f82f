// SPDX-License-Identifier: Apache-2.0

package app

import (
	"testing"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/risk"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// Nobody has to know the id of an organisation: its name will do, for a subject as
// for a party, and its id is what is kept.
func TestOrganisationsByName(t *testing.T) {
	in := openInstallation(t, t.TempDir(), loadedAt())
	owner := in.as("owner")
	page, err := in.catalog.List(owner, catalog.Filter{}, "", 1)
	if err != nil || len(page.Subjects) == 0 {
		t.Fatal(err)
	}
	id := page.Subjects[0].Organisation
	organisation, err := in.identity.Organisations(in.as("admin"))
	if err != nil {
		t.Fatal(err)
	}
	name := ""
	for _, o := range organisation {
		if o.ID == id {
			name = o.Name
		}
	}
	subject, err := in.catalog.Register(owner, catalog.Registration{
		Kind: "project", Name: "harbour", Title: "Harbour", Organisation: name, Visibility: authz.Internal,
	})
	if err != nil || subject.Organisation != id {
		t.Fatalf("%q, for %s: %v", subject.Organisation, id, err)
	}
	r, err := in.risk.Register(owner, risk.RegisterInput{
		Subject: subject.Ref, Title: "Flood", Threat: "It floods.", Scope: "The harbour.",
		Inputs:  matrix.Inputs{Data: matrix.DataNone, Direction: matrix.Outbound, Access: matrix.Read, Volume: matrix.VolumeLow}.Stated(),
		Parties: []risk.PartyInput{{Kind: risk.PartyOrganisation, Name: "Harbour office", Organisation: name}},
	})
	if err != nil {
		t.Fatal(err)
	}
	detail, err := in.risk.Get(owner, r.ID)
	if err != nil || detail.Parties[0].Organisation != id {
		t.Errorf("%+v: %v", detail.Parties, err)
	}
}
