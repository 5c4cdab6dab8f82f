// SPDX-License-Identifier: Apache-2.0

// Package cql is a small double of a Cassandra node for faults that a real one does
// not have on demand: no quorum, time-outs whose write happened all the same, answers
// that break off, a node that refuses all who connected before it came back, and a
// certificate of somebody else. It speaks version 4 of the native protocol on
// loopback and holds rows in memory, cell by cell with their timestamps.
//
// It is not Cassandra: one node, one data centre, nothing expires, and it knows the
// shapes of statements that package sessionstore/cassandra sends and no others. What
// is to be believed of Cassandra is tested on a real one (test/cassandra).
package cql
