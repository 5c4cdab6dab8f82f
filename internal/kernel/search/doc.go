// SPDX-License-Identifier: Apache-2.0

// Package search finds words in what a person may see.
//
// A module that has something to be found writes a [Document] in the transaction
// of its decision ([Index], [Remove], [SetVisibility]); [Find] answers with what
// the actor may see by [authz.Visible], the same predicate as every list.
//
// The words are taken from the text here, not by the databases: folded to lower
// case and without accents (NFKD), so that both engines find the same. SQLite
// keeps them in an FTS5 table, PostgreSQL in a tsvector column; both are derived
// from the table search_document and are built again by [Rebuild].
//
// # Ranking
//
// The usual formulas (bm25, ts_rank with document frequencies) weigh a word by
// how rare it is among all documents: then a document that the reader may not see
// changes the order of those that they may, and tells that it exists. Here the
// order depends on the hit and the query alone:
//
//  1. how many of the query's terms the document has,
//  2. how many of them stand in its title,
//  3. the newest first,
//  4. the item's reference, so that the order is total.
//
// For the same reason there is no number of results, and a cursor holds nothing
// but these values of the last hit.
//
// # Queries
//
// Words, "phrases in quotes", and prefixes with an asterisk: acc*. A word that is
// several to the index (T285098-b) is a phrase. Everything else is white space: no
// query is an error.
//
// The package owns the tables search_document and, on SQLite, search_index. It
// refuses to know what the items are: a hit names item, part and kind.
package search
