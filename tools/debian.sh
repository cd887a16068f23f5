#!/bin/bash
# Put programs of Debian's packages into TOOLS/bin: the one on PATH if there is one, otherwise Debian's, with the libraries that
# it needs. apt reads Debian's list into a folder of this script's own (signatures and hashes are checked as always); the
# machine's own lists and packages are not touched. Safe to run again and at once.
#
#   tools/debian.sh PROGRAM...          wrk, skopeo, docker-registry, prometheus, promtool, php, php-cgi, lighttpd, chromium
set -euo pipefail

suite=bookworm
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
keyring=${DEBIAN_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}

# The packages of a program: its own, then those of libraries that a small system may lack.
packages_of() {
    case $1 in
        wrk) echo wrk=4.1.0-3+b2 libluajit2-5.1-2 ;;
        skopeo) echo skopeo libgpgme11 libassuan0 libgpg-error0 libdevmapper1.02.1 ;;
        docker-registry) echo docker-registry ;;
        prometheus | promtool) echo prometheus ;;
        php) echo php8.2-cli ;;
        php-cgi) echo php8.2-cgi ;;
        lighttpd) echo lighttpd ;;
        # The smallest of its builds, with fonts, so that pages look the same everywhere.
        chromium)
            echo chromium-headless-shell chromium-common fonts-inter fonts-jetbrains-mono fonts-dejavu-core libasound2 libasyncns0 \
                libatk1.0-0 libatspi2.0-0 libbrotli1 libbsd0 libdav1d6 libdbus-1-3 libdouble-conversion3 libdrm2 libexpat1 libffi8 \
                libflac12 libfontconfig1 libfreetype6 libgbm1 libglib2.0-0 libgraphite2-3 libharfbuzz0b libharfbuzz-subset0 \
                libjpeg62-turbo libmd0 libminizip1 libmp3lame0 libmpg123-0 libnspr4 libnss3 libogg0 libopenh264-7 libopus0 \
                libpng16-16 libpulse0 libsndfile1 libsqlite3-0 libvorbis0a libvorbisenc2 libwayland-server0 libx11-6 libxau6 \
                libxcb1 libxcb-randr0 libxcomposite1 libxdamage1 libxdmcp6 libxext6 libxfixes3 libxi6 libxkbcommon0 libxnvctrl0 \
                libxrandr2 libxrender1
            ;;
        *) die "no package is known for $1" ;;
    esac
}

# Where it stands in its package.
executable_of() {
    case $1 in
        php | php-cgi) echo "usr/bin/${1}8.2" ;;
        lighttpd) echo usr/sbin/lighttpd ;;
        chromium) echo usr/lib/chromium/chromium-headless-shell ;;
        *) echo "usr/bin/$1" ;;
    esac
}

say() { echo "tools: $*"; }
die() { say "$*" >&2; exit 1; }

# Its first words show that a program runs; wrk and lighttpd know no --version, and wrk ends with 1.
works() { # PROGRAM
    local option=--version
    case $1 in wrk | lighttpd) option=-v ;; esac
    [ -x "$tools/bin/$1" ] && { "$tools/bin/$1" $option 2>&1 || true; } | head -1 | grep -qi "${1%-cgi}"
}

download() { # DIRECTORY PACKAGE...: unpack packages there
    local root=$1 needed work apt
    shift
    for needed in apt-get dpkg-deb; do
        command -v $needed >/dev/null || die "without $needed no package can be fetched: install ${1%%=*}"
    done
    [ -r "$keyring" ] || die "Debian's keyring $keyring is missing: install ${1%%=*}"
    say "${1%%=*}, from Debian $suite"
    work=$(mktemp -d "$tools/debian.XXXXXX")
    # shellcheck disable=SC2064
    trap "rm -rf '$work'" EXIT
    mkdir -p "$work"/{lists/partial,cache/archives/partial,root}
    echo "deb [signed-by=$keyring] $mirror $suite main" >"$work/sources.list"
    apt=(-q "-oDir::Etc::SourceList=$work/sources.list" -oDir::Etc::SourceParts=/dev/null "-oDir::State::Lists=$work/lists"
        "-oDir::Cache=$work/cache" -oDir::Etc::Preferences=/dev/null -oDir::Etc::PreferencesParts=/dev/null
        -oAPT::Sandbox::User= -oAcquire::Languages=none -oAcquire::Retries=3
        -oAcquire::IndexTargets::deb::DEP-11::DefaultEnabled=false)
    {
        apt-get "${apt[@]}" update
        (cd "$work" && apt-get "${apt[@]}" download "$@")
    } >"$work/log" 2>&1 || { cat "$work/log" >&2; die "Debian's packages could not be fetched"; }
    for package in "$work"/*.deb; do dpkg-deb -x "$package" "$work/root"; done
    rm -rf "$root"
    mkdir -p "$(dirname "$root")"
    mv "$work/root" "$root"
    rm -rf "$work"
    trap - EXIT
}

install_program() { # PROGRAM
    local program=$1 packages root library
    read -ra packages <<<"$(packages_of "$program")"
    root=$tools/debian/${packages[0]%%=*}
    [ -x "$root/$(executable_of "$program")" ] || download "$root" "${packages[@]}"
    library=$(find "$root" -name 'lib*.so*' -printf '%h\n' | sort -u | paste -sd:)
    printf '#!/bin/sh\n%sexec "%s" "$@"\n' "${library:+LD_LIBRARY_PATH=\"$library\" }" "$root/$(executable_of "$program")" >"$tools/bin/$program.draft"
    chmod 755 "$tools/bin/$program.draft"
    mv "$tools/bin/$program.draft" "$tools/bin/$program"
}

mkdir -p "${TOOLS:=.tools}/bin" "$TOOLS/stamps"
tools=$(cd "$TOOLS" && pwd)
exec 9>"$tools/stamps/debian.lock"
flock 9
for program; do
    works "$program" && continue
    if found=$(command -v "$program"); then
        ln -sfn "$found" "$tools/bin/$program"
        works "$program" && continue
    fi
    install_program "$program"
    works "$program" || die "the fetched $program does not run here"
done
