// SPDX-License-Identifier: Apache-2.0

// Package ledgerweb is everything through which people use the decision log: its
// pages under /ledger, its API under /api/v1/ledger, the commands
// `portreeve ledger ...`, and the verifier that runs in the browser.
//
// It decides nothing but erasure. Who may see what:
//
//   - Everybody: the verifier keys, the public checkpoints, and proofs between
//     public checkpoints. They are padded, so they tell nobody how much is decided.
//   - Everybody of the organisation (every role but outsider): the head and the
//     list. Of an entry they see what its item's visibility shows them; an entry
//     that they may not see answers like one that does not exist.
//   - Reviewers and above: an export, with the openings that they may see.
//
// A proof is only as good as the key that it is checked with. The pages and
// commands say whose key they used, and take one that the reader holds.
package ledgerweb
