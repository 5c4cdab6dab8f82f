// SPDX-License-Identifier: Apache-2.0

// Package settings reads the file that configures the session store.
//
// What it owns: the keys of the file, what stands for those that are absent, what
// makes a file unusable, and what in it is unsafe ([Settings.Warnings]). It refuses
// to know the parts that the values are for: the process turns settings into what
// each part takes.
//
// A file is one of two kinds:
//
//   - Kask's own: nothing but keys that Kask knows. It is read as Kask reads it,
//     with Kask's defaults, and does what it did there (profile kask); each thing
//     in it that is unsafe is a warning. A key that Kask does not know is ignored,
//     as Kask ignores it, but not silently.
//   - Ours: at least one key that Kask does not know but we do. It is read
//     strictly, and nothing is open that the file does not open.
//
// A key that looks like one of ours misspelt makes no Kask file: whoever writes
// "profil: mutual" must not get a store without client certificates.
package settings
