// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A right that moved up from a vacant post says so in its explanation too.
func TestVacancyIsWithheld(t *testing.T) {
	r := RightUsed{Post: "P-exec", Holder: "exec", Vacant: "P-sec", Explanation: "As Chief officer, because the post Chief of security is vacant."}
	r.withhold()
	if diff := cmp.Diff(RightUsed{Post: "P-exec", Explanation: "As Chief officer."}, r); diff != "" {
		t.Error(diff)
	}
}
