#!/usr/bin/env bash
# The tool's backends of GPUs, on the runtime double and the emulator: nothing here runs on a GPU.
set -euo pipefail
# shellcheck source=tests/cli/lib.sh
source "$(dirname "$0")/../cli/lib.sh"

# At its end the program tells what its kernels and its host side did wrong, and what it has left.
export CUDA_DOUBLE_STRICT=1

test_info() {
    expect 0 info
    expect_text out "1 GPU found" "device 0" "sm_90" "its energy is counted" \
        "cuda        can run; auto chooses it"
    expect 0 info --json
    expect_json compute_capability usable
    expect_text out '"energy_counted": true' '"energy_problem": ""'
    export CUDA_DOUBLE_NVML=divided
    expect 0 info
    expect_text out "its energy is not counted: GPU 0 is divided (MIG)"
    expect 0 info --json
    expect_text out '"energy_counted": false' '"energy_problem": "GPU 0 is divided (MIG)'
}

test_goldens() {
    local case
    for case in "$cases"/*/; do
        case=$(basename "$case")
        [[ $case != no_layers ]] || continue
        expect 0 run --input "$cases/$case/input.npy" --kernels "$cases/$case" --output y.npy \
            --backend cuda --check --expect "$cases/$case/output.npy"
        expect_text out "backend     cuda" "check       equal" "expect      equal" \
            "on the GPU: peak"
    done
    expect 0 run --input "$cases/no_layers/input.npy" --kernels "$cases/no_layers" \
        --output y.npy --expect "$cases/no_layers/output.npy"
    expect_text out "(chosen by auto)" "backend     cuda"
}

test_random() {
    local type
    for type in f32 f64 f16 bf16; do
        expect 0 verify --backend cuda --trials 3 --seed 11 --dtype "$type"
        expect_text out "3 of 3 trials equal"
    done
    expect 0 verify --backend all --trials 2 --group 2
    expect_text out cuda cpu reference
}

test_bench() {
    expect 0 bench --shape 1,5,6,3 --layers 2 --growth 4 --backend cuda,cpu --repeat 2 --plan
    expect_text out "cuda graph" "the host is busy for" "SIMT kernels"
    expect 0 bench --shape 1,5,6,3 --layers 2 --growth 4 --backend cuda --repeat 2 --json
    expect_json graph enqueue_ms
    expect 0 bench --shape 0,5,6,3 --layers 2 --growth 4 --backend cuda --repeat 2
}

# A batch that does not fit goes through in slices, in two lanes, with the same result.
test_slices() {
    expect 0 generate --shape 7,5,6,3 --layers 2 --growth 4 --seed 3 --out case
    local files=(--input case/input.npy --kernels case)
    expect 0 run "${files[@]}" --output whole.npy --backend cuda
    expect_no_text out "slices"
    local memory
    for memory in "21000 7" "28000 7" "30000 4" "34000 3"; do # one lane; two; overlaps
        export CUDA_DOUBLE_MEMORY=${memory% *}
        expect 0 run "${files[@]}" --output y.npy --backend cuda --check
        expect_text out "check       equal" "${memory#* } slices of the batch"
        cmp whole.npy y.npy
    done
    export CUDA_DOUBLE_MEMORY=28000
    expect 0 run "${files[@]}" --output y.npy --backend cuda
    expect_text out "pinned host memory 2.6 KiB" # of two lanes
    expect 0 verify "${files[@]}" --backend cuda
    # One that has x apart from y: even seeds do. What was found to fit does fit.
    for memory in $(seq 21200 600 36000); do
        export CUDA_DOUBLE_MEMORY=$memory
        expect 0 verify --shape 7,5,6,3 --layers 2 --growth 4 --seed 4 --backend cuda
    done
    export CUDA_DOUBLE_MEMORY=28000
    refused 3 "does not fit on the GPU" -- \
        bench --shape 7,5,6,3 --layers 2 --growth 4 --backend cuda
}

test_memory() {
    export CUDA_DOUBLE_MEMORY=4000
    local case=$cases/growth_32
    refused 3 "bytes on the GPU could not be had" -- \
        run --input "$case/input.npy" --kernels "$case" --output y.npy --backend cuda
}

test_failures() {
    local case=$cases/odd_plane failure
    for failure in cudaMallocAsync:1:2 cudaMallocHost:1:2 cudaMemcpyAsync:2:999 launch:2:719 \
        cudaStreamSynchronize:3:719 cudaEventSynchronize:1:700; do
        export CUDA_DOUBLE_FAIL=$failure
        refused 3 "" -- \
            run --input "$case/input.npy" --kernels "$case" --output y.npy --backend cuda
    done
}

test_missing() {
    local case=$cases/odd_plane
    local run=(run --input "$case/input.npy" --kernels "$case" --output y.npy)
    export CUDA_DOUBLE_DEVICES=-1
    refused 3 "driver found, but no GPU" -- "${run[@]}" --backend cuda
    unset CUDA_DOUBLE_DEVICES
    export CUDA_DOUBLE_DRIVER=11080
    refused 3 "install a newer driver" -- "${run[@]}" --backend cuda
    expect 0 "${run[@]}"
    expect_text out "backend     cpu"
    expect 0 info
    expect_text out "install a newer driver" "cpu         can run; auto chooses it"
    unset CUDA_DOUBLE_DRIVER
    export CUDA_DOUBLE_NO_IMAGE=1
    refused 3 "this build has code for" -- "${run[@]}" --backend cuda
}

test_tensor() {
    local type
    for type in tf32 tf32x3; do
        expect 0 verify --backend cuda --trials 3 --seed 5 --dtype "$type"
        expect_text out "$type" "3 of 3 trials equal"
    done
    expect 0 bench --shape 1,5,6,3 --layers 2 --growth 4 --backend cuda --dtype tf32x3 --repeat 1 \
        --plan
    expect_text out "1x5x6x3 tf32x3" "tensor cores, three products of TF32" "times that"
    expect 0 bench --shape 1,5,6,3 --layers 2 --growth 4 --backend cuda --dtype bf16 --repeat 1 --plan
    expect_text out "tensor cores, bf16"
    export CUDA_DOUBLE_CAPABILITY=75
    expect 0 bench --shape 1,5,6,3 --layers 2 --growth 4 --backend cuda --dtype bf16 --repeat 1 --plan
    expect_text out "SIMT kernels"
}

test_cublas() {
    local type case=$cases/odd_plane
    expect 0 info
    expect_text out "cublas      can run" "cuda        can run; auto chooses it"
    expect_no_text out "cuBLAS      not found"
    for type in f32 f64 f16 bf16; do
        expect 0 verify --backend cublas --trials 3 --seed 11 --dtype "$type"
        expect_text out "3 of 3 trials equal"
    done
    expect 0 verify --backend all --trials 2
    expect_text out cublas
    expect 0 run --input "$case/input.npy" --kernels "$case" --output y.npy --backend cublas \
        --check --expect "$case/output.npy"
    expect_text out "backend     cublas" "check       equal" "expect      equal"
    expect 0 bench --shape 1,5,6,3 --layers 2 --growth 4 --backend cublas --repeat 2 --plan
    expect_text out "cublas graph" "products of cuBLAS, sums in f32" "30 pixels at a time"
    expect 0 bench --shape 2,5,6,3 --layers 2 --growth 4 --backend cublas --repeat 2 --plan \
        --algorithm winograd4 --group 2
    expect_text out "layers 0..1 as a group: Winograd F(4x4) 3x3" "2 images at a time"
    refused 2 "not groups of 2" -- \
        bench --shape 1,5,6,3 --layers 2 --growth 4 --backend cublas --algorithm direct --group 2
    expect 0 run --input "$case/input.npy" --kernels "$case" --output y.npy --backend cublas \
        --algorithm winograd2 --check --expect "$case/output.npy"
    expect_text out "check       equal" "expect      equal"
    local run=(run --input "$case/input.npy" --kernels "$case" --output y.npy)
    export CUDA_DOUBLE_FAIL=dlopen:1:1
    expect 0 info
    expect_text out "cuBLAS      not found: libcublas.so.13, libcublas.so.12"
    refused 3 "neither libcublas.so.13 nor libcublas.so.12" -- "${run[@]}" --backend cublas
    export CUDA_DOUBLE_FAIL=cublasGemmEx:2:2
    refused 3 "cublasGemmEx failed: the resource allocation failed" -- \
        "${run[@]}" --backend cublas
    export CUDA_DOUBLE_FAIL=dlopen:1:1
    expect 0 "${run[@]}"
    expect_text out "backend     cuda"
}

test_cudnn() {
    local type case=$cases/odd_plane
    expect 0 info
    expect_text out "cudnn       can run" "cuda        can run; auto chooses it"
    expect_no_text out "cuDNN       not found"
    for type in f32 f64 f16 bf16; do
        expect 0 verify --backend cudnn --trials 3 --seed 11 --dtype "$type"
        expect_text out "3 of 3 trials equal"
    done
    expect 0 verify --backend all --trials 2
    expect_text out cudnn
    local run=(run --input "$case/input.npy" --kernels "$case" --output y.npy)
    expect 0 "${run[@]}" --backend cudnn --check --expect "$case/output.npy"
    expect_text out "backend     cudnn" "check       equal" "expect      equal"
    expect 0 bench --shape 1,5,6,3 --layers 2 --growth 4 --backend cudnn --repeat 2 --plan
    expect_text out "cudnn graph" "convolutions of cuDNN 9" \
        "from features after the ReLU, in place: engine 2, workspace 96 bytes"
    refused 2 "not groups of 2" -- \
        bench --shape 1,5,6,3 --layers 2 --growth 4 --backend cudnn --group 2
    export CUDA_DOUBLE_CUDNN=none
    refused 2 "layer 0: cuDNN has no engine for f32" -- "${run[@]}" --backend cudnn
    export CUDA_DOUBLE_CUDNN=packed
    expect 0 bench --shape 1,5,6,3 --layers 2 --growth 4 --backend cudnn --repeat 2 --plan
    expect_text out "from a copy after the ReLU, then copied to its channels: engine 2"
    unset CUDA_DOUBLE_CUDNN
    export CUDA_DOUBLE_CUDNN_VERSION=8907
    refused 3 "install cuDNN 9" -- "${run[@]}" --backend cudnn
    expect 0 info
    expect_text out "says that its version is 8907"
    unset CUDA_DOUBLE_CUDNN_VERSION
    export CUDA_DOUBLE_FAIL=dlopen:1:1
    refused 3 "there is no libcudnn.so.9" -- "${run[@]}" --backend cudnn
    export CUDA_DOUBLE_FAIL=cudnnBackendExecute:2:2
    refused 3 "cudnnBackendExecute failed" -- "${run[@]}" --backend cudnn
    export CUDA_DOUBLE_FAIL=dlopen:1:1
    expect 0 "${run[@]}"
    expect_text out "backend     cuda"
}

# The program with the real CUDA runtime needs no library of NVIDIA to start.
test_libraries() {
    local program=$1
    command -v readelf >/dev/null || skip "readelf is not installed"
    readelf -d "$program" | grep NEEDED >"$scratch/out"
    expect_text out "Shared library: [libc.so.6]"
    expect_no_text out cuda cublas cudnn
}

# The features of all ways of concatenation lie in the GPU's memory, and the results are the same, bit
# for bit where the same kernels run.
test_copies() {
    expect 0 generate --shape 2,5,6,3 --layers 3 --growth 4 --seed 3 --out case
    local files=(--input case/input.npy --kernels case) type backend how
    for type in f32 f16; do
        for backend in cuda cublas cudnn; do
            "$tool" info | grep -q "$backend *can run" || continue
            for how in inplace copy copy-keep; do
                expect 0 run "${files[@]}" --output $how.npy --backend $backend --concat $how \
                    --algorithm direct --group 1 --dtype $type --check
                expect_text out "backend     $backend" "($how)" "on the GPU: peak" \
                    "check       equal"
            done
            same inplace.npy copy.npy
            same inplace.npy copy-keep.npy
        done
    done
    expect 0 run "${files[@]}" --output y.npy --concat copy --json
    expect_text out '"concat": "copy"' '"pinned_peak_bytes": 0' '"slices": 1'
    expect 0 bench --shape 1,5,6,3 --layers 2 --growth 4 --backend cuda,cpu --repeat 2 \
        --concat copy-keep
    expect_text out "cuda   " "concat      copy-keep"
    expect_no_text out "cuda graph"
    local case=$cases/no_layers
    expect 0 run --input "$case/input.npy" --kernels "$case" --output y.npy --concat copy \
        --backend cuda --expect "$case/output.npy"
    expect 0 generate --shape 0,5,6,3 --layers 2 --growth 4 --out empty
    expect 0 run --input empty/input.npy --kernels empty --output y.npy --concat copy-keep \
        --backend cuda
}

# What fails while features are copied ends with 3, leaves no output, and no memory behind.
test_copies_fail() {
    expect 0 generate --shape 2,5,6,3 --layers 3 --growth 4 --seed 3 --out case
    local failure run=(run --input case/input.npy --kernels case --output y.npy --backend cuda)
    for failure in cudaMallocAsync:{1..10}:2 cudaMemcpyAsync:{1..8}:999 launch:{1..6}:719 \
        cudaFreeAsync:{1..6}:719 cudaStreamSynchronize:{1..8}:719 cudaEventSynchronize:1:700; do
        export CUDA_DOUBLE_FAIL=$failure
        refused 3 "" -- "${run[@]}" --concat copy
    done
    unset CUDA_DOUBLE_FAIL
    export CUDA_DOUBLE_MEMORY=42000 # enough for copy, which takes 43,088 with all that is kept
    refused 3 "bytes on the GPU could not be had" -- "${run[@]}" --concat copy-keep
    unset CUDA_DOUBLE_MEMORY
    export CUDA_DOUBLE_DEVICES=-1
    refused 3 "driver found, but no GPU" -- "${run[@]}" --concat copy
    refused 3 "driver found, but no GPU" -- \
        memory --shape 2,5,6,3 --layers 3 --growth 4 --backend cuda
}

# Measured by the account of device memory; the formula says the same.
test_footprint() {
    local sizes=(--shape "2,5,6,3" --layers 3 --growth 4)
    expect 0 memory "${sizes[@]}" --backend cuda --group 2 --json
    expect_json timeline preparing_peak_bytes
    expect_text out '"strategy": "copy-keep"' '"label": "X_3"' '"label": "workspace"'
    expect_no_text out '"agree": false' not_run_because
    expect 0 memory "${sizes[@]}" --group 2
    expect_text out "cpu  " "cuda  " "groups      not run: the cudnn backend computes one layer" \
        "every peak and buffer measured, and every copy counted, is as it says"
    # Of one layer all ways have the same plan: one that takes no workspace for parts of tiles.
    expect 0 memory --shape 1,7,7,128 --layers 1 --growth 32 --dtype f16 --backend cuda \
        --algorithm direct --group 1 --json
    (($(grep -c '"workspace_bytes": 0,' "$scratch/out") == 3)) ||
        fail "unequal plans: $(grep -E '"(strategy|workspace_bytes)"' "$scratch/out")"
    expect 0 memory --shape 0,5,6,3 --layers 2 --growth 4 --backend cuda
    expect 0 memory --shape 1,5,6,3 --layers 0 --growth 4 --backend cuda
    expect 0 memory "${sizes[@]}" --backend cuda --svg m.svg --batch-limit 100000
    grep -q ">cuda, 3 layers" m.svg || fail "no panel for cuda in the picture"
    local failure
    for failure in cudaMallocAsync:{1,7,12,20}:2 launch:9:719 cudaFreeAsync:3:719; do
        export CUDA_DOUBLE_FAIL=$failure
        refused 3 "" -- memory "${sizes[@]}" --backend cuda --svg m2.svg
    done
    unset CUDA_DOUBLE_FAIL
    export CUDA_DOUBLE_MEMORY=20000
    refused 3 "bytes on the GPU could not be had" -- memory "${sizes[@]}" --backend cuda
}

# Both blocks in every way; the double counts a joule for each operation.
test_compare() {
    local sizes=(--shape "1,5,6,3" --layers 2 --growth 4 --repeat 1 --warmup 0) failure
    expect 0 compare "${sizes[@]}" --backend cuda --check
    (($(grep -c "equal to the reference: max error" "$scratch/out") == 7)) ||
        fail "expected seven results compared: $(cat "$scratch/out")"
    expect_text out "backend     cuda" "GFLOP/s        mJ" "energy      of a forward"
    expect_no_text out "not run" "see above"
    expect 0 compare "${sizes[@]}" --json
    (($(grep -cE '"joules": [1-9]' "$scratch/out") == 7)) ||
        fail "expected the energy of seven ways: $(cat "$scratch/out")"
    CUDA_DOUBLE_NVML=divided expect 0 compare "${sizes[@]}"
    expect_text out "energy      not measured: GPU 0 is divided (MIG)" "not measured: see above"
    for failure in cudaMallocAsync:{1,9,40}:2 launch:20:719 cudaFreeAsync:30:719; do
        export CUDA_DOUBLE_FAIL=$failure
        refused 3 "" -- compare "${sizes[@]}" --backend cuda --svg c.svg
    done
}

# A page on a GPU: no roof of operations, and the bandwidth of a copy there.
test_report() {
    local sizes=(--shape "2,5,6,3" --layers 3 --growth 4 --repeat 2)
    export CUDA_DOUBLE_MEMORY=4000000 # for the copy, which is of a quarter of it
    expect 0 report "${sizes[@]}" --backend cuda,cpu --out d
    expect_text out "ms on cuda" "every backend equals the reference"
    grep -q ">cuda graph<" d/index.html || fail "no time of the graph in the page"
    grep -q "The peak of operations was not measured" d/index.html || fail "no word of the peak"
    grep -q "measured with a copy of " d/index.html || fail "no word of the copy"
    ! grep -q "multiply-adds, [0-9]" d/index.html || fail "a roof that was not measured"
    export CUDA_DOUBLE_MEMORY=400000000
    expect 0 report "${sizes[@]}" --out all
    expect_text out "ms on cuda" # what auto would choose, of all that there are
    local failure
    for failure in cudaMallocAsync:{1,20,35}:2 launch:{9,40}:719 cudaMemcpyAsync:40:719; do
        export CUDA_DOUBLE_FAIL=$failure
        expect 3 report "${sizes[@]}" --backend cuda --out f
        [[ ! -e f ]] || fail "something is left after $failure"
    done
}

run_tests
