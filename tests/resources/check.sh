#!/usr/bin/env bash
# What the compiler makes of the kernels: compiles every cuda/*.cu, and compares with the table in its
# head comment, if it has one. A row is
#
#   kernel  threads of a block  bytes of shared memory  one entry for each of sm_80, sm_90, sm_100
#
# where an entry is REGISTERS/BLOCKS: registers of a thread, and blocks that a multiprocessor has
# room for at once. A template without arguments stands for all of its kernels that have no row of
# their own: the most registers.
#
# Files with wgmma are for sm_90a alone, and have no table: all of their kernels begin with the same
# registers, and move them later.
#
# Fails where anything is spilled, where wgmma instructions wait for one another, or where a table
# differs: `diff` shows it as it should be. Ends with 77 where there is no nvcc. Another release of
# nvcc than that of the tables gives other registers: then only the rest is looked for.
set -euo pipefail
cd "$(dirname "$0")/../.."

release=13.0
architectures=(80 90 100)

nvcc=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
if [[ ! -x $nvcc ]]; then
    echo "SKIP: no nvcc"
    exit 77
fi
compare=no
if [[ $("$nvcc" --version) == *"release $release,"* ]]; then
    compare=yes
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=no

# Template arguments as in the sources.
readable() {
    c++filt | sed -E 's/^void //; s/\(dblk_direct_window\)0/1x1/; s/\(dblk_direct_window\)1/3x3/;
        s/\(dblk_direct_window\)2/row/; s/\(dblk_direct_window\)3/product/;
        s/\(dblk_tensor_form\)0/f16/; s/\(dblk_tensor_form\)1/bf16/; s/\(dblk_tensor_form\)2/tf32/;
        s/\(dblk_tensor_form\)3/tf32x3/; s/\(dblk_tensor_window\)0/1x1/;
        s/\(dblk_tensor_window\)1/3x3/; s/\(dblk_tensor_window\)2/row/;
        s/\(dblk_tensor_window\)3/product/; s/unsigned short/uint16_t/; s/unsigned int/uint32_t/;
        s/unsigned long/uint64_t/; s/\(.*//; s/, /,/g; s/__nv_bfloat16/bf16/g; s/__half/half/g'
}

# compile FILE ARCHITECTURE: a line "kernel architecture registers stack" for each kernel. What is
# spilled lies on the stack.
compile() {
    "$nvcc" -std=c++17 -I include -I cuda -I host -arch="sm_$2" -cubin -Xptxas -v \
        -o "$scratch/cubin" "$1" 2>"$scratch/log" || {
        cat "$scratch/log" >&2
        return 1
    }
    sed -nE "s/.*Compiling entry function '([^']*)'.*/\1/p" "$scratch/log" | readable \
        >"$scratch/names"
    awk -v architecture="$2" '
        /bytes stack frame/ { stack = $1 }
        /Used [0-9]+ registers/ { sub(/.*Used /, ""); print architecture, $1, stack }' \
        "$scratch/log" | paste -d ' ' "$scratch/names" -
}

# The rows of a file's table, without the blanks that align it.
table() {
    sed -nE 's/^ \*   (dblk_[^ ]+ +[0-9]+ +[0-9]+ .*)$/\1/p' "$1" | tr -s ' '
}

# The shared memory of the direct convolution's table, which ptxas does not know, is as its struct.
check_shared_memory() {
    {
        echo '#include "direct_kernel.h"'
        sed -nE 's/^dblk_direct_kernel<(.*),(.*),(.*)> [0-9]+ ([0-9]+) .*/\1 \2 \3 \4/p' "$1" |
            sed 's/^half/__half/; s/^bf16/__nv_bfloat16/' |
            while read -r type window columns bytes; do
                echo "static_assert(sizeof(direct_constants<$type, DBLK_WINDOW_${window^^}," \
                    "$columns>::shared_memory) == $bytes, \"as in the table\");"
            done
    } >"$scratch/shared.cu"
    "$nvcc" -std=c++17 -I include -I cuda -I host -cubin -o "$scratch/cubin" "$scratch/shared.cu"
}

# rows TABLE KERNELS: the table as it should be. Registers are given to warps in pieces of 256, by
# each of the four parts of a multiprocessor, which have 16384; a block takes 1 KB of shared memory
# for itself.
rows() {
    awk -v architectures="${architectures[*]}" '
        function smaller(a, b) { return a < b ? a : b }
        function blocks(threads, shared, architecture, registers,    warps, by_registers) {
            if (threads == 0)
                return "?" # a kernel that no row is for
            warps = threads / 32
            by_registers = int(int(16384 / (int((registers * 32 + 255) / 256) * 256)) * 4 / warps)
            return smaller(smaller(by_registers, int(64 / warps)),
                           int((architecture == 80 ? 164 : 228) * 1024 / (shared + 1024)))
        }
        FILENAME == ARGV[1] { threads[$1] = $2; shared[$1] = $3; next }
        {
            name = $1
            if (!(name in threads))
                sub(/<.*/, "", name)
            names[name]
            place = name " " $2
            if ($3 > registers[place])
                registers[place] = $3
        }
        END {
            for (name in names) {
                row = name " " (threads[name] + 0) " " (shared[name] + 0)
                for (i = 1; i <= split(architectures, each, " "); i++) {
                    most = registers[name " " each[i]]
                    row = row " " most "/" blocks(threads[name], shared[name], each[i], most)
                }
                print row
            }
        }' "$1" "$2" | sort
}

for file in cuda/*.cu; do
    : >"$scratch/kernels"
    targets=("${architectures[@]}")
    if [[ $file == *_wgmma_* ]]; then
        targets=(90a)
    fi
    for architecture in "${targets[@]}"; do
        compile "$file" "$architecture" >>"$scratch/kernels"
        if grep 'wgmma.*serialized' "$scratch/log"; then
            failed=yes
        fi
    done
    awk -v file="$file" '
        $4 > 0 { print file ": " $1 " has " $4 " bytes of stack on sm_" $2; found = 1 }
        END { exit found }' "$scratch/kernels" || failed=yes
    table "$file" | sort >"$scratch/table"
    rows "$scratch/table" "$scratch/kernels" >"$scratch/rows"
    if [[ $file == cuda/direct.cu ]]; then
        check_shared_memory "$scratch/table" || failed=yes
    fi
    if [[ $compare == yes && -s $scratch/table ]] && ! diff -u --label "$file" --label "as it should be" \
        "$scratch/table" "$scratch/rows"; then
        failed=yes
    fi
done
[[ $failed == no ]]
