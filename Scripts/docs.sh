#!/usr/bin/env bash
# The library's pages (FoveaKit.docc) from what was built last, into .build/docs; fails on a link, a parameter or a page that is not right.
set -euo pipefail
cd "$(dirname "$0")/.."
modules=.build/release/Modules
[ -f "$modules/FoveaKit.swiftmodule" ] || { echo "docs: FoveaKit is not built; make build builds it" >&2; exit 69; }
symbols=$(mktemp -d)
trap 'rm -rf "$symbols"' EXIT
maps=()
while IFS= read -r map; do maps+=(-Xcc "-fmodule-map-file=$map"); done < <(find Sources netsim/Sources .build/checkouts -name module.modulemap; find .build/release/ -maxdepth 2 -name module.modulemap)
# A toolchain has docc beside swift, which may be a link from elsewhere.
tools=$(dirname "$(readlink -f "$(command -v swift)")")
"$tools/swift-symbolgraph-extract" -module-name FoveaKit -I "$modules" -target "$(uname -m)-unknown-linux-gnu" -minimum-access-level public -output-dir "$symbols" "${maps[@]}"
rm -rf .build/docs
"$tools/docc" convert Sources/FoveaKit/FoveaKit.docc --additional-symbol-graph-dir "$symbols" --output-path .build/docs --fallback-display-name FoveaKit --fallback-bundle-identifier FoveaKit --warnings-as-errors
