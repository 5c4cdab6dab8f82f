// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestCanonical pins the bytes: a digest that was written into a decision must
// come out the same in every later version.
func TestCanonical(t *testing.T) {
	got := string(Canonical("flow", "a", "org", map[string]string{"to": "cloud", "from": "Ü", "none": ""},
		map[string]Pin{"to": {Version: 3, Digest: "ab"}}))
	want := "portreeve.subject/v1\nkind 4\nflow\nname 1\na\norganisation 3\norg\n" +
		"attribute.from 2\nÜ\nattribute.to 5\ncloud\nattribute.to.target 4\n3 ab\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	const digest = "026926489ee731f683fa844a6be2d88aee71af1f45907134fedb9ad85df2c947" // sha256sum of the text above
	if got := Digest("flow", "a", "org", map[string]string{"to": "cloud", "from": "Ü"}, map[string]Pin{"to": {Version: 3, Digest: "ab"}}); got != digest {
		t.Errorf("digest %s", got)
	}
}

// TestDigestSeparates: different contents never share their bytes, whatever the
// values hold.
func TestDigestSeparates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"a", "a\nb", "1\na", "\nattribute.b 1\nx"}))
		attributes := rapid.MapOf(rapid.SampledFrom([]string{"a", "b", "c"}), text)
		type content struct {
			name, org  string
			attributes map[string]string
		}
		draw := func(label string) content {
			return content{text.Draw(t, label+" name"), text.Draw(t, label+" org"), withoutEmpty(attributes.Draw(t, label))}
		}
		x, y := draw("x"), draw("y")
		equal := x.name == y.name && x.org == y.org && maps.Equal(x.attributes, y.attributes)
		same := Digest("flow", x.name, x.org, x.attributes, nil) == Digest("flow", y.name, y.org, y.attributes, nil)
		if equal != same {
			t.Fatalf("equal contents: %v, equal digests: %v", equal, same)
		}
	})
}
