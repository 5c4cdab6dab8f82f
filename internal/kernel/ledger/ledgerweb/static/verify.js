// SPDX-License-Identifier: Apache-2.0

// Verifies an entry, or a checkpoint that the reader holds, in the browser and
// shows each step with its values. The page works without this script: it then
// says how to do the same on the command line.
//
// A panel is an element with data-ledger-verify="entry" or "checkpoint". Every
// text and every piece of markup comes from the page's templates, so that this
// file has no words of its own; see templates/parts/verify.html.

import {
  FIELDS, ProofError, checkConsistency, checkSignatures, commit, decode, encode, formatMicros,
  leafHash, parseCheckpoint, parseKeys, parseLeaf, parseNote, same, walkInclusion,
} from "./proof.js";

/** One panel: its form, its list of steps, its result. */
class Panel {
  constructor(root) {
    this.root = root;
    this.form = root.querySelector("form");
    this.steps = root.querySelector("[data-part=steps]");
    this.result = root.querySelector("[data-part=result]");
    this.sound = true; // nothing failed
    this.complete = true; // nothing was left unchecked
    this.running = false;
  }

  /** A piece of markup that the page carries for us. */
  piece(name) {
    const template = this.root.querySelector(`template[data-piece=${name}]`);
    return template.content.cloneNode(true);
  }

