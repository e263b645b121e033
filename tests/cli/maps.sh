#!/usr/bin/env bash
# The picture of feature maps shows what is there.
set -euo pipefail
# shellcheck source=tests/cli/lib.sh
source "$(dirname "$0")/lib.sh"

# maps INPUT PICTURE [KERNELS]: the picture of a block without layers, or of these kernels.
maps() {
    mkdir -p none
    expect 0 run --input "$1" --kernels "${3-none}" --output y.npy --feature-maps "$2"
}

# png_width and png_height PATH.
png_width() { echo $((16#$(od -An -tx1 -j 16 -N 4 "$1" | tr -d ' '))); }
png_height() { echo $((16#$(od -An -tx1 -j 20 -N 4 "$1" | tr -d ' '))); }

# Whether a pixel of the picture is magenta, (255, 0, 200): read as input, 200 is 0x3f48c8c9.
has_magenta() {
    expect 0 run --input "$1" --kernels none --output pixels.npy
    tail -c +129 pixels.npy | od -An -v -tx4 -w12 >"$scratch/pixels"
    grep -q "3f800000 00000000 3f48c8c9" "$scratch/pixels"
}

test_reads_back() {
    maps "$cases/odd_plane/input.npy" maps.png "$cases/odd_plane"
    expect 0 run --input maps.png --kernels none --output maps.npy
}

# Each map is scaled by its own largest value, however small or large that is.
test_scale() {
    npy_of one.npy '<f4' 1,3,2,2 12 '\x00\x00\x80\x3f'
    npy_of tiny.npy '<f4' 1,3,2,2 12 '\xc2\x16\x01\x00' # 1e-40
    npy_of large.npy '<f8' 1,3,2,2 12 '\x9c\x75\x00\x88\x3c\xe4\x37\x7e' # 1e300
    npy_of floats.npy '<f4' 1,130,1,2 260 '\xff\xff\x7f\x7f' # the largest; boxes of two
    npy_of ones.npy '<f4' 1,130,1,2 260 '\x00\x00\x80\x3f'
    local name
    for name in one tiny large floats ones; do
        maps $name.npy $name.png
    done
    same one.png tiny.png
    same one.png large.png
    same ones.png floats.png
}

# What is no picture, values below 0 and above 1, is not shown as one: three maps are wider.
test_picture() {
    local half='\x00\x00\x00\x3f' minus_half='\x00\x00\x00\xbf' two='\x00\x00\x00\x40'
    npy_of half.npy '<f4' 1,3,2,3 18 "$half"
    maps half.npy picture.png
    has_magenta picture.png && fail "a grey picture has magenta"
    local value
    for value in "$minus_half" "$two"; do
        cp half.npy x.npy
        poke x.npy -8 "$value"
        maps x.npy maps.png
        (($(png_width maps.png) > $(png_width picture.png))) ||
            fail "expected three maps, found a picture of $(png_width maps.png) columns"
    done
}

test_nan_is_magenta() {
    local channels
    for channels in 1 2 3 4; do
        npy_of x.npy '<f4' "1,3,2,$channels" $((6 * channels)) '\x00\x00\x00\x3f'
        poke x.npy -4 '\x00\x00\xc0\x7f'
        maps x.npy maps.png
        has_magenta maps.png || fail "expected magenta for NaN in $channels channels"
    done
}

# Of 1100 channels of the input 1016 are left, so that 2 layers of 4 are there: 64 rows of one
# group and 2 groups of one row, each of 8 pixels, with gaps of 2 in a group and 8 around it.
test_too_many() {
    mkdir k
    npy x.npy '<f4' 1,1,1,1100
    npy k/kernel_000.npy '<f4' 1,1,1100,4
    npy k/kernel_001.npy '<f4' 1,1,1104,4
    maps x.npy maps.png k
    expect_text out "maps.png, 1024 of 1108 channels"
    local height=$((8 + 8 + 8 + 63 * (2 + 8) + 2 * (8 + 8)))
    (($(png_height maps.png) == height)) ||
        fail "expected $height rows, found $(png_height maps.png)"
}

run_tests
