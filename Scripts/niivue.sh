#!/usr/bin/env bash
# Puts NiiVue into .niivue/, out of the wheel of ipyniivue on PyPI, pinned by version and hash. Nothing of Python's is installed.
set -euo pipefail
cd "$(dirname "$0")/.."

# One's own copy serves as well.
if [ -n "${FOVEA_NIIVUE:-}" ] && [ -f "$FOVEA_NIIVUE" ]; then exit 0; fi

version=2.4.4
wheel=5e42b192a607b398c900a1e66d18aab1b41da4653a7e1641c18959bf1873cadc
# NiiVue 0.65.0 as an ES module.
module=35e7040be726521bdae73f2171df3bf2701cda991c10f8be9929231fceb30272

target=.niivue/niivue.js
check() { echo "$module  $1" | sha256sum --check --status 2>/dev/null; }
if [ -f "$target" ] && check "$target"; then exit 0; fi

echo "Installing: NiiVue 0.65.0 (ipyniivue $version) into .niivue"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "ipyniivue==$version --hash=sha256:$wheel" >"$work/requirements.txt"
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
    --dest "$work" --requirement "$work/requirements.txt"
# The widget's script holds the module as one percent-encoded string.
python3 - "$work"/ipyniivue-*.whl "$work/niivue.js" "$work/LICENSE" <<'PYTHON'
import re, sys, urllib.parse, zipfile

wheel = zipfile.ZipFile(sys.argv[1])
script = wheel.read("ipyniivue/static/widget.js").decode()
found = re.search(r'"(var%20cb%2C[^"]{2000000,}?)"', script)
if not found:
    sys.exit("setup: ipyniivue's script holds no NiiVue")
open(sys.argv[2], "wb").write(urllib.parse.unquote(found.group(1)).encode())
licence = next(name for name in wheel.namelist() if name.endswith("licenses/LICENSE"))
open(sys.argv[3], "wb").write(wheel.read(licence))
PYTHON
check "$work/niivue.js" || { echo "setup: NiiVue's module is not the pinned one" >&2; exit 65; }
mkdir -p .niivue
mv "$work/LICENSE" .niivue/LICENSE
# Renamed last, so that a broken set-up leaves nothing half done.
mv "$work/niivue.js" "$target.new"
mv "$target.new" "$target"
