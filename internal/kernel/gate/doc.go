// SPDX-License-Identifier: Apache-2.0

// Package gate answers one question: may this act on this subject happen now?
//
// Policy data ([Policy]) says for a pair (kind of subject, action) which
// decisions must be in force. Modules answer for decisions ([Provider]); the
// gate asks them in one read snapshot and puts the answers together into a
// signed [Verdict].
//
// It never errs towards allow. Without a row for the pair the answer is deny
// (gate.ungoverned); a provider that fails, panics, contradicts itself or takes
// too long makes it deny (gate.unavailable); a retired subject makes it deny
// (gate.retired). Nothing has to run for the gate to close: a decision that
// expired is simply not in force when the next question comes.
//
// Gate time is the later of the domain clock and the time of the ledger's head,
// so that a clock set back revives nothing.
//
// Asking writes nothing and needs the action gate:check on the subject. A
// missing decision about an item that the asker may not see appears as the
// constant gate.withheld, once, however many there are; advice about such an
// item does not appear at all. Where something would be missing without the item,
// too, that is told instead ([Missing].Otherwise).
//
// The signed form ([Sign], [VerifyNote]) is a note by the ledger's key whose
// first line keeps it apart from everything else that key signs. An act puts
// [Verdict.NoteDigest] into its own ledger entry.
package gate
