#!/usr/bin/env bash
# The differential test: needs `make tools wasm`; installs django-cognito-jwt in a venv of its own beside the tools.
# Arguments go to pytest.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
export TOOLS=${TOOLS:-$(cd "$here/../.." && pwd)/.tools}
"$here/../../examples/django/setup.sh" "$here/requirements.txt" differential >/dev/null
cd "$here"
exec "$TOOLS/venv/bin/python" -m pytest "$@"
