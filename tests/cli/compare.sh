#!/usr/bin/env bash
# `denseblock compare` puts claims about dense and residual blocks to the test, with their figures.
set -euo pipefail
# shellcheck source=tests/cli/lib.sh
source "$(dirname "$0")/lib.sh"

# A channel has 160 bytes; C_l is 3, 7, 11, 15, 19.
sizes=(--shape "2,5,4,3" --layers 4 --growth 4)
small=("${sizes[@]}" --backend reference --repeat 1)

# object BEGIN END: the lines of $scratch/out from one that matches BEGIN up to one that matches END.
object() {
    awk -v begin="$1" -v end="$2" '
        $0 ~ begin { inside = 1; print; next }
        inside && $0 ~ end { exit }
        inside { print }' "$scratch/out" >"$scratch/object"
    [[ -s $scratch/object ]] || fail "no $1 in: $(cat "$scratch/out")"
}

# way KIND NAME: the figures of one block in one way.
way() {
    object "^  \"$1\": [{]" '^  "(residual|claims)"'
    awk -v name="\"$2\"," '/"way":/ { inside = $2 == name } inside { print }' \
        "$scratch/object" >"$scratch/way"
    [[ -s $scratch/way ]] || fail "no $2 of $1 in: $(cat "$scratch/out")"
}

# value KEY: the first in the object that `way` found.
value() { sed -n "s/^ *\"$1\": \([^,]*\),*$/\1/p" "$scratch/way" | head -n 1; }

expect_value() {
    [[ $(value "$1") == "$2" ]] ||
        fail "expected $1 $2, found $(value "$1")" "$(cat "$scratch/way")"
}

# claims: "NAME WAY DENSE RESIDUAL VERDICT" of each, a line, with values as the report has them.
claims() {
    object '^  "claims"' '^$'
    awk -F'"' '
        /^      "claim":/ { name = $4 }
        /^      "way":/ { way = $4 == "" ? "-" : $4 }
        /^      "(dense|residual)": null/ { figure = figure " -" }
        /^        "value":/ { split($3, part, /[ :,]+/); figure = figure " " part[2] }
        /^      "verdict":/ { print name, way figure, $4; figure = "" }' \
        "$scratch/object" >"$scratch/claims"
}

expect_claim() {
    grep -qxF -- "$*" "$scratch/claims" ||
        fail "expected the claim: $*" "found: $(cat "$scratch/claims")"
}

# By hand: parameters are 9 * 4 * (3 + 7 + 11 + 15) and 4 * 9 * 19 * 19; a pixel is used by each.
test_figures_by_hand() {
    expect 0 compare "${small[@]}" --json
    expect_text out '"agree": true' '"match": "channels"' '"parameters": 1296.0' \
        '"parameters": 12996.0' '"flops": 103680.0' '"flops": 1039680.0' '"residual_units": 2'
    expect_no_text out '"agree": false'
    local kind name channels copied training weights workspace
    while read -r kind name channels copied training; do
        way "$kind" "$name"
        weights=$(value weights_bytes)
        workspace=$(value workspace_bytes)
        expect_value peak_bytes $((160 * channels + weights + workspace))
        expect_value features_bytes $((160 * channels))
        expect_value copied_bytes $((160 * copied))
        expect_value training_bytes_by_formula "$training"
    done <<END
dense copy      34 36 $((160 * 55 + 4 * 1296))
dense copy-keep 55 36 $((160 * 55 + 4 * 1296))
dense inplace   19 0  $((160 * 19 + 4 * 1296))
dense groups    19 0  $((160 * 19 + 4 * 1296))
residual copy      38 38 $((160 * 19 * 5 + 4 * 12996))
residual copy-keep 57 38 $((160 * 19 * 5 + 4 * 12996))
residual inplace   19 0  $((160 * 19 * 5 + 4 * 12996))
END
}

# Layers read C_l channels and write 4, and their kernels are read; a unit's convolutions read 19
# and write 19, and the second reads what it adds to. What is copied is read and written.
test_bytes_moved() {
    local dense=$((160 * (36 + 16) + 4 * 1296)) residual=$((160 * 19 * 10 + 4 * 12996))
    expect 0 compare "${small[@]}" --json
    way dense groups
    expect_value bytes_moved_by_formula null
    expect_value flops_per_byte null
    # In groups partial sums are moved too, and nobody counts them.
    expect 0 compare "${sizes[@]}" --backend cpu --repeat 1 --algorithm direct --group 2 --json
    way dense groups
    expect_value bytes_moved_by_formula null
    expect_value flops_per_byte null
    expect 0 compare "${small[@]}" --json
    way dense inplace
    expect_value bytes_moved_by_formula "$dense.0"
    awk -v found="$(value flops_per_byte)" -v expected=$((103680 * 1000000 / dense)) \
        'BEGIN { exit !(found * 1e6 >= expected && found * 1e6 < expected + 1) }' ||
        fail "intensity: $(value flops_per_byte)"
    way dense copy
    expect_value bytes_moved_by_formula "$((dense + 2 * 160 * 36)).0"
    way residual inplace
    expect_value bytes_moved_by_formula "$residual.0"
    way residual copy-keep
    expect_value bytes_moved_by_formula "$((residual + 2 * 160 * 38)).0"
}

