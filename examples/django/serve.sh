#!/usr/bin/env bash
# Runs the example: migrates the database, then serves the public API and, on an address of its own, the user lookup.
#
#   PUBLIC=127.0.0.1:8001 INTERNAL=127.0.0.1:8002 examples/django/serve.sh
#
# Both addresses are for the proxy. INTERNAL must be reachable from the proxy alone (loopback beside a sidecar, or a
# network policy): anyone who can post to it can become any user. The same holds for PUBLIC, which relies on the identity headers.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
python=$("$here/setup.sh")
cd "$here"
"$python" manage.py migrate --verbosity 0
trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT
trap 'exit 143' TERM
"$python" -m gunicorn --name public --bind "${PUBLIC:-127.0.0.1:8001}" shop.wsgi &
"$python" -m gunicorn --name internal --bind "${INTERNAL:-127.0.0.1:8002}" shop.internal_wsgi &
# One of them ending ends the other.
wait -n
