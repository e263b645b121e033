#!/usr/bin/env bash
# `denseblock bench` reports every figure that a comparison needs.
set -euo pipefail
# shellcheck source=tests/cli/lib.sh
source "$(dirname "$0")/lib.sh"

bench=(bench --shape "1,8,8,4" --layers 2 --growth 4 --repeat 3)

test_json() {
    expect 0 "${bench[@]}" --threads 2 --json
    expect_json backend threads median_ms min_ms max_ms gflops_per_second fraction_of_peak \
        prepare_ms output_bytes weights_bytes workspace_bytes plan
    expect_text out '"warmups": 1' '"repeats": 3'
    expect 0 "${bench[@]}" --warmup 0 --backend reference --json
    expect_text out '"warmups": 0' '"output_bytes": 3072' '"backend reference: '
}

test_text() {
    expect 0 "${bench[@]}" --threads 1 --backend reference --kernel 1x1 --dtype f64
    expect_text out reference GFLOP/s "1x8x8x12, 6.0 KiB" prepared workspace
    expect_no_text out "layer 1"
    expect 0 "${bench[@]}" --backend all --group 1 --accuracy high --plan
    expect_text out "backend reference" "backend cpu" "layer 1"
}

# What the copies of frameworks cost in time.
test_concat() {
    local how
    for how in copy copy-keep; do
        expect 0 "${bench[@]}" --backend all --concat "$how" --json
        expect_text out "\"concat\": \"$how\"" '"plan": null' '"output_bytes": 3072' \
            '"flops": 55296.0'
        expect 0 "${bench[@]}" --backend cpu --concat "$how"
        expect_text out "concat      $how: a tensor for every layer" GFLOP/s workspace
    done
    expect 0 bench --shape "1,8,8,4" --layers 0 --growth 4 --backend all --concat copy
    expect 0 bench --shape "0,8,8,4" --layers 2 --growth 4 --backend all --concat copy
    expect 0 "${bench[@]}" --backend all --concat copy --algorithm winograd2
    expect_text out "reference   not run: "
    refused 2 "--group" "--concat copy" -- "${bench[@]}" --concat copy --group 2
    refused 2 "--plan" "--concat copy" -- "${bench[@]}" --concat copy --plan
    refused 2 "" -- "${bench[@]}" --backend reference --concat copy --algorithm winograd2
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
