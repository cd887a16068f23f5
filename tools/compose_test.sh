#!/bin/bash
# Run envoy/compose.yaml for real and hold its tour to what it must find.
#
# Uses the Docker engine that runs; where none does, starts one of its own (dockerd, as root, in a folder that is removed
# at the end). Where the images cannot be pulled, stand-ins under their public names are made from what `make tools`
# installed: the compose file is run as it stands either way. Needs dockerd or an engine, and docker-compose or the plugin.
#
# Environment: TOOLS; STAND_INS=1 makes stand-ins without trying to pull.
set -euo pipefail
cd "$(dirname "$0")/.."
TOOLS=$(cd "${TOOLS:-.tools}" && pwd)
work=$(mktemp -d)
engine=
project=envoy-cognito-jwt-test-$$

say() { echo "compose-test: $*"; }

finish() {
    status=$?
    if [ -n "${compose:-}" ]; then
        [ $status -eq 0 ] || $compose logs --no-color --tail 60 2>&1 | cut -c1-300 || true
        $compose down --volumes --timeout 2 >/dev/null 2>&1 || true
    fi
    if [ -n "$engine" ]; then
        kill "$engine" 2>/dev/null && wait "$engine" 2>/dev/null || true
    fi
    rm -rf "$work" || true
    exit $status
}
trap finish EXIT

[ -f dist/envoy_cognito_jwt.wasm ] || { say "dist/envoy_cognito_jwt.wasm is missing: run 'make wasm'"; exit 1; }

# --- an engine

if ! docker info >/dev/null 2>&1; then
    command -v dockerd >/dev/null || { say "no Docker engine runs, and dockerd is not installed (Debian: docker.io)"; exit 1; }
    say "starting a Docker engine in $work"
    export DOCKER_HOST=unix://$work/docker.sock
    dockerd --storage-driver=vfs --host "$DOCKER_HOST" --data-root "$work/data" --exec-root "$work/exec" --pidfile "$work/pid" >"$work/dockerd.log" 2>&1 &
    engine=$!
    for _ in $(seq 150); do
        docker info >/dev/null 2>&1 && break
        kill -0 $engine 2>/dev/null || { tail -20 "$work/dockerd.log"; say "dockerd ended"; exit 1; }
        sleep 0.2
    done
    docker info >/dev/null || { tail -20 "$work/dockerd.log"; say "dockerd did not become ready"; exit 1; }
fi
if docker compose version >/dev/null 2>&1; then
    compose="docker compose"
elif command -v docker-compose >/dev/null; then
    compose="docker-compose"
else
    say "neither the plugin 'docker compose' nor docker-compose is there"
    exit 1
fi
compose="$compose --project-name $project --file envoy/compose.yaml"

# --- images

# Copy a program and every library that it is linked with to where it expects them.
with_libraries() { # ROOT PROGRAM DESTINATION
    install -D "$2" "$1$3"
    { ldd "$2" 2>/dev/null || true; } | sed -n 's|^[^/]*\(/[^ ]*\).*|\1|p' | sort -u | while read -r library; do install -D "$library" "$1$library"; done
}

stand_in() { # IMAGE ROOT
    chmod 755 "$2"
    mkdir -p "$2/tmp" && chmod 1777 "$2/tmp"
    tar -C "$2" -c . | docker import --change "ENV PATH=/usr/local/bin:/usr/bin:/bin" ${3:+--change "$3"} ${4:+--change "$4"} - "$1" >/dev/null
    say "made a stand-in for $1"
}

image_of() { sed -n "/^  $1:/,/image:/s/^ *image: *//p" envoy/compose.yaml; }

with_shell() { # ROOT: a shell and the few programs that the compose file calls
    for program in sh mkdir cp; do with_libraries "$1" "$(command -v $program)" "/bin/$program"; done
}

make_envoy() {
    with_libraries "$work/envoy" "$TOOLS/bin/envoy" /usr/local/bin/envoy
    stand_in "$1" "$work/envoy"
}

make_cognito() {
    with_shell "$work/cognito"
    with_libraries "$work/cognito" "$(command -v node)" /usr/local/bin/node
    mkdir -p "$work/cognito/app"
    cp -R "$TOOLS/node/node_modules" "$work/cognito/app/"
    # The real image has one bundled file there.
    echo 'require("/app/node_modules/cognito-local/lib/bin/start.js")' >"$work/cognito/app/start.js"
    stand_in "$1" "$work/cognito" "WORKDIR /app" "ENV HOST=0.0.0.0 PORT=9229"
}

make_python() {
    local python prefix
    python=$(python3 -c 'import os, sys; print(os.path.realpath(sys.executable))')
    prefix=$(python3 -c 'import sys; print(sys.base_prefix)')
    version=$(python3 -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
    with_shell "$work/python"
    with_libraries "$work/python" "$python" "$prefix/bin/python3"
    mkdir -p "$work/python$prefix/lib" "$work/python/usr/local/bin"
    tar -C "$prefix/lib" --exclude site-packages --exclude dist-packages --exclude test --exclude __pycache__ --exclude 'config-*' \
        -c "$version" | tar -C "$work/python$prefix/lib" -x
    for module in "$prefix/lib/$version"/lib-dynload/*.so; do
        [ -e "$module" ] && with_libraries "$work/python" "$module" "$module"
    done
    [ -e "$work/python/usr/local/bin/python3" ] || ln -s "$prefix/bin/python3" "$work/python/usr/local/bin/python3"
    stand_in "$1" "$work/python"
}

for service in envoy cognito app; do
    image=$(image_of $service)
    docker image inspect "$image" >/dev/null 2>&1 && continue
    if [ -n "${STAND_INS:-}" ] || ! timeout 120 docker pull --quiet "$image" 2>/dev/null; then
        case $service in envoy) make_envoy "$image" ;; cognito) make_cognito "$image" ;; app) make_python "$image" ;; esac
    fi
done

# --- the file itself

say "docker compose up"
$compose up --detach
tour=$($compose ps --quiet tour 2>/dev/null || true)
[ -n "$tour" ] || tour=$(docker ps --all --quiet --filter "label=com.docker.compose.project=$project" --filter label=com.docker.compose.service=tour)
code=$(timeout 180 docker wait "$tour")
docker logs "$tour"
[ "$code" = 0 ] || { say "the tour ended with $code"; exit 1; }

# From outside, through the published ports.
status() { curl --silent --output /dev/null --write-out '%{http_code}' --max-time 10 "$@"; }
[ "$(status http://127.0.0.1:8000/orders)" = 401 ] || { say "port 8000 does not refuse"; exit 1; }
[ "$(status http://127.0.0.1:8000/health)" = 200 ] || { say "port 8000 does not serve /health"; exit 1; }
[ "$(status http://127.0.0.1:9901/ready)" = 200 ] || { say "the admin interface is not there"; exit 1; }
[ "$(status http://127.0.0.1:9229/health)" = 200 ] || { say "Cognito's port is not there"; exit 1; }
git diff --quiet -- demo/seed || { say "the run changed the checked-in seed"; exit 1; }
say "the compose file works"
