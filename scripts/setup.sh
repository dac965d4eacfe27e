#!/bin/sh
# Installs the system packages that building, running or testing busker needs, and for tests Python packages into
# target/python; does nothing when all are there.
# usage: scripts/setup.sh run|test
set -eu

# libc6-dev: gcc needs it to link programs; a minimal Debian has gcc without it.
run='gcc libc6-dev pkg-config libasound2-dev'
# libasound2-plugins: ALSA's "jack" plugin; python3: the script that measures the limits; ffmpeg, mediainfo,
# sndfile-programs: readers of WAV files besides sox; python3-venv: for the Python packages; liblo-tools: OSC clients;
# strace: stalls a disk; util-linux: mounts that end with their process; curl, chromium, chromium-driver: HTTP clients.
test='jackd2 jack-midi-clock jack-capture alsa-utils libasound2-plugins sox tmux python3
    python3-venv ffmpeg mediainfo sndfile-programs liblo-tools strace util-linux curl chromium chromium-driver'
# wavinfo reads WAV files; python-osc sends OSC; schemathesis tests an HTTP server by its OpenAPI description.
python='wavinfo==4.0.1 python-osc==1.9.3 schemathesis==4.32.5'
venv=$(dirname "$0")/../target/python

case "${1:-}" in
    run) wanted=$run ;;
    test) wanted="$run $test" ;;
    *) echo "usage: scripts/setup.sh run|test" >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "setup: no Debian packages here; busker needs what these hold: $wanted" >&2
    exit 0
fi

install_packages() {
    missing=
    for package in $wanted; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0

    echo "setup: installing$missing"
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null 2>&1; then
            echo "setup: not root and no sudo; install these yourself and try again:$missing" >&2
            exit 1
        fi
        as_root=sudo
    fi
    # Questions (jackd2 asks about real-time priority) take their defaults.
    export DEBIAN_FRONTEND=noninteractive
    $as_root apt-get -qq update
    # shellcheck disable=SC2086 # the list is words
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $missing
}

install_python() {
    [ "$(cat "$venv/installed" 2>/dev/null)" = "$python" ] && return 0
    echo "setup: installing $python into target/python"
    python3 -m venv --clear "$venv"
    # shellcheck disable=SC2086 # the list is words
    "$venv/bin/pip" -q --disable-pip-version-check install $python
    echo "$python" >"$venv/installed"
}

# The minimum Rust version is in Cargo.toml.
check_rust() {
    least=$(sed -n 's/^rust-version = "1\.\([0-9]*\).*/\1/p' "$(dirname "$0")/../Cargo.toml")
    have=$("${RUSTC:-rustc}" --version 2>/dev/null | sed -n 's/^rustc 1\.\([0-9]*\).*/\1/p')
    if command -v "${CARGO:-cargo}" >/dev/null 2>&1 && [ "${have:-0}" -ge "$least" ]; then
        return 0
    fi
    is="there is none"
    [ -z "$have" ] || is="this is 1.$have"
    echo "setup: busker needs Rust 1.$least or newer, and $is:" >&2
    echo "setup: on Debian 12 and 13, \`sudo apt install cargo-web rustc-web\`; elsewhere, https://rustup.rs" >&2
    exit 1
}

install_packages
check_rust
[ "$1" = run ] || install_python
