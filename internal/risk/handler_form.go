// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"slices"

	"portreeve.org/portreeve/internal/kernel/item/itemweb"
	"portreeve.org/portreeve/internal/kernel/web"
)

// notNow begins the messages that say what has to happen before a form is opened.
const notNow = "risk.not_now_"

// May reports whether to offer the reader the verb.
func (d Detail) May(verb string) bool { return slices.Contains(d.Verbs, verb) }

// At is the risk's id and version, for its forms.
func (d Detail) At() (id string, version int64) { return d.ID, d.Version }

// May reports whether to offer the reader the verb.
func (d AcceptanceDetail) May(verb string) bool { return slices.Contains(d.Verbs, verb) }

// At is the acceptance's id and version, for its forms.
func (d AcceptanceDetail) At() (id string, version int64) { return d.ID, d.Version }

// riskSpot is where the forms about a risk are.
func (s *Service) riskSpot() itemweb.Spot[Detail] {
	return itemweb.Spot[Detail]{Path: "/risks/{id}/", Load: s.riskHere, NotNow: notNow}
}

func (s *Service) riskHere(c *web.Ctx) (Detail, error) { return s.Get(c.Context(), c.Path("id")) }

// acceptanceSpot is where the forms about an acceptance are.
func (s *Service) acceptanceSpot() itemweb.Spot[AcceptanceDetail] {
	return itemweb.Spot[AcceptanceDetail]{Path: "/risks/{id}/acceptances/{acceptance}/", Load: s.acceptanceHere, NotNow: notNow}
}
