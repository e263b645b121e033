#!/usr/bin/env bash
# Fuzzes the reader of .npy files: run.sh [SECONDS, 60 unless given]. Ends with 0 when nothing was
# found. A finding is kept in build/fuzz/findings, to be run again with
# build/fuzz/tests/fuzz/npy_fuzz FILE and, once mended, to be added to corpus/.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=${1-60}
build=build/fuzz

for program in clang cmake ninja; do
    command -v "$program" >/dev/null || {
        echo "SKIP: $program is not installed"
        exit 77
    }
done

mkdir -p "$build/corpus" "$build/findings"
cmake --preset fuzz >"$build/configure.log" || {
    cat "$build/configure.log"
    exit 1
}
cmake --build --preset fuzz --target npy_fuzz

# What it learns goes into the build folder; the kept corpus stays as it is.
log=$build/npy_fuzz.log
# The limits are far under what a header can promise, so belief in one is a finding.
code=0
"$build/tests/fuzz/npy_fuzz" "$build/corpus" tests/fuzz/corpus \
    -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=512 -malloc_limit_mb=64 \
    -print_final_stats=1 -artifact_prefix="$build/findings/" >"$log" 2>&1 || code=$?
executions=$(sed -n 's/^stat::number_of_executed_units: //p' "$log")
if ((code != 0)); then
    tail -n 60 "$log"
    echo "npy_fuzz: a FINDING after ${executions:-few} executions, kept in $build/findings"
    exit 1
fi
echo "npy_fuzz: $executions executions in $seconds s, nothing found"
