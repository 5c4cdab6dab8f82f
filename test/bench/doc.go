// SPDX-License-Identifier: Apache-2.0

// Command bench measures a real `portreeve serve` with 50,000 risks, 1,000,000
// ledger entries and 10,000 reviews with 200,000 messages, on SQLite and on PostgreSQL, and prints a table with
// method, machine, figures and targets. It judges nothing: a figure that misses
// its target is printed as such, and the exit code is 0.
//
//	bench                       everything, both engines, then the session store
//	bench server                both engines alone
//	bench sessions [PART...]    the session store alone, or parts of it: compare, mix, live, soak
//	bench fill --config FILE    fill the empty database of a configuration file
//	bench tracker               serve made-up tasks on loopback until it is ended
//	bench load, bench peer      load generator and servers that the session store is compared with
//
// The environment sets the size: RISKS, ENTRIES, REVIEWS, MESSAGES, TASKS and
// TRANSACTIONS (of the tracker that is imported from), SECONDS (of each measurement
// under load), RATE (gate questions a second offered), WORKERS (connections),
// ENGINES ("sqlite postgres"), SEED; BINARY is the portreeve to measure, DIR a
// folder to work in, which is kept with the filled databases for the next run
// (otherwise a temporary one, which is not); SESSIONS (live ones in the session
// store), LOAD (requests a second that are offered to it), ROUNDS (of the
// comparison), SOAK (a time such as 10m; 0s is none); POSTGRES the URL of a superuser of a
// running server to use (otherwise one is started and thrown away).
//
// # Method
//
// The server is a process of its own, reached over HTTPS on loopback with
// connections that are kept. Client, server and, where it takes part,
// PostgreSQL share the machine's processors, so each wall-clock figure includes
// what the others take; beside it stand the processor time of the server's
// process per answer, which does not, and the load average. While the gate and
// the register are measured, a writer takes a decision every 50 ms (the regular
// review of a risk) through the API. Gate latencies are measured at an offered
// rate and counted from the moment at which a question was due, so that a stall
// shows in every question that waited. Register times are the server's own, from
// its log, and so are those of the board, lists, the page of a review with 300
// messages, and searches, which are asked for by a signed-in person while nothing is
// written. The import is `portreeve review import` as a process, from a made-up
// Phabricator on loopback that is another process: its own processor time is that of
// the command and of the server, without the tracker's and without PostgreSQL's,
// which stands beside it. Verification is `portreeve ledger verify --config` as a process,
// with its start. Start to ready is from exec to the first 200 of /readyz, the
// median of several. Resident memory is VmRSS of the server's process after all
// of it; PostgreSQL's own is not included.
//
// # Method of the session section
//
// What is judged are ratios of the server's processor time for a request, of servers
// that take turns in one run: sessiond, redis-server and two servers that are written
// here (see peerCommand). Each is pinned to one processor and has the other processor's
// clients. The report has the rest beside each figure. Sessions lie on a real disk: if
// the folder to work in is in memory, one below /var/tmp takes its place.
package main
