#!/usr/bin/env bash
# Bad usage ends with exit code 2 and says what would be right; help and version are no errors.
set -euo pipefail
# shellcheck source=tests/cli/lib.sh
source "$(dirname "$0")/lib.sh"

commands=(run verify bench generate memory compare report info)
files=(--input x.npy --kernels k --output y.npy)
sizes=(--shape "1,5,4,2" --layers 2 --growth 3)

test_unknown_command() {
    refused 2 rnu "'run'" -- rnu "${files[@]}"
    refused 2 verfy "'verify'" -- verfy
    refused 2 frobnicate -- frobnicate
    refused 2 -- # no command at all
    refused 2 "--hlep" -- --hlep
}

test_mistyped_option() {
    small_case
    refused 2 "--ouput" "--output" -- run --input x.npy --kernels k --ouput y.npy
    refused 2 "--bakend" "--backend" -- verify "${sizes[@]}" --bakend=cpu
    refused 2 "--frobnicate" "--help" -- bench "${sizes[@]}" --frobnicate
    refused 2 "x.npy" -- run x.npy
}

test_missing_option() {
    small_case
    refused 2 "--input" -- run --kernels k --output y.npy
    refused 2 "--kernels" -- run --input x.npy --output y.npy
    refused 2 "--output" -- run --input x.npy --kernels k
    refused 2 "--out" -- generate "${sizes[@]}"
    refused 2 "--shape" -- bench --layers 2 --growth 3
    refused 2 "--kernels" -- verify --input x.npy
    refused 2 "--expect" -- run "${files[@]}" --expect-at 0,0
    refused 2 "--shape" -- verify --kernel 3x3
    refused 2 "--layers" -- verify --shape 1,5,4,2 --growth 3
    refused 2 "--input" -- verify --kernels k
    refused 2 "--input" -- verify --expect y.npy
}

# An option that would be passed over silently is refused.
test_option_of_another_case() {
    small_case
    local option
    for option in "--shape=1,5,4,2" --layers=2 --growth=3 --kernel=3x3 --seed=1 --trials=2; do
        refused 2 "${option%=*}" "--input" -- verify --input x.npy --kernels k "$option"
    done
}

test_missing_or_repeated_value() {
    small_case
    refused 2 "--output" value -- run --input x.npy --kernels k --output
    refused 2 "--json" "no value" -- run "${files[@]}" --json=yes
    refused 2 "--input" twice -- run "${files[@]}" --input x.npy
}

test_bad_number() {
    small_case
    local number
    for number in 0 -1 abc "" 2.5 1e3 0x2 99999999999999999999 "1 " 1025; do
        refused 2 "--threads" -- run "${files[@]}" "--threads=$number"
    done
    for number in 0 -1 two 10001; do
        refused 2 "--group" -- verify "${sizes[@]}" "--group=$number"
    done
    for number in 0 -1 64M 9223372036854775807; do
        refused 2 "--workspace" -- verify "${sizes[@]}" "--workspace=$number"
    done
    for number in -1 none 1000001; do
        refused 2 "--warmup" -- bench "${sizes[@]}" "--warmup=$number"
    done
    for number in 0 -1 x 1e; do
        refused 2 "--growth" -- bench --shape 1,5,4,2 --layers 1 "--growth=$number"
    done
    for number in nan inf -1 abc 1e-5x; do
        refused 2 "--tolerance" -- verify "${sizes[@]}" "--tolerance=$number"
    done
    for number in 3 3x 0x3 3x3x3 3,3 -3x3; do
        refused 2 "--kernel" -- bench "${sizes[@]}" "--kernel=$number"
    done
    for number in 1 1,2,3 a,b -1,0; do
        refused 2 "--expect-at" -- run "${files[@]}" --expect x.npy "--expect-at=$number"
    done
}

test_bad_shape() {
    local shape
    for shape in 1,2,3 1,2,3,4,5 "1,2,3," 1x2x3x4 1,0,3,4 1,2,3,0 1,-2,3,4 a,b,c,d; do
        refused 2 "--shape" -- generate "--shape=$shape" --layers 1 --growth 1 --out d
    done
}

test_bad_name() {
    small_case
    refused 2 "--dtype" f23 f32 -- run "${files[@]}" --dtype f23
    refused 2 "--dtype" bf16 -- run "${files[@]}" --dtype int8
    refused 2 "--backend" cpuu cpu reference -- run "${files[@]}" --backend cpuu
    refused 2 "--concat" copy-keep -- run "${files[@]}" --concat cpoy
    refused 2 "--algorithm" winograd2 -- run "${files[@]}" --algorithm winograd
    refused 2 "--accuracy" hihg high default -- run "${files[@]}" --accuracy hihg
    refused 2 "--instructions" wgma wgmma default -- run "${files[@]}" --instructions wgma
    refused 2 "--backend" -- verify "${sizes[@]}" --backend reference,
    refused 2 "--backend" foo "cuda, all" -- verify "${sizes[@]}" --backend foo
    refused 2 "--backend" alone -- verify "${sizes[@]}" --backend all,reference
    refused 2 "--backend" alone -- bench "${sizes[@]}" --backend reference,all
    refused 2 "--backend" twice -- verify "${sizes[@]}" --backend reference,reference
}

check_page() {
    local lines columns
    [[ -s $scratch/out && ! -s $scratch/err ]] || fail "$1: expected help on stdout only"
    lines=$(wc -l <"$scratch/out")
    columns=$(wc -L <"$scratch/out")
    ((lines <= 24 && columns <= 80)) ||
        fail "$1: expected at most 24 lines of 80 columns, found $lines of $columns" \
        "$(awk 'length > 80' "$scratch/out")"
}

# A help page fits the smallest terminal, and names the exit codes' program.
test_help() {
    local command
    expect 0 --help
    check_page "--help"
    expect_text out "${commands[@]}"
    cp "$scratch/out" "$scratch/main"
    for command in help --help -h; do
        expect 0 help "$command"
        same "$scratch/out" "$scratch/main"
    done
    for command in "${commands[@]}"; do
        expect 0 "$command" --help
        check_page "$command --help"
        expect_text out "denseblock $command"
    done
}

test_version() {
    expect 0 --version
    expect_text out "denseblock $(sed -n 's/^#define DENSEBLOCK_VERSION_[MP][AIN].*R* //p' \
        "$tests/../include/denseblock.h" | paste -sd .)"
}

# Why a backend is missing is the first thing that a user of a machine without a GPU asks.
test_info() {
    expect 0 info
    expect_text out "reference   can run" "cpu         can run" cuda "NVTX        "
    expect 0 info --json
    expect_json version isa nvtx backends
}

# Whose kernels the cpu backend uses here.
test_info_isa() {
    DENSEBLOCK_ISA=portable expect 0 info
    expect_text out "kernels     portable"
    DENSEBLOCK_ISA=portable expect 0 info --json
    expect_text out '"isa": "portable"'
    DENSEBLOCK_ISA=sse9 expect 0 info
    expect_text out "none: DENSEBLOCK_ISA"
    DENSEBLOCK_ISA=sse9 expect 0 info --json
    expect_text out '"isa": null'
}

test_help_to_full_disk() {
    local code=0
    "$tool" --help >/dev/full 2>"$scratch/err" || code=$?
    check_code 3 "$code" "--help >/dev/full"
    code=0
    "$tool" info >/dev/full 2>"$scratch/err" || code=$?
    check_code 3 "$code" "info >/dev/full"
}

run_tests
