// SPDX-License-Identifier: Apache-2.0

// Package admin is the administration of the session store over a listener of
// its own: who holds sessions, ending and erasing them, keys, who writes most,
// and what is unsafe. It never shows a session's id, and its value only to whom
// may read the namespace anyway and asks for it.
//
// An act is recorded in the audit log before it is carried out, and its result
// after it; an act that cannot be recorded is not carried out.
package admin
