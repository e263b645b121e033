#!/usr/bin/env bash
# `denseblock memory` measures what each way of concatenation takes, and its formula says the same.
set -euo pipefail
# shellcheck source=tests/cli/lib.sh
source "$(dirname "$0")/lib.sh"

sizes=(--shape "2,5,4,3" --layers 3 --growth 4) # a channel has 160 bytes
presets=(densenet121 densenet169 densenet201 densenet264 bc-100-12 40-12)

# figures BACKEND STRATEGY: its object in $scratch/out, which is JSON, one "key": value a line.
figures() {
    awk -v backend="\"$1\"," -v strategy="\"$2\"," '
        /"backend":/ { inside = $2 == backend }
        /"strategy":/ { inside = inside && $2 == strategy }
        inside { print }
        inside && /"timeline":/ { exit }' "$scratch/out" >"$scratch/figures"
    [[ -s $scratch/figures ]] || fail "no figures of $2 on $1 in: $(cat "$scratch/out")"
}

# expect_figure KEY VALUE: it stands in the object, for measured and formula wherever both have it.
expect_figure() {
    local found
    found=$(sed -n "s/^ *\"$1\": \([0-9a-z]*\),*$/\1/p" "$scratch/figures" | sort -u)
    [[ $found == "$2" ]] || fail "expected $1 $2, found: $found" "$(cat "$scratch/figures")"
}

# By hand, for the reference: C_l is 3, 7, 11, 15; weights are 9 * 4 * C_l f64 and the like, and
# taken from the report.
test_figures_by_hand() {
    local channel=160 weights workspace strategy channels copied read buffers
    expect 0 memory "${sizes[@]}" --backend reference --algorithm direct --json
    expect_text out '"instructions": "default"'
    while read -r strategy channels copied read buffers; do
        figures reference "$strategy"
        weights=$(sed -n 's/^ *"weights_bytes": \([0-9]*\),/\1/p' "$scratch/figures")
        workspace=$(sed -n 's/^ *"workspace_bytes": \([0-9]*\),/\1/p' "$scratch/figures")
        ((weights > 0 && workspace > 0)) || fail "no weights in $(cat "$scratch/figures")"
        expect_figure peak_bytes $((channel * channels + weights + workspace))
        expect_figure copied_bytes $((channel * copied))
        expect_figure feature_bytes_read $((channel * read))
        expect_figure allocations "$buffers"
    done <<'END'
copy      26 21 42 5
copy-keep 36 21 42 5
inplace   15 0  21 2
END
    expect_no_text out '"agree": false'
}

# In groups of two, layers 0 and 1 read 3 channels and 4, layer 2 reads 11.
test_reads_of_groups() {
    expect 0 memory "${sizes[@]}" --backend cpu --algorithm direct --group 2 --json
    figures cpu groups
    expect_figure feature_bytes_read $((160 * (3 + 4 + 11)))
    expect 0 memory "${sizes[@]}" --backend cpu --group 1
    expect_no_text out groups
    expect 0 memory "${sizes[@]}" --backend cpu
    expect_text out groups
}

# Winograd reads a feature once, whatever the groups: nothing is said where a plan may choose it.
test_reads_unknown() {
    local algorithm strategy
    for algorithm in auto winograd2; do
        expect 0 memory "${sizes[@]}" --backend cpu --algorithm "$algorithm" --group 2 --json
        for strategy in copy copy-keep inplace groups; do
            figures cpu "$strategy"
            expect_figure feature_bytes_read null
        done
    done
}

