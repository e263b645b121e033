#!/usr/bin/env bash
# The main job: a dense block on a photograph, its feature maps, and a check against a NumPy
# program that shares no code with this one.
set -euo pipefail
# shellcheck source=tests/cli/lib.sh
source "$(dirname "$0")/lib.sh"

test_main_job() {
    expect 0 run --input "$photo/astronaut.png" --kernels "$photo" --output y.npy \
        --feature-maps maps.png --check --expect "$photo/crop.npy" --expect-at 96,168
    expect_text out "check       equal" "expect      equal"
    [[ $(npy_header y.npy) == *"'<f4'"*"(1, 512, 512, 51)"* ]] ||
        fail "expected y as <f4 (1, 512, 512, 51), found $(npy_header y.npy)"
    local size=$((128 + 512 * 512 * 51 * 4))
    (($(size_of y.npy) == size)) || fail "expected $size bytes in y.npy, found $(size_of y.npy)"
    cmp -s <(head -c 8 maps.png) <(printf '\x89PNG\r\n\x1a\n') ||
        fail "expected maps.png to begin as a PNG, found $(head -c 8 maps.png | od -c)"
    # The picture can be read back: as input of a block without layers.
    mkdir none
    expect 0 run --input maps.png --kernels none --output maps.npy
}

# One value off by a thousandth must be found, and the window must lie where it is said to.
test_tampered_crop() {
    local run=(run --input "$photo/astronaut.png" --kernels "$photo" --output y.npy)
    cp "$photo/crop.npy" crop.npy
    # The last value's upper bytes, of an f64: its row 31, column 31, channel 50 of the crop are
    # 127, 199, 50 of y.
    poke crop.npy -2 '\xe0\x3f'
    expect 1 "${run[@]}" --expect crop.npy --expect-at 96,168
    cat "$scratch/out" >>"$scratch/err"
    expect_text err "0,127,199,50"
    expect 1 "${run[@]}" --expect "$photo/crop.npy" --expect-at 96,169
    expect 2 "${run[@]}" --expect "$photo/crop.npy" --expect-at 481,0 # beyond the last row
    expect_text err crop.npy 481
    expect 2 "${run[@]}" --expect "$photo/crop.npy" # no window was asked for
    expect_text err crop.npy 1x32x32x51 1x512x512x51
}

run_tests
