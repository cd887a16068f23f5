#!/usr/bin/env bash
# Measures what other verifiers make of the hostile corpus and writes tests/hostile/peers.json and cases.json.
# Needs `make tools`; installs django-cognito-jwt and aws-jwt-verify beside it.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
export TOOLS=${TOOLS:-$(cd "$here/../.." && pwd)/.tools}

npm install --silent --no-audit --no-fund --ignore-scripts --no-save --prefix "$TOOLS/peers" aws-jwt-verify@5.2.1
cd "$here"
exec "$TOOLS/venv/bin/python" measure.py "$TOOLS/peers/node_modules"
