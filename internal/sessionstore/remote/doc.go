// SPDX-License-Identifier: Apache-2.0

// Package remote is a namespace of a session store that runs as a process of its
// own: reads and writes by its data listener, lists and ends by its
// administration, both over mutual TLS. It speaks package wire's HTTP and has the
// methods of sessionstore.Store that its users need.
package remote
