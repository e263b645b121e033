#!/usr/bin/env bash
# `denseblock verify` passes what is right and finds what is not.
set -euo pipefail
# shellcheck source=tests/cli/lib.sh
source "$(dirname "$0")/lib.sh"

case=$cases/odd_plane
odd=(verify --input "$case/input.npy" --kernels "$case")

test_random_trials() {
    local type
    for type in f64 f32 f16 bf16; do
        expect 0 verify --trials 25 --seed 7 --dtype "$type"
    done
    expect 0 verify --shape 2,5,7,3 --layers 3 --growth 4 --kernel 3x1 --seed 5
}

test_backends() {
    expect 0 "${odd[@]}" --backend reference
    expect 0 "${odd[@]}" --backend all
    expect_text out reference
    local auto
    auto=$("$tool" info --json | sed -n 's/.*"auto": "\(.*\)".*/\1/p')
    refused 2 "$auto" twice "'$auto'" -- "${odd[@]}" --backend "auto,$auto"
}

# Each algorithm is compared, in whatever way its layers are grouped. The random blocks are such
# that it can be: all 3x3 where Winograd is asked for.
test_algorithms() {
    local options
    for options in "direct --group 1" "direct --group 3" "winograd2 --threads 3" \
        "winograd4 --group 2" "auto --accuracy high" "auto --dtype f16 --threads 3"; do
        read -ra options <<<"$options"
        expect 0 verify --backend cpu --trials 40 --algorithm "${options[@]}"
        expect_text out "40 of 40 trials equal"
    done
    DENSEBLOCK_ISA=portable expect 0 verify --backend cpu --trials 40
    # All that can run here, without the reference, which has no Winograd algorithm.
    expect 0 verify --backend all --trials 5 --algorithm winograd2
    expect_text out "cpu         equal" "reference   not run"
    refused 2 winograd4 -- verify --backend cpu --algorithm winograd4 --accuracy high
}

# Where all are equal there is no worst one, and the one that is shown has values.
test_trials() {
    expect 0 verify --trials 25 --backend cpu
    expect_text out "25 of 25 trials equal; the above is the worst"
    expect 0 verify --trials 25 --backend reference
    expect_text out "25 of 25 trials equal" values
    expect_no_text out "the worst" " 0 values"
}

# [1,2,3,4] of [3,7,5,23] is 100 values of f64 too large.
test_perturbed() {
    cp "$case/output.npy" e.npy
    poke e.npy $((128 + 8 * (((1 * 7 + 2) * 5 + 3) * 23 + 4) + 6)) '\x59\x40' # 100 and a bit
    expect 1 "${odd[@]}" --expect e.npy
    cat "$scratch/err" >>"$scratch/out"
    expect_text out 1,2,3,4
    expect 1 "${odd[@]}" --expect e.npy --json
    expect_json passed
    expect_text out '"expect": "e.npy"' '"values": 2415' '"nan_or_inf": 0'
}

# A comparison of |a - b| > tolerance would let NaN pass.
test_nan() {
    cp "$case/output.npy" e.npy
    poke e.npy $((128 + 8 * (((2 * 7 + 1) * 5 + 4) * 23 + 9) + 6)) '\xf8\x7f'
    expect 1 "${odd[@]}" --expect e.npy
    cat "$scratch/err" >>"$scratch/out"
    expect_text out 2,1,4,9
    poke e.npy -2 '\xf0\x7f' # Inf
    expect 1 "${odd[@]}" --expect e.npy

    # The other way round: a result with NaN where a number is expected.
    local special=$cases/special_values
    cp "$special/output.npy" e.npy
    local bytes=$(($(size_of e.npy) - 128))
    head -c "$bytes" /dev/zero | dd of=e.npy bs=128 seek=1 conv=notrunc status=none
    expect 1 verify --input "$special/input.npy" --kernels "$special" --expect e.npy
}

test_shape_mismatch() {
    refused 2 "$cases/tiny_3x3/output.npy" 1x4x4x6 3x7x5x23 -- \
        "${odd[@]}" --expect "$cases/tiny_3x3/output.npy"
    npy e.npy '<f8' 3,7,5
    refused 2 e.npy 3x7x5 -- "${odd[@]}" --expect e.npy
}

# Bounds: an error of 2 parts in 1000 is refused at 1e-3 and accepted at 1e-1.
test_tolerance() {
    expect 1 "${odd[@]}" --dtype bf16 --expect "$case/output.npy" --tolerance 1e-6
    expect 0 "${odd[@]}" --dtype bf16 --expect "$case/output.npy" --tolerance 1e-1
    expect 0 "${odd[@]}" --backend reference --tolerance 0
    expect 1 "${odd[@]}" --backend cpu --tolerance 0 # its sums are in f32
}

test_json() {
    expect 0 "${odd[@]}" --json
    expect_json passed tolerance max_abs_error relative_l2_error
}

run_tests
