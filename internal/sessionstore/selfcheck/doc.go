// SPDX-License-Identifier: Apache-2.0

// Package selfcheck tries to get past every control of a running session store and
// tells which attempts were refused: the evidence that a security review asks for.
//
// What it owns: the list of bypasses, how each is tried, and what counts as a
// refusal. It refuses to know how the store works: it acts from outside, over the
// network, with what a client or an attacker has.
//
// A service that is down refuses everything. So the check first writes and reads a
// session as a client that may; only what fails where that succeeds counts, only if
// the service itself refused it (by an alert, by closing the connection, or by an
// answer that says so; never because nobody listened), and only if the same client
// is still served at the end.
package selfcheck
