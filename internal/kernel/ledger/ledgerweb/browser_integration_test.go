// SPDX-License-Identifier: Apache-2.0

//go:build integration

package ledgerweb_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/browser"
)

// visit serves h and opens a tab that is signed in as login ("" for nobody).
func visit(t *testing.T, b *browser.Browser, h http.Handler, login string) (*browser.Tab, string) {
	t.Helper()
	server := httptest.NewTLSServer(h)
	t.Cleanup(server.Close)
	tab := b.Tab(t)
	if login != "" {
		tab.Cookie(server.URL, web.SessionCookie, login)
	}
	return tab, server.URL
}

// result clicks the panel's button and returns how it ended: the state, and the
// key of the last step.
func result(tab *browser.Tab) (state, last string) {
	tab.Click("[data-ledger-verify] form button.primary")
	tab.Wait("[data-part=result][data-state]")
	return browser.Eval[string](tab, `document.querySelector("[data-part=result]").dataset.state`),
		browser.Eval[string](tab, `[...document.querySelectorAll("[data-part=steps] > li")].at(-1).dataset.step`)
}

func TestEntryVerifiesInTheBrowser(t *testing.T) {
	o := newOffice(t)
	o.fill(11)
	o.decide(secret())
	b := browser.Start(t)
	h := o.handler()
	folder := os.Getenv("PORTREEVE_SCREENSHOTS")
	for _, width := range []int64{1280, 390} {
		for _, dark := range []bool{false, true} {
			tab, base := visit(t, b, h, "reviewer")
			tab.View(width, 900, dark)
			look := func(name string) {
				tab.WantAccessible()
				tab.WantNoOverflow()
				if folder != "" {
					tab.Screenshot(filepath.Join(folder, fmt.Sprintf("ledger-%s-%d-dark=%v.png", name, width, dark)))
				}
			}
			tab.Open(base + "/ledger")
			look("list")
			tab.Open(base + "/ledger/2")
			look("entry")
			if state, last := result(tab); state != "ok" || last != "signature_ok" {
				t.Fatalf("ended %s at %s:\n%s", state, last, tab.Text("main"))
			}
			tab.WaitText("Verified. This entry stands unchanged in the log of 12 entries.")
			browser.Eval[bool](tab, `document.querySelectorAll("main details").forEach(d => { d.open = true; }), true`)
			look("verified")
			tab.Set("textarea[name=key]", strings.TrimSpace(o.signer.Verifiers()))
			if state, last := result(tab); state != "ok" || last != "signature_held" {
				t.Errorf("with a held key: ended %s at %s", state, last)
			}
			tab.WantQuiet()
		}
	}
}

func TestErasureInTheBrowser(t *testing.T) {
	o := newOffice(t)
	o.fill(3)
	b := browser.Start(t)
	tab, base := visit(t, b, o.handler(), "admin")
	tab.View(390, 800, true)
	tab.Open(base + "/ledger/1")
	tab.Click(`a[href="/ledger/1/erasure"]`)
	tab.WaitText("Erase what entry 1 says")
	tab.WantAccessible()
	tab.WantNoOverflow()
	tab.Click(`input[name=fields][value=actor]`)
	tab.Click(`input[name=fields][value=body]`)
	tab.Type("textarea[name=reason]", "asked for by the person")
	tab.Click("input[name=understood]")
	tab.Click("form.dialog button.danger")
	tab.WaitText("Erased. Entry 3 records it.")
	tab.WantAccessible()
	if state, last := result(tab); state != "ok" || last != "signature_ok" {
		t.Errorf("an entry with erased fields: ended %s at %s", state, last)
	}
	if n := browser.Eval[int](tab, `document.querySelectorAll("[data-step=field_closed]").length`); n != 2 {
		t.Errorf("%d fields are said to be erased, want 2", n)
	}
	tab.WantQuiet()
}

// tampering answers like h, with old replaced by new in answers to path.
func tampering(h http.Handler, path, old, new string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		held := &heldAnswer{header: http.Header{}, status: http.StatusOK}
		h.ServeHTTP(held, r)
		for name, v := range held.header {
			w.Header()[name] = v
		}
		body := held.body.String()
		if r.URL.Path == path {
			if !strings.Contains(body, old) {
				panic("the answer to " + path + " does not hold " + old)
			}
			body = strings.ReplaceAll(body, old, new)
		}
		w.WriteHeader(held.status)
		_, _ = w.Write([]byte(body))
	})
}

