#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs every test, integration suites included, against one shared PostgreSQL.
set -euo pipefail
cd "$(dirname "$0")/.."

CACHE="${PORTREEVE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/portreeve}"
export PORTREEVE_AXE="$CACHE/axe-4.14.1/axe.min.js"
export PORTREEVE_BINARY="$PWD/bin/portreeve"

work=$(mktemp -d)
chmod 755 "$work"
go build -o "$work/pgserver" ./internal/kernel/store/storetest/pgserver/cmd
stop() { "$work/pgserver" stop "$work/pg" || true; rm -rf "$work"; }
trap stop EXIT
PORTREEVE_TEST_POSTGRES=$("$work/pgserver" start "$work/pg")
export PORTREEVE_TEST_POSTGRES

go test -tags integration -timeout 60m ./...
