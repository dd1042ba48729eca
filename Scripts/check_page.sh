#!/usr/bin/env bash
# Checks the types of the page's modules, and runs the tests of those that need no browser. Needs node 18.19 and TypeScript 4.8 or later (Debian's nodejs and
# node-typescript). Where one is missing it says so and ends with 69; with --may-skip it goes on with what is there.
set -euo pipefail
cd "$(dirname "$0")/.."

lack() {
    if [ "${may_skip:-}" = 1 ]; then echo "check-page: skipped: $1"; else echo "check-page: $1" >&2; exit 69; fi
}
[ "${1:-}" != --may-skip ] || may_skip=1

if ! command -v node >/dev/null; then
    lack "no node; install Debian's nodejs for types and tests of the page"
    exit 0
fi
if ! node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 18 || (major === 18 && minor >= 19) ? 0 : 1)'; then
    lack "node $(node --version) is too old for the page's tests; at least 18.19 is needed"
    exit 0
fi

tsc=$(command -v tsc || true)
# Where Debian's package puts it, should its link be missing.
[ -n "$tsc" ] || [ ! -f /usr/share/nodejs/typescript/bin/tsc ] || tsc="node /usr/share/nodejs/typescript/bin/tsc"
if [ -z "$tsc" ]; then
    lack "no tsc; install Debian's node-typescript for the types of the page"
else
    $tsc --project jsconfig.json
    echo "check-page: types fit"
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Hundreds of lines where all is well: the last ones say how many there were.
if node --test --test-reporter tap Tests/PageTests/*.test.mjs >"$log" 2>&1; then
    grep -E '^# (tests|pass|fail|skipped) ' "$log" || tail -n 12 "$log"
else
    cat "$log"
    exit 1
fi
