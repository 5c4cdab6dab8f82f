// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// Holder keeps the running configuration of one kind. A reload that fails leaves
// the running value in place and remembers why. It is safe for concurrent use;
// values given out must not be changed.
type Holder[T any] struct {
	file    string
	load    func(file string, data []byte) (*T, error)
	value   atomic.Pointer[T]
	reload  sync.Mutex // one reload at a time: the last file read wins
	problem atomic.Pointer[error]
}

// NewHolder reads file with load, which must return a value that nobody changes
// any more. An error here is final: there is nothing to keep running.
func NewHolder[T any](file string, load func(file string, data []byte) (*T, error)) (*Holder[T], error) {
	h := &Holder[T]{file: file, load: load}
	if err := h.Reload(); err != nil {
		return nil, err
	}
	return h, nil
}

// Fixed returns a holder of a value that no file can change, such as a shipped
// default; its Reload does nothing.
func Fixed[T any](value *T) *Holder[T] {
	h := &Holder[T]{}
	h.value.Store(value)
	return h
}

// Get returns the running value.
func (h *Holder[T]) Get() *T { return h.value.Load() }

// Problem returns why the last reload was refused, or nil if the running value
// is what the file said.
func (h *Holder[T]) Problem() error {
	if p := h.problem.Load(); p != nil {
		return *p
	}
	return nil
}

// Reload reads the file again. On an error, which is also returned by Problem
// until a reload succeeds, the running value stays.
func (h *Holder[T]) Reload() error {
	if h.load == nil {
		return nil
	}
	h.reload.Lock()
	defer h.reload.Unlock()
	value, err := h.read()
	if err != nil {
		h.problem.Store(&err)
		return err
	}
	h.value.Store(value)
	h.problem.Store(nil)
	return nil
}

func (h *Holder[T]) read() (*T, error) {
	data, err := ReadFile(h.file)
	if err != nil {
		return nil, err
	}
	value, err := h.load(h.file, data)
	if err != nil {
		return nil, err
	}
	if value == nil {
		return nil, fmt.Errorf("config: loading %s gave nothing", h.file)
	}
	return value, nil
}

// ReadFile reads a configuration file of at most MaxBytes. What cannot be read is
// an Invalid fault that names the file.
func ReadFile(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, unreadable(file, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxBytes+1)) // Decode refuses the one byte too many
	if err != nil {
		return nil, unreadable(file, err)
	}
	return data, nil
}

func unreadable(file string, err error) error {
	return fault.New(fault.Invalid, "config.unreadable", "The configuration file %s cannot be read; check its path and permissions.", file).Because(err)
}
