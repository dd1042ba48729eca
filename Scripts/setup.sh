#!/usr/bin/env bash
# Installs what the build needs and is missing: Debian packages by apt, ONNX Runtime's library and NiiVue by pip. Asks for nothing, changes nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."

# Package and the least version that will do. libsrt's 12u2 closes two key-exchange holes, libde265's 12u2 several memory faults.
packages="
libsrt-openssl-dev 1.5.1-1+deb12u2
libx265-dev 3.5-2
libde265-dev 1.0.11-1+deb12u2
libnifti-dev 3.0.1-9
libzstd-dev 1.5.4+dfsg2-5
libpng-dev 1.6.39-2
libseccomp-dev 2.5.4-1
zlib1g-dev 1:1.2.13.dfsg-1
pkg-config 1.8.1-1
python3 3.11
python3-venv 3.11
gnuplot-nox 5.4.4
"
# JPEG-LS, which Fovea's exact coder is measured against: make bench asks for it.
[ -z "${FOVEA_BENCH:-}" ] || packages="${packages}libcharls-dev 2.4.1-1
"
# What opens the view in tests and for pictures of it; FOVEA_NO_BROWSER=1 does without.
[ -n "${FOVEA_NO_BROWSER:-}" ] || packages="${packages}chromium 100
"
# Only to fetch ONNX Runtime and NiiVue, and only where there is no pip yet.
python3 -m pip --version >/dev/null 2>&1 || packages="${packages}python3-pip 23.0
"

# What checks the page's modules; from elsewhere it does as well. Nothing else needs it: without, make test says that it skips that.
page=""
command -v node >/dev/null || page="${page}nodejs 18.19
"
command -v tsc >/dev/null || page="${page}node-typescript 4.8.4
"

# Those of a list that are not there, or too old.
missing_of() {
    while read -r name least; do
        [ -n "$name" ] || continue
        have=$(dpkg-query -W -f='${db:Status-Status} ${Version}' "$name" 2>/dev/null || true)
        case "$have" in
            "installed "*) dpkg --compare-versions "${have#installed }" ge "$least" || printf ' %s' "$name" ;;
            *) printf ' %s' "$name" ;;
        esac
    done
}

sudo=""
is_updated=""
install_packages() {
    echo "Installing:$*"
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || { echo "setup: not root, and no sudo; install as root:$*" >&2; return 77; }
        sudo=sudo
    fi
    [ -n "$is_updated" ] || $sudo apt-get update -qq
    is_updated=1
    # shellcheck disable=SC2048,SC2086 # a list of package names
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $* >/dev/null
}

missing=$(missing_of <<<"$packages")
[ -z "$missing" ] || install_packages "$missing"
missing=$(missing_of <<<"$page")
[ -z "$missing" ] || install_packages "$missing" || echo "setup: without$missing the page's modules are not checked" >&2

while read -r name least; do
    [ -n "$name" ] || continue
    have=$(dpkg-query -W -f='${Version}' "$name")
    dpkg --compare-versions "$have" ge "$least" || { echo "setup: $name is $have; at least $least is needed" >&2; exit 69; }
done <<<"$packages"

Scripts/onnxruntime.sh
Scripts/niivue.sh

command -v swift >/dev/null || { echo "setup: no swift; install Swift 6.3 from https://www.swift.org/install" >&2; exit 69; }
swift --version 2>/dev/null | grep -Eq 'Swift version (6\.[3-9]|6\.[1-9][0-9]|[7-9])' || {
    echo "setup: $(swift --version 2>/dev/null | head -n 1) is too old; Fovea needs Swift 6.3" >&2
    exit 69
}
