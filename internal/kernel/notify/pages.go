// SPDX-License-Identifier: Apache-2.0

package notify

import "portreeve.org/portreeve/internal/kernel/web"

// Pages registers where the links in mails lead, and the package's messages.
func (s *Service) Pages(mux *web.Mux) {
	mux.Files("notify", files)
	mux.Page("GET /notices/{id}", ActionOpen, func(c *web.Ctx) error {
		path, err := s.Open(c.Context(), c.Path("id"))
		if err != nil {
			return err
		}
		return c.SeeOther(path)
	})
}