func TestTamperedEntryFailsInTheBrowser(t *testing.T) {
	o := newOffice(t)
	o.fill(6)
	b := browser.Start(t)
	h := o.handler()
	d := o.document("owner", 2)
	next := o.document("owner", 3)
	entry := "/api/v1/ledger/entries/2"
	text, _, _ := strings.Cut(d.Checkpoint, "\n\n")
	forged, err := signer(t, 8).Sign(text + "\n")
	fatal(t, err)
	for name, tc := range map[string]struct{ path, old, new, want string }{
		"value":                  {entry, "2026-12-23", "2036-12-23", "wrong_commitment_wrong"},
		"salt":                   {entry, d.Openings.Actor.Salt, next.Openings.Actor.Salt, "wrong_commitment_wrong"},
		"short salt":             {entry, d.Openings.Actor.Salt, "AAAA", "wrong_salt_size"},
		"salt is no base64":      {entry, d.Openings.Actor.Salt, "%%%", "wrong_not_base64"},
		"leaf of another entry":  {entry, d.Leaf, next.Leaf, "wrong_commitment_wrong"},
		"leaf is cut":            {entry, d.Leaf, d.Leaf[:64], "wrong_leaf_shape"},
		"another entry":          {entry, `{"seq":2,`, `{"seq":3,`, "wrong_page_differs"},
		"withheld field":         {entry, `"actor":{"salt"`, `"other":{"salt"`, "wrong_page_differs"},
		"sibling":                {entry, d.Proof[0], next.Proof[0], "wrong_root_differs"},
		"proof too short":        {entry, `"` + d.Proof[0] + `",`, "", "wrong_proof_too_short"},
		"proof too long":         {entry, `"proof":[`, `"proof":["` + d.Proof[0] + `",`, "wrong_proof_too_long"},
		"sibling is no hash":     {entry, d.Proof[0], "AAAA", "wrong_not_a_hash"},
		"root in the checkpoint": {entry, o.checkpoint(d.Checkpoint).Root.String(), d.LeafHash, "wrong_root_differs"},
		"size in the checkpoint": {entry, `ledger\n6\n`, `ledger\n7\n`, "wrong_signature_wrong"},
		"too small a checkpoint": {entry, `ledger\n6\n`, `ledger\n2\n`, "wrong_not_in_tree"},
		"no checkpoint":          {entry, `ledger\n6\n`, `ledger\nsix\n`, "wrong_checkpoint_shape"},
		"no note":                {entry, `\n\n`, `\n`, "wrong_note_shape"},
		"origin":                 {entry, `"office.test/ledger\n`, `"office.test/other\n`, "wrong_signature_wrong"},
		"signed by another":      {entry, jsonText(d.Checkpoint), jsonText(string(forged)), "wrong_signature_absent"},
		"another key":            {"/api/v1/ledger/key", o.signer.Verifiers(), signer(t, 8).Verifiers(), "wrong_signature_absent"},
		"a key with a wrong sum": {"/api/v1/ledger/key", "office.test", "elsewhere.test", "wrong_key_hash"},
		"no key":                 {"/api/v1/ledger/key", o.signer.Verifiers(), "", "wrong_no_key"},
		"a text as key":          {"/api/v1/ledger/key", o.signer.Verifiers(), "key", "wrong_key_shape"},
		"no JSON":                {entry, `{"seq":2,`, `seq 2`, "wrong_broken"},
		"page shows another":     {"/ledger/2", `data-ledger-value="subject">flow:2`, `data-ledger-value="subject">flow:9`, "wrong_page_differs"},
		"page shows other time":  {"/ledger/2", d.Time.UTC().Format("2006-01-02T15:04:05.000000Z"), "2020-01-01T00:00:00.000000Z", "wrong_page_differs"},
		"page shows other words": {"/ledger/2", "2026-12-23", "2036-12-23", "wrong_page_differs"},
	} {
		t.Run(name, func(t *testing.T) {
			tab, base := visit(t, b, tampering(h, tc.path, tc.old, tc.new), "owner")
			tab.Open(base + "/ledger/2")
			state, last := result(tab)
			if state != "failed" || last != tc.want {
				t.Errorf("ended %s at %s, want %s:\n%s", state, last, tc.want, tab.Text("[data-ledger-verify]"))
			}
			if !strings.Contains(tab.Text("[data-part=result]"), "NOT verified") {
				t.Errorf("it does not say so: %q", tab.Text("[data-part=result]"))
			}
		})
	}
	t.Run("the entry is gone", func(t *testing.T) {
		tab, base := visit(t, b, h, "owner")
		tab.Open(base + "/ledger/2")
		browser.Eval[bool](tab, `document.querySelector("[data-ledger-verify]").dataset.entry = "/api/v1/ledger/entries/99", true`)
		if state, last := result(tab); state != "failed" || last != "wrong_fetch" {
			t.Errorf("ended %s at %s", state, last)
		}
		tab.WantAccessible()
	})
}

