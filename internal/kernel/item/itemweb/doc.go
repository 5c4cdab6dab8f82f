// SPDX-License-Identifier: Apache-2.0

// Package itemweb is what the pages of items of all slices do in the same way:
// names, cells, sentences, the history, and the forms of use cases. Where it says
// something in a slice's words, it takes the prefix of that slice's message keys.
package itemweb
