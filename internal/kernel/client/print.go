// SPDX-License-Identifier: Apache-2.0

package client

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"portreeve.org/portreeve/internal/kernel/web"
)

// JSONFlag is the flag of a command that can print the API's answer as it is:
// embed it.
type JSONFlag struct {
	JSON bool `help:"Print JSON." name:"json"`
}

// Limit is how many items a page has at most.
type Limit int

// Validate refuses what no page can have; kong calls it for a flag that was typed.
func (l Limit) Validate() error {
	if l < 1 || l > 200 {
		return errors.New("must be a number from 1 to 200; use --cursor for more")
	}
	return nil
}

// Paging is the flags of a command that lists a page, and their query: embed it.
type Paging struct {
	Limit  Limit  `help:"The most to list, up to 200." default:"50" placeholder:"N" query:"limit"`
	Cursor string `help:"Go on after an earlier list." placeholder:"CURSOR" query:"cursor"`
}

// Show prints an answer as JSON or by text, unless err, which came with it, says
// that there is none; then it returns err.
func Show[T any](s *Session, v T, err error, asJSON bool, text func(*Session, T) error) error {
	if err != nil {
		return err
	}
	if asJSON {
		return s.PrintJSON(v)
	}
	return text(s, v)
}

// List gets a list and prints it as JSON, or as a table with a row for each item.
func List[T any](s *Session, path string, query any, asJSON bool, heads []string, row func(T) []string) error {
	list, err := Get[web.List[T]](s, path, query)
	return Show(s, list, err, asJSON, func(s *Session, list web.List[T]) error {
		var rows [][]string
		for _, item := range list.Items {
			rows = append(rows, row(item))
		}
		return s.Table(heads, rows, list.Next)
	})
}

// Table prints rows below their heads, and how to get those after next.
func (s *Session) Table(heads []string, rows [][]string, next string) error {
	out := tabwriter.NewWriter(s.Stdout, 0, 0, 2, ' ', 0)
	if len(heads) > 0 {
		fmt.Fprintln(out, strings.Join(heads, "\t"))
	}
	for _, row := range rows {
		fmt.Fprintln(out, strings.Join(row, "\t"))
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if next != "" {
		s.Printf("\nmore: --cursor %s\n", next)
	}
	return nil
}

// Facts prints names and values, without those that are empty.
func (s *Session) Facts(facts [][2]string) error {
	var rows [][]string
	for _, f := range facts {
		if strings.TrimSpace(f[1]) != "" {
			rows = append(rows, []string{f[0], strings.ReplaceAll(f[1], "\n", " ")})
		}
	}
	return s.Table(nil, rows, "")
}