// A browser without Ed25519 says plainly what it did not check.
func TestBrowserWithoutEd25519(t *testing.T) {
	o := newOffice(t)
	o.fill(2)
	b := browser.Start(t)
	tab, base := visit(t, b, o.handler(), "owner")
	tab.Open(base + "/ledger/0")
	browser.Eval[bool](tab, `crypto.subtle.importKey = () => Promise.reject(new DOMException("no", "NotSupportedError")), true`)
	if state, last := result(tab); state != "unchecked" || last != "signature_unsupported" {
		t.Errorf("ended %s at %s", state, last)
	}
	tab.WaitText("The signature was not checked here")
	tab.WantAccessible()
	if strings.Contains(tab.Text("[data-part=result]"), "Verified") {
		t.Errorf("it claims too much: %q", tab.Text("[data-part=result]"))
	}
}

func TestEntryPageWithoutScripts(t *testing.T) {
	o := newOffice(t)
	o.fill(2)
	b := browser.Start(t)
	tab, base := visit(t, b, o.handler(), "owner")
	tab.Scripts(false)
	tab.Open(base + "/ledger/1")
	tab.WaitText("Without JavaScript this page cannot compute")
	tab.WaitText("portreeve ledger show 1")
	if strings.Contains(tab.Text("main"), "Verify in this browser") {
		t.Error("a button is shown that does nothing")
	}
}

func TestHeldCheckpointInTheBrowser(t *testing.T) {
	o := newOffice(t)
	o.fill(3)
	fatal(t, o.log.Publish(t.Context()))
	held := o.Get("/api/v1/ledger/checkpoint").Want(200).Body
	b := browser.Start(t)
	h := o.handler()
	try := func(t *testing.T, h http.Handler, note string) (state, last string, tab *browser.Tab) {
		t.Helper()
		tab, base := visit(t, b, h, "")
		tab.View(390, 900, false)
		tab.Open(base + "/ledger/checkpoints")
		tab.WantAccessible()
		tab.WantNoOverflow()
		tab.Set("textarea[name=checkpoint]", note)
		state, last = result(tab)
		tab.WantAccessible()
		tab.WantNoOverflow()
		return state, last, tab
	}
	if state, last, tab := try(t, h, held); state != "ok" || last != "consistency_ok" {
		t.Errorf("the latest itself: ended %s at %s\n%s", state, last, tab.Text("[data-ledger-verify]"))
	}
	o.publishNext()
	state, last, tab := try(t, h, "\n"+held+"\n\n")
	if state != "ok" || last != "consistency_ok" {
		t.Errorf("an earlier one: ended %s at %s\n%s", state, last, tab.Text("[data-ledger-verify]"))
	}
	tab.WaitText("Verified. Nothing of the first 8 entries was changed; the log has 16 now.")
	tab.WantQuiet()
	latest := o.Get("/api/v1/ledger/checkpoint").Want(200).Body
	var proof struct{ Proof []string }
	o.Get("/api/v1/ledger/consistency?from=8&to=16").Want(200).Into(&proof)

	other := newOffice(t)
	other.fill(5)
	fatal(t, other.log.Publish(t.Context()))
	forked := other.Get("/api/v1/ledger/checkpoint").Want(200).Body // the same key, another history
	for name, tc := range map[string]struct {
		h          http.Handler
		note, want string
	}{
		"another history":   {h, forked, "wrong_forked"},
		"changed":           {h, strings.Replace(held, "\n8\n", "\n7\n", 1), "wrong_signature_wrong"},
		"unsigned":          {h, "office.test/ledger\n8\n" + strings.Split(held, "\n")[2], "wrong_note_shape"},
		"nonsense":          {h, "hello", "wrong_note_shape"},
		"shrunk log":        {tampering(h, "/api/v1/ledger/checkpoint", latest, held), latest, "wrong_shrunk"},
		"proof changed":     {tampering(h, "/api/v1/ledger/consistency", proof.Proof[0], base64.StdEncoding.EncodeToString(make([]byte, 32))), held, "wrong_forked"},
		"proof cut":         {tampering(h, "/api/v1/ledger/consistency", `"`+proof.Proof[0]+`"`, ""), held, "wrong_proof_too_short"},
		"checkpoint forged": {tampering(h, "/api/v1/ledger/checkpoint", "\n16\n", "\n17\n"), held, "wrong_signature_wrong"},
	} {
		t.Run(name, func(t *testing.T) {
			if state, last, tab := try(t, tc.h, tc.note); state != "failed" || last != tc.want {
				t.Errorf("ended %s at %s, want %s\n%s", state, last, tc.want, tab.Text("[data-ledger-verify]"))
			}
		})
	}
}

