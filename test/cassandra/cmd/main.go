// SPDX-License-Identifier: Apache-2.0

// Command cmd starts and stops a throw-away Cassandra for make:
//
//	cmd start DIR    prints what to put into PORTREEVE_TEST_CASSANDRA
//	cmd stop DIR
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"portreeve.org/portreeve/test/cassandra"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "cassandra:", err)
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
		s, err := cassandra.Start(context.Background(), dir)
		if err != nil {
			return err
		}
		fmt.Println(s.Dir)
		return nil
	case "stop":
		return cassandra.Stop(dir)
	default:
		return fmt.Errorf("unknown command %q", args[0])
	}
}
