#!/usr/bin/env bash
# An installed denseblock is complete: test.sh BUILD [README]. The example of README.md is built
# against it in each way that there is, and prints what README.md says it prints.
set -euo pipefail

build=$(realpath "$1")
source=$(realpath "$(dirname "$0")/../..")
readme=${2-$source/README.md}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
prefix=$root/prefix

fail() {
    printf 'FAIL: %s\n' "$@" >&2
    exit 1
}

# quietly COMMAND...: its output is shown only if it fails.
quietly() {
    "$@" >"$root/log" 2>&1 || fail "$*" "$(cat "$root/log")"
}

# readme_block LANGUAGE: the first C block of README.md, or the first of that language after it.
readme_block() {
    awk -v fence="\`\`\`$1" '
        inside && /^```/ { exit }
        inside { print }
        /^```c$/ { example = 1 }
        example && $0 == fence { inside = 1 }' "$readme"
}

# cached NAME: what the build was configured with.
cached() { sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"; }

# prints_as_promised NAME PROGRAM
prints_as_promised() {
    local found
    found=$("$2") || fail "$1: the example ended with exit code $?"
    [[ $found == "$expected" ]] ||
        fail "$1: README.md promises" "$expected" "and the example printed" "$found"
    echo "$1: ok"
}

# --- install ------------------------------------------------------------------------------------

quietly cmake --install "$build" --prefix "$prefix"
libdir=$(dirname "$(find "$prefix" -name libdenseblock.so | head -n 1)")
for file in bin/denseblock include/denseblock.h share/man/man1/denseblock.1 \
    "${libdir#"$prefix/"}"/{libdenseblock.so,libdenseblock.a,pkgconfig/denseblock.pc} \
    "${libdir#"$prefix/"}"/cmake/denseblock/denseblock-config.cmake; do
    [[ -e $prefix/$file ]] || fail "$file was not installed; there are:" \
        "$(cd "$prefix" && find . -type f)"
done

version=$(sed -n 's/^#define DENSEBLOCK_VERSION_\(MAJOR\|MINOR\|PATCH\) //p' \
    "$source/include/denseblock.h" | paste -sd .)
[[ $("$prefix/bin/denseblock" --version) == *"$version"* ]] ||
    fail "the installed tool does not run, or is not $version"

# Other names would clash with those of the programs that link the library.
others=$(nm -D --defined-only "$libdir/libdenseblock.so" | awk '{ print $3 }' |
    grep -v '^denseblock_' || true)
[[ -z $others ]] || fail "the library exports more than denseblock_*:" "$others"
# (A toolkit that bootstrap.sh fetched stays in build/cuda, and is used from there.)
! grep -rI "$build\|$source" "$prefix" | grep -v "$source/build/cuda/" ||
    fail "these installed files name the build's folders"
echo "installed files: ok"

# --- use ----------------------------------------------------------------------------------------

mkdir "$root/project"
cp "$source/tests/consumer/project/CMakeLists.txt" "$root/project"
readme_block c >"$root/project/main.c"
expected=$(readme_block text)
[[ -s $root/project/main.c && -n $expected ]] ||
    fail "$readme has no C example with its output: a \`\`\`c block and a \`\`\`text block"

cc=$(cached CMAKE_C_COMPILER)
# A sanitizer's build can be used only by programs that have the sanitizer too.
read -ra flags <<<"$(cached CMAKE_C_FLAGS)"
# It is moved first: an installed tree is often packed here and unpacked there.
mv "$prefix" "$root/moved"
libdir=$root/moved/${libdir#"$prefix/"}

quietly cmake -S "$root/project" -B "$root/project/build" -G Ninja \
    -DCMAKE_C_COMPILER="$cc" -DCMAKE_C_FLAGS="${flags[*]}" -DCMAKE_PREFIX_PATH="$root/moved" \
    -DCUDAToolkit_ROOT="$(cached CUDAToolkit_ROOT)"
quietly cmake --build "$root/project/build"
prints_as_promised "CMake, shared" "$root/project/build/with_shared"
prints_as_promised "CMake, static" "$root/project/build/with_static"

quietly cmake -S "$source/tests/consumer/project_cxx" -B "$root/cxx" -G Ninja \
    -DCMAKE_CXX_FLAGS="${flags[*]}" -DCMAKE_PREFIX_PATH="$root/moved"
quietly cmake --build "$root/cxx"
[[ $("$root/cxx/from_cxx") == "320 bytes" ]] || fail "C++: expected 320 bytes"
echo "CMake, shared, from C++: ok"

export PKG_CONFIG_PATH=$libdir/pkgconfig
read -ra shared <<<"$(pkg-config --cflags --libs denseblock)"
quietly "$cc" "${flags[@]}" "$root/project/main.c" -o "$root/with_shared" "${shared[@]}"
LD_LIBRARY_PATH=$libdir prints_as_promised "pkg-config, shared" "$root/with_shared"

# Without the shared library beside it, the linker takes the static one.
rm "$libdir"/libdenseblock.so*
read -ra static <<<"$(pkg-config --static --cflags --libs denseblock)"
quietly "$cc" "${flags[@]}" "$root/project/main.c" -o "$root/with_static" "${static[@]}"
prints_as_promised "pkg-config, static" "$root/with_static"
