// SPDX-License-Identifier: Apache-2.0

// Package notify tells people by mail that something waits for them.
//
// A notice is a row written in the transaction of the decision that causes it
// ([Service.Enqueue]): no notice of what did not happen, and none lost. It names
// an item, a message key and arguments, never finished text; what the mail says
// is decided when it is sent, by the visibility that the item has then:
//
//   - The person may not see the item (any more): nothing is sent.
//   - The item is public, or internal and the office allows internal matters in
//     mail: the notice's sentence.
//   - Anything else: "Something needs your attention". A mail crosses relays and
//     stays in archives, so it never carries restricted content.
//
// The link is /notices/<random id> in every case, because an address such as
// /risks/... already tells something.
//
//	message:  waiting ---- joins a mail ----> mailed
//	              \------ not to be told ---> dropped
//	mail:     ready ------ accepted --------> sent
//	            ^  \------ refused for good,
//	            |          or too many tries -> dead
//	            +--------- requeued ------------/
//
// The first notice to a person waits for the batching window and takes along all
// others that have come by then: one mail instead of ten.
//
// A mail is sent at least once. Each try has the same Message-ID (RFC 5322,
// 3.6.4), so that a reader's mail system can tell a repeat: when the connection
// breaks after the text was sent, nobody knows whether it was taken.
//
// A notice may want an answer ([Message.Answer]). A mail that is about one such thread
// alone gets an address at which the answer of this person joins it; see package mailin.
// No such address is given for what is restricted.
//
// The package owns the tables notify_message and notify_mail. It refuses to know
// addresses: [Directory] gives them when a mail is sent.
package notify
