#!/bin/bash
# Check deploy/monitoring/dashboard.json against Grafana's own type of a dashboard (npm @grafana/schema), with the TypeScript
# compiler: unknown members, wrong types and values of enumerations are errors.
#
# Environment: TOOLS
set -euo pipefail
cd "$(dirname "$0")"
dashboard=../../deploy/monitoring/dashboard.json
place=${TOOLS:?}/dashboard
mkdir -p "$place"
exec 9>"$place/lock"
flock 9
if ! cmp -s package-lock.json "$place/package-lock.json" || [ ! -x "$place/node_modules/.bin/tsc" ]; then
    echo "tools: Grafana's types and TypeScript, from npm"
    cp package.json package-lock.json "$place/"
    (cd "$place" && npm ci --ignore-scripts --no-audit --no-fund >npm.log 2>&1) || { rm -f "$place/package-lock.json"; cat "$place/npm.log" >&2; exit 1; }
fi
{
    cat <<'END'
import type { Dashboard } from "@grafana/schema";
// JSON has the values of enumerations, not their names.
type Json<T> = T extends string ? `${T}` : T extends object ? { [K in keyof T]: Json<T[K]> } : T;
END
    printf 'export const dashboard: Json<Dashboard> ='
    cat "$dashboard"
} >"$place/dashboard.ts"
"$place/node_modules/.bin/tsc" --noEmit --strict --skipLibCheck --module nodenext --moduleResolution nodenext --target es2022 "$place/dashboard.ts"
echo "dashboard: of Grafana's type ($(sed -n 's/.*"version": "\(.*\)".*/\1/p' "$place/node_modules/@grafana/schema/package.json" | head -1))"
