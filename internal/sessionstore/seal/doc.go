// SPDX-License-Identifier: Apache-2.0

// Package seal keeps the keys of session storage and seals rows with them.
//
// A [Keyring] is a file with the keys of every namespace, wrapped by a [Root] key
// that lies in another file, elsewhere. A [Ring] is what one namespace's store
// works with: it places rows (HMAC-SHA-256 of the session id), names owners
// (HMAC-SHA-256, another key) and seals values (AES-256-GCM).
//
// The life of a key, of either kind (index: places and owners; data: values):
//
//	announced --promoted--> current --its successor is promoted--> old --Retire--> gone
//
// An announced or an old key is looked at by every read; only the current one is
// written under. So a rotation signs nobody out: writes go to the new key, reads
// find both, and sessionstore.Store.Reseal brings the rest over in its own time.
//
// Destroying a namespace removes its keys, and with them everything that was ever
// sealed for it, wherever copies of the rows are. It cannot reach copies of the ring
// file itself: they must not be kept longer than the data may be.
//
// It refuses to know what a row's content means, and it never shows, logs or
// returns a key.
package seal
