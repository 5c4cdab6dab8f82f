#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fetches Apache Cassandra's jars from Maven Central into the cache and prints
# their folder. Idempotent. Needs Maven and a Java 17 runtime (test/install.sh
# installs both from Debian). A jar whose checksum is wrong ends it.
set -euo pipefail
cd "$(dirname "$0")"

VERSION=$(sed -n '/cassandra-all/{n;s/.*<version>\(.*\)<\/version>.*/\1/p}' pom.xml)
CACHE="${PORTREEVE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/portreeve}"
JARS="$CACHE/cassandra-$VERSION"

if [ ! -s "$JARS/cassandra-all-$VERSION.jar" ]; then
	mkdir -p "$CACHE"
	work=$(mktemp -d "$CACHE/cassandra.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	mvn -q -B -C -f pom.xml dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$work/jars" >&2
	# Parts for other systems: a third of the bytes.
	rm -f "$work"/jars/*-osx-*.jar "$work"/jars/*-windows-*.jar "$work"/jars/*-riscv64.jar
	[ -s "$work/jars/cassandra-all-$VERSION.jar" ] || { echo "fetch: no cassandra-all-$VERSION.jar came" >&2; exit 1; }
	rm -rf "$JARS"
	mv "$work/jars" "$JARS"
fi
echo "$JARS"
