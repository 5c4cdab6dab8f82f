// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// A policy file is refused with a fault, or usable: whatever it holds, proposing
// and asking who may accept never panics and never gives what is outside.
func FuzzLoadPolicy(f *testing.F) {
	f.Add(defaultPolicy)
	f.Add([]byte("matrix: {}"))
	f.Add([]byte("authority: [{rating: high, longest: 30d, any_of: [{functions: [a, a]}]}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := LoadPolicy("risk.yaml", data)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("not Invalid: %v", err)
			}
			return
		}
		proposal := p.Proposal.Propose(&p.Matrix, matrix.Inputs{Data: matrix.DataSensitive, LowerTrust: true})
		if !proposal.Residual.Rating.Known() || !proposal.Residual.Cell.Valid() {
			t.Errorf("proposed %+v", proposal.Residual)
		}
		for _, r := range matrix.Ratings() {
			for _, need := range p.Needs(Basis{Organisation: "o", Residual: Assessment{Rating: r}}) {
				if _, met := need.Met(Request{Zone: time.UTC, At: noon, Until: noon.Add(time.Hour)}); met {
					t.Errorf("nobody agreed, and %s is accepted", r)
				}
				need.LiftedBy()
			}
		}
	})
}

func FuzzMoment(f *testing.F) {
	for _, seed := range []string{"2026-12-23", "2026-12-23T12:00:00Z", "2026-02-30", "", "9998-12-31", "9999-12-31", "0001-01-01"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var wrong item.Fields
		got := wrong.Moment("until", text, item.EndIn(time.UTC))
		if len(wrong) > 0 && !got.IsZero() {
			t.Errorf("%q: refused, and read as %v", text, got)
		}
	})
}

func FuzzParties(f *testing.F) {
	f.Add("organisation:abc:The chapter")
	f.Add("community::The community")
	f.Fuzz(func(t *testing.T, text string) {
		parties, err := parseParties([]string{text})
		if (err == nil) != (len(parties) == 1) {
			t.Errorf("%q: %v %v", text, parties, err)
		}
		if err == nil && string(parties[0].Kind)+":"+parties[0].Organisation+":"+parties[0].Name != text {
			t.Errorf("%q became %+v", text, parties[0])
		}
	})
}
