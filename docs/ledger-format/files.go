// SPDX-License-Identifier: Apache-2.0

// Package ledgerformat holds the description of the ledger's format and the
// second verifier, so that a server can hand both out to whoever verifies it.
package ledgerformat

import _ "embed"

// README returns the description of the format, in Markdown.
func README() string { return readme }

// Verifier returns the second verifier, a program for Python 3 that needs nothing
// beside its standard library.
func Verifier() string { return verifier }

//go:embed README.md
var readme string

//go:embed verify.py
var verifier string