# What a backend does not carry out is said, and nothing is claimed of it.
test_way_not_run() {
    expect 0 compare "${small[@]}" --group 2 --check --svg g.svg
    expect_text out "groups      not run: the reference backend computes one layer at a time"
    (($(grep -c '<rect class="dense"' g.svg) == 1 + 2 + 3 * 3)) || fail "dense bars: $(cat g.svg)"
    expect 0 compare "${small[@]}" --group 2 --json
    claims
    grep -qE "^inference_memory groups - [0-9.]+ not measured$" "$scratch/claims" ||
        fail "expected no claim of groups: $(cat "$scratch/claims")"
    expect_text out '"because": "the reference backend computes one layer at a time'
}

test_claims() {
    expect 0 compare "${sizes[@]}" --backend reference --repeat 7 --json
    claims
    expect_claim parameters - 1296.0 12996.0 confirmed
    expect_text out "convolutions have all output channels"
    expect_claim training_memory inplace 8224.0 67184.0 refuted
    expect_claim training_memory groups 8224.0 67184.0 refuted
    expect_claim training_memory copy 13984.0 67184.0 refuted
    expect_claim training_time - - - "not measured"
    expect_claim accuracy - - - "not measured"
    local name
    for name in copy copy-keep inplace groups; do
        expect_claim forward_energy "$name" - - "not measured"
        grep -qE "^inference_memory $name [0-9.]+ [0-9.]+ refuted$" "$scratch/claims" ||
            fail "no memory of $name: $(cat "$scratch/claims")"
        grep -qE "^forward_time $name [0-9.e-]+ [0-9.e-]+ (confirmed|refuted|undecided)$" \
            "$scratch/claims" || fail "no time of $name: $(cat "$scratch/claims")"
    done
    expect_text out "there is no backward pass yet" "counted on NVIDIA GPUs only"
    # Times beside the residual block in place, memory way by way.
    local in_place
    way residual inplace
    in_place=$(value median_ms)
    for name in copy copy-keep inplace groups; do
        awk -v found="$(sed -n "s/^forward_time $name [^ ]* \([^ ]*\) .*/\1/p" "$scratch/claims")" \
            -v expected="$in_place" \
            'BEGIN { d = 1e3 * found - expected; exit !(d * d <= 1e-12 * expected * expected) }' ||
            fail "time of $name is not compared with the residual block in place: $in_place" \
                "$(cat "$scratch/claims")"
    done
    expect_claim inference_memory copy "$(way dense copy && value peak_bytes).0" \
        "$(way residual copy && value peak_bytes).0" refuted
    # Once is not enough to say which is faster.
    expect 0 compare "${small[@]}" --json
    claims
    (($(grep -c "^forward_time .* undecided" "$scratch/claims") == 4)) ||
        fail "expected times undecided: $(cat "$scratch/claims")"
    expect_text out "fewer than 7 repeats"
}

# Parameters of the dense block are 1296, of 4 layers on 6 channels too.
test_match() {
    expect 0 compare "${small[@]}" --match parameters --json
    expect_text out '"match": "parameters"' "the ratio is what rounding"
    claims
    expect_claim parameters - 1296.0 1296.0 undecided
    cp "$scratch/claims" "$scratch/parameters"
    expect 0 compare "${small[@]}" --match operations --json
    claims
    diff <(grep -v _time "$scratch/parameters") <(grep -v _time "$scratch/claims") >&2 ||
        fail "--match operations is not --match parameters"
    expect 0 compare "${small[@]}" --match operations
    expect_text out "match       operations: " "2x5x4x6 f32, 2 units" "used once for every pixel"
    expect 0 compare --shape 2,5,4,3 --layers 4 --growth 5 --backend reference --repeat 1 \
        --match parameters
    expect_text out "undecided: by the match: the ratio"
    expect_text out "         1.071" # 1890 to 1764, of 7 channels
}

