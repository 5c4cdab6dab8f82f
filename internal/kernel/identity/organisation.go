// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

type organisationBody struct {
	Organisation string `json:"organisation"`
	Change       string `json:"change"` // created, renamed
	Name         string `json:"name"`
	Version      int64  `json:"version"`
}

// CreateOrganisation creates an organisation. It appends
// identity.organisation.changed. Errors are "identity.organisation_invalid"
// (Invalid with fields) and "identity.name_taken" (Conflict).
func (s *Service) CreateOrganisation(ctx context.Context, name string) (Organisation, error) {
	o := Organisation{Version: 1}
	err := s.administerOrganisations(ctx, func(tx *ledger.Tx) error {
		o.ID = tx.NewID()
		if err := fillOrganisation(ctx, tx, &o, name); err != nil {
			return err
		}
		entry, err := s.appendOrganisation(ctx, tx, o, "created")
		if err != nil {
			return err
		}
		return organisations.Insert(ctx, tx.Tx, o, store.Value("entry", entry))
	})
	return o, err
}

// RenameOrganisation renames an organisation that stands at that version, else
// Stale. It appends identity.organisation.changed. Organisations are not
// removed: posts and decisions refer to them.
func (s *Service) RenameOrganisation(ctx context.Context, id string, version int64, name string) (Organisation, error) {
	var o Organisation
	err := s.administerOrganisations(ctx, func(tx *ledger.Tx) error {
		var err error
		if o, err = loadOrganisation(ctx, tx, id); err != nil {
			return err
		}
		if o.Version != version {
			return stale()
		}
		o.Version++
		if err := fillOrganisation(ctx, tx, &o, name); err != nil {
			return err
		}
		entry, err := s.appendOrganisation(ctx, tx, o, "renamed")
		if err != nil {
			return err
		}
		return organisations.Update(ctx, tx.Tx, o, version, store.Value("entry", entry))
	})
	return o, err
}

// Organisations lists all organisations by name.
func (s *Service) Organisations(ctx context.Context) ([]Organisation, error) {
	if err := s.policy.Require(authz.ActorFrom(ctx), ActionDirectoryRead); err != nil {
		return nil, err
	}
	var all []Organisation
	err := s.db.Read(ctx, func(tx *store.ReadTx) (err error) {
		all, err = loadOrganisations(ctx, tx)
		return err
	})
	return all, err
}

func (s *Service) administerOrganisations(ctx context.Context, fn func(tx *ledger.Tx) error) error {
	if err := s.policy.Require(authz.ActorFrom(ctx), ActionOrganisationAdminister); err != nil {
		return err
	}
	return s.writer.Decide(ctx, fn)
}

func fillOrganisation(ctx context.Context, tx *ledger.Tx, o *Organisation, name string) error {
	var f fields
	f.name(name)
	if err := fault.InvalidFields("identity.organisation_invalid", f); err != nil {
		return err
	}
	o.Name = strings.TrimSpace(name)
	return nameFree(ctx, tx, "SELECT COUNT(*) FROM identity_organisation WHERE name = $1 AND id <> $2", o.Name, o.ID)
}

func (s *Service) appendOrganisation(ctx context.Context, tx *ledger.Tx, o Organisation, change string) (int64, error) {
	return s.appendAbout(ctx, tx, KindOrganisationChanged, "organisation:"+o.ID,
		organisationBody{Organisation: o.ID, Change: change, Name: o.Name, Version: o.Version})
}
