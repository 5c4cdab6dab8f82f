// SPDX-License-Identifier: Apache-2.0

package app

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/store"
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

// Many people are found as each of them is, with their handles for whoever may read
// the directory.
func TestPeopleAtOnce(t *testing.T) {
	in := openInstallation(t, t.TempDir(), loadedAt())
	people := directory{in.identity, in.policy}
	for _, reader := range []string{"owner", "outsider"} {
		ctx := in.as(reader)
		err := in.db.Read(ctx, func(r *store.ReadTx) error {
			want, ids := map[string]catalog.Named{}, []string{"gone", "", "owner"} // by id alone
			for _, login := range []string{"owner", "reviewer", "triager"} {
				one, err := people.Person(ctx, r, login)
				if err != nil {
					return err
				}
				want[one.ID], ids = one, append(ids, one.ID)
			}
			got, err := people.People(ctx, r, ids)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("to the %s (-one by one +at once):\n%s", reader, diff)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
