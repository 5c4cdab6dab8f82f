// SPDX-License-Identifier: Apache-2.0

package identityweb_test

import "net/url"

// deactivate closes an account, through the page.
func (h *house) deactivate(login string) {
	h.t.Helper()
	page := "/admin/people/" + h.person(login).ID + "/deactivate"
	values := h.admin.Get(page).Want(200).FormValues(page)
	values.Set("reason", "left the organisation")
	h.admin.Post(page, values).WantLocation("/admin/people/" + url.PathEscape(h.person(login).ID))
}
