// SPDX-License-Identifier: Apache-2.0

// Package archtest states the rules of ARCHITECTURE.md as tests. Each rule says
// why it exists; a violation names the file and line. There is no code here
// besides the tests.
package archtest
