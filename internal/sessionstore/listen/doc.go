// SPDX-License-Identifier: Apache-2.0

// Package listen decides who may connect to the session store and what they may
// do there. A [Guard] holds one listener's certificate, the authorities and
// revocation lists of its clients, credentials, the list of networks, and the
// policy identity x namespace x verb; a [Listener] completes handshakes within
// bounds and hands out connections whose [Peer] is known.
//
// What it refuses:
//
//   - A profile says who is asked for what. A client certificate is required or
//     not asked for, never optional: who could leave it out would be somebody
//     else by doing so.
//   - Identity comes from the handshake (URI and DNS names of the certificate) or
//     from a credential sent inside TLS, never from a subject's common name, a
//     header of a proxy or an address.
//   - Without a rule there is no access.
//   - Session tickets and HTTP/2: a resumed session would outlive its certificate,
//     and requests that share a connection cannot be told apart when it must end.
//
// A connection's life, and what ends it:
//
//	accepted --address in the list--> half open --handshake, certificate, policy--> admitted --> closed
//	half open --time is up | the oldest of too many--> closed
//	admitted --its certificate, credential, authority, network or rule is no more--> ended --answer in flight--> closed
//
// Files are looked at several times a second and read again when they changed and
// stand still. What cannot be used is reported and counted, and what was in force
// stays in force: a bad file never opens the listener and never closes it.
//
// The hot path ([Guard.Authorize]) takes no lock and does not allocate: what a
// peer may do is resolved once per policy.
package listen
