// SPDX-License-Identifier: Apache-2.0

package risk_test

import (
	"errors"
	"testing"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/risk"
)

// TestLinesDeceiveNobody: what stands in one line of a page or of a terminal holds
// neither line ends nor characters that hide or reorder others.
func TestLinesDeceiveNobody(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := d.rated(d.flow().Ref)
		for _, bad := range []string{"Little\nowner: you", "Little\u202e", "Little\u009b2J", "Lit\u00adtle"} {
			for path, set := range map[string]func(o *risk.Option){
				"options[0].title": func(o *risk.Option) { o.Title = bad },
				"options[0].cost":  func(o *risk.Option) { o.Cost = bad },
				"options[0].delay": func(o *risk.Option) { o.Delay = bad },
				"options[0].risk":  func(o *risk.Option) { o.Risk = bad },
				"options[0].notes": func(o *risk.Option) { o.Notes = bad },
			} {
				all := options()
				set(&all[0])
				_, err := d.risks.SetOptions(d.as("owner"), r.ID, r.Version, all)
				var f *fault.Error
				if !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Path != path {
					t.Errorf("%s %+q: %v", path, bad, err)
				}
			}
		}
	})
}
