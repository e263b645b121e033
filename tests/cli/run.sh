#!/usr/bin/env bash
# The options of `denseblock run`.
set -euo pipefail
# shellcheck source=tests/cli/lib.sh
source "$(dirname "$0")/lib.sh"

odd=(--input "$cases/odd_plane/input.npy" --kernels "$cases/odd_plane")
expected=(--expect "$cases/odd_plane/output.npy")

test_dtype() {
    local type descr tolerance
    # The expected result was made of products in f32. bf16 has no .npy type.
    for type in 'f64 <f8 1e-6' 'f32 <f4 1e-6' 'f16 <f2 2e-3' 'bf16 <f4 2e-2'; do
        read -r type descr tolerance <<<"$type"
        expect 0 run "${odd[@]}" --output "$type.npy" --dtype "$type" "${expected[@]}" \
            --tolerance "$tolerance"
        [[ $(npy_header "$type.npy") == *"'$descr'"*"(3, 7, 5, 23)"* ]] ||
            fail "--dtype $type: expected $descr, found $(npy_header "$type.npy")"
    done
    # Rounding to bf16 leaves the lower half of an f32 empty.
    tail -c +129 bf16.npy | od -An -v -tx2 -w4 | awk '$1 != "0000" { exit 1 }' ||
        fail "--dtype bf16: values were not rounded to bf16"
    ! cmp -s bf16.npy f32.npy || fail "--dtype bf16 gave the result of f32"
}

# The ways to hold the features differ in memory and time, never in the result.
test_concat() {
    local how
    for how in inplace copy copy-keep; do
        expect 0 run "${odd[@]}" --output "$how.npy" --concat "$how"
    done
    same inplace.npy copy.npy
    same inplace.npy copy-keep.npy
}

test_threads() {
    local count
    for count in 1 2 3; do
        expect 0 run "${odd[@]}" --output "$count.npy" --threads "$count"
    done
    same 1.npy 2.npy
    same 1.npy 3.npy
}

test_kernel_list() {
    local k=$cases/odd_plane
    expect 0 run "${odd[@]}" --output folder.npy
    expect 0 run --input "$k/input.npy" --output list.npy --kernels \
        "$k/kernel_000.npy,$k/kernel_001.npy,$k/kernel_002.npy,$k/kernel_003.npy"
    same folder.npy list.npy
}

test_png_kinds() {
    mkdir none # a block without layers: y is x
    local kind channels
    for kind in 'grey 1' 'rgb 3' 'rgba 4'; do
        read -r kind channels <<<"$kind"
        expect 0 run --input "$tests/cli/data/$kind.png" --kernels none --output "$kind.npy"
        [[ $(npy_header "$kind.npy") == *"'<f4'"*"(1, 5, 4, $channels)"* ]] ||
            fail "$kind.png: expected <f4 (1, 5, 4, $channels), found $(npy_header "$kind.npy")"
    done
    # The first pixel is (0, 255, 0); 255 is 1.0.
    [[ $(tail -c +129 rgb.npy | head -c 12 | od -An -tx4) == " 00000000 3f800000 00000000" ]] ||
        fail "rgb.png: the first pixel was not read as 0, 1, 0"
}

test_feature_maps() {
    expect 0 run "${odd[@]}" --output y.npy --feature-maps maps.png
    mkdir none
    expect 0 run --input maps.png --kernels none --output maps.npy
}

test_check() {
    expect 0 run "${odd[@]}" --output y.npy --check
    expect 0 run "${odd[@]}" --output y.npy --check --dtype f16
}

# A result that is not the expected one is written all the same: it is what one wants to look at.
test_expect() {
    expect 1 run "${odd[@]}" --output y.npy --expect "$cases/odd_plane/output.npy" --dtype f16 \
        --tolerance 1e-9
    [[ -s y.npy ]] || fail "expected y.npy to be written"
}

test_unsupported() {
    refused 2 direct -- run "${odd[@]}" --output y.npy --backend reference --algorithm winograd2
    "$tool" info --json | tr -d ' \n' | grep -q '"name":"cuda","available":true' ||
        refused 3 cuda -- run "${odd[@]}" --output y.npy --backend cuda
}

test_json() {
    expect 0 run "${odd[@]}" --output y.npy --json "${expected[@]}"
    expect_json backend
    # Names of files may be no UTF-8; JSON must be.
    cp "$cases/odd_plane/input.npy" $'x\xff"\n.npy'
    expect 0 run --input $'x\xff"\n.npy' --kernels "$cases/odd_plane" --output y.npy --json
    expect_json backend
}

run_tests
