// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"context"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/web"
)

// authenticator lets the mux know who acts.
type authenticator struct{ *identity.Service }

// Authenticator returns the service as the mux's [web.Authenticator].
func Authenticator(people *identity.Service) web.Authenticator { return authenticator{people} }

// Authenticate returns the actor of a session cookie. With the fault of a
// session that has ended it returns an actor with an ID alone, if
// [identity.Service.ExpiredSessionPerson] still tells whose it was: then the
// mux keeps a form that came with it as that person's draft.
func (a authenticator) Authenticate(ctx context.Context, cookie string) (authz.Actor, error) {
	actor, err := a.Service.Authenticate(ctx, cookie)
	if fault.HasCode(err, "identity.session_ended") {
		person, _ := a.ExpiredSessionPerson(ctx, cookie)
		return authz.Actor{ID: person}, err
	}
	return actor, err
}
