#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Measures a real server on SQLite and PostgreSQL; see test/bench/doc.go for the
# method and for what the environment sets. Needs bin/portreeve (make bench
# builds it) and Debian's postgresql-15 (make install-test-parts).
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -trimpath -o "$work/bench" ./test/bench
"$work/bench" "$@"
