// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/risk/matrix"
)

func shipped(t testing.TB) *RiskPolicy {
	t.Helper()
	p, err := DefaultPolicy()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The case that the product was built for: T285098.
func caseA() matrix.Inputs {
	return matrix.Inputs{Data: matrix.DataPublic, Direction: matrix.Both, Access: matrix.Read, Volume: matrix.VolumeLow, CrossesBoundary: true, LowerTrust: true}
}

func TestDefaultProposal(t *testing.T) {
	p := shipped(t)
	for _, c := range []struct {
		name               string
		change             func(*matrix.Inputs)
		inherent, residual matrix.Rating
	}{
		{"case A as filed: high by default (L36-39)", func(*matrix.Inputs) {}, matrix.High, matrix.High},
		{"a plan alone does not lower it", func(in *matrix.Inputs) { in.MitigationPlan = true }, matrix.High, matrix.High},
		{"assurances alone do not lower it", func(in *matrix.Inputs) { in.Assurances = "x" }, matrix.High, matrix.High},
		{"both may lower it", func(in *matrix.Inputs) { in.Assurances, in.MitigationPlan = "x", true }, matrix.High, matrix.Low},
		{"sensitive data, written", func(in *matrix.Inputs) { in.Data, in.Access = matrix.DataSensitive, matrix.ReadWrite }, matrix.High, matrix.High},
		{"and much of it", func(in *matrix.Inputs) {
			in.Data, in.Access, in.Volume = matrix.DataSensitive, matrix.ReadWrite, matrix.VolumeHigh
		}, matrix.Critical, matrix.Critical},
		{"inside one realm", func(in *matrix.Inputs) { in.LowerTrust, in.CrossesBoundary = false, false }, matrix.Low, matrix.Low},
		{"nothing touched", func(in *matrix.Inputs) {
			in.LowerTrust, in.CrossesBoundary, in.Data = false, false, matrix.DataNone
		}, matrix.Low, matrix.Low},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := caseA()
			c.change(&in)
			got := p.Proposal.Propose(&p.Matrix, in)
			if got.Inherent.Rating != c.inherent || got.Residual.Rating != c.residual {
				t.Errorf("inherent %s, residual %s; want %s, %s: %+v", got.Inherent.Rating, got.Residual.Rating, c.inherent, c.residual, got.Residual.Moves)
			}
		})
	}
}

// More sensitive data never lowers the shipped proposal; what has been done
// about a risk never raises it; a lower-trust realm is high unless both exist.
func TestDefaultProposalIsMonotone(t *testing.T) {
	p := shipped(t)
	rapid.Check(t, func(t *rapid.T) {
		in := matrix.Inputs{
			Direction:       rapid.SampledFrom(matrix.AllDirections()).Draw(t, "direction"),
			Access:          rapid.SampledFrom(matrix.AllAccess()).Draw(t, "access"),
			Volume:          rapid.SampledFrom(matrix.AllVolumes()).Draw(t, "volume"),
			CrossesBoundary: rapid.Bool().Draw(t, "boundary"),
			LowerTrust:      rapid.Bool().Draw(t, "lower trust"),
			Assurances:      rapid.SampledFrom([]string{"", "signed"}).Draw(t, "assurances"),
			MitigationPlan:  rapid.Bool().Draw(t, "plan"),
		}
		before := 0
		for _, data := range matrix.AllData() {
			in.Data = data
			got := p.Proposal.Propose(&p.Matrix, in)
			if got.Residual.Rating.Level() < before {
				t.Fatalf("%s data is rated lower than the class before it", data)
			}
			before = got.Residual.Rating.Level()
			if got.Residual.Rating.Level() > got.Inherent.Rating.Level() {
				t.Fatalf("residual %s above inherent %s", got.Residual.Rating, got.Inherent.Rating)
			}
			if in.LowerTrust && !(in.Assured() && in.MitigationPlan) && !got.Residual.Rating.AtLeast(matrix.High) {
				t.Fatalf("production to a lower-trust realm is rated %s", got.Residual.Rating)
			}
		}
	})
}

func TestDefaultsAreMarked(t *testing.T) {
	// A reader of the file must see for each decision where it comes from.
	p := shipped(t)
	sources := 0
	for _, a := range p.Authority {
		for _, alternative := range a.AnyOf {
			if alternative.Origin == config.FromSource {
				sources++
			}
		}
	}
	if sources != 2 {
		t.Errorf("%d ways to decide are marked as the source's; T285098 names two, leadership and the temporary way", sources)
	}
	if p.UnknownRanks([]string{"manager", "director", "executive"}) != nil {
		t.Error("the shipped ranks are not manager, director and executive")
	}
	want := []string{"authority[0].any_of[0].rank: manager"}
	if diff := cmp.Diff(want, p.UnknownRanks([]string{"director", "executive"})); diff != "" {
		t.Error(diff)
	}
}

func TestPolicyFileIsStrict(t *testing.T) {
	text, err := os.ReadFile(DefaultPolicyFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, old, new string
		want           []string // parts of the message and fields
	}{
		{"unknown key", "longest: 7d", "longst: 7d", []string{"risk.yaml", "longest"}},
		{"bad duration", "longest: 7d", "longest: 7 days", []string{"authority[3].longest"}},
		{"endless acceptance", "longest: 7d", "longest: 0", []string{"authority[3].longest"}},
		{"unknown rating", "rating: critical", "rating: extreme", []string{"authority[3].rating"}},
		{"rating twice", "rating: critical", "rating: high", []string{"authority[3].rating"}},
		{"asker may accept", "people: [asker, owner]", "people: [owner]", []string{"may_not_accept.people"}},
		{"two ways in one", "- {rank: manager,", "- {rank: manager, body: council, quorum: 1,", []string{"authority[0].any_of[0]"}},
		{"quorum without number", "body: security-council, quorum: 3", "body: security-council", []string{"quorum"}},
		{"function twice", "[security, operations, legal]", "[security, security, legal]", []string{"functions"}},
		{"falling matrix", "[medium, medium, high, critical, critical]", "[medium, medium, high, critical, high]", []string{"matrix.ratings[4][4]"}},
		{"no such preset", "preset: yearly", "preset: weekly", []string{"review.preset"}},
		{"overdue effect", "overdue: block", "overdue: ignore", []string{"conditions.overdue"}},
		{"notices in the wrong order", "[14d, 7d, 1d]", "[7d, 14d, 1d]", []string{"notices.before_expiry[1]"}},
		{"source without citation", "cites: T285098 L99-100", "cites: ''", []string{"precedents.cites"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			changed := strings.Replace(string(text), c.old, c.new, 1)
			if changed == string(text) {
				t.Fatalf("%q does not stand in the file", c.old)
			}
			_, err := LoadPolicy("risk.yaml", []byte(changed))
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("error %v", err)
			}
			all := fault.From(err).Message
			for _, f := range fault.From(err).Fields {
				all += " " + f.Path + " " + f.Message
			}
			for _, part := range c.want {
				if !strings.Contains(all, part) {
					t.Errorf("%q is not in %q", part, all)
				}
			}
		})
	}
}
