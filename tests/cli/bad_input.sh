#!/usr/bin/env bash
# Bad input ends with exit code 2 and a message that names the file and the fault. Nothing is
# printed on stdout, and no file is made, changed or left behind.
set -euo pipefail
# shellcheck source=tests/cli/lib.sh
source "$(dirname "$0")/lib.sh"

# What the tool says of x.npy, and of the kernel of layer 1.
refused_input() { refused 2 x.npy "$@" -- run --input x.npy --kernels k --output y.npy; }
refused_kernel() { refused 2 kernel_001.npy "$@" -- run --input x.npy --kernels k --output y.npy; }

# header HEADER: x.npy with this dictionary and no data.
header() { npy_file x.npy "$1" 0; }

test_rank() {
    small_case
    npy x.npy '<f4' 5,4,2
    refused_input 5x4x2 "four dimensions"
    npy x.npy '<f4' 1,1,5,4,2
    refused_input 1x1x5x4x2
    npy_file x.npy "{'descr': '<f4', 'fortran_order': False, 'shape': (), }" 4
    refused_input "four dimensions"
    npy x.npy '<f4' 1,5,4,2
    npy k/kernel_001.npy '<f4' 3,15,3
    refused_kernel 3x15x3 "four dimensions"
    header "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }"
    refused_input "more than 8 dimensions"
}

test_integer_type() {
    small_case
    local type
    for type in '|u1' '<i4' '<u8' '|b1'; do
        npy x.npy "$type" 1,5,4,2
        refused_input "$type" integer convert
    done
    npy x.npy '<f4' 1,5,4,2
    npy k/kernel_001.npy '<i8' 3,3,5,3
    refused_kernel '<i8' integer convert
}

test_other_types() {
    small_case
    npy x.npy '>f4' 1,5,4,2
    refused_input '>f4' big-endian
    npy x.npy '<c8' 1,5,4,2
    refused_input '<c8'
    header "{'descr': [('a', '<f4'), ('b', '<f4')], 'fortran_order': False, 'shape': (1,), }"
    refused_input structured
    header "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    refused_input '|O'
}

test_mixed_types() {
    small_case
    npy k/kernel_001.npy '<f8' 3,3,5,3
    refused_kernel f64 x.npy f32 "--dtype"
    "$tool" run --input x.npy --kernels k --output y.npy --dtype f32 >"$scratch/out" ||
        fail "--dtype does not mend what the message says it does"
}

test_kernel_not_finite() {
    small_case
    # The value at [2,1,4,0] of [3,3,5,3] is the 18th from the end.
    local value name
    for value in '\x00\x00\xc0\x7f nan' '\x00\x00\x80\x7f inf' '\x00\x00\x80\xff -inf'; do
        read -r value name <<<"$value"
        poke k/kernel_001.npy $((-18 * 4)) "$value"
        refused_kernel "layer 1" "[2,1,4,0]" finite
        grep -qi -- "$name" "$scratch/err" || fail "expected $name in: $(cat "$scratch/err")"
    done
}

test_kernel_channels() {
    small_case
    npy k/kernel_001.npy '<f4' 3,3,6,3
    refused_kernel "layer 1" "reads 5" "6 input channels"
    npy k/kernel_001.npy '<f4' 3,3,0,3
    refused_kernel "layer 1" "reads 5" "0 input channels"
}

test_kernel_missing() {
    small_case
    refused 2 k/absent.npy "No such file" -- \
        run --input x.npy --kernels k/kernel_000.npy,k/absent.npy --output y.npy
    refused 2 absent "No such file" -- run --input x.npy --kernels absent --output y.npy
    refused 2 "--kernels" -- run --input x.npy --kernels k/kernel_000.npy, --output y.npy
    mv k/kernel_001.npy k/kernel_002.npy
    refused 2 kernel_001.npy missing -- run --input x.npy --kernels k --output y.npy
    mv k/kernel_002.npy k/kernel_1.npy
    refused 2 kernel_1.npy kernel_001.npy -- run --input x.npy --kernels k --output y.npy
    mv k/kernel_1.npy k/kernel_001.npy
    refused 2 absent.npy "No such file" -- run --input absent.npy --kernels k --output y.npy
}

test_truncated() {
    small_case
    truncate -s -1 x.npy
    refused_input truncated 160 159
    truncate -s 40 x.npy # within the header
    refused_input truncated
    truncate -s 9 x.npy # within the length of the header
    refused_input "too short"
    : >x.npy
    refused_input "too short"
    npy x.npy '<f4' 1,5,4,2
    truncate -s -4 k/kernel_001.npy
    refused_kernel truncated 540 536
}

