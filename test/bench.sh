#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Measures a real server on SQLite and PostgreSQL, and the session store; see test/bench/doc.go for the
# method and for what the environment sets. Needs bin/portreeve (make bench
# builds it) and Debian's postgresql-15 (make install-test-parts).
set -euo pipefail
cd "$(dirname "$0")/.."

# The session store is measured beside redis-server (Debian).
if ! command -v redis-server >/dev/null || ! command -v redis-benchmark >/dev/null; then
	as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
	as_root apt-get update -q
	as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -qy --no-install-recommends redis-server redis-tools # not started
fi
command -v taskset >/dev/null || { echo "bench: taskset (util-linux) is missing" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -trimpath -o "$work/bench" ./test/bench
"$work/bench" "$@"