// The script's formulas agree with those of the Go library for every entry of
// every log up to 20 leaves, and refuse every other place.
func TestProofScript(t *testing.T) {
	o := newOffice(t)
	o.fill(1)
	b := browser.Start(t)
	tab, base := visit(t, b, o.handler(), "owner")
	tab.Open(base + "/ledger/0")
	wrong := browser.Eval[[]string](tab, `(async () => {
		const p = await import(document.querySelector("script[type=module]").src.replace("verify.js", "proof.js"));
		const wrong = [];
		const refuses = async (what, fn) => { try { if (await fn()) return; } catch (e) { if (e instanceof p.ProofError) return; throw e; } wrong.push("accepted: " + what); };
		for (const v of `+vectors(t)+`) {
			const root = p.decode(v.Root), hash = p.decode(v.Hash);
			const walk = await p.walkInclusion(v.Seq, v.Size, hash, v.Path);
			if (!p.same(walk.root, root)) wrong.push("inclusion " + v.Seq + " of " + v.Size);
			for (let seq = -1; seq <= v.Size; seq++) {
				if (seq !== v.Seq) await refuses("inclusion " + seq + " for " + v.Seq + " of " + v.Size, async () => !p.same((await p.walkInclusion(seq, v.Size, hash, v.Path)).root, root));
			}
			await p.checkConsistency(v.Seq + 1, p.decode(v.Early), v.Size, root, v.Tree);
			await refuses("consistency from another root", async () => { await p.checkConsistency(v.Seq + 1, new Uint8Array(32), v.Size, root, v.Tree); });
			for (let cut = 0; cut < v.Tree.length; cut++) {
				await refuses("consistency without hash " + cut, async () => { await p.checkConsistency(v.Seq + 1, p.decode(v.Early), v.Size, root, v.Tree.toSpliced(cut, 1)); });
			}
		}
		if (p.formatMicros(1795435200123456n) !== "2026-11-23T12:00:00.123456Z" || p.formatMicros(-1n) !== "1969-12-31T23:59:59.999999Z") wrong.push("formatMicros");
		return wrong;
	})()`)
	if len(wrong) > 0 {
		t.Errorf("%d are wrong, such as %s", len(wrong), wrong[:min(5, len(wrong))])
	}
}

// vectors returns proofs made by the tlog library, as JSON.
func vectors(t *testing.T) string {
	t.Helper()
	type vector struct {
		Seq, Size         int64
		Hash, Root, Early string
		Path              tlog.RecordProof
		Tree              tlog.TreeProof
	}
	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var found []tlog.Hash
		for _, i := range indexes {
			found = append(found, stored[i])
		}
		return found, nil
	})
	var all []vector
	var leaves, roots []format.Hash
	for n := range int64(20) {
		leaves = append(leaves, tlog.RecordHash(fmt.Appendf(nil, "leaf %d", n)))
		hashes, err := tlog.StoredHashesForRecordHash(n, leaves[n], read)
		fatal(t, err)
		stored = append(stored, hashes...)
		root, err := tlog.TreeHash(n+1, read)
		fatal(t, err)
		roots = append(roots, root)
		for seq := range n + 1 {
			path, err := tlog.ProveRecord(n+1, seq, read)
			fatal(t, err)
			tree, err := tlog.ProveTree(n+1, seq+1, read)
			fatal(t, err)
			all = append(all, vector{seq, n + 1, leaves[seq].String(), root.String(), roots[seq].String(), append(tlog.RecordProof{}, path...), append(tlog.TreeProof{}, tree...)})
		}
	}
	data, err := json.Marshal(all)
	fatal(t, err)
	return string(data)
}

// jsonText returns text as it stands within a JSON string.
func jsonText(text string) string {
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(text)
	return strings.Trim(strings.TrimSpace(out.String()), `"`)
}

// publishNext moves the clock to the next period and publishes.
func (o *office) publishNext() {
	o.t.Helper()
	o.db.Clock().SetOffset(25 * time.Hour)
	fatal(o.t, o.log.Publish(o.t.Context()))
}
