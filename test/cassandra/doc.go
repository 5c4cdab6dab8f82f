// SPDX-License-Identifier: Apache-2.0

// Package cassandra starts a real Apache Cassandra 5.0 for tests: one node on
// loopback, in one folder, from the jars that fetch.sh takes from Maven Central.
// Clients need TLS with a certificate of the server's own authority and a
// password; roles have the rights they were given and no more.
//
// It gives up what a test does not need: nothing waits for the disk, and there is
// one replica. What a real one does not do on demand (time-outs, half-answers, a
// stale view) is in test/fakes/cql.
package cassandra
