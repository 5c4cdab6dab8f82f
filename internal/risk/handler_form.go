// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/web"
)

// actable is what a form of this package is about: a risk or an acceptance as
// its reader sees it.
type actable interface {
	URL() string
	may(verb string) bool // whether to offer the reader the form
	obstacle(verb string) string
	at() (id string, version int64)
}

func (d Detail) may(verb string) bool { return slices.Contains(d.May, verb) }

func (d Detail) at() (string, int64) { return d.ID, d.Version }

func (d AcceptanceDetail) may(verb string) bool { return slices.Contains(d.May, verb) }

func (d AcceptanceDetail) at() (string, int64) { return d.ID, d.Version }

// spot is where the forms about a D are, and how it is loaded.
type spot[D actable] struct {
	path string
	load func(*web.Ctx) (D, error)
}

func (s *Service) riskSpot() spot[Detail] { return spot[Detail]{"/risks/{id}/", s.riskHere} }

func (s *Service) riskHere(c *web.Ctx) (Detail, error) { return s.Get(c.Context(), c.Path("id")) }

func (s *Service) acceptanceSpot() spot[AcceptanceDetail] {
	return spot[AcceptanceDetail]{"/risks/{id}/acceptances/{acceptance}/", s.acceptanceHere}
}

// useCase carries out what a form holds, on the version that it was filled from.
type useCase[In, R any] func(ctx context.Context, id string, version int64, in In) (R, error)

// formOf is the form at an address below p, for whoever is offered verb.
func formOf[D actable, In, R any](p spot[D], action authz.Action, at, verb, page, done string, do useCase[In, R]) web.FormPage[D, In] {
	return web.FormPage[D, In]{
		Path: p.path + at, Action: action, Page: page, Load: p.load, Open: openFor[D](verb), Version: versionOf[D],
		Redraw: []string{"more", "propose"}, Part: "proposal",
		Do: carryOut[D](done, do),
	}
}

// questionOf is formOf for a question.
func questionOf[D actable, In, R any](p spot[D], action authz.Action, verb, done string, question func(*web.Ctx, D) web.Confirm, do useCase[In, R]) web.ConfirmPage[D, In] {
	return web.ConfirmPage[D, In]{
		Path: p.path + verb, Action: action, Load: p.load, Open: openFor[D](verb), Version: versionOf[D], Question: question,
		Do: carryOut[D](done, do),
	}
}

// carryOut does what a form says and leads back to the page of what it is about.
func carryOut[D actable, In, R any](done string, do useCase[In, R]) func(*web.Ctx, D, int64, In) (web.Next, error) {
	return func(c *web.Ctx, d D, version int64, in In) (web.Next, error) {
		id, _ := d.at()
		_, err := do(c.Context(), id, version, in)
		return web.To(d.URL(), done), err
	}
}

func versionOf[D actable](d D) int64 {
	_, version := d.at()
	return version
}
