// SPDX-License-Identifier: Apache-2.0

package ledgerweb

import (
	"strings"

	"portreeve.org/portreeve/internal/kernel/web"
)

func joinTexts(all []string) string { return strings.Join(all, ", ") }

// panelTexts are the texts of the verifier, by the keys that verify.js uses.
func panelTexts(c *web.Ctx) []panelText {
	keys := panelKeys()
	texts := make([]panelText, len(keys))
	for i, key := range keys {
		texts[i] = panelText{Key: key, Text: c.Text("ledger.verify." + key)}
	}
	return texts
}

// panelKeys names every text that the verifier may show.
func panelKeys() []string {
	return []string{
		"field_kind", "field_actor", "field_subject", "field_body",
		"field_ok", "field_closed", "leaf_ok", "inclusion_ok", "root_ok",
		"signature_ok", "signature_held", "signature_unsupported",
		"held_read", "latest_read", "consistency_ok",
		"end_entry", "end_checkpoint", "end_failed", "end_unchecked",
		"fact_value", "fact_salt", "fact_commitment", "fact_time", "fact_leaf", "fact_leaf_hash",
		"fact_left", "fact_right", "fact_computed", "fact_origin", "fact_size", "fact_root", "fact_key", "fact_hash",
		"wrong_fetch", "wrong_broken", "wrong_not_base64", "wrong_not_a_hash", "wrong_salt_size", "wrong_commitment_wrong",
		"wrong_page_differs", "wrong_leaf_shape", "wrong_not_in_tree", "wrong_proof_too_long", "wrong_proof_too_short",
		"wrong_root_differs", "wrong_note_shape", "wrong_checkpoint_shape", "wrong_key_shape", "wrong_key_hash", "wrong_no_key",
		"wrong_signature_wrong", "wrong_signature_absent", "wrong_other_log", "wrong_shrunk", "wrong_forked",
	}
}