test_text() {
    expect 0 compare "${small[@]}" --kernel 1x3 --dtype f64
    expect_text out "dense       2x5x4x3 f64, 4 layers of 1x3, growth 4; output 2x5x4x19" \
        "residual    2x5x4x19 f64, 2 units of two 1x3 convolutions" "backend     reference" \
        "no gradients, optimiser or workspace" "FLOP/byte" "needs more memory for inference" \
        "to the byte" "energy      not measured: " "median       from         to" \
        "peak   features    weights  workspace   training" "from .. to  without the"
    expect_no_text out "equal to the reference"
    expect 0 compare "${small[@]}" --group 1
    expect_no_text out groups
}

test_check() {
    local type
    for type in f32 f64 f16 bf16; do
        expect 0 compare "${small[@]}" --dtype "$type" --check
        (($(grep -c "equal to the reference: max error" "$scratch/out") == 7)) ||
            fail "expected seven results compared: $(cat "$scratch/out")"
        expect_no_text out DIFFERENT nan
    done
    expect 0 compare "${sizes[@]}" --repeat 1 --check # by what auto chooses
    expect_text out "equal to the reference"
    expect 0 compare "${small[@]}" --check --json
    (($(grep -c '"passed": true' "$scratch/out") == 7)) || fail "seven: $(cat "$scratch/out")"
}

test_json() {
    expect 0 compare "${small[@]}" --json
    expect_json command type backend match algorithm accuracy instructions group layers \
        residual_units warmups repeats dense residual claims parameters flops ways threads memory \
        training_bytes_by_formula bytes_moved_by_formula flops_per_byte median_ms from_ms to_ms \
        min_ms max_ms gflops_per_second joules energy_not_measured_because check claim \
        text way residual_way unit verdict because
}

# Nothing to compute is compared too.
test_empty() {
    expect 0 compare --shape 0,5,4,3 --layers 4 --growth 4 --backend reference --check --svg e.svg
    expect 0 compare --shape 2,5,4,3 --layers 0 --growth 4 --backend reference --json
    claims
    expect_claim parameters - 0.0 0.0 undecided
    expect 0 compare --shape 2,5,4,3 --layers 0 --growth 4 --backend reference --check --svg l.svg \
        --match parameters
    ! grep -E "[^a-z](nan|inf)[^a-z]" e.svg l.svg || fail "a coordinate is no number"
}

# A bar for every figure that is compared, and a range for every time.
test_picture() {
    expect 0 compare "${sizes[@]}" --backend reference --repeat 3 --svg c.svg
    (($(grep -c '<rect class="dense"' c.svg) == 1 + 2 + 3 * 4)) || fail "dense bars: $(cat c.svg)"
    (($(grep -c '<rect class="residual"' c.svg) == 1 + 2 + 3 + 3 + 1)) || fail "residual bars: c.svg"
    grep -q "prefers-color-scheme: dark" c.svg || fail "no dark colours"
    grep -q '<title>A dense block' c.svg || fail "nothing to be read aloud"
    if command -v python3 >/dev/null; then
        python3 -c 'import sys, xml.dom.minidom as x; x.parse(sys.argv[1])' c.svg || fail "no XML"
    fi
    ! grep -E "[^a-z](nan|inf)[^a-z]" c.svg || fail "a coordinate is no number"
    refused 2 "no/c.svg" -- compare "${small[@]}" --svg no/c.svg
    refused 3 /dev/full -- compare "${small[@]}" --svg /dev/full
    refused 2 "there is nothing to compare" -- compare "${small[@]}" --workspace 1 --svg n.svg
    [[ ! -e n.svg ]] || fail "a picture of nothing"
}

test_refused() {
    refused 2 "--shape is missing" -- compare
    refused 2 "--layers is missing" -- compare --shape 2,5,4,3 --growth 4
    refused 2 "--growth is missing" -- compare --shape 2,5,4,3 --layers 4
    refused 2 "--layers is 3" even -- compare --shape 2,5,4,3 --layers 3 --growth 4
    refused 2 "--match" chanels channels operations -- compare "${small[@]}" --match chanels
    refused 2 "--backend" -- compare "${sizes[@]}" --backend reference,cpu
    refused 2 "--backend" -- compare "${sizes[@]}" --backend all
    refused 2 "there is nothing to compare" reference dense -- compare "${small[@]}" \
        --algorithm winograd2
    refused 2 "" -- compare --shape 3000000000,3000000000,3000000000,3000000000 --layers 2 \
        --growth 1 --backend reference
    refused 2 "" -- compare --shape 1,5,4,3 --layers 2 --growth 9000000000000000000 \
        --backend reference
}

run_tests
