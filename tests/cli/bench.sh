#!/usr/bin/env bash
# `denseblock bench` reports every figure that a comparison needs.
set -euo pipefail
# shellcheck source=tests/cli/lib.sh
source "$(dirname "$0")/lib.sh"

bench=(bench --shape "1,8,8,4" --layers 2 --growth 4 --repeat 3)

test_json() {
    expect 0 "${bench[@]}" --threads 2 --json
    expect_json backend threads median_ms min_ms max_ms gflops_per_second fraction_of_peak
}

test_text() {
    expect 0 "${bench[@]}" --threads 1 --backend reference --kernel 1x1 --dtype f64
    expect_text out reference GFLOP/s
}

# A block without layers has no operations, and no rate.
test_no_layers() {
    bench=(bench --shape "1,8,8,4" --layers 0 --growth 4 --backend all)
    expect 0 "${bench[@]}" --json
    expect_text out '"gflops_per_second": null' '"fraction_of_peak": null'
    expect 0 "${bench[@]}"
    expect_no_text out " %" # of peak
}

# peak_of THREADS
peak_of() {
    expect 0 "${bench[@]}" --backend reference --threads "$1" --json
    sed -n 's/.*"peak_gflops_per_second": *\([0-9]*\).*/\1/p' "$scratch/out"
}

# More threads than processors share what there is.
test_peak_of_many_threads() {
    local few many
    few=$(peak_of "$(nproc)")
    many=$(peak_of 512)
    ((many < 3 * few + 3)) ||
        fail "expected the peak of $(nproc) threads, $few GFLOP/s, of 512; found $many"
}

run_tests
