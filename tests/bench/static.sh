#!/usr/bin/env bash
# Counts the instructions of the kernels. Run it with --help.
set -euo pipefail

root=$(realpath "$(dirname "$0")/../..")
work=build/static
package=nvidia-cuda-nvdisasm
results=tests/bench/results/static.json

usage() {
    cat <<'EOF'
Usage: tests/bench/static.sh [OPTION]...

Compiles every cuda/*.cu for sm_80, sm_90 and sm_100, or for sm_90a where it has
wgmma, disassembles what nvcc makes of it, counts the instructions of the loops
that multiply, and prints which part of a multiprocessor limits each, and to what
share of the documented rate. Needs no GPU, and measures nothing. Writes
tests/bench/results/static.json.

  --build DIR   also the traffic between L2 cache and memory, by the program
                cuda_l2 of this build: default build/main
  --check       only the kernels for 16 bits, 3x3 and 128 columns on sm_90, with
                mma.sync and with wgmma: fails where one spills, is limited to
                less than 80 % of the matrix rate, or loads more from shared
                memory than is recorded. Writes and fetches nothing; ends with
                77 where a program is missing

NVCC and NVDISASM may name the programs. Else nvcc is the one on PATH, or in
/usr/local/cuda, and nvdisasm as well, or it is fetched into build/static from
PyPI (nvidia-cuda-nvdisasm, 6 MB).
EOF
}

die() {
    printf 'static.sh: %s\n' "$*" >&2
    exit 1
}

build=build/main check=no
while (($#)); do
    case $1 in
        -h | --help)
            usage
            exit
            ;;
        --build)
            build=${2-}
            [[ -d $build ]] || die "--build needs the folder of a build"
            build=$(realpath "$build")
            shift
            ;;
        --check) check=yes ;;
        *) die "unknown option $1; see --help" ;;
    esac
    shift
done
cd "$root"

# find_program NAME GIVEN: where it is, or nothing.
find_program() {
    local candidate
    for candidate in "$2" "$(command -v "$1")" "/usr/local/cuda/bin/$1" \
        "$work"/venv/lib/python3.*/site-packages/nvidia/cu13/bin/"$1"; do
        if [[ -n $candidate && -x $candidate ]]; then
            realpath "$candidate"
            return
        fi
    done
}

# missing WHAT: with --check, a reason to skip.
missing() {
    if [[ $check == yes ]]; then
        echo "SKIP: no $1"
        exit 77
    fi
    die "no $1"
}

fetch_nvdisasm() {
    printf '== fetching %s from PyPI into %s\n' "$package" "$work/venv"
    mkdir -p "$work"
    python3 -m venv "$work/venv"
    "$work/venv/bin/python" -m pip --quiet --disable-pip-version-check install \
        --only-binary :all: "$package"
}

nvcc=$(find_program nvcc "${NVCC-}")
[[ -n $nvcc ]] || missing "nvcc"
for name in cc c++filt python3; do
    command -v "$name" >/dev/null || missing "$name"
done
nvdisasm=$(find_program nvdisasm "${NVDISASM-}")
if [[ -z $nvdisasm && $check == no ]]; then
    fetch_nvdisasm
    nvdisasm=$(find_program nvdisasm "")
fi
[[ -n $nvdisasm ]] || missing "nvdisasm; tests/bench/static.sh fetches it"

arguments=(--nvcc "$nvcc" --nvdisasm "$nvdisasm")
if [[ $check == yes ]]; then
    arguments+=(--check)
else
    arguments+=(--write "$results")
    if [[ -x $build/tests/cuda/cuda_l2 ]]; then
        arguments+=(--l2 "$(realpath "$build")/tests/cuda/cuda_l2")
    else
        echo "== the traffic of the L2 cache stays as recorded: no $build/tests/cuda/cuda_l2"
    fi
fi
exec python3 -B tests/bench/static_counts.py "${arguments[@]}"
