// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"testing"
	"time"
)

// The gate tells an end as the pages do, by the last day.
func TestGateTellsDays(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	cairo, err := time.LoadLocation("Africa/Cairo") // its clocks skip midnight on 24 April 2026
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at           time.Time
		zone         *time.Location
		ended, began string
	}{
		{time.Date(2026, 12, 24, 0, 0, 0, 0, time.UTC), time.UTC, "the end of 23 December 2026", "on 24 December 2026"},
		{time.Date(2026, 12, 23, 23, 0, 0, 0, time.UTC), berlin, "the end of 23 December 2026", "on 24 December 2026"},
		{time.Date(2026, 12, 24, 0, 0, 0, 0, time.UTC), berlin, "01:00 CET on 24 December 2026", "at 01:00 CET on 24 December 2026"},
		{time.Date(2026, 4, 23, 22, 0, 0, 0, time.UTC), cairo, "the end of 23 April 2026", "on 24 April 2026"},
	} {
		if got := ending(c.at, c.zone); got != c.ended {
			t.Errorf("%s ended at %q, want %q", c.at, got, c.ended)
		}
		if got := onset(c.at, c.zone); got != c.began {
			t.Errorf("%s began %q, want %q", c.at, got, c.began)
		}
	}
}
