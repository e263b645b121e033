#!/usr/bin/env bash
# Validates denseblock on this machine's GPU. Run it with --help.
set -euo pipefail

root=$(realpath "$(dirname "$0")/../..")
here=tests/gpu
stages=(build conformance suites sanitizer verify bench report)

usage() {
    cat <<'END'
Usage: tests/gpu/validate.sh [OPTION]... [STAGE]...
       tests/gpu/validate.sh --pack-check DIR

One command for a machine with a GPU. It runs these stages, or those named:

  build        configure and build, for the GPU at hand only
  conformance  every function of cuda/ptx.h on the GPU beside its emulated twin,
               on random fragments; on sm_90, those of cuda/ptx_sm90.h too
  suites       the test suites, with the parts that need a GPU
  sanitizer    compute-sanitizer (memcheck, racecheck, initcheck, synccheck) over
               the conformance test and small blocks
  verify       every backend against the reference: random blocks, and the
               benchmark's shapes
  bench        every GPU backend beside PyTorch (eager channels_last, compiled,
               preallocated, and each of them as a CUDA graph), in one process,
               with the measured copy bandwidth and GEMM rate as ceilings
  report       tests/gpu/results/GPU.json, a table, and the verdict

It needs nvcc, g++, CMake, Ninja or make, and Python 3.10, and no network. What
else is missing is a skip that the verdict counts: PyTorch (bench),
compute-sanitizer (sanitizer), Check (suites).

  --list           name the stages
  --resume         leave out the stages that have passed already; bench goes on
                   with the shapes that are missing
  --quick          fewer blocks, shapes and rounds; nothing is written to
                   tests/gpu/results
  --out DIR        also put the results, the table and the logs (logs.tar.gz) there
  --work DIR       state and logs; default build/validate
  --build DIR      default build/gpu
  --seconds N      the most that a stage may take; default 460
  --jobs N         default: as many as there are processors
  --arch N         compute capability, such as 90; default: nvidia-smi says
  --check DIR      Check, as --pack-check left it, for machines that have none
  --commit ID      what is validated; default: git says
  --python P       that has PyTorch; default python3
  --rehearse       without a GPU: the same stages on the runtime double and the
                   emulator, marked as a rehearsal and kept out of
                   tests/gpu/results
  --pack-check DIR on a machine that has Check, as Debian packages it: copy it to
                   DIR, for --check elsewhere

The last line is the verdict: PASSED, FAILED, or INCOMPLETE where whole stages
were skipped. Ends with 0 if all that ran has passed, 1 if something failed, 2
for bad usage, 77 where there is no GPU.

The results, a JSON object:
  rehearsal, date, commit, verdict
  machine      GPU, driver, versions of CUDA, PyTorch, cuDNN
  stages       of each: verdict, seconds, what was skipped or left out or failed
  conformance  of each function of ptx.h: words compared, differences; for mma the
               largest deviation in ulps of the sum of magnitudes, and as a part
               of what is allowed
  verify       of each backend and type: blocks, worst errors; times on the host
  ceilings     copy bandwidth (bytes read and written), GEMM rates
  bench        of each shape and type, of each contender: seconds (median, min,
               max of rounds), rate as direct convolution, errors against f64; and
               ratios to the fastest of PyTorch's
  geometric_means of those ratios
END
}

say() { printf '== %s\n' "$*"; }
die() {
    printf 'validate.sh: %s\n' "$*" >&2
    exit 1
}
usage_error() {
    printf "validate.sh: %s (try 'tests/gpu/validate.sh --help')\n" "$*" >&2
    exit 2
}

# ---- Check, for machines without it ----

