// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"slices"

	"portreeve.org/portreeve/internal/kernel/item/itemweb"
	"portreeve.org/portreeve/internal/kernel/web"
)

// basisView is what a decision is weighed by, besides the words that it is pinned
// to: why the risk is rated so, the options, what the parties said, and the plan.
type basisView struct {
	RatedBy     string
	Reason      string
	Proposal    proposalView
	Options     web.Table
	Hearings    web.Timeline
	Treatment   string
	Note        string
	Mitigations web.Table
}

// basisOf shows the rating and the hearings that the acceptance is pinned to; the
// options and the plan are those of now.
func (s *Service) basisOf(c *web.Ctx, a AcceptanceDetail, d Detail) basisView {
	v := basisView{
		Options: s.optionTable(c, d.Options), Mitigations: mitigationTable(c, d), Note: d.TreatmentNote,
		Hearings: hearingLine(c, d, a.Basis.RatingSeq, a.AskedBy),
	}
	if d.Treatment != "" {
		v.Treatment = c.Text("risk.treatment_" + string(d.Treatment))
	}
	i := slices.IndexFunc(d.Ratings, func(r Rated) bool { return r.Seq == a.Basis.RatingSeq })
	if i < 0 {
		return v
	}
	r := d.Ratings[i]
	v.RatedBy, v.Reason, v.Proposal = c.Text("risk.risk.rated_by", itemweb.NameOf(c, d.Names, r.By), c.Day(r.At)), r.Reason, s.proposalOf(c, r.Proposal)
	for i := range v.Proposal.Tables {
		v.Proposal.Tables[i].Open = false // a person's rating stands beside it
	}
	return v
}

// hearingLine lists what the parties said, the latest first, and marks what was
// said on another rating than the one that counts. Of a hearing that whoever asks
// or owns the risk put on record, it says so: those who decide should know.
func hearingLine(c *web.Ctx, d Detail, rating int64, asker string) web.Timeline {
	var t web.Timeline
	for _, h := range slices.Backward(d.Hearings) {
		title := []any{c.Text("risk.heard_for", h.Heard, d.partyName(h.Party, itemweb.Somebody(c)))}
		if h.RatingSeq != rating {
			title = append(title, web.Badge{Tone: web.ToneNeutral, Text: c.Text("risk.heard_earlier")})
		}
		by := "risk.recorded_by"
		switch h.RecordedBy {
		case asker:
			by = "risk.recorded_by_asker"
		case d.Owner:
			by = "risk.recorded_by_owner"
		}
		t.Events = append(t.Events, web.Event{
			At: h.HeldAt, Icon: "message-square", Title: title, By: c.Text(by, itemweb.NameOf(c, d.Names, h.RecordedBy)), Body: h.Said,
		})
	}
	return t
}

// partyName returns the name of a party by its id, or other if it is no longer
// exposed.
func (d Detail) partyName(id, other string) string {
	for _, p := range d.Parties {
		if p.ID == id {
			return p.Name
		}
	}
	return other
}