  /** A text of the catalogue; {name} stands for a value. */
  text(key, values = {}) {
    const found = this.root.querySelector("template[data-piece=texts]").content.querySelector(`[data-text="${key}"]`);
    const text = found ? found.textContent : key;
    return text.replace(/\{([a-z]+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
  }

  /** Adds a step. State is ok, failed, closed or unchecked; facts are [label key, value]. */
  step(state, key, values = {}, facts = []) {
    const item = this.piece(`step-${state}`);
    item.querySelector("[data-slot=title]").textContent = this.text(key, values);
    const list = item.querySelector("[data-slot=facts]");
    for (const [label, value] of facts) {
      const pair = this.piece("fact");
      pair.querySelector("dt").textContent = this.text(label);
      pair.querySelector("code").textContent = value;
      list.append(pair);
    }
    if (facts.length === 0) {
      list.parentElement.remove();
    }
    item.firstElementChild.dataset.state = state;
    item.firstElementChild.dataset.step = key;
    this.steps.append(item);
    this.sound &&= state !== "failed";
    this.complete &&= state !== "unchecked";
  }

  begin() {
    this.steps.replaceChildren();
    this.result.replaceChildren();
    this.result.removeAttribute("data-state");
    this.sound = this.complete = true;
  }

  /** Says how it ended. */
  end(key, values) {
    const state = !this.sound ? "failed" : this.complete ? "ok" : "unchecked";
    const notice = this.piece(`result-${state}`);
    notice.querySelector("[data-slot=title]").textContent = this.text(state === "ok" ? key : `end_${state}`, values);
    this.result.replaceChildren(notice);
    this.result.dataset.state = state;
  }
}

/** Gets a document of this server. */
async function load(url, as) {
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", headers: { Accept: "application/json, text/plain" } });
  } catch {
    throw new ProofError("fetch");
  }
  if (!response.ok) {
    throw new ProofError("fetch", String(response.status));
  }
  return response[as]();
}

/** The keys to trust: those that the reader holds, or else those of this server. */
async function trustedKeys(panel) {
  const held = panel.form.elements.namedItem("key").value.trim();
  const text = held || (await load(panel.root.dataset.key, "text"));
  return { keys: await parseKeys(text), held: held !== "" };
}

/** Checks the signature of a note and adds the step. */
async function signatureStep(panel, note, trusted) {
  const good = await checkSignatures(note, trusted.keys);
  if (!good) {
    panel.step("unchecked", "signature_unsupported");
    return;
  }
  const facts = good.map((k) => ["fact_key", `${k.name}+${k.hash}`]);
  panel.step("ok", trusted.held ? "signature_held" : "signature_ok", {}, facts);
}

/** What the page shows under that name, or null. */
function shown(name) {
  const element = document.querySelector(`[data-ledger-value="${name}"]`);
  return element ? element.textContent : null;
}

function checkShown(name, value) {
  const text = shown(name);
  if (text !== null && text !== value) {
    throw new ProofError("page_differs", name);
  }
}

/** Checks one field: its commitment, and that the page shows what was committed. */
async function fieldStep(panel, field, opening, commitment) {
  const name = panel.text(`field_${field}`);
  const inLeaf = ["fact_commitment", encode(commitment)];
  if (!opening) {
    if (shown(field) !== null) {
      throw new ProofError("page_differs", field);
    }
    panel.step("closed", "field_closed", { field: name }, [inLeaf]);
    return;
  }
  const hash = await commit(field, opening.salt, opening.value);
  if (!same(hash, commitment)) {
    throw new ProofError("commitment_wrong", name);
  }
  if (field === "subject") {
    const [subject, item] = opening.value.split("\n");
    checkShown("subject", subject);
    checkShown("item", item);
  } else {
    checkShown(field, opening.value);
  }
  panel.step("ok", "field_ok", { field: name }, [["fact_value", opening.value], ["fact_salt", opening.salt], inLeaf]);
}

/** Verifies the entry of this page. */
async function verifyEntry(panel) {
  const entry = await load(panel.root.dataset.entry, "json");
  if (String(entry.seq) !== panel.root.dataset.seq) {
    throw new ProofError("page_differs", "seq");
  }
  const bytes = decode(entry.leaf);
  const leaf = parseLeaf(bytes);
  for (const [i, field] of FIELDS.entries()) {
    await fieldStep(panel, field, entry.openings[field], leaf.commitments[i]);
  }
  const time = formatMicros(leaf.micros);
  checkShown("time", time);
  const hash = await leafHash(bytes);
  panel.step("ok", "leaf_ok", {}, [["fact_time", time], ["fact_leaf", entry.leaf], ["fact_leaf_hash", encode(hash)]]);

  const note = parseNote(entry.checkpoint);
  const checkpoint = parseCheckpoint(note.text);
  const walk = await walkInclusion(entry.seq, checkpoint.size, hash, entry.proof);
  const siblings = walk.steps.map((s) => [s.side === "left" ? "fact_left" : "fact_right", encode(s.sibling)]);
  panel.step("ok", "inclusion_ok", { count: walk.steps.length }, [...siblings, ["fact_computed", encode(walk.root)]]);
  if (!same(walk.root, checkpoint.root)) {
    throw new ProofError("root_differs");
  }
  panel.step("ok", "root_ok", {}, [["fact_origin", checkpoint.origin], ["fact_size", checkpoint.size], ["fact_root", encode(checkpoint.root)]]);
  await signatureStep(panel, note, await trustedKeys(panel));
  panel.end("end_entry", { size: checkpoint.size });
}

/** Verifies that the log still holds everything that a checkpoint of the reader's covers. */
async function verifyCheckpoint(panel) {
  // A text area gives lines without the last line end, which is part of a note.
  const held = parseNote(panel.form.elements.namedItem("checkpoint").value.trim() + "\n");
  const trusted = await trustedKeys(panel);
  const old = parseCheckpoint(held.text);
  panel.step("ok", "held_read", {}, [["fact_origin", old.origin], ["fact_size", old.size], ["fact_root", encode(old.root)]]);
  await signatureStep(panel, held, trusted);

  const note = parseNote(await load(panel.root.dataset.checkpoint, "text"));
  const latest = parseCheckpoint(note.text);
  if (latest.origin !== old.origin) {
    throw new ProofError("other_log", latest.origin);
  }
  panel.step("ok", "latest_read", {}, [["fact_size", latest.size], ["fact_root", encode(latest.root)]]);
  await signatureStep(panel, note, trusted);
  if (old.size > latest.size) {
    throw new ProofError("shrunk");
  }
  const address = `${panel.root.dataset.consistency}?from=${old.size}&to=${latest.size}`;
  const { proof } = old.size > 0n ? await load(address, "json") : { proof: [] };
  await checkConsistency(old.size, old.root, latest.size, latest.root, proof);
  panel.step("ok", "consistency_ok", { count: proof.length }, proof.map((h) => ["fact_hash", h]));
  panel.end("end_checkpoint", { from: old.size, to: latest.size });
}

async function run(panel, verify) {
  if (panel.running) {
    return;
  }
  panel.running = true;
  panel.begin();
  try {
    await verify(panel);
  } catch (err) {
    const code = err instanceof ProofError ? err.code : "broken";
    const detail = err instanceof ProofError ? err.detail : String(err);
    panel.step("failed", `wrong_${code}`, { detail });
    panel.end("", {});
  } finally {
    panel.running = false;
  }
}

const kinds = { entry: verifyEntry, checkpoint: verifyCheckpoint };
for (const root of document.querySelectorAll("[data-ledger-verify]")) {
  const panel = new Panel(root);
  panel.form.hidden = false;
  panel.form.addEventListener("submit", (event) => {
    event.preventDefault();
    run(panel, kinds[root.dataset.ledgerVerify]);
  });
}
