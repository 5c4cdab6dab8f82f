// SPDX-License-Identifier: Apache-2.0

// Command cmd starts and stops a throw-away PostgreSQL for make:
//
//	cmd start DIR    prints the URL to put into PORTREEVE_TEST_POSTGRES
//	cmd stop DIR
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"portreeve.org/portreeve/internal/kernel/store/storetest/pgserver"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "pgserver:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: start DIR | stop DIR")
	}
	dir, err := filepath.Abs(args[1])
	if err != nil {
		return fmt.Errorf("locate %s: %w", args[1], err)
	}
	switch args[0] {
	case "start":
		url, err := pgserver.Start(context.Background(), dir)
		if err != nil {
			return err
		}
		fmt.Println(url)
		return nil
	case "stop":
		return pgserver.Stop(dir)
	default:
		return fmt.Errorf("unknown command %q", args[0])
	}
}
