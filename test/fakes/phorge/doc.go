// SPDX-License-Identifier: Apache-2.0

// Package phorge is a Phorge server for tests, on loopback: an http.Handler that
// answers the Conduit methods that we call, with paging, constraints and errors
// as a real one does. What it knows is a [World]: [Recorded] holds what a real
// server answered (Phorge stable 2026.27; testdata holds the answers as they
// were, with tokens and the host name replaced), [Tasks] makes up any number.
// A [Hook] answers otherwise, or changes the world between two pages.
package phorge
