#!/usr/bin/env bash
# `denseblock generate` makes the same case from the same seed, on every machine.
set -euo pipefail
# shellcheck source=tests/cli/lib.sh
source "$(dirname "$0")/lib.sh"

sizes=(--shape "2,5,7,3" --layers 3 --growth 4 --kernel 3x1)

test_same_seed_same_bytes() {
    expect 0 generate "${sizes[@]}" --seed 11 --out a
    expect 0 generate "${sizes[@]}" --seed 11 --out b
    diff -r a b || fail "expected the same files from the same seed"
    [[ $(find a -type f | sort | xargs -n 1 basename | xargs) == \
        "input.npy kernel_000.npy kernel_001.npy kernel_002.npy" ]] ||
        fail "expected input.npy and kernel_000.npy to kernel_002.npy, found $(ls a)"
    expect 0 generate "${sizes[@]}" --seed 12 --out c
    ! cmp -s a/kernel_002.npy c/kernel_002.npy || fail "expected other bytes from another seed"
    local found
    found=$(cat a/*.npy | sha256sum | cut -c1-16)
    [[ $found == 13da87bd10465423 ]] || fail "expected the bytes of other machines, found $found"
}

test_makes_a_case() {
    local type descr
    for type in 'f64 <f8' 'f32 <f4' 'f16 <f2' 'bf16 <f4'; do
        read -r type descr <<<"$type"
        expect 0 generate "${sizes[@]}" --seed 3 --dtype "$type" --out "$type"
        [[ $(npy_header "$type/kernel_001.npy") == *"'$descr'"*"(3, 1, 7, 4)"* ]] ||
            fail "expected $descr (3, 1, 7, 4), found $(npy_header "$type/kernel_001.npy")"
        expect 0 run --input "$type/input.npy" --kernels "$type" --output "$type.npy" --check
        expect 0 verify --input "$type/input.npy" --kernels "$type"
    done
}

test_no_layers() {
    expect 0 generate --shape 1,2,3,4 --layers 0 --growth 1 --out none
    expect 0 run --input none/input.npy --kernels none --output y.npy
    same none/input.npy y.npy
}

# A kernel of an older and deeper case would become a layer of this one.
test_left_kernels() {
    expect 0 generate "${sizes[@]}" --out d
    refused 2 kernel_002.npy "only 1 layer:" -- \
        generate --shape 2,5,7,3 --layers 1 --growth 4 --out d
    refused 2 kernel_002.npy -- generate --shape 2,5,7,3 --layers 2 --growth 4 --out d
}

test_too_large() {
    [[ ${DENSEBLOCK_SANITIZED-0} == 1 ]] || ulimit -v 1000000
    refused 2 "too large" -- generate --shape 4294967296,4294967296,1,1 --layers 1 --growth 1 \
        --out d
    refused 2 "too large" -- generate --shape 1,1,1,1 --layers 2 --growth 4611686018427387904 \
        --out d
    refused 2 "too large" -- generate --shape 1,9,9,1 --layers 1 --growth 4 \
        --kernel 4294967296x4294967296 --out d
}

# 4 TB can be addressed, but not had.
test_out_of_memory() {
    [[ ${DENSEBLOCK_SANITIZED-0} == 1 ]] && skip "a sanitizer ends the program itself"
    ulimit -v 1000000
    refused 3 memory -- generate --shape 1,1000000,1000000,1 --layers 0 --growth 1 --out d
    refused 3 memory -- bench --shape 1,1000000,1000000,1 --layers 1 --growth 1
}

# Half a case must not look like a whole one of fewer layers: the input is what completes it.
test_cut_off() {
    expect 0 generate --shape 1,4,4,8 --layers 1 --growth 64 --out d
    trap '' XFSZ
    ulimit -f 64 # KiB; the second kernel has 144
    expect 3 generate --shape 1,4,4,8 --layers 2 --growth 64 --out d
    expect_text err kernel_001.npy
    [[ -e d/kernel_000.npy && ! -e d/input.npy ]] || fail "expected no input, found $(ls d)"
}

# A file system with room for no other file.
test_full_disk() {
    find_own_mounts
    mkdir disk
    local code=0
    # shellcheck disable=SC2016  # for the inner shell to expand
    "${own_mounts[@]}" bash -c 'mount -t tmpfs -o nr_inodes=1 none disk && exec "$@"' bash \
        "$tool" generate "${sizes[@]}" --out disk/d >"$scratch/out" 2>"$scratch/err" || code=$?
    check_code 3 "$code" "generate --out on a full disk"
    expect_text err disk/d "No space"
}

test_unwritable() {
    touch file
    refused 2 file -- generate "${sizes[@]}" --out file
    refused 2 file/d -- generate "${sizes[@]}" --out file/d
}

run_tests
