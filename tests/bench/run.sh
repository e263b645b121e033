#!/usr/bin/env bash
# Measures the cpu backend beside its peers. Run it with --help.
set -euo pipefail

root=$(realpath "$(dirname "$0")/../..")
work=build/bench
requirements=tests/bench/requirements.txt
# Not installed, only unpacked: the last oneDNN that has Winograd for CPUs, and what it loads.
debian_packages=(libdnnl2 libdnnl-dev ocl-icd-libopencl1)

usage() {
    cat <<'EOF'
Usage: tests/bench/run.sh [OPTION]...

Runs denseblock's cpu backend, PyTorch, ONNX Runtime, oneDNN and NumPy on the
same dense blocks, in turns and in one process, and checks every result. A full
run writes tests/bench/results/cpu.json and cpu.svg, and the table in README.md.

  --quick          few rounds; nothing is written
  --write          write the results of a part or of --quick all the same
  --shapes I,J     only these blocks, numbers from 0 (see tests/bench/shapes.py)
  --threads N,M    with so many threads; default 1,2
  --only NAME,..   only contenders whose names begin so: denseblock, pytorch,
                   onnxruntime, onednn, numpy, and plain (NumPy loops)
  --rounds R       measure every contender R times
  --backend B      cpu, or reference to try the benchmark itself
  --build DIR      the denseblock of this build; default: builds build/release
  --memory         what concatenation takes in PyTorch, beside `denseblock
                   memory`, and nothing else; --preset P and --batch N as there

Needs Linux on x86-64, Python 3.11 or newer with venv, a C compiler, CMake and
Ninja. The first run fetches the peers into build/bench, 2 GB to download and
4.2 GB unpacked, nearly all of it PyTorch; nothing is installed elsewhere.
EOF
}

say() { printf '== %s\n' "$*"; }
die() {
    printf 'run.sh: %s\n' "$*" >&2
    exit 1
}

# quietly LOGNAME COMMAND...: keep the output in a log; show it on failure.
quietly() {
    local log=$work/$1.log
    shift
    "$@" >"$log" 2>&1 || {
        cat "$log" >&2
        die "failed: $*"
    }
}

check_tools() {
    local name
    for name in cc cmake ninja python3; do
        command -v "$name" >/dev/null ||
            die "$name is missing; './bootstrap.sh run' installs what a build needs"
    done
    python3 -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' ||
        die "this needs Python 3.11 or newer with its venv module (package python3-venv)"
}

fetch_python_packages() {
    # The copy is written last, so that a fetch that was cut off is done again.
    cmp -s "$requirements" "$work/venv/requirements.txt" && return
    say "fetching from PyPI into $work/venv (2 GB to download, 4.2 GB unpacked):"
    grep -v '^#' "$requirements" | grep . | paste -sd' ' | fold -sw 76 | sed 's/^/   /; s/ $//'
    rm -rf "$work/venv" "$work/tmp"
    mkdir -p "$work/tmp"
    python3 -m venv "$work/venv"
    # pip unpacks in TMPDIR first, and /tmp is often too small for this.
    TMPDIR=$PWD/$work/tmp quietly pip "$work/venv/bin/python" -m pip \
        --disable-pip-version-check install --no-deps --only-binary :all: -r "$requirements"
    rm -rf "$work/tmp"
    cp "$requirements" "$work/venv/requirements.txt"
}

# Leaves onednn2 absent where the packages are not to be had.
fetch_debian_packages() {
    local deb
    [[ -e $work/onednn2 ]] && return
    if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
        say "without oneDNN 2.6, which is taken from Debian's packages"
        return
    fi
    say "fetching with apt-get into $work/onednn2 (7 MB): ${debian_packages[*]}"
    rm -rf "$work/debian"
    mkdir -p "$work/debian/root"
    if ! (cd "$work/debian" && apt-get download "${debian_packages[@]}") \
        >"$work/apt.log" 2>&1; then
        say "without oneDNN 2.6: these packages are not to be had here (log: $work/apt.log)"
        return
    fi
    for deb in "$work"/debian/*.deb; do
        dpkg -x "$deb" "$work/debian/root"
    done
    mv "$work/debian/root" "$work/onednn2"
}

# compile_onednn OUTPUT INCLUDE LIBRARY-FOLDER LIBRARY
compile_onednn() {
    # The old kind of run path also serves the libraries that oneDNN itself needs.
    quietly "$(basename "$1")" cc -std=c11 -O2 -Wall -Wextra -fopenmp -fPIC -shared \
        tests/bench/onednn_block.c tests/bench/onednn_parts.c -I "$2" -o "$1" -L "$3" "$4" \
        "-Wl,--disable-new-dtags,-rpath,$PWD/$3"
}

compile_all_onednn() {
    local folder
    compile_onednn "$work/onednn3.so" "$work/venv/include" "$work/venv/lib" -l:libdnnl.so.3
    onednn=("$work/onednn3.so")
    folder=$(echo "$work"/onednn2/usr/lib/*-linux-gnu)
    [[ -d $folder ]] || return 0
    compile_onednn "$work/onednn2.so" "$work/onednn2/usr/include" "$folder" -l:libdnnl.so.2
    onednn+=("$work/onednn2.so")
}

build_denseblock() {
    say "building denseblock (logs: $work/*.log)"
    [[ -e $build/build.ninja ]] || quietly configure cmake --preset release
    quietly build cmake --build --preset release
}

build='' memory='' arguments=() onednn=()
while (($#)); do
    case $1 in
        -h | --help)
            usage
            exit
            ;;
        --memory) memory=yes ;;
        --build)
            build=$(realpath -e -- "${2-}") || die "--build needs the folder of a build"
            shift
            ;;
        *) arguments+=("$1") ;;
    esac
    shift
done

cd "$root"
check_tools
mkdir -p "$work"
fetch_python_packages
if [[ -z $memory ]]; then
    fetch_debian_packages
    compile_all_onednn
fi
if [[ -z $build ]]; then
    build=build/release
    build_denseblock
fi

# Huge pages for all that allocate with malloc, as denseblock's arrays have them, and freed memory
# is kept: else the peers would pay for fresh pages in every layer. The OPENBLAS variables may
# choose old kernels, which would slow NumPy.
export GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=2147483648
GLIBC_TUNABLES+=:glibc.malloc.trim_threshold=4294967296
# PyTorch warns that there is no GPU.
export TORCH_LOGS=-all TORCHINDUCTOR_CACHE_DIR=$PWD/$work/torch
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE OMP_NUM_THREADS
export PYTHONDONTWRITEBYTECODE=1
if [[ -n $memory ]]; then
    exec "$work/venv/bin/python" tests/bench/memory_peer.py --tool "$build/denseblock" \
        "${arguments[@]}"
fi
exec "$work/venv/bin/python" tests/bench/bench.py --library "$build/host/libdenseblock.so" \
    --tool "$build/denseblock" --onednn "${onednn[@]}" "${arguments[@]}"
