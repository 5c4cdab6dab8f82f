// SPDX-License-Identifier: Apache-2.0

// Command portreeve is the security office: server, demo and command line.
package main

import (
	"os"

	"portreeve.org/portreeve/internal/app"
)

func main() {
	os.Exit(app.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
