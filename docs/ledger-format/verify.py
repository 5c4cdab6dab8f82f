#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Verify an export of a Portreeve ledger: verify.py EXPORT KEYS [CHECKPOINT...]

KEYS holds the log's verifier keys, one per line. Each CHECKPOINT is a signed
checkpoint of it that was kept. README.md beside this file describes the format.
"""
import base64
import hashlib
import sys
from functools import reduce
from itertools import takewhile

P = 2**255 - 19                                           # RFC 8032, 5.1
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
FIELDS = ["kind", "actor", "subject", "body"]

def require(condition, what):
    if not condition:
        raise ValueError(what)

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def decode(text):
    data = base64.b64decode(text)
    require(base64.b64encode(data) == text, "not canonical base64")
    return data

# Ed25519. Points are (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z.
def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0])
    c, d = 2 * D * p[3] * q[3], 2 * p[2] * q[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P

def multiply(n, p):
    result = (0, 1, 1, 0)
    for bit in bin(n)[2:]:
        result = add(result, result)
        if bit == "1":
            result = add(result, p)
    return result

def decompress(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    require(y < P and x * x % P == square and (x or not sign), "not a point of the curve")
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P

def compress(p):
    inverse = pow(p[2], -1, P)
    x, y = p[0] * inverse % P, p[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")

BASE = decompress((4 * pow(5, -1, P) % P).to_bytes(32, "little"))

def ed25519(public, message, signature):
    s = int.from_bytes(signature[32:], "little")
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    x, y, z, t = decompress(public)
    return s < ORDER and compress(add(multiply(s, BASE), multiply(k, (-x, y, z, -t)))) == signature[:32]

def read_keys(data):
    keys = {}
    for line in data.splitlines():
        if line.strip() and not line.startswith(b"#"):
            require(line.count(b"+") > 1 and len(line.split(b"+")[1]) == 8, "KEYS holds no verifier key (name+hash+key)")
            name, key_id, key = line.strip().split(b"+", 2)
            key, key_id = decode(key), bytes.fromhex(key_id.decode())
            require(len(key) == 33 and key[0] == 1, "not an Ed25519 verifier key")
            require(sha256(name, b"\n", key)[:4] == key_id, "the key's id is wrong")
            keys[name, key_id] = key[1:]
    require(keys, "no key")
    return keys

def read_checkpoint(signed, keys):
    text, _, signatures = signed.rpartition(b"\n\n")
    text, verified = text + b"\n", 0
    for line in signatures.splitlines():
        dash, name, signature = line.split(b" ")
        data = base64.b64decode(signature)
        require(dash == "\u2014".encode(), "not a signature line")
        if (name, data[:4]) in keys:
            require(data == decode(signature) and len(data) == 68, "a malformed signature")
            require(ed25519(keys[name, data[:4]], text, data[4:]), "a signature is wrong")
            verified += 1
    require(verified, "no signature by a known key")
    origin, size, root = text.split(b"\n")[:3]
    require(origin == next(iter(keys))[0], "a checkpoint of another log")
    require(size.isdigit() and size == str(int(size)).encode(), "the size is not a plain number")
    return int(size), decode(root)

def root_of(stack):
    return reduce(lambda right, left: sha256(b"\1", left, right), reversed(stack)) if stack else sha256()

def read_entry(line, seq, stack, last):
    hashes, leaf, *openings = [None if f == b"-" else decode(f) for f in line.split(b" ")]
    require(hashes and len(openings) == 4 and (leaf or openings == 4 * [None]), "a malformed line")
    if leaf is not None:
        require(len(leaf) == 144 and leaf[:8] == b"prtrvlf1", "a malformed leaf")
        for i, (name, opening) in enumerate(zip(FIELDS, openings)):
            if opening is not None:
                require(len(opening) >= 32, "a short opening")
                commitment = sha256(b"portreeve/commit/v1\0", name.encode(), b"\0", opening)
                require(commitment == leaf[16 + 32 * i:48 + 32 * i], "its %s does not match its commitment" % name)
        require(sha256(b"\0", leaf) == hashes[:32], "its leaf does not match its hash")
        before, last = last, int.from_bytes(leaf[8:16], "big", signed=True)
        require(last >= before, "its time is earlier than that of an entry before it")
    nodes, size = [hashes[:32]], seq
    while size & 1:                                       # the leaf completes a larger subtree
        nodes.append(sha256(b"\1", stack.pop(), nodes[-1]))
        size >>= 1
    stack.append(nodes[-1])
    require(b"".join(nodes) == hashes, "its hashes are not those of the entries before it")
    return last

def verify(export, keys, kept):
    require(export.readline() == b"portreeve ledger export v1\n", "not a ledger export")
    text, signatures = (b"".join(takewhile(lambda line: line != b"\n", export)) for _ in range(2))
    size, root = read_checkpoint(text + b"\n" + signatures, keys)
    known = sorted([read_checkpoint(note, keys) for note in kept] + [(size, root)])
    require(known[-1][0] == size, "entries were removed: a checkpoint kept has more of them")
    stack, last = [], -2**63
    for seq in range(-1, size):                           # -1 stands for the empty log
        try:
            if seq >= 0:
                line = export.readline()
                require(line.endswith(b"\n"), "the export ends here")
                last = read_entry(line[:-1], seq, stack, last)
        except ValueError as error:
            raise ValueError("entry %d: %s" % (seq, error))
        while known and known[0][0] == seq + 1:
            require(root_of(stack) == known.pop(0)[1], "the first %d entries do not give the signed root" % (seq + 1))
    require(not export.read(1), "something follows the last entry")
    return "%d entries, root %s" % (size, base64.b64encode(root).decode())

if __name__ == "__main__":
    try:
        require(len(sys.argv) > 2, "usage: verify.py EXPORT KEYS [CHECKPOINT...]")
        texts = [open(name, "rb").read() for name in sys.argv[2:]]
        print(verify(open(sys.argv[1], "rb"), read_keys(texts[0]), texts[1:]))
    except (ValueError, OSError) as error:
        sys.exit("verify.py: %s" % error)
