// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	authority "portreeve.org/portreeve/internal/kernel/authz/office"
)

// discreet takes out of the rights of an acceptance who holds which post and
// which post is vacant, unless the reader may see posts.
func (s *Service) discreet(reader authz.Actor, a *Acceptance) {
	if s.Authz.Allowed(reader, authority.ActionRead) {
		return
	}
	for _, e := range a.Rights {
		for i := range e.By {
			e.By[i].Right.withhold()
		}
	}
}

// discreetly is [Service.discreet] for all rights of a detail.
func (s *Service) discreetly(reader authz.Actor, d *AcceptanceDetail) {
	s.discreet(reader, &d.Acceptance)
	if s.Authz.Allowed(reader, authority.ActionRead) {
		return
	}
	for _, v := range d.Votes {
		for i := range v.Rights {
			v.Rights[i].withhold()
		}
	}
	for i := range d.YourRights {
		d.YourRights[i].withhold()
	}
}

// withhold leaves of a right what it is, and by which post.
func (r *RightUsed) withhold() {
	if r.Vacant != "" {
		post, _, _ := strings.Cut(r.Explanation, ", because ")
		r.Explanation = strings.TrimSuffix(post, ".") + "."
	}
	r.Holder, r.Vacant = "", ""
}
