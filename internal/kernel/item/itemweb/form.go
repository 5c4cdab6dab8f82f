// SPDX-License-Identifier: Apache-2.0

package itemweb

import (
	"context"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
)

// Actable is what a form is about: an item, or a part of one, as its reader sees it.
type Actable interface {
	URL() string
	// May reports whether to offer the reader the form.
	May(verb string) bool
	// Obstacle is what stands in the way of the verb, whoever takes it, as the end
	// of a message key: "closed" for "risk.not_now_closed". Empty: nothing does.
	Obstacle(verb string) string
	// At is the id, and the version that a change is based on.
	At() (id string, version int64)
}

// Spot is where the forms about a D are, and how it is loaded.
type Spot[D Actable] struct {
	Path   string // pattern of D's page with "/" at its end: "/risks/{id}/"
	Load   func(*web.Ctx) (D, error)
	NotNow string // beginning of the message keys of obstacles: "risk.not_now_"
}

// UseCase carries out what a form holds, on the version that it was filled from.
type UseCase[In, R any] func(ctx context.Context, id string, version int64, in In) (R, error)

// FormOf is the form at an address below p, for whoever is offered verb. done is
// the message key of what is shown then. Its button "more" adds a row.
func FormOf[D Actable, In, R any](p Spot[D], action authz.Action, at, verb, page, done string, do UseCase[In, R]) web.FormPage[D, In] {
	return web.FormPage[D, In]{
		Path: p.Path + at, Action: action, Page: page, Load: p.Load, Open: OpenFor[D](p.NotNow, verb), Version: VersionOf[D],
		Redraw: []string{"more"}, Do: CarryOut[D](done, do),
	}
}

// QuestionOf is [FormOf] for a question. Its address is the verb.
func QuestionOf[D Actable, In, R any](p Spot[D], action authz.Action, verb, done string, question func(*web.Ctx, D) web.Confirm, do UseCase[In, R]) web.ConfirmPage[D, In] {
	return web.ConfirmPage[D, In]{
		Path: p.Path + verb, Action: action, Load: p.Load, Open: OpenFor[D](p.NotNow, verb), Version: VersionOf[D], Question: question,
		Do: CarryOut[D](done, do),
	}
}

// CarryOut does what a form says and leads back to the page of what it is about.
func CarryOut[D Actable, In, R any](done string, do UseCase[In, R]) func(*web.Ctx, D, int64, In) (web.Next, error) {
	return func(c *web.Ctx, d D, version int64, in In) (web.Next, error) {
		id, _ := d.At()
		_, err := do(c.Context(), id, version, in)
		return web.To(d.URL(), done), err
	}
}

// VersionOf is the version of what a form is about.
func VersionOf[D Actable](d D) int64 {
	_, version := d.At()
	return version
}

// OpenFor opens a form to whoever is offered the verb. To others it says what has
// to happen first, the message notNow with the obstacle ("risk.not_now_closed"), or,
// if nothing has, that this is not for them to do.
func OpenFor[D Actable](notNow, verb string) func(*web.Ctx, D) error {
	return func(c *web.Ctx, d D) error { return OpenIf(c, notNow, d, verb, d.May(verb)) }
}

// OpenIf is [OpenFor] for a form that the reader may use if may says so. verb is
// for the obstacle alone, and may be empty.
func OpenIf(c *web.Ctx, notNow string, d Actable, verb string, may bool) error {
	if may {
		return nil
	}
	c.BackTo(d.URL())
	key := "web.item.not_yours"
	if why := d.Obstacle(verb); why != "" {
		key = notNow + why
	}
	return fault.New(fault.Conflict, strings.TrimSuffix(notNow, "_"), "%s", c.Text(key))
}