# compiler_file NAME: where the linker finds it.
compiler_file() {
    local path
    path=$(gcc -print-file-name="$1")
    [[ $path == /* ]] || die "--pack-check: there is no $1 here; Debian's packages check and" \
        "libsubunit-dev have it"
    printf '%s\n' "$path"
}

pack_check() {
    local name dir=$1 include
    command -v gcc >/dev/null || die "--pack-check needs gcc, which knows where libraries are"
    include=$(echo '#include <check.h>' | gcc -E - 2>/dev/null |
        sed -n 's|^# 1 "\(/.*\)/check.h".*|\1|p' | head -n 1)
    [[ -n $include ]] || die "--pack-check: there is no check.h here"
    mkdir -p "$dir/include" "$dir/lib"
    cp "$include/check.h" "$include/check_stdint.h" "$dir/include/"
    for name in libcheck_pic.a libsubunit.a; do
        cp "$(compiler_file "$name")" "$dir/lib/"
    done
    say "Check is in $dir, $(du -sk "$dir" | cut -f 1) KB"
}

# ---- State ----

# note KIND TEXT: for the report. Kinds: skipped, failed, left-out, and fact, without which a
# stage has not done anything. Shown on 3, which is the terminal's when a command's output is not.
note() {
    printf '%s\t%s\n' "$1" "$2" >>"$work/state/$stage.part"
    case $1 in
        skipped) printf 'SKIP: %s\n' "$2" >&3 ;;
        failed) printf 'FAILED: %s\n' "$2" >&3 ;;
    esac
}

seconds_left() {
    local left=$((deadline - SECONDS))
    ((left > 1)) || left=1
    printf '%s\n' "$left"
}

# limited COMMAND...: within what is left of the stage's time.
limited() { timeout --kill-after=10 "$(seconds_left)" "$@"; }

# step NAME COMMAND...: a command that the stage cannot pass without. False if it failed.
step() {
    local name=$1 status=0
    shift
    limited "$@" || status=$?
    case $status in
        0) return ;;
        77) note skipped "$name: it could not run" ;;
        124 | 137) note failed "$name: not ready after $seconds s" ;;
        *) note failed "$name: ended with $status" ;;
    esac
    return 1
}

verdict_of() { sed -n 's/^verdict\t//p' "$work/state/$1" 2>/dev/null || true; }

run_stage() {
    local begin=$SECONDS verdict=passed
    stage=$1
    deadline=$((SECONDS + seconds))
    if [[ $resume == yes && $stage != report && $(verdict_of "$stage") == passed ]] &&
        ! grep -q '^left-out' "$work/state/$stage"; then
        say "$stage: has passed already"
        return
    fi
    say "$stage"
    : >"$work/state/$stage.part"
    # Through a pipe, so that what is shown is kept.
    "stage_$stage" 3>&1 2>&1 | tee "$work/logs/$stage.log" ||
        grep -q '^failed' "$work/state/$stage.part" || note failed "the stage broke off" 3>&1
    if grep -q '^failed' "$work/state/$stage.part"; then
        verdict=failed
    elif grep -q '^skipped' "$work/state/$stage.part" &&
        ! grep -q '^fact' "$work/state/$stage.part"; then
        verdict=skipped
    fi
    printf 'verdict\t%s\nseconds\t%d\n' "$verdict" $((SECONDS - begin)) |
        cat - "$work/state/$stage.part" >"$work/state/$stage"
    rm "$work/state/$stage.part"
    say "$stage: $verdict, $((SECONDS - begin)) s"
}

# ---- The machine ----

# program NAME: that of the build for this run.
program() {
    case $1$rehearsal in
        conformance) echo "$build/tests/gpu/gpu_conformance" ;;
        conformance-rehearsal) echo "$build/tests/gpu/gpu_conformance_rehearsal" ;;
        sm90) echo "$build/tests/gpu/gpu_conformance_sm90" ;;
        sm90-rehearsal) echo "$build/tests/gpu/gpu_conformance_sm90_rehearsal" ;;
        device) echo "$build/tests/gpu/test_gpu_device" ;;
        device-rehearsal) echo "$build/tests/gpu/test_gpu_device_rehearsal" ;;
        probe) echo "$build/tests/gpu/block_probe" ;;
        probe-rehearsal) echo "$build/tests/gpu/block_probe_rehearsal" ;;
        library) echo "$build/host/libdenseblock.so" ;;
        library-rehearsal) echo "$build/tests/gpu/libdenseblock_rehearsal.so" ;;
    esac
}

find_gpu() {
    local found
    if [[ -n $rehearsal ]]; then
        arch=${arch:-90}
        # At its end a program tells what its kernels and its host side did wrong.
        export CUDA_DOUBLE_STRICT=1
        return
    fi
    found=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader --id=0 2>/dev/null) || {
        echo "validate.sh: no GPU here that nvidia-smi knows; --rehearse goes without"
        exit 77
    }
    arch=${arch:-${found//[!0-9]/}}
    [[ -n $arch ]] || die "nvidia-smi does not say the compute capability: use --arch"
    # A suite that finds no GPU has failed here.
    export DENSEBLOCK_REQUIRE_GPU=1
}

# ---- The stages ----

find_nvcc() { command -v nvcc || command -v "${CUDA_HOME:-/usr/local/cuda}/bin/nvcc" || true; }

has_check() { [[ -n $check ]] || pkg-config --exists check 2>/dev/null; }

check_tools() {
    local name missing=()
    for name in cmake gcc g++; do
        command -v "$name" >/dev/null || missing+=("$name")
    done
    [[ -n $(find_nvcc) ]] || missing+=(nvcc)
    ((${#missing[@]} == 0)) || {
        note failed "not installed: ${missing[*]}"
        return 1
    }
}

# cuBLAS and cuDNN may have come with PyTorch, as wheels: then this is where their headers lie.
wheel_header() {
    "$python" - "$1" <<'END'
import importlib.util, pathlib, sys
found = importlib.util.find_spec("nvidia")
for root in found.submodule_search_locations if found else []:
    for path in sorted(pathlib.Path(root).glob(f"*/include/{sys.argv[1]}")):
        print(path.parent)
        sys.exit()
END
}

# Takes what the toolkit does not have from wheels: the arguments for CMake, and where programs find
# the libraries.
find_libraries() {
    local name header folder toolkit
    toolkit=$(realpath "$(dirname "$(find_nvcc)")/..")
    library_arguments=()
    for name in CUBLAS:cublas_v2.h CUDNN:cudnn.h; do
        header=${name#*:}
        [[ ! -e $toolkit/include/$header ]] || continue
        folder=$(wheel_header "$header")
        [[ -n $folder ]] || continue
        library_arguments+=("-DDENSEBLOCK_${name%:*}_FOLDER=$folder")
        LD_LIBRARY_PATH=${folder%/include}/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    done
    export LD_LIBRARY_PATH
}

configure() {
    local arguments=("${library_arguments[@]}")
    if [[ -n $check ]] || ! has_check; then
        arguments+=("-DCMAKE_MODULE_PATH=$root/$here/check" "-DDENSEBLOCK_CHECK_ROOT=$check")
    fi
    # With another generator than last time CMake has to begin anew.
    [[ ! -e $build/CMakeCache.txt ]] ||
        grep -qx "CMAKE_GENERATOR:INTERNAL=$generator" "$build/CMakeCache.txt" ||
        arguments+=(--fresh)
    limited cmake -S . -B "$build" -G "$generator" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
        -DCMAKE_CUDA_COMPILER="$(find_nvcc)" "-DCMAKE_CUDA_ARCHITECTURES=$arch-real" \
        -DDENSEBLOCK_CUDA=ON -DDENSEBLOCK_TOOL=OFF -DDENSEBLOCK_INSTALL=OFF \
        -DDENSEBLOCK_TESTS=ON "${arguments[@]}"
}

stage_build() {
    local targets=(gpu_programs) generator='Unix Makefiles' keep_going=(-k)
    check_tools || return 0
    ! command -v ninja >/dev/null || generator=Ninja keep_going=(-k 0)
    configure >"$work/logs/configure.log" 2>&1 || {
        tail -n 30 "$work/logs/configure.log"
        note failed "CMake: see above"
        return 0
    }
    grep '^-- denseblock: ' "$work/logs/configure.log" || true
    [[ -z $rehearsal ]] || targets=(gpu_rehearsal_programs)
    # Where one cannot be built, no older one is taken for it.
    rm -f "$(program conformance)" "$(program sm90)" "$(program probe)" "$(program library)"
    ! has_check || targets+=("gpu_suites$([[ -z $rehearsal ]] || echo _rehearsal)")
    limited cmake --build "$build" --parallel "$jobs" --target "${targets[@]}" -- \
        "${keep_going[@]}" >"$work/logs/compile.log" 2>&1 || {
        grep -A 8 -m 5 -iE 'error|failed' "$work/logs/compile.log" ||
            tail -n 30 "$work/logs/compile.log"
        note failed "the build: all of it is in $work/logs/compile.log"
        return 0
    }
    grep -c 'warning' "$work/logs/compile.log" | sed 's/^/warnings: /' || true
    has_check || note skipped "the suites: Check is not installed, and --check was not given"
    note fact "for sm_$arch"
}

stage_conformance() {
    local fragments=2400
    [[ -z $rehearsal && $quick == no ]] || fragments=240
    step "conformance" "$(program conformance)" --fragments "$fragments" \
        --json "$work/conformance.jsonl" || return 0
    note fact "$fragments fragments"
    # Instructions that only this one has.
    if [[ $arch == 90* && -x $(program sm90) ]]; then
        step "those of sm_90a" "$(program sm90)" || return 0
    fi
}

# run_ctest NAME ARGUMENT...: the tests that the arguments choose. False if one failed.
run_ctest() {
    local what=$1 status=0 log=$work/logs/ctest-$1.log
    shift
    limited ctest --test-dir "$build" --output-on-failure --no-tests=error --timeout "$seconds" \
        "$@" >"$log" 2>&1 || status=$?
    grep -E '^ *[0-9]+/[0-9]+ Test|tests passed|Failed|No tests' "$log" || true
    if ((status != 0)); then
        grep -E '^(FAILED|[^ ]*:[EF]:)' "$log" | head -n 20 || true
        note failed "suites of $what: ctest ended with $status"
        return 1
    fi
}

# What each GPU is, and how much energy it counts: where it does not, that is a skip.
describe_devices() {
    local line log=$work/logs/device.log status=0
    step "the description of the GPU" "$(program device)" >"$log" || status=$?
    grep -v '^SKIP: ' "$log" || true
    while IFS= read -r line; do
        note skipped "${line#SKIP: }"
    done < <(grep '^SKIP: ' "$log" || true)
    return "$status"
}

stage_suites() {
    describe_devices || return 0
    if ! has_check; then
        note skipped "Check is not installed, and --check was not given"
        return 0
    fi
    if [[ -n $rehearsal ]]; then
        run_ctest double -R '^cuda\.(cuda|cublas|cudnn)_block_O2$' || return 0
    else
        # Those that use the GPU one at a time: each has its figures of memory.
        run_ctest gpu -L '^gpu$' || return 0
        [[ $quick == yes ]] || run_ctest unit -L '^unit$' --parallel "$jobs" || return 0
    fi
    note fact "they have passed"
}

# sanitized TOOL NAME COMMAND...
sanitized() {
    local tool=$1 name=$2 options=()
    shift 2
    case $tool in
        memcheck) options=(--leak-check full --track-stream-ordered-races all) ;;
        racecheck) options=(--racecheck-report all) ;;
    esac
    say "$tool: $name"
    if [[ -n $rehearsal ]]; then
        step "$tool over $name" "$@" >"$work/logs/sanitizer-$tool-$name.log" || return 0
    else
        # NVTX gives it names of buffers, and nobody has seen what it makes of our regions.
        step "$tool over $name" "$sanitizer" --tool "$tool" --error-exitcode 66 --nvtx no \
            --print-limit 20 "${options[@]}" "$@" \
            >"$work/logs/sanitizer-$tool-$name.log" 2>&1 || {
            grep -E '^=+' "$work/logs/sanitizer-$tool-$name.log" | head -n 40 || true
            return 0
        }
        tail -n 1 "$work/logs/sanitizer-$tool-$name.log"
    fi
    note fact "$tool over $name"
}

# can_run BACKEND: else it says why not, and the verdict counts it.
can_run() {
    local status=0
    "$(program probe)" --backend "$1" --shape 1,1,1,1 --layers 0 --growth 1 \
        >"$work/logs/can-run-$1.log" 2>&1 || status=$?
    ((status != 77)) || note skipped "$(sed -n 's/^SKIP: //p' "$work/logs/can-run-$1.log")"
    ((status == 0))
}

stage_sanitizer() {
    local tool count=6 sanitizer
    # Whole tiles, several chunks of channels, a group of layers; in every type.
    local block=(--shape '2,9,11,40' --layers 3 --growth 12)
    sanitizer=$(command -v compute-sanitizer ||
        command -v "${CUDA_HOME:-/usr/local/cuda}/bin/compute-sanitizer" || true)
    if [[ -z $sanitizer && -z $rehearsal ]]; then
        note skipped "compute-sanitizer is not installed"
        return
    fi
    [[ -z $rehearsal ]] || count=1
    for tool in memcheck racecheck initcheck synccheck; do
        local poison=()
        # What the probe has filled with NaN would count as written.
        [[ $tool != initcheck ]] || poison=(--no-poison)
        sanitized "$tool" conformance "$(program conformance)" --fragments 12
        sanitized "$tool" random "$(program probe)" --random $((4 * count)) --type all \
            "${poison[@]}"
        # The libraries' own kernels are not ours to look into for more than this.
        for backend in cublas cudnn; do
            [[ $tool == memcheck ]] || continue
            can_run "$backend" || continue
            sanitized "$tool" "$backend" "$(program probe)" --backend "$backend" --random 8 --type all
            sanitized "$tool" "$backend-3x3" "$(program probe)" --backend "$backend" \
                "${block[@]}" --group 2
        done
        sanitized "$tool" residual "$(program probe)" --residual --random $((2 * count)) --type all \
            "${poison[@]}"
        if [[ $arch == 90* ]]; then
            sanitized "$tool" wgmma "$(program probe)" "${block[@]}" --type f16 --wgmma \
                "${poison[@]}"
        fi
        for type in f32 f16 bf16 f64; do
            [[ -z $rehearsal || $tool$type == memcheckf16 ]] || continue
            sanitized "$tool" "block-$type" "$(program probe)" "${block[@]}" --type "$type" \
                "${poison[@]}"
        done
    done
}

stage_verify() {
    local arguments=()
    [[ $quick == no ]] || arguments+=(--quick)
    [[ -z $rehearsal ]] || arguments+=(--rehearse)
    step "verification" "$python" "$here/verify.py" --probe "$(program probe)" \
        --out "$work/verify.json" --notes "$work/state/verify.part" \
        --seconds $((seconds - 30)) "${arguments[@]}" || return 0
    note fact "backends against the reference"
}

stage_bench() {
    local arguments=()
    "$python" -c 'import torch' 2>/dev/null || {
        note skipped "$python has no PyTorch"
        return
    }
    [[ -n $rehearsal ]] ||
        "$python" -c 'import torch, sys; sys.exit(not torch.cuda.is_available())' || {
        note skipped "PyTorch finds no GPU"
        return
    }
    [[ $quick == no ]] || arguments+=(--quick)
    [[ $resume == no ]] || arguments+=(--resume)
    [[ -z $rehearsal ]] || arguments+=(--rehearse)
    step "benchmark" "$python" "$here/gpu_bench.py" --library "$(program library)" \
        --out "$work/bench.jsonl" --notes "$work/state/bench.part" \
        --seconds $((seconds - 60)) "${arguments[@]}" || return 0
    note fact "beside PyTorch"
}

stage_report() {
    local arguments=()
    [[ -n $rehearsal || $quick == yes ]] || arguments+=(--results "$here/results")
    [[ -z $rehearsal ]] || arguments+=(--rehearse)
    [[ $quick == no ]] || arguments+=(--quick)
    "$python" "$here/results.py" --work "$work" --commit "$commit" "${arguments[@]}" || {
        note failed "see above"
        return 0
    }
    note fact "the summary is $work/summary.txt"
}

# ---- All ----

chosen=() rehearsal='' quick=no resume=no out='' work='' build=build/gpu seconds=460 arch=''
library_arguments=() check='' commit='' python=python3 jobs=$(nproc)
while (($#)); do
    case $1 in
        -h | --help)
            usage
            exit
            ;;
        --list)
            printf '%s\n' "${stages[@]}"
            exit
            ;;
        --rehearse) rehearsal=-rehearsal ;;
        --quick) quick=yes ;;
        --resume) resume=yes ;;
        --out | --work | --build | --seconds | --arch | --check | --commit | --python | --jobs | \
            --pack-check)
            [[ -n ${2-} ]] || usage_error "$1 needs a value"
            case $1 in
                --out) out=$(realpath -m -- "$2") ;;
                --work) work=$(realpath -m -- "$2") ;;
                --build) build=$(realpath -m -- "$2") ;;
                --seconds) seconds=$2 ;;
                --arch) arch=$2 ;;
                --check)
                    check=$(realpath -e -- "$2") || usage_error "--check $2: no such folder"
                    ;;
                --commit) commit=$2 ;;
                --python) python=$2 ;;
                --jobs) jobs=$2 ;;
                --pack-check)
                    pack_check "$2"
                    exit
                    ;;
            esac
            shift
            ;;
        -*) usage_error "unknown option '$1'" ;;
        *)
            [[ " ${stages[*]} " == *" $1 "* ]] || usage_error "unknown stage '$1'"
            chosen+=("$1")
            ;;
    esac
    shift
