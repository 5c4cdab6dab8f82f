// SPDX-License-Identifier: Apache-2.0

// Package mailin takes mails in: at a door something new is opened by mail, and a
// reply to a notice joins its thread.
//
// The organisation's own mail server delivers to a listener of this package
// ([Service.Serve]) by LMTP or SMTP. A mail is stored before it is acknowledged, and
// a job reads and delivers it. Each state but new is one that somebody decided:
//
//	         read, sender verified           taken by door or thread
//	new ------------------------------------------------------------> delivered
//	 |  \--- verified, but may not, or nothing is left to post -----> refused
//	 v                                                                  ^
//	parked --- the person whose address it has confirms it ------> delivered
//	   \------ nobody confirms it in time, or somebody discards it -> discarded
//
// A mail proves nothing by itself, so it counts as from a person only if
//
//   - it came to a reply address, which is that person's own, and has one of the
//     person's addresses as its one From: the address alone can be forged, and a
//     token alone gets forwarded; or
//   - the trusted server says that DMARC (RFC 7489) passed for the domain of From,
//     and that address is the person's; or
//   - the person says so, signed in, on the page of the parked mail.
//
// A server that says dmarc=fail outweighs a reply address. Addresses are those that
// the office keeps of its people, each of one active account.
//
// Nobody is written to because of a mail but the person whose address it has, at that
// address, at most once an hour, and never because of a mail that a machine sent:
// what answers strangers or machines makes loops and floods.
//
// What is posted has no quotes and no signature (see [Cut]): a reply may quote what
// the readers of its thread must not see. Who it is from is looked up when it is
// delivered, with the roles of that moment; what they may not do is refused, and the
// answer does not say whether the thing exists. A reply that waits is shown to those
// who look after the mails only if they may see what it is about.
//
// The package owns the tables mailin_message and mailin_reply. It keeps the words of
// a mail only until it is settled.
package mailin
