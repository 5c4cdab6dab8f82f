// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"portreeve.org/portreeve/internal/risk/matrix"
)

func TestStatedOverFacts(t *testing.T) {
	facts := matrix.Facts{Data: matrix.DataPersonal, Access: matrix.Write, LowerTrust: true}
	no := false
	for _, c := range []struct {
		name   string
		stated matrix.Stated
		want   matrix.Inputs
	}{
		{"nothing stated", matrix.Stated{}, matrix.Inputs{Data: matrix.DataPersonal, Access: matrix.Write, LowerTrust: true}},
		{"what is stated counts", matrix.Stated{Data: matrix.DataNone, Volume: matrix.VolumeLow, LowerTrust: &no},
			matrix.Inputs{Data: matrix.DataNone, Access: matrix.Write, Volume: matrix.VolumeLow}},
		{"assurances are people's", matrix.Stated{Assurances: "x"},
			matrix.Inputs{Data: matrix.DataPersonal, Access: matrix.Write, LowerTrust: true, Assurances: "x"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, c.stated.Over(facts.Raise(matrix.Inputs{}))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMilder(t *testing.T) {
	full := matrix.Facts{Data: matrix.DataInternal, Direction: matrix.Inbound, Access: matrix.Read, Volume: matrix.VolumeMedium, CrossesBoundary: true, LowerTrust: true}
	harmless := matrix.Inputs{Data: matrix.DataNone, Direction: matrix.Outbound, Access: matrix.Write, Volume: matrix.VolumeLow}
	for _, c := range []struct {
		name  string
		facts matrix.Facts
		in    matrix.Inputs
		want  []matrix.Milder
	}{
		{"no facts", matrix.Facts{}, harmless, nil},
		{"everything milder", full, harmless, []matrix.Milder{
			{Path: "data", Enough: []string{"internal", "personal", "sensitive"}}, {Path: "direction", Enough: []string{"inbound", "both"}},
			{Path: "access", Enough: []string{"read", "read_write"}}, {Path: "volume", Enough: []string{"medium", "high"}},
			{Path: "crosses_boundary", Enough: []string{"true"}}, {Path: "lower_trust", Enough: []string{"true"}},
		}},
		{"worse is fine", full, matrix.Inputs{Data: matrix.DataSensitive, Direction: matrix.Both, Access: matrix.ReadWrite, Volume: matrix.VolumeHigh, CrossesBoundary: true, LowerTrust: true}, nil},
		{"both ways", matrix.Facts{Direction: matrix.Both}, matrix.Inputs{Direction: matrix.Inbound}, []matrix.Milder{{Path: "direction", Enough: []string{"both"}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, c.facts.Milder(c.in)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Raised inputs are never milder than the facts; raising changes nothing that was
// not milder, and nothing twice; and what is stated in full is filled in with nothing.
func TestRaise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in, other := drawInputs(t), drawInputs(t)
		facts := other.Facts()
		raised := facts.Raise(in)
		if left := facts.Milder(raised); len(left) > 0 {
			t.Fatalf("%+v raised by %+v is still milder in %v", in, facts, left)
		}
		if len(facts.Milder(in)) == 0 && raised != in {
			t.Fatalf("%+v is not milder than %+v and became %+v", in, facts, raised)
		}
		if again := facts.Raise(raised); again != raised {
			t.Fatalf("raised twice: %+v, %+v", raised, again)
		}
		if stated := in.Stated().Over(other); stated != in {
			t.Fatalf("stated %+v and got %+v", in, stated)
		}
	})
}

func TestInputsByName(t *testing.T) {
	for _, input := range []string{"data", "direction", "access", "volume"} {
		values := matrix.Values(input)
		var f matrix.Facts
		if len(values) == 0 || !f.Set(input, values[len(values)-1]) || f == (matrix.Facts{}) || f.Hold(input) {
			t.Errorf("%s: %v %+v", input, values, f)
		}
	}
	for _, input := range []string{"crosses_boundary", "lower_trust"} {
		var f matrix.Facts
		if !f.Hold(input) || f == (matrix.Facts{}) || f.Set(input, "true") || matrix.Values(input) != nil {
			t.Errorf("%s: %+v", input, f)
		}
	}
	var f matrix.Facts
	if f.Set("assurances", "x") || f.Hold("assurances") || f != (matrix.Facts{}) {
		t.Errorf("assurances are a fact: %+v", f)
	}
}
