#!/usr/bin/env bash
# `denseblock verify`, `run --check` and `compare --check` find the mistakes of a backend.
set -euo pipefail
# shellcheck source=tests/cli/lib.sh
source "$(dirname "$0")/../cli/lib.sh"

case=$cases/odd_plane # 3x7x5x23, its last layer writes channels 18 to 22
files=(--input "$case/input.npy" --kernels "$case")

compare=(compare --shape "1,6,8,4" --layers 2 --growth 3 --backend cpu --repeat 1)

test_none() {
    expect 0 "${compare[@]}" --check
    expect 0 verify --backend cpu,reference --trials 10
    expect 0 run "${files[@]}" --output y.npy --backend cpu --check
    expect_text out "check       equal"
    expect 0 verify --backend all
    expect_text out cpu reference
}

test_wrong_value() {
    export DENSEBLOCK_FAULT=value
    expect 1 verify "${files[@]}" --backend cpu
    expect_text out "[2,6,4,18]" "layer 3"
    expect 1 run "${files[@]}" --output y.npy --backend cpu --check
    expect_text out "[2,6,4,18]"
    [[ -s y.npy ]] || fail "the result is not there to be looked at"
    expect 1 verify "${files[@]}" --backend cpu,reference --json
    expect_json passed

    # The command that is given to see one trial again does show it.
    expect 1 verify --backend cpu --trials 8 --seed 40 --group 1 --accuracy high --threads 1
    local again
    again=$(grep -o 'denseblock verify .*' "$scratch/out" | head -n 1)
    [[ $again == *--seed*--accuracy\ high\ --group\ 1\ --threads\ 1 ]] || fail "no command to see it again in: $(cat "$scratch/out")"
    read -ra again <<<"${again#denseblock }"
    expect 1 "${again[@]}"
}

# In either block, and in every way of it.
test_compare() {
    export DENSEBLOCK_FAULT=value
    expect 1 "${compare[@]}" --check --svg c.svg
    (($(grep -c "DIFFERENT from the reference: max error" "$scratch/out") == 7)) ||
        fail "expected seven to be different: $(cat "$scratch/out")"
    [[ -s c.svg ]] || fail "the picture is not there to be looked at"
    expect 1 "${compare[@]}" --check --json
    expect_no_text out '"passed": true'
    export DENSEBLOCK_FAULT=nan
    expect 1 "${compare[@]}" --check
    expect 0 "${compare[@]}"
    # A dense block's channel that is not written; a residual block's is there before it is added to.
    export DENSEBLOCK_FAULT=unwritten
    expect 1 "${compare[@]}" --check
    (($(grep -c "DIFFERENT from the reference" "$scratch/out") == 4)) ||
        fail "expected four to be different: $(cat "$scratch/out")"
    export DENSEBLOCK_FAULT=failure
    refused 3 "the faulty backend failed" -- "${compare[@]}" --svg n.svg
    export DENSEBLOCK_FAULT=unsupported
    refused 2 "nothing to compare: backend cpu does not run the dense block: the faulty" -- \
        "${compare[@]}" --svg n.svg
}

test_nan() {
    export DENSEBLOCK_FAULT=nan
    expect 1 verify "${files[@]}" --backend cpu
    expect_text out "[2,6,4,18]"
    expect 1 verify "${files[@]}" --backend cpu --tolerance 1e300
}

test_failure() {
    export DENSEBLOCK_FAULT=failure
    refused 3 "the faulty backend failed" -- run "${files[@]}" --output y.npy --backend cpu
    refused 3 "the faulty backend failed" -- verify "${files[@]}" --backend cpu
    refused 3 "the faulty backend failed" -- \
        memory --shape 1,8,8,4 --layers 2 --growth 3 --backend cpu --svg m.svg
}

# `all` passes over what a backend does not do, and says so; asked for by name, it is an error.
test_unsupported() {
    export DENSEBLOCK_FAULT=unsupported
    expect 0 verify "${files[@]}" --backend all
    expect_text out "the faulty backend does not do this"
    expect 0 verify "${files[@]}" --backend all --json
    expect_text out '"passed": null'
    expect 0 bench --shape 1,8,8,4 --layers 2 --growth 3 --backend all
    expect_text out "not run: the faulty backend does not do this"
    expect 0 memory --shape 1,8,8,4 --layers 2 --growth 3 --backend all --svg m.svg
    expect_text out "inplace     not run: the faulty backend does not do this" "reference"
    expect 0 memory --shape 1,8,8,4 --layers 2 --growth 3 --backend all --json
    expect_text out '"not_run_because": "the faulty backend does not do this"'
    refused 2 "does not do this" -- memory --shape 1,8,8,4 --layers 2 --growth 3 --backend cpu
    refused 2 "does not do this" -- verify "${files[@]}" --backend cpu
    refused 2 "does not do this" -- run "${files[@]}" --output y.npy --backend cpu
}

# What the account has and the formula has not is shown.
test_account() {
    export DENSEBLOCK_FAULT=account
    local memory=(memory --shape "1,8,8,4" --layers 2 --growth 3 --backend reference)
    expect 1 "${memory[@]}"
    expect_text out "the formula differs: peak "
    expect_no_text out "every peak"
    expect 1 "${memory[@]}" --json
    expect_text out '"agree": false' '"agree": true' # copies allocate no y
    expect 1 "${compare[@]}"
    (($(grep -c "the formula differs: peak " "$scratch/out") == 3)) ||
        fail "expected all in place to differ: $(cat "$scratch/out")"
    expect_no_text out "to the byte"
    expect 1 "${compare[@]}" --json
    expect_text out '"agree": false' '"agree": true'
}

run_tests
