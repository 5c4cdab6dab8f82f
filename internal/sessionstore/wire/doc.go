// SPDX-License-Identifier: Apache-2.0

// Package wire is the data plane of the session store over HTTP: the API of
// Wikimedia's Kask, and by headers what Kask lacks.
//
// What it owns: paths and keys, methods, status codes, headers, preconditions,
// problems, the health answers, the metrics of requests, and the shape of log
// lines. It refuses to know what a session's life is (package sessionstore), who a
// peer is and what it may do (Config.Authorize), and how connections come in.
//
// A session's id is a secret that stands in the path. So nothing that leaves this
// package beside the answer's body names a path, a key, a value or an owner: not a
// log line, not a metric, not a problem, not a header. Of an unknown error its types are
// logged and not its text: a backend says what ails it in the message of a fault.
//
// Differences from Kask, all on purpose: PUT writes (Kask answers 400), HEAD reads,
// other methods get 405, problems are application/problem+json and name no key, a
// failed delete counts as failed, a value that is too large is refused before it
// is read, a path is never redirected to a cleaner one (the redirect would name
// the key), and /healthz is green only while the backend reads and writes.
package wire
