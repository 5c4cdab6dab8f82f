#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs every test, integration suites included, against one shared PostgreSQL
# and one shared Cassandra.
set -euo pipefail
cd "$(dirname "$0")/.."

CACHE="${PORTREEVE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/portreeve}"
export PORTREEVE_AXE="$CACHE/axe-4.14.1/axe.min.js"
export PORTREEVE_BINARY="$PWD/bin/portreeve"

# In memory where there is room: the tests make some hundred databases.
shm=$(df -k --output=avail /dev/shm 2>/dev/null | tail -1 || echo 0)
if [ "${shm:-0}" -gt 3000000 ]; then work=$(mktemp -d /dev/shm/portreeve.XXXXXX); else work=$(mktemp -d); fi
chmod 755 "$work"
go build -o "$work/pgserver" ./internal/kernel/store/storetest/pgserver/cmd
go build -o "$work/cassandra" ./test/cassandra/cmd
stop() { "$work/pgserver" stop "$work/pg" || true; "$work/cassandra" stop "$work/node" || true; rm -rf "$work"; }
trap stop EXIT
PORTREEVE_TEST_POSTGRES=$("$work/pgserver" start "$work/pg")
export PORTREEVE_TEST_POSTGRES
PORTREEVE_TEST_CASSANDRA=$("$work/cassandra" start "$work/node")
export PORTREEVE_TEST_CASSANDRA

go test -tags integration -timeout 60m ./...
