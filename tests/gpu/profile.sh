#!/usr/bin/env bash
# Profiles a block on this machine's GPU, with Nsight Systems and Nsight Compute: see --help.
set -euo pipefail

root=$(realpath "$(dirname "$0")/../..")

# What nsys is asked for: the GPU's time by range, kernels by range, kernels, sizes of copies.
reports=(nvtx_sum nvtx_gpu_proj_sum nvtx_kern_sum cuda_gpu_kern_sum cuda_gpu_mem_size_sum)
# And ncu: how near a kernel comes to the machine's limits, what it computes with, what memory does,
# how many warps there are, and what they wait for.
sections=(SpeedOfLight ComputeWorkloadAnalysis MemoryWorkloadAnalysis MemoryWorkloadAnalysis_Tables
    LaunchStats Occupancy SchedulerStats WarpStateStats)

usage() {
    cat <<'END_OF_USAGE'
Usage: tests/gpu/profile.sh [OPTION]... [-- BLOCK-PROBE-OPTION...]

Where the time and the memory of a dense block go, as NVIDIA's profilers see it. Runs
block_probe (tests/gpu/validate.sh build makes it) in two ways:

  timeline  nsys: the GPU's time by block, group, layer and part, its kernels, copies
            and memory; plain launches, and a CUDA graph node by node
  kernels   ncu: every kernel of a forward by plain launches, how near it comes to the
            machine's limits, and what its warps wait for

The options behind -- describe the block, as block_probe --help tells. Without them:
  --shape 8,28,28,128 --layers 12 --growth 32 --type bf16

  --kernels N    profile N kernels at the most; default 64
  --work DIR     what is written; default build/profile
  --build DIR    with the programs; default build/gpu
  --out DIR      also put the results and the text summaries there
  --commit ID    what is profiled; default: git says
  --python P     default python3
  --rehearse     without a GPU and without the profilers: the same steps, with the
                 block on the runtime double and the emulator, and a stand-in for
                 nsys and ncu that shows nothing of speed

In the work folder are then timeline.txt and kernels.txt, which are text to read;
timeline.nsys-rep and kernels.ncu-rep, for the profilers' own windows; and
profile.json: rehearsal, date, commit, verdict, machine, block, stages, and the tables
of both as they came. The last line is the verdict: PASSED, FAILED, or INCOMPLETE where
a profiler is missing. Ends with 0 if all that ran has passed, 1 if something failed, 2
for bad usage, 77 where there is no GPU, or neither profiler.
END_OF_USAGE
}

say() { printf '== %s\n' "$*"; }
die() {
    printf 'profile.sh: %s\n' "$*" >&2
    exit 1
}
usage_error() {
    printf "profile.sh: %s (try 'tests/gpu/profile.sh --help')\n" "$*" >&2
    exit 2
}
skip() {
    printf 'SKIP: %s\n' "$*"
    exit 77
}

# find_profiler NAME: its path; nothing if it is not installed. Toolkits have both beside nvcc.
find_profiler() {
    command -v "$1" || command -v "${CUDA_HOME:-/usr/local/cuda}/bin/$1" || true
}

# In a rehearsal, in place of both: runs what would be profiled, and leaves files as they would.
stand_in() {
    local argument output=''
    for argument; do
        case $argument in
            --output=* | --export=*) output=${argument#*=} ;;
            --import=*)
                printf '%s\n' 'ID,Kernel Name,Section Name,Metric Name,Metric Unit,Metric Value' \
                    '0,a kernel,GPU Speed Of Light Throughput,Duration,us,1.00'
                return
                ;;
        esac
    done
    if [[ $1 == stats ]]; then
        [[ -z $output ]] || for argument in "${reports[@]}"; do
            printf 'Range,Style,Total Proj Time (ns)\ndenseblock:forward,PushPop,1000\n' \
                >"${output}_$argument.csv"
        done
        return
    fi
    : >"$output.$([[ $1 == profile ]] && echo nsys-rep || echo ncu-rep)"
    while [[ $1 != "$probe" ]]; do
        shift
    done
    "$@"
}

# step NAME COMMAND...: into NAME.log; false if it failed, and its end is shown.
step() {
    local name=$1
    shift
    "$@" >"$work/$name.log" 2>&1 || {
        tail -n 20 "$work/$name.log"
        return 1
    }
}

stage_timeline() {
    local report arguments=()
    for report in "${reports[@]}"; do
        arguments+=("--report=$report")
    done
    step timeline "${nsys[@]}" profile --trace=cuda,nvtx --sample=none --cpuctxsw=none \
        --cuda-graph-trace=node --cuda-memory-usage=true --force-overwrite=true \
        --output="$work/timeline" "$probe" "${block[@]}" --repeat 10 || return 1
    step stats "${nsys[@]}" stats --force-export=true "${arguments[@]}" --format=csv \
        --output="$work/stats" "$work/timeline.nsys-rep" || return 1
    "${nsys[@]}" stats "${arguments[@]}" "$work/timeline.nsys-rep" >"$work/timeline.txt"
}

