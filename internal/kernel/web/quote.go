// SPDX-License-Identifier: Apache-2.0

package web

// Quote is what somebody or some document says, word for word.
type Quote struct {
	Text   string
	Source any    // where it says so: a Link, or whatever show takes
	By     string // who said it; "": the source says it
}

// Contradiction puts two quotes side by side that cannot both hold.
type Contradiction struct {
	Title         string // its label and what it is about, "C2 Who may log in"; may be empty
	First, Second Quote
	State         Badge  // "open", "settled"
	Text          string // why they cannot both hold, or what became of it; may be empty
	URL           string // of its page; may be empty
}

// Restricted frames a part of a page that only named people see, so that nobody
// quotes it by mistake: by its border, an icon and in words. In templates the
// classes "part restricted" and "part-label" do the same around any markup.
type Restricted struct {
	Text string // who sees it, "the requester and three reviewers"; may be empty
	Body any
}

// Leaves frames what leaves to the public, exactly as it does.
type Leaves struct {
	Text string // where to and when, "on the public page, on 4 May"; may be empty
	Body any
}

// Verbatim is a text as it was written, with its lines.
type Verbatim struct{ Text string }
