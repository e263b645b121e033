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

# The ways to hold the features differ in memory and time, never in the result; in its rounding
# only where the backend computes several layers together.
test_concat() {
    local how
    for how in inplace copy copy-keep; do
        expect 0 run "${odd[@]}" --output "$how.npy" --concat "$how" --backend reference
        expect 0 run "${odd[@]}" --output "auto-$how.npy" --concat "$how" "${expected[@]}"
    done
    same inplace.npy copy.npy
    same inplace.npy copy-keep.npy
    same auto-copy.npy auto-copy-keep.npy
}

# Layers that run one by one have no plan together: what would be passed over is refused.
test_concat_one_by_one() {
    local copy=(run "${odd[@]}" --output y.npy --concat copy)
    refused 2 "--group" "--concat copy" -- "${copy[@]}" --group 2
    refused 2 "--plan" "--concat copy" -- "${copy[@]}" --plan
    expect 0 "${copy[@]}" --group 1 --json
    expect_text out '"plan": null'
    three_by_three
    for algorithm in direct winograd2 winograd4; do
        expect 0 "${block[@]}" --concat copy --algorithm "$algorithm" --check
        expect_text out "check       equal"
    done
}

# Sets $block to the command for a block that every algorithm of the cpu backend computes.
three_by_three() {
    expect 0 generate --shape 1,13,12,5 --layers 4 --growth 8 --seed 2 --out block
    block=(run --input block/input.npy --kernels block --output y.npy --backend cpu)
}

# A limit that one image does not fit in makes it run in steps of some rows.
test_workspace() {
    expect 0 generate --shape 1,90,12,5 --layers 3 --growth 8 --seed 2 --out tall
    expect 0 run --input tall/input.npy --kernels tall --output y.npy --backend cpu --plan \
        --check --algorithm winograd4 --workspace 200000 --threads 1
    expect_text out "in steps of" "check       equal"
}

# What is asked for is what runs, and computes the same.
test_plan_options() {
    three_by_three
    expect 0 "${block[@]}" --plan --check --algorithm winograd2
    expect_text out "F(2x2)" "check       equal"
    expect_no_text out "F(4x4)" direct
    expect 0 "${block[@]}" --plan --check --algorithm winograd4 --group 3
    expect_text out "layers 0..2 as a group: Winograd F(4x4)" "check       equal"
    expect 0 "${block[@]}" --plan --check --algorithm direct --group 2
    expect_text out "layers 0..1 as a group: direct" "layers 2..3 as a group" "check       equal"
    expect 0 "${block[@]}" --plan --check --accuracy high
    expect_text out "check       equal"
    expect_no_text out "F(4x4)"
    refused 2 "workspace limit of 1000" -- "${block[@]}" --workspace 1000
    refused 2 accuracy -- "${block[@]}" --algorithm winograd4 --accuracy high
    expect 0 "${block[@]}" --json --instructions wgmma # a backend without them does not look at it
    expect_text out '"instructions": "wgmma"'
    refused 2 3x3 1x1 -- run --input "$cases/kernel_1x1/input.npy" --kernels "$cases/kernel_1x1" \
        --output z.npy --backend cpu --algorithm winograd2
    expect 0 "${block[@]}" --json --algorithm winograd2 --accuracy high --group 2
    expect_text out '"accuracy": "high"' '"group": 2' '"layers 0..1 as a group'
    expect 0 "${block[@]}" --json
    expect_text out '"accuracy": "default"' '"group": null'
}

