// SPDX-License-Identifier: Apache-2.0

// Package config reads configuration that people write: strict YAML into a Go
// struct, and the few value types that configuration needs ([Date], [Duration],
// [Size]).
//
// Strict means: an unknown key, a key given twice, a value of the wrong type, a
// second document, an anchor, an alias, a merge key or a tag is an error, never
// a guess. An error names file, line and field, and for an unknown key the
// nearest known one; several errors come together, because nobody wants to find
// them one by one.
//
// How YAML becomes Go:
//
//   - A struct field is named by its yaml tag, without one by its lower-cased
//     name; "-" hides it, ",inline" lifts the fields of an embedded struct.
//     Unexported fields are left alone.
//   - Text is text: a number or a truth value where text is expected must be
//     quoted, so that version 1.10 does not become 1.1. The other way round, yes
//     and on are not truth values and 010 is not a number.
//   - A key without a value, or with null, is as if it were absent: the field
//     keeps what it had before, so a prefilled struct carries the defaults. Lists
//     and maps are replaced whole.
//   - A type with UnmarshalText reads itself from any scalar. Its error text is
//     shown, so it must say what is expected and must not repeat the value.
//   - After reading, Validate is called on every value that has one (see
//     [Validator]), inner values first.
//
// [Holder] keeps a running configuration while the file on disk is wrong.
//
// The package owns no file and no default; it refuses to know what the
// configuration is about.
package config
