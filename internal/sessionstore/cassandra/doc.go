// SPDX-License-Identifier: Apache-2.0

// Package cassandra keeps sessions in Apache Cassandra 4.1 or 5.0.
//
// What it owns: three tables for each namespace (schema.cql.tmpl), how a row's
// life is told by cells that are written apart, the connection and its healing,
// and the way over from Kask's table ([Kask]). It refuses to make or change a
// schema, so that its role needs no more than SELECT and MODIFY on its keyspace.
//
// Consistency is Kask's: reads and writes LOCAL_QUORUM, what ends a session
// EACH_QUORUM. What that gives, and what not:
//
//   - The cells of a partition are written apart, because in Cassandra the later
//     timestamp wins, cell by cell, whatever the writer knew:
//     content holds the session, with the instant it began in this place;
//     renewed moves its end, for the content it names alone, so that a touch never
//     takes back a write;
//     gone ends every content that began at or before it, so that a write that was
//     under way when a session was ended comes too late, whenever it comes;
//     xretired does the same for an id that was changed, and leaves it readable for
//     its grace.
//   - An owner's revocation is a row of its own that is read with each owned
//     session. It ends late writes as gone does.
//   - Changes whose rule needs the exact state are lightweight transactions on one
//     partition. Their timestamps are the coordinators', those of other writes are
//     not, and Cassandra would let either hide the other. So they have cells of
//     their own (x...) that nothing else writes: an xcontent counts while the
//     content that it replaced is there, or none; a write that comes at the same
//     moment stays the later one.
//   - A change of two partitions (of an id; of a key) is a promise and a transaction:
//     the new row is put with the key of the old one, and counts once that carries the
//     promise's token. So it happens when the old one is retired, for all readers at
//     once, or not at all, also if the process dies in between.
//   - Timestamps follow the cluster's clock, not this machine's, and are always later
//     than that of the cell that was read before: a clock set back loses no write.
package cassandra
