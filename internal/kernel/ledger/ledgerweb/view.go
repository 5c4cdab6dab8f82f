// SPDX-License-Identifier: Apache-2.0

package ledgerweb

import (
	"encoding/base64"

	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
)

func summary(r ledger.Record, n names) Summary {
	return Summary{
		Seq: r.Seq, Time: r.Time, Kind: r.Kind, Actor: r.Actor, Subject: r.Subject, Item: r.Item,
		Visibility: string(r.Visibility), Erased: fieldNames(r.Erased),
		ActorName: n[r.Actor].Title, SubjectTitle: n[r.Subject].Title,
	}
}

func document(r ledger.Record, p ledger.Inclusion, n names) Document {
	d := Document{
		Summary: summary(r, n), Leaf: base64.StdEncoding.EncodeToString(r.Leaf[:]), LeafHash: p.LeafHash.String(),
		Proof: hashTexts(p.Path), Checkpoint: p.Checkpoint.Note,
	}
	for f := format.Kind; f < format.Fields; f++ {
		if o := r.Openings[f]; o != nil {
			*d.Openings.slot(f) = &Opening{Salt: base64.StdEncoding.EncodeToString(o.Salt()), Value: o.Value()}
		}
	}
	return d
}
