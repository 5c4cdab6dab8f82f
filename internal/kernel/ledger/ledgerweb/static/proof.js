// SPDX-License-Identifier: Apache-2.0

// The ledger's format in the browser: commitments, leaves, Merkle proofs
// (RFC 9162, section 2.1) and signed notes (https://c2sp.org/signed-note), as
// docs/ledger-format describes them. There is no DOM and no fetch in here.
// A function that finds something wrong throws a ProofError whose code names it.

/** The committed fields in the order in which a leaf holds them. */
export const FIELDS = ["kind", "actor", "subject", "body"];

const MAGIC = "prtrvlf1";
const HASH_SIZE = 32;
const SALT_SIZE = 32;
const LEAF_SIZE = 16 + FIELDS.length * HASH_SIZE;
const ED25519 = 1;

/** What is wrong with a proof; code is one of the keys that the page has a text for. */
export class ProofError extends Error {
  constructor(code, detail = "") {
    super(detail ? `${code}: ${detail}` : code);
    this.code = code;
    this.detail = detail;
  }
}

/** Decodes standard base64 in its one canonical form. */
export function decode(text) {
  let binary;
  try {
    binary = atob(text);
  } catch {
    throw new ProofError("not_base64", text);
  }
  const bytes = Uint8Array.from(binary, (c) => c.charCodeAt(0));
  if (encode(bytes) !== text) {
    throw new ProofError("not_base64", text);
  }
  return bytes;
}