done
[[ $seconds =~ ^[0-9]+$ && $seconds -ge 90 ]] || usage_error "--seconds: a number from 90 on"
[[ $python != */* ]] || python=$(realpath -s -- "$python")

cd "$root"
command -v "$python" >/dev/null || die "$python is missing"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || die "Python is older than 3.10"
find_gpu
work=${work:-build/validate$rehearsal}
[[ -n $commit ]] ||
    commit=$(git describe --always --dirty --abbrev=40 2>/dev/null || echo unknown)
((${#chosen[@]} > 0)) || chosen=("${stages[@]}")
mkdir -p "$work/state" "$work/logs"
export PYTHONDONTWRITEBYTECODE=1 OMP_WAIT_POLICY=passive TORCH_LOGS=-all
# What PyTorch has compiled is there when bench goes on.
TORCHINDUCTOR_CACHE_DIR=$(realpath "$work")/torch
export TORCHINDUCTOR_CACHE_DIR TRITON_CACHE_DIR=$TORCHINDUCTOR_CACHE_DIR/triton

[[ -z $(find_nvcc) ]] || find_libraries
[[ -z $rehearsal ]] || say "A REHEARSAL: the runtime double and the emulator, not a GPU"
for name in "${chosen[@]}"; do
    run_stage "$name"
    # Without programs there is nothing to run; but where only some are missing, the others do.
    [[ $name != build || -x $(program probe) ]] || {
        [[ " ${chosen[*]} " != *" report "* ]] || run_stage report
        break
    }
done
if [[ -n $out ]]; then
    mkdir -p "$out"
    tar -czf "$out/logs.tar.gz" -C "$work" logs state
    cp "$work"/*.json "$work"/*.jsonl "$work"/summary.txt "$out/" 2>/dev/null || true
fi

failed=() passed=() skipped=()
for name in "${chosen[@]}"; do
    case $(verdict_of "$name") in
        passed) passed+=("$name") ;;
        skipped) skipped+=("$name") ;;
        *) failed+=("$name") ;;
    esac
done
skips=$(cat "$work"/state/* | grep -c '^skipped' || true)
end=''
((skips == 0)) || end+="; $skips skipped, see above"
case ${#failed[@]},${#passed[@]} in
    0,0) verdict="FAILED: nothing has run" ;;
    0,*) verdict="PASSED: ${passed[*]}" ;;
    *) verdict="FAILED: ${failed[*]}" ;;
esac
((${#skipped[@]} == 0)) || verdict="INCOMPLETE, without ${skipped[*]}. $verdict"
[[ -z $rehearsal ]] || verdict="REHEARSED, nothing has run on a GPU. $verdict"
echo "$verdict$end"
[[ $verdict != *FAILED* ]]
