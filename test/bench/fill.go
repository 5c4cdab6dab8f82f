// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"portreeve.org/portreeve/internal/app"
)

// filled says what a database was filled with.
type filled = app.BenchFilled

// fillCommand is `bench fill`: it fills the database and prints what it wrote as JSON.
func fillCommand(ctx context.Context, p params, config string) error {
	began := time.Now()
	done, err := app.BenchFill(ctx, config, app.BenchPlan{
		Risks: p.risks, Entries: p.entries, Reviews: p.reviews, Messages: p.messages, Seed: p.seed,
		Progress: func(done, of int) {
			if done%20 == 0 || done == of {
				fmt.Fprintf(os.Stderr, "  %s: %d of %d steps, %s\n", config, done, of, time.Since(began).Round(time.Second))
			}
		},
	})
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(done)
}

// filledFile remembers what a kept folder holds.
type filledFile struct {
	Filled filled
	Took   time.Duration
}

const filledName = "filled.json"

// forget removes what says that the folder's database is filled.
func forget(dir string) error {
	err := os.RemoveAll(filepath.Join(dir, filledName))
	return errors.Join(err, os.RemoveAll(filepath.Join(dir, "data")))
}

// fillOnce fills the database in a process of its own, so that the memory it
// takes is given back, unless an earlier run has filled it already.
func fillOnce(ctx context.Context, in *installation) (filled, time.Duration, error) {
	name := filepath.Join(in.dir, filledName)
	var f filledFile
	switch raw, err := os.ReadFile(name); {
	case err == nil:
		err := json.Unmarshal(raw, &f)
		return f.Filled, f.Took, err
	case !errors.Is(err, fs.ErrNotExist):
		return filled{}, 0, err
	}
	self, err := os.Executable()
	if err != nil {
		return filled{}, 0, err
	}
	cmd := exec.CommandContext(ctx, self, "fill", "--config", in.config)
	cmd.Stderr = os.Stderr
	began := time.Now()
	out, err := cmd.Output()
	if err != nil {
		return filled{}, 0, fmt.Errorf("fill: %w", err)
	}
	f.Took = time.Since(began)
	if err := json.Unmarshal(out, &f.Filled); err != nil {
		return filled{}, 0, fmt.Errorf("fill printed %q: %w", out, err)
	}
	raw, err := json.Marshal(f)
	if err != nil {
		return filled{}, 0, err
	}
	return f.Filled, f.Took, os.WriteFile(name, raw, 0o600)
}