stage_kernels() {
    local section arguments=()
    for section in "${sections[@]}"; do
        arguments+=("--section=$section")
    done
    # The slash: a range that is pushed and popped.
    step kernels "${ncu[@]}" --nvtx --nvtx-include='denseblock@forward/' "${arguments[@]}" \
        --launch-count="$most_kernels" --force-overwrite --export="$work/kernels" \
        "$probe" "${block[@]}" || return 1
    "${ncu[@]}" --import="$work/kernels.ncu-rep" --page=details >"$work/kernels.txt" || return 1
    "${ncu[@]}" --import="$work/kernels.ncu-rep" --page=details --csv >"$work/kernels.csv"
}

# run_stage NAME PATH PROFILER: sets verdicts[NAME]; without a path the profiler is not there.
run_stage() {
    say "$1"
    if [[ -z $2 ]]; then
        verdicts[$1]=skipped
        printf 'SKIP: %s: %s is not installed\n' "$1" "$3"
    elif "stage_$1"; then
        verdicts[$1]=passed
    else
        verdicts[$1]=failed
        echo "FAILED: $1: see $work/*.log"
    fi
}

block=() rehearsal='' out='' work='' build=build/gpu commit='' python=python3 most_kernels=64
while (($#)); do
    case $1 in
        -h | --help)
            usage
            exit
            ;;
        --rehearse) rehearsal=yes ;;
        --)
            shift
            block=("$@")
            break
            ;;
        --kernels | --work | --build | --out | --commit | --python)
            [[ -n ${2-} ]] || usage_error "$1 needs a value"
            case $1 in
                --kernels) most_kernels=$2 ;;
                --work) work=$(realpath -m -- "$2") ;;
                --build) build=$(realpath -m -- "$2") ;;
                --out) out=$(realpath -m -- "$2") ;;
                --commit) commit=$2 ;;
                --python) python=$2 ;;
            esac
            shift
            ;;
        *) usage_error "unknown option '$1'" ;;
    esac
    shift
done
[[ $most_kernels =~ ^[1-9][0-9]*$ ]] || usage_error "--kernels: a number from 1 on"

cd "$root"
if [[ -n $rehearsal ]]; then
    export CUDA_DOUBLE_STRICT=1
    probe=$build/tests/gpu/block_probe_rehearsal
    nsys=(stand_in) ncu=(stand_in)
    gpu='' driver=''
    ((${#block[@]} > 0)) || block=(--shape '1,5,6,16' --layers 2 --growth 8 --type bf16)
else
    found=$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader --id=0 2>/dev/null) ||
        skip "no GPU here that nvidia-smi knows; --rehearse goes without"
    gpu=${found%, *} driver=${found##*, }
    probe=$build/tests/gpu/block_probe
    nsys=("$(find_profiler nsys)") ncu=("$(find_profiler ncu)")
    [[ -n ${nsys[0]}${ncu[0]} ]] ||
        skip "neither nsys (Nsight Systems) nor ncu (Nsight Compute) is installed"
    ((${#block[@]} > 0)) || block=(--shape '8,28,28,128' --layers 12 --growth 32 --type bf16)
fi
[[ -x $probe ]] || die "$probe is missing: tests/gpu/validate.sh build makes it"
command -v "$python" >/dev/null || die "$python is missing"
work=$(realpath -m -- "${work:-build/profile${rehearsal:+-rehearsal}}")
[[ -n $commit ]] ||
    commit=$(git describe --always --dirty --abbrev=40 2>/dev/null || echo unknown)
mkdir -p "$work"
# Nothing of an earlier run is taken for this one's.
rm -f "$work"/{timeline,kernels,stats}.{log,txt,csv,nsys-rep,sqlite,ncu-rep} \
    "$work"/stats_*.csv "$work/profile.json"
export OMP_WAIT_POLICY=passive PYTHONDONTWRITEBYTECODE=1

[[ -z $rehearsal ]] || say "A REHEARSAL: the runtime double, the emulator, and no profiler"
say "block_probe ${block[*]}"
declare -A verdicts
run_stage timeline "${nsys[0]}" nsys
run_stage kernels "${ncu[0]}" ncu

verdict=PASSED
[[ " ${verdicts[*]} " != *" skipped "* ]] || verdict=INCOMPLETE
[[ " ${verdicts[*]} " != *" failed "* ]] || verdict=FAILED
[[ -z $rehearsal ]] || verdict="REHEARSED, nothing has run on a GPU. $verdict"
"$python" tests/gpu/profile_results.py --work "$work" --commit "$commit" --verdict "$verdict" \
    --gpu "$gpu" --driver "$driver" --timeline "${verdicts[timeline]}" \
    --kernels "${verdicts[kernels]}" --block "${block[*]}" ${rehearsal:+--rehearse}
if [[ -n $out ]]; then
    mkdir -p "$out"
    cp "$work/profile.json" "$out/"
    cp "$work"/{timeline,kernels}.txt "$out/" 2>/dev/null || true # of what has run
fi
say "$work: $(cd "$work" && echo *)"
echo "$verdict"
[[ $verdict != *FAILED* ]]
