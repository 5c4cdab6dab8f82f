// SPDX-License-Identifier: Apache-2.0

// Package risk is the risk register: what could happen, how bad it is, what is
// done about it, and who accepted what is left, until when, by which right.
//
// It owns the tables with the prefix risk_, the actions risk:..., the entry
// kinds risk.... and two decisions that a gate can require:
//
//   - risk.assessment: the subject has at least one risk that a person has rated as
//     it is now.
//   - risk.acceptance: each open risk on the subject from a rating up (parameter
//     "from") is covered by an acceptance in force. While nobody has rated a risk,
//     its proposed rating counts: high by default (T285098 L36-39).
//
// # A risk
//
//	          register                  complete
//	(none) ------------> open --------------------------------> treated
//	                     |  ^                                    |   |
//	                     |  +-- edit, rate, treat, plan ---------+   |
//	                     +-------------- close ----------------------+--> closed (final)
//
// A risk takes from its subject what it rests on (docs/decisions/0003-facts-and-visibility.md):
//
//   - Facts. What the subject, and those that it names, state about the inputs is a
//     floor ([FactsRule], data). People may state worse, never milder; what they
//     leave out is taken from the subject.
//   - Visibility. A risk, with its acceptances, is never visible to more people than
//     its subject. The subject's owner takes part in each restricted risk about it,
//     and so does somebody who may rate it, when it is registered or shared anew.
//
// When the subject changes, or one that it names changes or is retired, its risks
// follow in the same transaction ([Service.FollowSubject], entry risk.followed).
//
// A rating is pinned to what an acceptance is pinned to ([Basis]): facts, what could
// happen, scope, the subject with its version, its organisation, the parties. When
// any of it changes the rating is outdated: the risk counts as not rated, and never
// as less than it was. Only parties that are added, or must get more, leave the
// rating as it is.
//
// Entries written while a risk was hidden stay hidden when it is opened, as in the
// catalogue. The catalogue links each risk to its subject ([RelationToSubject]).
//
// A closed risk covers nothing and is never reopened; what comes back is a new
// risk that follows it. From the policy's independence rating up, whoever owns or ever
// owned it, registered it, ever took its proposed rating down, changed its facts last
// or ever asked to accept it may neither close it nor rate it below the proposal, or
// below what it was before they took it down: that would be a way past an acceptance.
// Whoever owns or owned it, or ever asked to accept it, records no hearing. Rating,
// reviewing, recording a hearing and closing take a person: no service account does.
//
// # An acceptance
//
//	         ask            grant               (end date passes: expired, computed)
//	(none) -------> asked ---------> granted --- revoke ---> revoked ---+
//	                  |  \              |  \                            |
//	                  |   \ void        |   \ void                      | close: proof of
//	                  |    +--> voided  |    +------------> voided -----+ what was undone
//	                  | refuse          |                               | and learnt
//	                  +--> refused      +-------------------------------+--> closed
//	                  | withdraw
//	                  +--> withdrawn
//
// Who may decide is data ([RiskPolicy]) about ranks, bodies and functions
// (kernel/authz). One approval of sufficient rank grants; a body grants with the
// approval that reaches its quorum; several functions grant together, each
// exercised by another person. Approvals count while their authors still hold
// the right. Whoever owns or ever owned the risk, or ever
// asked to accept it, never counts: not by rank, not for somebody who delegated, not
// by the hand of a delegate. Nor is a risk handed to somebody whose word carries an
// acceptance of it that waits or runs. Every vote records the rights used.
//
// Whoever could grant alone, by rank, refuses alone. A function or a member of a
// body objects: the acceptance is refused once nobody can grant it any more. Only
// one request for a risk waits at a time.
//
// An acceptance is pinned to its [Basis]: the rating and its facts, what could
// happen, the scope, the parties exposed, the subject with its version and digest. If any of
// it differs, the acceptance is void from that moment, without anything having
// to run; a change made through this package also records it. Extending is a new
// acceptance that names the one in force which it prolongs, and counts from its own
// beginning, no later than the end of that one; any other lasts no longer than if it
// began at once.
//
// The package refuses: an acceptance without an end, a decision by somebody not
// entitled, a decision on something that changed since it was asked, a hearing
// after the decision.
package risk
