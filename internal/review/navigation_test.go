// SPDX-License-Identifier: Apache-2.0

package review_test

import "testing"

// The pages of reviews belong to one entry of the navigation, wherever they are.
func TestNavigationKnowsWhereItIs(t *testing.T) {
	_, anyone := servePages(t)
	for _, path := range []string{"/reviews", "/reviews/plan", "/review-kinds", "/review-kinds/concept/edit"} {
		here := ""
		for _, a := range anyone.As("reviewer").Get(path).Want(200).All("a") {
			if a.Attr("aria-current") == "page" && a.Attr("href") == "/reviews" {
				here = a.Attr("href")
			}
		}
		if here == "" {
			t.Errorf("%s: the navigation does not say where it is", path)
		}
	}
}
