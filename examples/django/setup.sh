#!/usr/bin/env bash
# Installs what a requirements.txt pins (default: the example's) into a venv under $TOOLS (default: .tools of the
# project), and prints that venv's Python.
#
#   examples/django/setup.sh [REQUIREMENTS NAME]
#
# Safe to run again: nothing happens while the pins are the same. Safe to run at once: the second waits for the first.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
requirements=${1:-$here/requirements.txt}
tools=${TOOLS:-$(cd "$here/../.." && pwd)/.tools}
venv=$tools/${2:-django}

mkdir -p "$tools"
exec 9>"$venv.lock"
flock 9

pins=$(sha256sum <"$requirements")
if [ "$(cat "$venv/pins" 2>/dev/null)" != "$pins" ]; then
  echo "installing $(basename "$venv") into $venv" >&2
  rm -rf "$venv"
  python3 -m venv "$venv" >&2
  "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement "$requirements" >&2
  printf '%s' "$pins" >"$venv/pins"
fi
printf '%s\n' "$venv/bin/python"
