// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/review"
)

// Tables for people say what they count, and in which units.
func TestTablesAreReadable(t *testing.T) {
	o := serve(t)
	says := func(out string, code int, wants ...string) {
		t.Helper()
		plain := strings.Join(strings.Fields(out), " ")
		for _, want := range wants {
			if code != 0 || !strings.Contains(plain, want) {
				t.Errorf("exit %d, no %q in\n%s", code, want, out)
			}
		}
		if strings.Contains(out, "median") || strings.Contains(out, "in_progress") || strings.Contains(out, "0001-01-01") {
			t.Errorf("not for people:\n%s", out)
		}
	}
	out, code := o.run("triager", "metrics")
	says(out, code, "What stands on the board now", "From received to decided, and without the pauses of the clock nothing yet")
	r := o.begun(o.requested())
	waits := o.requested()
	o.at(36 * time.Hour)
	_, err := o.reviews.Decide(o.as("reviewer"), r.ID, r.Version, review.DecideInput{Outcome: review.Advice, Reason: "Go on."})
	o.must(err)
	out, code = o.run("triager", "metrics")
	says(out, code, "incoming 1 1.5 days "+waits.ID, "MONTH REVIEWS HALF WITHIN 9 OF 10 WITHIN", "in progress 1 1.5 days 1.5 days", "all kinds 2 0 0 % 0")

	out, code = o.run("triager", "meeting", "agenda")
	says(out, code, "No meeting is open.", "BECAUSE SINCE PRIORITY IN THIS MEETING REVIEW TITLE", "new: triage it", "none open "+waits.ID)
	var m review.MeetingDetail
	o.ok(&m, "triager", "meeting", "open")
	out, code = o.run("triager", "move", waits.ID, "--to", "back_orders", "--priority", "low", "--meeting", m.ID)
	says(out, code, waits.ID+": back orders, low; version 2", "incoming to back orders")
	out, code = o.run("triager", "meeting", "show", m.ID)
	says(out, code, "Decided in this meeting", "to back orders The triager")
	out, code = o.run("triager", "meeting", "close", m.ID)
	says(out, code, "closed, chair The triager", "Decided in this meeting")
	if strings.Contains(out, "agenda") {
		t.Errorf("a closed meeting has an agenda: %s", out)
	}
}
