#!/usr/bin/env bash
# The block is computed as in tests/cases, whose results come from another program.
set -euo pipefail
# shellcheck source=tests/cli/lib.sh
source "$(dirname "$0")/lib.sh"

# test_case [NAME]
test_case() {
    local case name type tolerance expected
    for case in "$cases"/${1-*}/; do
        name=$(basename "$case")
        type=$(npy_header "$case/input.npy" | grep -o '<f.')
        [[ $type == '<f8' ]] && tolerance=1e-12 || tolerance=1e-5

        expect 0 run --input "$case/input.npy" --kernels "$case" --output "$name.npy" \
            --expect "$case/output.npy"
        # y has the type of x; the expected result was made as f64.
        expected=$(npy_header "$case/output.npy" | sed "s/<f8/$type/")
        [[ $(npy_header "$name.npy") == "$expected" ]] ||
            fail "$name: expected y as $expected, found $(npy_header "$name.npy")"

        expect 0 verify --input "$case/input.npy" --kernels "$case" \
            --expect "$case/output.npy" --tolerance "$tolerance"
    done
}

run_tests
