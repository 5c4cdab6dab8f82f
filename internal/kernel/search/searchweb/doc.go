// SPDX-License-Identifier: Apache-2.0

// Package searchweb is the search page, its operation of the API and the command
// `portreeve search`.
//
// What is found is decided by kernel/search within what the reader may see; how a
// hit is named and where it leads is asked of the module that owns the item, for
// this reader and in the same snapshot. A hit that its module does not show is
// left out, so that a search document which is out of date gives nothing away.
// Nowhere is there a number of results: see kernel/search.
package searchweb
