// SPDX-License-Identifier: Apache-2.0

package review_test

import "testing"

// Of two who move one review the second is told what was saved meanwhile, in words,
// and nothing that nobody saved; what they chose and wrote stays.
func TestTwoMove(t *testing.T) {
	d, anyone := servePages(t)
	r := d.requested()
	at := r.URL() + "/move"
	first, second := anyone.As("triager"), anyone.As("reviewer")
	one := fill(first.Get(at), at, "to", "back_orders", "priority", "urgent")
	two := fill(second.Get(at), at, "to", "waiting", "priority", "low", "reason", "It waits for a day.")
	first.Post(at, one).WantLocation(r.URL())
	told := second.Post(at, two).Want(412).WantText("Somebody changed this after you opened it.", "stands in Back orders.", "Saved meanwhile by somebody else: Urgent").
		WantNoText("else: planned", "else: urgent")
	kept := told.FormValues(at)
	if kept.Get("to") != "waiting" || kept.Get("priority") != "low" || kept.Get("reason") != "It waits for a day." {
		t.Errorf("the form of the second now holds %v", kept)
	}
	second.Post(at, kept).WantLocation(r.URL())
}
