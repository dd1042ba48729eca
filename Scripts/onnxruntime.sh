#!/usr/bin/env bash
# Puts ONNX Runtime's library into .onnxruntime/, out of the wheel on PyPI, pinned by version and hash. Nothing of Python's is installed.
set -euo pipefail
cd "$(dirname "$0")/.."

# One's own library serves as well.
if [ -n "${FOVEA_ONNXRUNTIME:-}" ] && [ -f "$FOVEA_ONNXRUNTIME" ]; then exit 0; fi

version=1.32.0
case "$(uname -m)" in
    x86_64)
        wheel=5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d
        library=6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f
        ;;
    aarch64)
        wheel=2303372a85299b6757b0e11e1cbf13e410ddf7e10c37f4b37e99d1c90e7daf7c
        library=49852228a93995158b2a813d4df487d47a1b76b0eaa894507ef49e91b6d7954a
        ;;
    *)
        echo "setup: no ONNX Runtime is pinned for $(uname -m); set FOVEA_ONNXRUNTIME to a libonnxruntime.so" >&2
        exit 0
        ;;
esac

target=.onnxruntime/libonnxruntime.so
check() { echo "$library  $1" | sha256sum --check --status 2>/dev/null; }
if [ -f "$target" ] && check "$target"; then exit 0; fi

echo "Installing: ONNX Runtime $version into .onnxruntime"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "onnxruntime==$version --hash=sha256:$wheel" >"$work/requirements.txt"
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
    --implementation cp --python-version 311 --abi cp311 --platform "manylinux_2_28_$(uname -m)" \
    --dest "$work" --requirement "$work/requirements.txt"
python3 -m zipfile --extract "$work"/onnxruntime-*.whl "$work"
mkdir -p .onnxruntime
check "$work/onnxruntime/capi/libonnxruntime.so.$version" || { echo "setup: ONNX Runtime's library is not the pinned one" >&2; exit 65; }
cp "$work/onnxruntime/LICENSE" "$work/onnxruntime/ThirdPartyNotices.txt" .onnxruntime/
# Renamed last, so that a broken set-up leaves nothing half done.
mv "$work/onnxruntime/capi/libonnxruntime.so.$version" "$target.new"
mv "$target.new" "$target"