# The environment variable forces the kernels of the cpu backend; a name that is none is no name
# to pass over.
test_isa() {
    three_by_three
    export DENSEBLOCK_ISA=portable
    expect 0 "${block[@]}" --plan --check
    expect_text out "kernels for portable" "check       equal"
    export DENSEBLOCK_ISA=sse9
    refused 2 DENSEBLOCK_ISA sse9 portable -- "${block[@]}"
    expect 0 "${block[@]/cpu/reference}"
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

# A block without layers is valid, and rarely meant: a wrong folder is one, too.
test_no_layers() {
    mkdir none
    local no_layers=(run --input "$cases/odd_plane/input.npy" --kernels none --output y.npy)
    expect 0 "${no_layers[@]}"
    expect_text out "0 layers: no kernel_NNN.npy in none, so y is x"
    expect_no_text out GFLOP/s # there is nothing to do
    expect 0 "${no_layers[@]}" --json
    expect_text out '"kernels_note": "no kernel_NNN.npy' '"gflops_per_second": null'
    expect 0 run "${odd[@]}" --output y.npy --json
    expect_text out '"kernels_note": null'
    expect 0 verify --input "$cases/odd_plane/input.npy" --kernels none
    expect_text out "no kernel_NNN.npy"
}

# Control bytes in names of files would break lines, and reach the terminal.
test_control_bytes() {
    local name=$'a\n\e\x7fb.npy'
    cp "$cases/odd_plane/input.npy" "$name"
    expect 0 run --input "$name" --kernels "$cases/odd_plane" --output $'y\t.npy'
    expect_text out "(a???b.npy)" "(y?.npy)"
    refused 2 "no?file" -- run --input $'no\nfile' --kernels k --output y.npy
    (($(wc -l <"$scratch/err") == 1)) || fail "expected one line, found: $(cat "$scratch/err")"
}

# OpenMP ends the program with status 1 when it gets no threads; here, 1 is a failed comparison.
test_threads_run_out() {
    [[ ${DENSEBLOCK_SANITIZED-0} == 1 ]] && skip "limits on memory cannot be set"
    expect 0 info
    grep -q "OpenMP on" "$scratch/out" || skip "this build has no threads"
    ulimit -v 300000
    refused 3 -- run "${odd[@]}" --output y.npy --backend reference --threads 200
}

test_check() {
    local type
    for type in f64 f32 f16 bf16; do
        expect 0 run "${odd[@]}" --output y.npy --backend cpu --check --dtype "$type"
        expect_text out "check       equal"
    done
    expect 0 run "${odd[@]}" --output y.npy --backend reference --check
    expect_text out "not made: the reference itself ran"
    expect 0 run "${odd[@]}" --output y.npy --backend reference --check --json
    expect_text out '"check": null' '"check_note": "not made'
}

# A result that is not the expected one is written all the same: it is what one wants to look at.
test_expect() {
    expect 1 run "${odd[@]}" --output y.npy --expect "$cases/odd_plane/output.npy" --dtype f16 \
        --tolerance 1e-9
    [[ -s y.npy ]] || fail "expected y.npy to be written"
    expect_text out "of the largest expected value" "for both" "2415 values"
    local special=$cases/special_values
    expect 0 run --input "$special/input.npy" --kernels "$special" --output y.npy \
        --expect "$special/output.npy"
    expect_text out "of them NaN or Inf"
}

# A window without values is equal to everything.
test_expect_nothing() {
    npy rows.npy '<f8' 3,0,5,23
    refused 2 rows.npy 3x0x5x23 -- \
        run "${odd[@]}" --output y.npy --expect rows.npy --expect-at 2,0
    npy columns.npy '<f8' 3,7,0,23
    refused 2 columns.npy 3x7x0x23 -- \
        run "${odd[@]}" --output y.npy --expect columns.npy --expect-at 0,5
    # An empty batch is equal to the other one.
    npy x.npy '<f4' 0,7,5,6
    npy e.npy '<f4' 0,7,5,6
    mkdir none
    expect 0 run --input x.npy --kernels none --output y.npy --expect e.npy
    expect_text out "0 values"
}

test_expect_at_as_typed() {
    refused 2 99999999999999999999,3 -- run "${odd[@]}" --output y.npy "${expected[@]}" \
        --expect-at 99999999999999999999,3
}

test_unsupported() {
    refused 2 direct -- run "${odd[@]}" --output y.npy --backend reference --algorithm winograd2
    "$tool" info --json | tr -d ' \n' | grep -q '"name":"cuda","can_run":true' ||
        refused 3 cuda -- run "${odd[@]}" --output y.npy --backend cuda
}

test_json() {
    expect 0 run "${odd[@]}" --output y.npy --json "${expected[@]}"
    expect_json backend
    expect_text out "\"expect\": \"$cases/odd_plane/output.npy\""
    # Names of files may be no UTF-8; JSON must be.
    cp "$cases/odd_plane/input.npy" $'x\xff"\n.npy'
    expect 0 run --input $'x\xff"\n.npy' --kernels "$cases/odd_plane" --output y.npy --json
    expect_json backend
    # Only what is no UTF-8 is replaced.
    cp "$cases/odd_plane/input.npy" $'\xc3\xa9\xff\xe2\x82.npy'
    expect 0 run --input $'\xc3\xa9\xff\xe2\x82.npy' --kernels "$cases/odd_plane" --output y.npy --json
    expect_text out $'"\xc3\xa9???.npy"'
}

run_tests
