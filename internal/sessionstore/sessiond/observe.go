// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"context"

	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/listen"
	"portreeve.org/portreeve/internal/sessionstore/writers"
)

// observer counts who writes: the owner that the application named, and the peer
// that the listener knows.
type observer struct{ tally *writers.Tally }

// Wrote counts a write.
func (o observer) Wrote(ctx context.Context, w sessionstore.Observation) {
	one := writers.Write{Owner: w.Owner, Bytes: w.Bytes, Same: w.Same}
	if peer := listen.PeerOf(ctx); peer != nil {
		one.Identity, one.Remote = peer.Name(), peer.Remote
	}
	o.tally.Add(one)
}
