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

run_tests
