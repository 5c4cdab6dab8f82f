// SPDX-License-Identifier: Apache-2.0

// Package examples holds the worked cases that the demo loads, as data.
package examples

import "embed"

// Files holds office.yaml, one file per case, and what else lies on the desks.
//
//go:embed *.yaml
var Files embed.FS
