// SPDX-License-Identifier: Apache-2.0

package risk

import "slices"

// Obstacle is what stands in the way of a step about the risk, whoever takes it,
// or "". It mirrors what [Service.mayDo] calls sensible.
func (d Detail) Obstacle(verb string) string {
	open := slices.ContainsFunc(d.Mitigations, func(m Mitigation) bool { return m.State == MitigationOpen })
	waiting := slices.ContainsFunc(d.Acceptances, func(p Placed) bool { return p.Standing.Code == Awaiting })
	unclosed := slices.ContainsFunc(d.Acceptances, func(p Placed) bool { return p.State == Asked || p.WasGranted() && p.State != Closed })
	switch {
	case d.Closed():
		return "closed"
	case !d.Rated() && slices.Contains([]string{"ask", "hear", "review"}, verb):
		return "unrated"
	case verb == "hear" && len(d.Parties) == 0:
		return "no_party"
	case verb == "ask" && waiting:
		return "asked"
	case verb == "complete" && d.State != StateOpen:
		return "treated"
	case verb == "complete" && d.Treatment == "":
		return "untreated"
	case verb == "complete" && open:
		return "unfinished"
	case verb == "close" && unclosed:
		return "unclosed"
	}
	return ""
}

// Obstacle is what stands in the way of a step about the acceptance, or "".
func (d AcceptanceDetail) Obstacle(verb string) string {
	switch {
	case d.State == Closed:
		return "settled"
	case verb == "withdraw" && d.State != Asked:
		return "decided"
	case verb == "revoke" && (d.State != Granted || d.Standing.Code == Expired):
		return "not_in_force"
	case verb == "close" && !d.WasGranted():
		return "not_granted"
	}
	return ""
}
