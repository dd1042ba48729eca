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

missing=""
while read -r name least; do
    [ -n "$name" ] || continue
    have=$(dpkg-query -W -f='${db:Status-Status} ${Version}' "$name" 2>/dev/null || true)
    case "$have" in
        "installed "*) dpkg --compare-versions "${have#installed }" ge "$least" || missing="$missing $name" ;;
        *) missing="$missing $name" ;;
    esac
done <<<"$packages"

if [ -n "$missing" ]; then
    echo "Installing:$missing"
    sudo=""
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || { echo "setup: not root, and no sudo; install as root:$missing" >&2; exit 77; }
        sudo=sudo
    fi
    $sudo apt-get update -qq
    # shellcheck disable=SC2086 # a list of package names
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

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