/** Encodes bytes as standard base64. */
export function encode(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

/** Reports whether two byte strings are the same. */
export function same(a, b) {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function utf8(text) {
  return new TextEncoder().encode(text);
}

function join(...parts) {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", join(...parts)));
}

function decodeHash(text) {
  const hash = decode(text);
  if (hash.length !== HASH_SIZE) {
    throw new ProofError("not_a_hash", text);
  }
  return hash;
}

/** The commitment to a value (a string) of a field under a salt (base64). */
export async function commit(field, salt, value) {
  const bytes = decode(salt);
  if (bytes.length !== SALT_SIZE) {
    throw new ProofError("salt_size", field);
  }
  return sha256(utf8("portreeve/commit/v1"), [0], utf8(field), [0], bytes, utf8(value));
}

/** Reads a leaf: its time in microseconds (a BigInt) and its commitments. */
export function parseLeaf(bytes) {
  if (bytes.length !== LEAF_SIZE || !same(bytes.subarray(0, 8), utf8(MAGIC))) {
    throw new ProofError("leaf_shape");
  }
  const micros = new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(8);
  const commitments = FIELDS.map((_, i) => bytes.subarray(16 + i * HASH_SIZE, 16 + (i + 1) * HASH_SIZE));
  return { micros, commitments };
}

/** A time in microseconds as RFC 3339 text in UTC with six decimals. */
export function formatMicros(micros) {
  const rest = ((micros % 1000n) + 1000n) % 1000n;
  const milliseconds = Number((micros - rest) / 1000n);
  return new Date(milliseconds).toISOString().replace("Z", String(rest).padStart(3, "0") + "Z");
}

/** The hash of a leaf in the tree. */
export async function leafHash(leaf) {
  return sha256([0], leaf);
}

async function nodeHash(left, right) {
  return sha256([1], left, right);
}

/**
 * Walks an inclusion proof (RFC 9162, section 2.1.3.2) from the leaf with that
 * hash, counted from zero, up to the root of the tree of that size. Returns the
 * root and the steps; a step has the sibling, the side on which it stands and
 * the hash that results.
 */
export async function walkInclusion(seq, size, hash, proof) {
  let fn = BigInt(seq);
  let sn = BigInt(size) - 1n;
  if (fn < 0n || fn > sn) {
    throw new ProofError("not_in_tree");
  }
  const steps = [];
  let node = hash;
  for (const text of proof) {
    if (sn === 0n) {
      throw new ProofError("proof_too_long");
    }
    const sibling = decodeHash(text);
    if (fn & 1n || fn === sn) {
      node = await nodeHash(sibling, node);
      steps.push({ side: "left", sibling, node });
      while (!(fn & 1n) && fn !== 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else {
      node = await nodeHash(node, sibling);
      steps.push({ side: "right", sibling, node });
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  if (sn !== 0n) {
    throw new ProofError("proof_too_short");
  }
  return { root: node, steps };
}

/**
 * Checks that the tree of size second only adds to the tree of size first
 * (RFC 9162, section 2.1.4.2). Roots are bytes, the proof is a list of base64.
 */
export async function checkConsistency(first, firstRoot, second, secondRoot, proof) {
  let fn = BigInt(first) - 1n;
  let sn = BigInt(second) - 1n;
  if (fn > sn) {
    throw new ProofError("shrunk");
  }
  if (fn === sn || fn < 0n) {
    if (proof.length > 0) {
      throw new ProofError("proof_too_long");
    }
    if (fn === sn && !same(firstRoot, secondRoot)) {
      throw new ProofError("forked");
    }
    return;
  }
  const path = proof.map(decodeHash);
  while (fn & 1n) {
    fn >>= 1n;
    sn >>= 1n;
  }
  if (fn === 0n) {
    path.unshift(firstRoot);
  }
  let fr = path[0];
  let sr = path[0];
  if (!fr) {
    throw new ProofError("proof_too_short");
  }
  for (const c of path.slice(1)) {
    if (sn === 0n) {
      throw new ProofError("proof_too_long");
    }
    if (fn & 1n || fn === sn) {
      fr = await nodeHash(c, fr);
      sr = await nodeHash(c, sr);
      while (!(fn & 1n) && fn !== 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else {
      sr = await nodeHash(sr, c);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  if (sn !== 0n) {
    throw new ProofError("proof_too_short");
  }
  if (!same(fr, firstRoot) || !same(sr, secondRoot)) {
    throw new ProofError("forked");
  }
}

/** Reads a signed note: the text that is signed and its signature lines. */
export function parseNote(note) {
  const at = note.lastIndexOf("\n\n");
  if (at < 0 || !note.endsWith("\n")) {
    throw new ProofError("note_shape");
  }
  const signatures = note
    .slice(at + 2, -1)
    .split("\n")
    .map((line) => {
      const match = /^\u2014 (\S+) (\S+)$/u.exec(line);
      const bytes = match ? decode(match[2]) : new Uint8Array();
      if (bytes.length < 5) {
        throw new ProofError("note_shape");
      }
      return { name: match[1], hash: hex(bytes.subarray(0, 4)), signature: bytes.subarray(4) };
    });
  return { text: note.slice(0, at + 1), signatures };
}

/** Reads the text of a checkpoint: origin, size (a BigInt), root (bytes). */
export function parseCheckpoint(text) {
  const [origin, size, root, ...rest] = text.split("\n");
  if (!origin || !/^(0|[1-9][0-9]*)$/.test(size ?? "") || !root || rest.length === 0) {
    throw new ProofError("checkpoint_shape");
  }
  return { origin, size: BigInt(size), root: decodeHash(root) };
}

/**
 * Reads verifier keys, one per line; lines that are empty or begin with # are
 * passed over. A key of another algorithm than Ed25519 (a witness's) is kept out.
 */
export async function parseKeys(text) {
  const lines = text.split("\n").map((l) => l.trim()).filter((l) => l && !l.startsWith("#"));
  const keys = [];
  for (const line of lines) {
    const match = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/.exec(line);
    const bytes = match ? decode(match[3]) : new Uint8Array();
    if (bytes.length < 2) {
      throw new ProofError("key_shape");
    }
    const sum = await sha256(utf8(match[1] + "\n"), bytes);
    if (hex(sum.subarray(0, 4)) !== match[2]) {
      throw new ProofError("key_hash", match[1]);
    }
    if (bytes[0] === ED25519 && bytes.length === 1 + HASH_SIZE) {
      keys.push({ name: match[1], hash: match[2], key: bytes.subarray(1) });
    }
  }
  if (keys.length === 0) {
    throw new ProofError("no_key");
  }
  return keys;
}

/**
 * Checks the signatures of a parsed note by any of the keys. Returns the keys
 * whose signature is good, or null if this browser has no Ed25519. None by these
 * keys, or one that is wrong, is an error.
 */
export async function checkSignatures(note, keys) {
  const good = [];
  for (const s of note.signatures) {
    const known = keys.find((k) => k.name === s.name && k.hash === s.hash);
    if (!known) {
      continue;
    }
    let key;
    try {
      key = await crypto.subtle.importKey("raw", known.key, { name: "Ed25519" }, false, ["verify"]);
    } catch (err) {
      if (err.name === "NotSupportedError") {
        return null;
      }
      throw new ProofError("key_shape", known.name);
    }
    if (!(await crypto.subtle.verify({ name: "Ed25519" }, key, s.signature, utf8(note.text)))) {
      throw new ProofError("signature_wrong", s.name);
    }
    good.push(known);
  }
  if (good.length === 0) {
    throw new ProofError("signature_absent");
  }
  return good;
}

function hex(bytes) {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}
