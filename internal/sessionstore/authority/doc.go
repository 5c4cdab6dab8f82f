// SPDX-License-Identifier: Apache-2.0

// Package authority is a small certificate authority for the session store and
// its clients: it makes the certificates that package listen requires, renews them
// before two thirds of their life are over, takes them back, and says what ends
// when. It stands in one folder:
//
//	authority.pem   the authority's certificate: give it to clients and servers
//	authority.key   its key (mode 0600); without it the folder can be read only
//	authority.crl   its revocation list: give it to the server
//	issued.json     what it issued
//	NAME.pem, NAME.key   what it issued, unless it was put elsewhere
//
// What it refuses: to replace a key unless told to; certificates that live longer
// than [MaxLife]; a certificate without a name that a rule or a client could
// check; names outside the authority's constraints; to renew what was revoked.
//
// Who has another authority (cert-manager, SPIFFE, an organisation's own) does not
// need this package: package listen takes files, whoever made them.
package authority
