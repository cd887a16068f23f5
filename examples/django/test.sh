#!/usr/bin/env bash
# Installs what requirements.txt pins into $TOOLS/django (default: .tools of the project) and runs the example's tests.
# Safe to run again and at once. Arguments go to `manage.py test`.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
python=$("$here/setup.sh")

cd "$here"
# The check opens a database to compare the migrations with; the tests make one of their own, in memory.
export DJANGO_DATABASE=:memory:
"$python" manage.py makemigrations --check --dry-run --verbosity 0 || {
  echo "the models have changed: run manage.py makemigrations" >&2
  exit 1
}
exec "$python" manage.py test "$@"
