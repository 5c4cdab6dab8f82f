#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Re-creates this folder from the published packages and verifies them. The
# files are unmodified. To add an icon, add its name below and run
# `make vendor-assets`. To take a new version, change version and checksum.
set -euo pipefail
cd "$(dirname "$0")"

htmx_version=4.0.1
htmx_sha256=5fba65616ca148a86d377e9771bcada7f35faee3558651feb929eea425e13b3c
lucide_version=1.62.0
lucide_sha256=386f9080c440d6f5049cefe3456ae8357f7a0c7f76e59670cd1cb83bc7050a44

icons="
  arrow-down arrow-left arrow-right arrow-up ban bell book-open building-2 calendar calendar-clock
  check chevron-down chevron-left chevron-right circle circle-alert circle-check circle-dashed
  circle-dot circle-help circle-minus circle-x clock copy door-closed door-open download external-link
  eye eye-off file-check file-text filter flag folder gauge git-branch hand hash history hourglass
  house inbox info key-round landmark layers layout-dashboard link list list-checks lock log-in log-out
  mail menu message-square network octagon-alert package paperclip pencil plus printer refresh-cw
  route scale scroll-text search send server settings shield shield-alert shield-check shield-off
  signature stamp tag trash-2 triangle-alert undo-2 upload user user-check users vote workflow x
"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fetch() { # package version sha256
  local file
  file=$(cd "$work" && npm pack --silent "$1@$2")
  echo "$3  $work/$file" | sha256sum --check --quiet
  mkdir "$work/$1"
  tar -xzf "$work/$file" -C "$work/$1" --strip-components 1
}

fetch htmx.org "$htmx_version" "$htmx_sha256"
fetch lucide-static "$lucide_version" "$lucide_sha256"

rm -rf icons
mkdir icons
cp "$work/htmx.org/dist/htmx.min.js" htmx.min.js
cp "$work/htmx.org/LICENSE" LICENSE.htmx
cp "$work/lucide-static/LICENSE" LICENSE.lucide
for icon in $icons; do
  cp "$work/lucide-static/icons/$icon.svg" "icons/$icon.svg"
done

{
  echo "# Published front-end files"
  echo
  echo "Unmodified files of published npm packages, re-created and verified by"
  echo "\`make vendor-assets\` (fetch.sh in this folder)."
  echo
  echo "| package | version | licence | sha256 of the package |"
  echo "|---|---|---|---|"
  echo "| htmx.org | $htmx_version | 0BSD, LICENSE.htmx | \`$htmx_sha256\` |"
  echo "| lucide-static | $lucide_version | ISC and MIT, LICENSE.lucide | \`$lucide_sha256\` |"
  echo
  echo "The sha256 of each file:"
  echo
  echo '```'
  find . -type f ! -name VENDOR.md ! -name fetch.sh | LC_ALL=C sort | sed 's|^\./||' | xargs sha256sum
  echo '```'
} > VENDOR.md