test_too_long() {
    small_case
    printf x >>x.npy
    refused_input "too long" 160 161
}

test_header_longer_than_file() {
    small_case
    poke x.npy 8 '\xff\xff'
    refused_input truncated 65535
    npy_file x.npy "{'descr': '<f4', 'fortran_order': False, 'shape': (1,5,4,2), }" 160 2
    poke x.npy 8 '\xff\xff\xff\xff' # 4 GiB of header
    refused_input truncated 4294967295
}

test_malformed_header() {
    small_case
    local text
    for text in "" "[]" "{" "{'descr': '<f4'}" "{'descr': '<f4', 'fortran_order': False}" \
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,5,4,2), 'more': 1}" \
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,5,4,2)}" \
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,5,4,2)}" \
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,5,4,2)} more" \
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1.0,5,4,2)}" \
        "{'descr': '<f4', 'fortran_order': False, 'shape': [1,5,4,2]}" \
        $'{\'descr\': \'\e[31m\', \'fortran_order\': False, \'shape\': (1,5,4,2)}'; do
        npy_file x.npy "$text" 160
        refused_input "header"
        ! grep -q $'\e' "$scratch/err" || fail "the message has a control character of the file"
    done
    printf '\xff\xd8\xff\xe0\x00\x10JFIF' >x.npy # a JPEG
    refused_input "neither a .npy nor a PNG file"
}

test_shape_overflow() {
    small_case
    header "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 1, 1), }"
    refused_input overflow
    header "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4294967296, 4294967296, 9), }"
    refused_input overflow
    header "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 99999999999999999999, 1, 1), }"
    refused_input "too large"
    header "{'descr': '<f4', 'fortran_order': False, 'shape': (1, -5, 4, 2), }"
    refused_input negative
}

# A header's promise must not be believed: no memory is taken for bytes that the file lacks.
test_huge_shape_in_small_file() {
    small_case
    header "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 50000, 50000, 1), }"
    # A sanitizer's shadow memory is larger than any limit.
    [[ ${DENSEBLOCK_SANITIZED-0} == 1 ]] || ulimit -v 1000000
    refused_input truncated 10000000000
}

test_empty_sizes() {
    small_case
    npy x.npy '<f4' 1,0,4,2
    refused_input 1x0x4x2 height
    npy x.npy '<f4' 1,5,0,2
    refused_input 1x5x0x2 width
    npy x.npy '<f4' 1,5,4,0
    refused_input 1x5x4x0 channel
    npy k/kernel_001.npy '<f4' 3,3,5,0
    npy x.npy '<f4' 1,5,4,2
    refused_kernel 3x3x5x0
    npy k/kernel_001.npy '<f4' 0,3,5,3
    refused_kernel 0x3x5x3
}

# N = 0 is no fault: an empty batch has an empty result.
test_empty_batch_is_valid() {
    small_case
    npy x.npy '<f4' 0,5,4,2
    expect 0 run --input x.npy --kernels k --output y.npy
    [[ $(npy_header y.npy) == *"(0, 5, 4, 8)"* ]] ||
        fail "expected the shape (0, 5, 4, 8), found $(npy_header y.npy)"
    (($(size_of y.npy) == 128)) || fail "expected 128 bytes, found $(size_of y.npy)"
}

test_fortran_order() {
    small_case
    npy_file x.npy "{'descr': '<f4', 'fortran_order': True, 'shape': (1, 5, 4, 2), }" 160
    refused_input Fortran
}

test_version() {
    small_case
    npy_file x.npy "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 5, 4, 2), }" 160 4
    refused_input "version 4.0"
    poke x.npy 6 '\x01\x01'
    refused_input "version 1.1"
    poke x.npy 6 '\x00\x00'
    refused_input "version 0.0"
}

test_folder_as_file() {
    small_case
    mkdir d.npy
    refused 2 d.npy folder -- run --input d.npy --kernels k --output y.npy
    refused 2 d.npy folder -- run --input x.npy --kernels k/kernel_000.npy,d.npy --output y.npy
    refused 2 d.npy folder -- run --input x.npy --kernels k --output d.npy
    refused 2 d.npy folder -- run --input x.npy --kernels k --output y.npy --feature-maps d.npy
    refused 2 d.npy folder -- \
        run --input x.npy --kernels k --output y.npy --expect d.npy
    refused 2 x.npy/ -- run --input x.npy/ --kernels k --output y.npy
}

