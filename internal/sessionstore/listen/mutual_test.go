// SPDX-License-Identifier: Apache-2.0

package listen

import "testing"

// TestMutualAdmits: who has the right certificate may do what the rules grant,
// there and nowhere else.
func TestMutualAdmits(t *testing.T) {
	s := serve(t, nil)
	c := s.client(s.ca.issue(wiki, nil), nil)
	for path, want := range map[string]int{
		"default/read": 200, "default/write": 200, "default/delete": 403, "default/administer": 403,
		"anonymous/read": 403, "*/read": 403, "default/": 403, "default/READ": 403,
	} {
		if got, who := s.get(c, path); got != want || want == 200 && who != "uri:"+wiki {
			t.Errorf("%s: %d %q, want %d", path, got, who, want)
		}
	}
}