# What is kept grows with the square of the layers, one buffer does not. The channels of 40 layers of
# growth 2 after 2 are 82, and kept they are 41 * 42.
test_quadratic() {
    expect 0 memory --shape 1,3,2,2 --layers 40 --growth 2 --backend reference --json
    local strategy channels peak
    while read -r strategy channels; do
        figures reference "$strategy"
        peak=$(awk '/"peak_bytes"/ { peak = $2 } /"(weights|workspace)_bytes"/ { rest += $2 }
            END { print peak - rest }' "$scratch/figures")
        ((peak == 24 * channels)) || fail "$strategy: expected $((24 * channels)), found $peak"
    done <<'END'
copy      162
copy-keep 1722
inplace   82
END
}

test_timeline() {
    expect 0 memory "${sizes[@]}" --backend reference --algorithm direct --timeline
    tr -s ' ' <"$scratch/out" | sed -n '/^copy /,/^copy-keep /p' |
        sed -n '/forward begins/,$s/.* \([+-] .*\)/\1/p' >events
    printf '%s\n' "+ workspace" "+ X_0" "+ X_1" "- X_0" "+ X_2" "- X_1" "+ X_3" "- X_2" "- X_3" \
        "- workspace" "- weights 0" "- weights 1" "- weights 2" >expected
    diff expected events >&2 || fail "another order of events"
    # In the end nothing is held.
    expect 0 memory "${sizes[@]}" --backend cpu --json
    expect_json preparing_peak_bytes largest_batch first_event_of_forward milliseconds
    [[ $(grep '"held":' "$scratch/out" | tail -n 1) =~ :\ 0$ ]] || fail "something is left"
}

# Inference in place needs y and the weights, within 5 %, and any other plan no more than its limit
# on top.
bar() {
    local limit=$1
    shift
    expect 0 memory "$@" --json
    expect_no_text out '"agree": false' not_run_because
    awk -v limit="$limit" '
        /"strategy":/ { place = $2 == "\"inplace\"," || $2 == "\"groups\"," }
        /"output_shape":/ { y = 4; take = 4; next }
        take > 0 { y *= $1; take-- }
        place && /"measured":/ { getline; peak = $2 + 0 }
        place && /"weights_bytes":/ {
            bound = (limit > 0 ? 1 : 1.05) * (y + $2) + limit
            checked++
            if (!(peak > 0 && peak <= bound)) {
                printf "peak %d, expected at most %d: y %d, weights %d\n", peak, bound, y, $2
                failed = 1
            }
        }
        END { exit failed || checked == 0 }' "$scratch/out" >&2 || fail "the bar: memory $*"
}

# Big blocks are slow where every access is checked.
if [[ -n ${DENSEBLOCK_SANITIZED-} ]]; then
    presets=(40-12)
fi

# A thread of the cpu backend has a workspace of some KiB even so: one, since blocks may be small.
test_bar_direct() {
    local preset
    for preset in "${presets[@]}"; do
        bar 0 --preset "$preset" --backend cpu --algorithm direct --group 1 --threads 1
    done
}

test_bar_default() {
    local preset
    for preset in "${presets[@]}"; do
        bar $((64 << 20)) --preset "$preset" --backend cpu
    done
    bar 4000000 --preset 40-12 --batch 8 --backend cpu --workspace 4000000
}

test_presets() {
    expect 0 memory --preset 40-12 --backend cpu --batch 2
    expect_text out "2x32x32x16 f32, 12 layers of 3x3, growth 12  (40-12, block 1 of 3)" \
        "2x16x16x160 f32" "2x8x8x304 f32" "2x8x8x448"
    expect 0 memory --preset bc-100-12 --batch 0 --backend cpu
    expect_text out "0x32x32x24 f32, 16 layers" "0x16x16x108" "0x8x8x150" "0x8x8x342"
    local shape
    while read -r preset shapes; do
        expect 0 memory --preset "$preset" --batch 0 --backend cpu
        for shape in $shapes; do
            expect_text out "x$shape f32"
        done
    done <<'END'
densenet121 56x56x64 28x28x128 14x14x256 7x7x512
densenet169 56x56x64 28x28x128 14x14x256 7x7x640
densenet201 56x56x64 28x28x128 14x14x256 7x7x896
densenet264 56x56x64 28x28x128 14x14x256 7x7x1152
END
    refused 2 "--preset has no 'densenet120'" densenet121 -- memory --preset densenet120
}

test_batch_limit() {
    expect 0 memory "${sizes[@]}" --backend reference --batch-limit 20000 --json
    local strategy weights workspace batch peak
    for strategy in copy copy-keep inplace; do
        figures reference "$strategy"
        batch=$(sed -n 's/^ *"largest_batch": \([0-9]*\),/\1/p' "$scratch/figures")
        cp "$scratch/out" "$scratch/limits"
        for images in "$batch" $((batch + 1)); do
            expect 0 memory --shape "$images,5,4,3" --layers 3 --growth 4 --backend reference --json
            figures reference "$strategy"
            peak=$(sed -n 's/^ *"peak_bytes": \([0-9]*\),/\1/p' "$scratch/figures" | head -n 1)
            (((peak <= 20000) == (images == batch))) ||
                fail "$strategy: $batch images, and $images take $peak"
        done
        cp "$scratch/limits" "$scratch/out"
    done
    # What three images take is enough for them, a byte less is not.
    local large=(--shape "3,40,40,3" --layers 3 --growth 4 --backend reference --json)
    for strategy in copy copy-keep inplace; do
        expect 0 memory "${large[@]}"
        figures reference "$strategy"
        peak=$(sed -n 's/^ *"peak_bytes": \([0-9]*\),/\1/p' "$scratch/figures" | head -n 1)
        for batch in 3 2; do
            expect 0 memory "${large[@]}" --batch-limit $((peak - 3 + batch))
            figures reference "$strategy"
            expect_figure largest_batch "$batch"
        done
    done
    expect 0 memory "${sizes[@]}" --backend reference --batch-limit 1
    expect_text out "limit       1 B" "largest batch"
    expect 0 memory "${sizes[@]}" --backend cpu --batch-limit 9223372036854775806
}

# The picture has a panel for each block and backend and a line for each way, and is whole or not
# there.
test_picture() {
    expect 0 memory "${sizes[@]}" --backend cpu,reference --svg m.svg
    local line
    for line in copy copy-keep inplace groups; do
        (($(grep -c "<polyline class=\"line $line\"" m.svg) == 2)) || fail "lines of $line: m.svg"
    done
    grep -q "prefers-color-scheme: dark" m.svg || fail "no dark colours"
    grep -q "layers computed" m.svg || fail "the axis of layers has no name"
    grep -q "held, KiB" m.svg || fail "the axis of bytes has no unit"
    if command -v python3 >/dev/null; then
        python3 -c 'import sys, xml.dom.minidom as x; x.parse(sys.argv[1])' m.svg || fail "no XML"
    fi
    ! grep -E "nan|inf[^a-z]" m.svg || fail "a coordinate is no number"
    expect 0 memory --shape 0,5,4,3 --layers 0 --growth 4 --backend cpu --svg empty.svg
    refused 2 "no/m.svg" -- memory "${sizes[@]}" --svg no/m.svg
    refused 3 /dev/full -- memory "${sizes[@]}" --svg /dev/full
    refused 2 "workspace limit" -- memory "${sizes[@]}" --backend cpu --workspace 1 --svg n.svg
    [[ ! -e n.svg ]] || fail "a picture of nothing"
}

# A backend that carries out nothing is no failure, where another was measured.
test_nothing_measured() {
    local backends
    for backends in cpu,reference reference,cpu; do
        expect 0 memory "${sizes[@]}" --backend "$backends" --algorithm winograd2 --svg m.svg
        expect_text out "not run:" "as it says"
        (($(grep -c "layers computed" m.svg) == 1)) || fail "expected one panel: m.svg"
        refused 2 "nothing was measured: " "workspace limit" -- memory "${sizes[@]}" \
            --backend "$backends" --workspace 1 --svg n.svg
        refused 2 "nothing was measured: " -- memory "${sizes[@]}" --backend "$backends" \
            --workspace 1 --json
    done
}

test_refused() {
    refused 2 "--shape is missing" -- memory
    refused 2 "--growth is missing" -- memory --shape 1,5,4,3 --layers 2
    refused 2 "--layers" "--preset" -- memory --preset 40-12 --layers 2
    refused 2 "--kernel" -- memory --preset 40-12 --kernel 1x1
    refused 2 "--batch" "--shape" -- memory "${sizes[@]}" --batch 2
    refused 2 "--batch" -- memory --preset 40-12 --batch -1
    refused 2 "--batch-limit" -- memory "${sizes[@]}" --batch-limit 1G
    refused 2 "" -- memory "${sizes[@]}" --backend reference --algorithm winograd2
    refused 2 "" -- memory --preset 40-12 --batch 9223372036854775806
    refused 2 "" -- memory --shape 3000000000,3000000000,3000000000,3000000000 --layers 1 \
        --growth 1
    [[ -z ${DENSEBLOCK_SANITIZED-} ]] || return 0 # which ends a program that asks for so much
    refused 3 "memory" -- memory --shape 1000000,1000000,1000,64 --layers 1 --growth 1
}

run_tests
