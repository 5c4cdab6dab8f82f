// SPDX-License-Identifier: Apache-2.0

package app

import (
	"cmp"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/config"
)

// TestNumbersTellNothing is [TestHiddenCaseIsNowhere] for those who may not read
// the ledger, with the hidden case in the same period as what they see: the
// entries of what they see then have other numbers, and nothing that they get may
// depend on it.
func TestNumbersTellNothing(t *testing.T) {
	plain, other, hidden := entangled(t)
	for _, login := range []string{"", "outsider"} {
		t.Run("not to "+cmp.Or(login, "nobody"), func(t *testing.T) {
			a, b := plain.visit(login), other.visit(login)
			addresses := everyAddress(plain, a, hidden)
			if diff := gocmp.Diff(addresses, everyAddress(other, b, hidden)); diff != "" {
				t.Errorf("the lists have other pages:\n%s", diff)
			}
			for _, address := range addresses {
				if one, two := answerOf(a, address), answerOf(b, address); one != two {
					t.Errorf("%s answers otherwise where more was decided (-without +with):\n%.2000s", address, gocmp.Diff(strings.Split(one, "\n"), strings.Split(two, "\n")))
				}
			}
		})
	}
	// The comparison is worth something: the numbers do differ.
	const address = "/api/v1/subjects/project:town-hall"
	one, two := answerOf(plain.visit("owner"), address), answerOf(other.visit("owner"), address)
	if one == two || !strings.Contains(one, `"entry":`) {
		t.Errorf("%s has the same number in both:\n%s", address, one)
	}
}

// entangled returns two installations of which the second has the hidden case in
// the period in which both go on.
func entangled(t *testing.T) (plain, other *installation, hidden secrets) {
	t.Helper()
	folder, at := t.TempDir(), loadedAt()
	roomy := func(c *Config) { c.Ledger.Period, c.Ledger.Leaves = config.Duration(time.Hour), 256 }
	base := openInstallation(t, folder+"/plain", at, roomy)
	publish(t, base, at)
	base.shut()
	copyFolder(t, folder+"/plain", folder+"/other")
	at = at.Add(time.Hour)
	var both [2]*installation
	for i, name := range []string{"/plain", "/other"} {
		source := rand.NewChaCha8([32]byte{1})
		both[i] = openInstallation(t, folder+name, at, roomy, func(c *Config) { c.random = source })
		if i == 1 {
			hidden = hideSubject(t, both[i])
			hideRisk(t, both[i], &hidden)
		}
		source.Seed([32]byte{2})
		goOn(t, both[i])
		publish(t, both[i], at)
		source.Seed([32]byte{3}) // padding took more of it in one than in the other
	}
	return both[0], both[1], hidden
}
