// SPDX-License-Identifier: Apache-2.0

package review

// command puts the slice's commands under its noun.
type command struct {
	Review Commands `cmd:"" help:"Security reviews: request, triage, ask, find, decide."`
}

// Commands are the verbs of `portreeve review`.
type Commands struct{}
