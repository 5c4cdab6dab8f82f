// SPDX-License-Identifier: Apache-2.0

// Package phabricator talks to a Phabricator or Phorge server over its Conduit
// API. [Client] knows the transport and nothing else: what an answer looks like,
// which errors there are, how pages follow one another. [Client.Tasks] reads
// tasks with their history in the form of kernel/foreign.
//
// It only reads. The token is the full power of its account, because Conduit
// knows no scopes: give it an account that may see what is to be imported and
// nothing more. The token is sent in the body of the request alone, never in an
// address, and it is taken out of every error, because the server echoes one that
// it does not know.
//
// What the account may not see is not there: the API leaves it out without a
// word. A project that cannot be seen is therefore an error here, never an empty
// answer, and a task that was asked for by its number and did not come has a loss
// that says so.
package phabricator
