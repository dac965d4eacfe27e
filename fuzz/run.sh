#!/bin/sh
# Runs libFuzzer on each target for some seconds (600), or on those named. It begins with fuzz/corpus; what it finds on
# the way is kept in target/corpus. Ends with 1 where a target failed: what it failed on is under fuzz/artifacts.
# usage: fuzz/run.sh [SECONDS [TARGET...]]
set -eu
cd "$(dirname "$0")/.."
CARGO=${CARGO:-cargo}
# libFuzzer's instruments are flags that only a nightly compiler takes, or one that is told to.
export RUSTC_BOOTSTRAP=1 PATH="$PWD/target/tools/bin:$PATH"

seconds=${1:-600}
[ $# -eq 0 ] || shift
command -v cargo-fuzz >/dev/null || "$CARGO" install -q cargo-fuzz --locked --root target/tools
# shellcheck disable=SC2046 # the list is words
[ $# -gt 0 ] || set -- $(cargo-fuzz list)

failed=
for target; do
    mkdir -p "target/corpus/$target" "fuzz/corpus/$target"
    echo "fuzz: $target for $seconds s"
    # New inputs go to the first folder: the repository's stays small.
    cargo-fuzz run "$target" "target/corpus/$target" "fuzz/corpus/$target" -- \
        -max_total_time="$seconds" -max_len=4096 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
        || failed="$failed $target"
done
[ -z "$failed" ] || { echo "fuzz: failed:$failed; see fuzz/artifacts" >&2; exit 1; }
