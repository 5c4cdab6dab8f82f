// SPDX-License-Identifier: Apache-2.0

// Package embedded keeps session rows in a folder of this machine, with the
// storage engine pebble.
//
// What it owns: the order of all writes (one committer), what readers see, the
// cache, the expiry and owner indexes, quotas, and what happens when the disk
// runs short. It refuses to know what a row's value means and who asks for it.
//
// # Writes
//
// A single goroutine takes every change that waits, evaluates each against the
// state that those before it leave, makes one batch of all, has it synced, shows
// the result to readers and then answers. While a batch is synced the next one
// gathers, and while several write at once a batch begins no sooner than two
// milliseconds after the last one: the cost of a sync is shared by all of them. Who
// writes alone does not wait.
//
// # Reads
//
// Pebble shows a batch to readers before its sync has ended. A reader that saw it
// could tell of something that a power cut then takes back, so each row that a
// batch writes is pinned in the cache as it was, and exchanged when the batch is
// safe. What a batch changed appears at once: the locks of all rows concerned are
// held for that moment. Together with the one order of writes this makes every
// operation linearizable (see history_test.go).
//
// # Layout
//
//	0 m                     time and version that were reached
//	0 n name                namespace -> its number
//	0 u number              rows and bytes of a namespace
//	1 number row-key        row (record.go)
//	2 number owner row-key  index of owners
//	3 minute number row-key index of expiry, see due.go
//	4 number owner          not-before of an owner
package embedded
