#!/usr/bin/env bash
# The linters, over all of the repository. Every check runs; the end says which failed. Ends with
# 77 where a linter is not installed.
set -euo pipefail
cd "$(dirname "$0")/../.."

build=build/lint
failed=()

missing=()
for program in clang clang++ clang-format clang-tidy cmake cppcheck ninja shellcheck; do
    command -v "$program" >/dev/null || missing+=("$program")
done
if ((${#missing[@]} > 0)); then
    echo "SKIP: not installed: ${missing[*]}"
    exit 77
fi

# check NAME COMMAND...
check() {
    local name=$1 begin=$SECONDS
    shift
    if "$@"; then
        printf '%s: ok, %d s\n' "$name" $((SECONDS - begin))
    else
        printf '%s: FAILED\n' "$name"
        failed+=("$name")
    fi
}

mapfile -t sources < <(find include host cuda tests -name '*.[ch]' -o -name '*.cu' -o -name '*.cpp' | sort)
mapfile -t c_files < <(printf '%s\n' "${sources[@]}" | grep -E '^(host|tests)/.*\.c$' |
    grep -vE '^tests/(bench|fuzz)/')
mapfile -t scripts < <(find tests -name '*.sh' | sort)

format() { clang-format --dry-run -Werror "${sources[@]}"; }

# one_command_each DATABASE: of the commands that CMake lists for a file in several programs, only
# the first.
one_command_each() {
    awk '
        /^\[|^\]/ { next }
        /^\{/ { entry = "" }
        { entry = entry $0 "\n" }
        /^ *"file":/ { file = $0 }
        /^\}/ {
            if (!seen[file]++) {
                sub(/\},?\n$/, "}", entry)
                printf "%s%s", separator, entry
                separator = ",\n"
            }
        }
        BEGIN { print "[" }
        END { print "\n]" }' "$1" >"$1.tmp"
    mv "$1.tmp" "$1"
}

# The analyzer of clang 14 gives wrong results for the second of two commands, so each has a process
# of its own. The fuzz targets are in no build but theirs. Without a CUDA toolkit, what includes its
# headers is in no build.
tidy() {
    local good=yes file built=() left=()
    cmake -S . -B "$build" -G Ninja -DDENSEBLOCK_CUDA=AUTO -DCMAKE_EXPORT_COMPILE_COMMANDS=ON \
        -DCMAKE_C_COMPILER=clang >"$build.log" 2>&1 || {
        cat "$build.log"
        return 1
    }
    one_command_each "$build/compile_commands.json"
    for file in "${c_files[@]}"; do
        if grep -qF "\"$PWD/$file\"" "$build/compile_commands.json"; then
            built+=("$file")
        else
            left+=("$file")
        fi
    done
    ((${#left[@]} == 0)) || echo "clang-tidy: not built here, and left out: ${left[*]}"
    clang-tidy --quiet tests/fuzz/*.c -- -std=c11 -D_GNU_SOURCE -I include -I host \
        2>"$build.log" || good=no
    printf '%s\0' "${built[@]}" |
        xargs -0 -P "$(nproc)" -n 1 clang-tidy -p "$build" --quiet 2>>"$build.log" || good=no
    [[ $good == yes ]] || {
        grep -vE 'warnings? (generated|treated)|^Suppressed|^Use -header|^$' "$build.log" || true
        return 1
    }
}

run_cppcheck() {
    cppcheck --enable=warning,performance,portability,style --std=c11 --library=posix \
        --inline-suppr --suppressions-list=tests/lint/cppcheck.txt --error-exitcode=1 --quiet \
        -j "$(nproc)" -D_GNU_SOURCE -D__linux__ -D__x86_64__ -I include -I host -I cuda \
        -I tests/unit -I tests/double -I tests/emulator host tests cuda
}

run_shellcheck() { shellcheck --external-sources --source-path=. bootstrap.sh "${scripts[@]}"; }

# It needs no other header before it, in either language.
public_header() {
    local warnings=(-Wall -Wextra -Wpedantic -Werror -fsyntax-only)
    clang -std=c11 "${warnings[@]}" -x c include/denseblock.h 2>&1 &&
        clang++ -std=c++17 "${warnings[@]}" -x c++ \
            include/denseblock.h 2>&1
}

mkdir -p build
check clang-format format
check "public header" public_header
check shellcheck run_shellcheck
check cppcheck run_cppcheck
check clang-tidy tidy
if ((${#failed[@]} > 0)); then
    echo "failed: ${failed[*]}"
    exit 1
fi
