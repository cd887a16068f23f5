#!/bin/bash
# Run the playground's tests in a headless Chromium, Debian's, through Playwright (npm playwright-core, which brings no browser).
#
#   playground/test/test.sh PAGE [PICTURE]      PAGE is the built page; PICTURE: where to write a screenshot of it
#
# Environment: TOOLS
set -euo pipefail
PLAYGROUND=$(cd "$1" && pwd)
SCREENSHOT=${2:+$(realpath "$2")}
here=$(cd "$(dirname "$0")" && pwd)
place=${TOOLS:?}/playground
"$here/../../tools/debian.sh" chromium
mkdir -p "$place"
exec 9>"$place/lock"
flock 9
if ! cmp -s "$here/package-lock.json" "$place/package-lock.json" || [ ! -d "$place/node_modules/playwright-core" ]; then
    echo "tools: Playwright, from npm"
    cp "$here"/package{,-lock}.json "$place/"
    (cd "$place" && npm ci --ignore-scripts --no-audit --no-fund >npm.log 2>&1) || { rm -f "$place/package-lock.json"; cat "$place/npm.log" >&2; exit 1; }
fi
# The same fonts on every machine, where Chromium is the fetched one.
fonts=$TOOLS/debian/chromium-headless-shell/usr/share/fonts
if [ -d "$fonts" ]; then
    cat >"$place/fonts.conf" <<END
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>$fonts</dir>
  <cachedir>$place/fonts</cachedir>
  <alias binding="same"><family>system-ui</family><prefer><family>Inter</family></prefer></alias>
  <alias binding="same"><family>ui-monospace</family><prefer><family>JetBrains Mono</family></prefer></alias>
</fontconfig>
END
    export FONTCONFIG_FILE=$place/fonts.conf
fi
flock -u 9
export PLAYGROUND SCREENSHOT CHROMIUM=$TOOLS/bin/chromium
exec node --test --test-reporter=spec "$here"