# A pipe without a writer would keep a careless open() waiting for ever.
test_fifo_as_input() {
    small_case
    mkfifo pipe
    refused 2 pipe "no ordinary file" -- run --input pipe --kernels k --output y.npy
    refused 2 pipe "no ordinary file" -- \
        run --input x.npy --kernels k/kernel_000.npy,pipe --output y.npy
    refused 2 pipe "no ordinary file" -- \
        run --input x.npy --kernels k --output y.npy --expect pipe
}

test_unwritable_output() {
    small_case
    refused 2 absent/y.npy "No such file" -- \
        run --input x.npy --kernels k --output absent/y.npy
    refused 2 x.npy/y.npy "Not a directory" -- \
        run --input x.npy --kernels k --output x.npy/y.npy
    refused 2 absent/maps.png "No such file" -- \
        run --input x.npy --kernels k --output y.npy --feature-maps absent/maps.png
    refused 2 /proc/y.npy -- run --input x.npy --kernels k --output /proc/y.npy
    refused 2 "--output" empty -- run --input x.npy --kernels k --output ""
    local long
    long=$(printf 'y%.0s' {1..300})
    refused 2 "$long" "name too long" -- run --input x.npy --kernels k --output "$long"
}

# Permission bits do not stop root, so that needs another user.
test_output_without_permission() {
    small_case
    local as=()
    if ((EUID == 0)); then
        as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
        chmod 711 "$root"
        "${as[@]}" test -x "$tool" 2>/dev/null ||
            skip "another user than root cannot run $tool"
    fi
    mkdir locked
    touch old.npy
    chmod 444 old.npy
    chmod 555 locked .
    local before code output
    before=$(snapshot)
    for output in locked/y.npy old.npy; do
        code=0
        "${as[@]}" "$tool" run --input x.npy --kernels k --output "$output" \
            >"$scratch/out" 2>"$scratch/err" || code=$?
        check_code 2 "$code" "run --output $output as user 65534"
        expect_text err "$output" "Permission denied"
        [[ $(snapshot) == "$before" ]] || fail "expected the folder as it was, found:" \
            "$(diff <(echo "$before") <(snapshot))"
    done
}

# Writing over what is being read would destroy the user's data.
test_output_onto_input() {
    small_case
    ln -s x.npy symbolic.npy
    ln x.npy hard.npy
    ln -s . folder
    local path
    for path in x.npy ./x.npy k/../x.npy folder/x.npy "$PWD/x.npy" symbolic.npy hard.npy; do
        refused 2 "$path" "--output" -- run --input x.npy --kernels k --output "$path"
        refused 2 "$path" "--feature-maps" -- \
            run --input x.npy --kernels k --output y.npy --feature-maps "$path"
    done
    refused 2 x.npy "--output" -- run --input symbolic.npy --kernels k --output x.npy
}

test_output_onto_kernel() {
    small_case
    ln -s k/kernel_001.npy symbolic.npy
    ln k/kernel_000.npy hard.npy
    local path
    for path in k/kernel_000.npy symbolic.npy hard.npy; do
        refused 2 "$path" "--output" -- run --input x.npy --kernels k --output "$path"
        refused 2 "$path" "--output" -- run --input x.npy \
            --kernels k/kernel_000.npy,k/kernel_001.npy --output "$path"
    done
}

test_output_onto_output() {
    small_case
    local path
    for path in y.npy ./y.npy k/../y.npy "$PWD/y.npy"; do
        refused 2 y.npy "--feature-maps" "--output" -- \
            run --input x.npy --kernels k --output y.npy --feature-maps "$path"
    done
    "$tool" run --input x.npy --kernels k --output e.npy >"$scratch/out"
    refused 2 e.npy -- run --input x.npy --kernels k --output e.npy --expect e.npy
}

refused_png() {
    local file=$1
    shift
    refused 2 "$file" "$@" -- run --input "$tests/cli/data/$file" --kernels k --output y.npy
}

test_png() {
    small_case
    refused_png 16_bit.png 16
    refused_png palette.png palette
    refused_png grey_alpha.png alpha
    refused_png truncated.png
    refused_png damaged.png
    refused_png text.png
}

# Its 60 bytes promise 1000000 x 1000000 pixels, 3 TB.
test_png_huge_promise() {
    small_case
    [[ ${DENSEBLOCK_SANITIZED-0} == 1 ]] || ulimit -v 1000000
    refused_png huge.png
    refused_png large_truncated.png
}

run_tests
