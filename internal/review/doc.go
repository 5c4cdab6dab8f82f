// SPDX-License-Identifier: Apache-2.0

// Package review is the security review of projects: from a sketch in a paragraph
// to an outcome that counts.
//
// It owns the tables with the prefix review_, the actions review:..., the entry
// kinds review.... and two decisions that a gate can require:
//
//   - review.required: the latest decision about a review of one kind (parameter
//     "kind") on the subject approves the subject as it is now, and is still in force;
//     with the parameter "within", it is no older than that.
//   - review.condition: no condition of an approval on the subject is past its day
//     and not met.
//
// Both are computed at the gate's time: nothing has to run for a gate to close.
//
// # Two axes
//
// The board says where a review stands, and who has to do something:
//
//	              triage               plan             start
//	(none) -> incoming ----> back orders ----> planned ----> in progress ---- decide ---+
//	  |  request  ^   \          \                \              |  ^                   |
//	  |           |    +----------+----------------+---- wait ---+  | start             |
//	  |           |                                              v  |                   v
//	  |           +--- return: what fell short was mended --- waiting ---- decide ---> done
//	  |                                                                                 ^
//	  +--- screen: no review is needed, and why ----------------------------------------+
//
// A review moves between the open columns in either direction ([Transitions] is the
// whole table). It is withdrawn or superseded from each of them, and dismissed as not
// needed before work on it begins. Done is final: what comes back is another review,
// which follows the one that is done, or replaces one that was superseded; each then
// names the other.
//
// The clock says how many of its days are used ([ClockOf]). It stands still while a
// question to the requesting side is open, and while the review waits because it is
// stalled or not ready. Pauses that overlap count once. Received, accepted for a
// quarter and scheduled for a day are facts of their own, beside both axes.
//
// # Kinds
//
// What a form asks, whether a review is advisory or required, how long an approval
// lasts and who decides is data ([kind.Kind]), published in versions. A review keeps
// the version that it was requested by. One whose kind is advisory gives advice,
// and never blocks anything, whatever the gate policy says (T240943 L82).
//
// # Who decides
//
// A reviewer who takes part: who was assigned, and declared a conflict of interest
// that is no obstacle, or its absence. Where the kind names a rank, somebody who holds
// it or a higher one in the organisation that answers for the subject. Never whoever
// requested the review, answers for the project or ever did, owns the subject or
// owned it while the review ran, or declared a hard conflict of interest, which stands
// until the review is done; not by the hand of a delegate either, and never a service
// account. Those neither read as second reader nor give an opinion, and nobody is the
// second reader of their own assessment. So that this keeps nobody away whom the
// requesting side would rather not have, only triage makes somebody answer for the
// project who could judge it.
//
// The outcome is pinned to the subject's version and digest. The next decision about
// the same kind and subject takes its place: a refusal closes what an approval had
// opened. Conditions stay until they are met.
//
// # What is not for everybody
//
// A review is never visible to more people than its subject. When that changes, its
// reviews follow in the same transaction ([Service.FollowSubject], entry
// review.followed). Of a subject that is retired no review ends by itself.
//
// Statements and findings can be restricted: only those who take part in the review
// see them, and the assessment, in which they may stand. That a review has restricted
// parts can be guessed, because each change raises its version; what is in them can
// not. Entries about them stay restricted whatever becomes of the review.
//
// A gate tells nobody of a review that they may not see: the answer is the one that
// they would get without it, unless it alone closes the gate.
//
// Of a review that is done an abstract can be published: title, kind, how it ended and
// when are public then, with the abstract's text and nothing else. One that is
// restricted has none in public.
//
// # What was imported
//
// A review taken over from another tracker keeps its number, its history and its
// outcome there as text. None of that is a decision made here: it satisfies no
// gate, and closes none.
//
// # What it refuses
//
// An outcome without reasons; an approval while a question is open, a contradiction
// does not say what became of it, an opinion is missing, or the second reader that
// the kind wants has not read the latest assessment; an approval of nothing that the
// catalogue knows; a reviewer who did not declare; a review of one's own; a change
// on a version that somebody else changed; an answer to a question that was withdrawn;
// work that begins without a lead or without the user scenarios that the kind wants.
package review
