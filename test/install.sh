#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what the tests need from packages: PostgreSQL, Chromium, Python 3, PHP
# with curl, Java 17 (Debian), axe-core (npm) and Apache Cassandra (Maven Central).
# Idempotent; fails when a part cannot be had.
set -euo pipefail
cd "$(dirname "$0")/.."

AXE_VERSION=4.14.1
CACHE="${PORTREEVE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/portreeve}"

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

missing=()
[ -x /usr/lib/postgresql/15/bin/postgres ] || missing+=(postgresql-15)
command -v chromium >/dev/null || missing+=(chromium)
command -v python3 >/dev/null || missing+=(python3-minimal)
command -v npm >/dev/null || missing+=(npm)
command -v java >/dev/null || missing+=(openjdk-17-jre-headless)
command -v mvn >/dev/null || missing+=(maven)
command -v curl >/dev/null || missing+=(curl)
command -v php >/dev/null || missing+=(php-cli)
php -r 'exit(extension_loaded("curl") ? 0 : 1);' 2>/dev/null || missing+=(php-curl) # a client as MediaWiki is one
if [ "${#missing[@]}" -gt 0 ]; then
	as_root apt-get update -q
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"
fi

if [ ! -s "$CACHE/axe-$AXE_VERSION/axe.min.js" ]; then
	mkdir -p "$CACHE"
	work=$(mktemp -d "$CACHE/axe.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	(cd "$work" && npm pack --silent "axe-core@$AXE_VERSION" >/dev/null && tar xzf "axe-core-$AXE_VERSION.tgz")
	mkdir -p "$CACHE/axe-$AXE_VERSION"
	mv "$work/package/axe.min.js" "$CACHE/axe-$AXE_VERSION/axe.min.js"
fi

jars=$(test/cassandra/fetch.sh)

for part in /usr/lib/postgresql/15/bin/postgres "$(command -v chromium)" "$(command -v python3)" "$(command -v curl)" "$(command -v php)" "$CACHE/axe-$AXE_VERSION/axe.min.js" "$jars"; do
	[ -e "$part" ] || { echo "install: $part is missing" >&2; exit 1; }
done
php -r 'exit(extension_loaded("curl") ? 0 : 1);' || { echo "install: PHP has no curl" >&2; exit 1; }
echo "test parts are in place"
