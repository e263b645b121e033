# shellcheck shell=bash
# Shared by the scripts here. A script is called as SCRIPT TOOL [GROUP [ARGUMENT...]]: it defines
# functions test_GROUP and ends with `run_tests`, which runs the one group, or all. Each group runs
# in an empty folder of its own, with $tool, $tests and $scratch (a folder for files that are no
# part of the test) set.

tool=$(realpath "$1")
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cases=$tests/cases
photo=$tests/photo
root=$(mktemp -d)
scratch=$root/scratch
group=("${@:2}")
# shellcheck disable=SC2034  # for the scripts
readonly tool tests cases photo root scratch
trap 'chmod -R u+rwX "$root" && rm -rf "$root"' EXIT

# A sanitizer's finding must not look like one of the tool's exit codes.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}exitcode=99
export UBSAN_OPTIONS=${UBSAN_OPTIONS:+$UBSAN_OPTIONS:}exitcode=99
export LSAN_OPTIONS=${LSAN_OPTIONS:+$LSAN_OPTIONS:}exitcode=99

fail() {
    printf 'FAIL: %s\n' "$@" >&2
    exit 1
}

skip() {
    printf 'SKIP: %s\n' "$*"
    exit 77
}

# --- running the tool ---------------------------------------------------------------------------

# expect CODE ARGUMENT...: runs the tool; what it prints is then in $scratch/out and $scratch/err.
expect() {
    local expected=$1 code=0
    shift
    "$tool" "$@" >"$scratch/out" 2>"$scratch/err" </dev/null || code=$?
    check_code "$expected" "$code" "denseblock $*"
}

# check_code EXPECTED FOUND COMMAND
check_code() {
    (($1 == $2)) || fail "$3" "expected exit code $1, found $2; standard error was:" \
        "$(cat "$scratch/err")"
    ! grep -E 'Sanitizer|runtime error' "$scratch/err" >&2 || fail "$3: a sanitizer's report"
}

# expect_text FILE TEXT...: each text is somewhere in $scratch/FILE (out or err).
expect_text() {
    local file=$1 text
    shift
    for text in "$@"; do
        grep -qF -- "$text" "$scratch/$file" ||
            fail "expected in std$file: $text" "found: $(cat "$scratch/$file")"
    done
}

# expect_no_text FILE TEXT...: no text is in $scratch/FILE.
expect_no_text() {
    local file=$1 text
    shift
    for text in "$@"; do
        ! grep -qF -- "$text" "$scratch/$file" ||
            fail "expected no such text in std$file: $text" "found: $(cat "$scratch/$file")"
    done
}

# Everything about the files here, times of access apart.
snapshot() {
    find . -printf '%p %y %i %n %m %s %T@ %l\n' | sort
    find . -type f -exec cksum {} + | sort
}

# refused CODE TEXT... -- ARGUMENT...: the tool ends with CODE, says each TEXT, prints nothing on
# stdout and changes nothing here.
refused() {
    local code=$1 before texts=()
    shift
    while [[ $1 != -- ]]; do
        texts+=("$1")
        shift
    done
    shift
    before=$(snapshot)
    expect "$code" "$@"
    expect_text err "${texts[@]}"
    [[ ! -s $scratch/out ]] || fail "denseblock $*" "expected nothing on stdout, found:" \
        "$(cat "$scratch/out")"
    [[ $(snapshot) == "$before" ]] || fail "denseblock $*" \
        "expected the folder as it was, found:" "$(diff <(echo "$before") <(snapshot))"
}

# expect_json KEY...: $scratch/out is JSON and has the keys.
expect_json() {
    local key
    if command -v python3 >/dev/null; then
        python3 -m json.tool "$scratch/out" >"$scratch/json" ||
            fail "expected JSON, found: $(cat "$scratch/out")"
    elif [[ $(tr -d ' \n' <"$scratch/out") != '{'*'}' ]]; then
        fail "expected a JSON object, found: $(cat "$scratch/out")"
    fi
    for key in "$@"; do
        grep -q "\"$key\": *" "$scratch/out" ||
            fail "expected the key \"$key\", found: $(cat "$scratch/out")"
    done
}

# --- files --------------------------------------------------------------------------------------

# npy_file PATH HEADER DATA_BYTES [VERSION]: a .npy file with any header, and zeros as data.
npy_file() {
    local path=$1 text=$2$'\n' bytes=$3 version=${4-1} length
    length=$(printf '%02x' $((${#text} % 256)) $((${#text} / 256)) | sed 's/../\\x&/g')
    ((version == 1)) || length+='\x00\x00'
    # shellcheck disable=SC2059  # the format is the data
    printf "\x93NUMPY\x0$version\x00$length" >"$path"
    printf '%s' "$text" >>"$path"
    head -c "$bytes" /dev/zero >>"$path"
}

# npy PATH TYPE SHAPE [BYTES]: zeros of that shape, such as 1,3,3,2; BYTES in place of their size.
npy() {
    local path=$1 type=$2 shape=$3 count=1 size
    for size in ${shape//,/ }; do
        count=$((count * size))
    done
    npy_file "$path" "{'descr': '$type', 'fortran_order': False, 'shape': ($shape,), }" \
        "${4-$((count * ${type: -1}))}"
}

# npy_of PATH TYPE SHAPE COUNT BYTES: COUNT times the same element, given as \xHH.
npy_of() {
    local i
    npy "$1" "$2" "$3" 0
    for ((i = 0; i < $4; i++)); do
        # shellcheck disable=SC2059  # the format is the data
        printf "$5"
    done >>"$1"
}

# poke PATH OFFSET BYTES: overwrites bytes, given as \xHH; a negative offset is from the end.
poke() {
    local offset=$2
    ((offset >= 0)) || offset=$(($(size_of "$1") + offset))
    # shellcheck disable=SC2059  # the format is the data
    printf "$3" | dd of="$1" bs=1 seek="$offset" conv=notrunc status=none
}

size_of() { stat -c %s "$1"; }

# npy_header PATH: its dictionary.
npy_header() { head -n 1 "$1" | tr -d '\0' | sed 's/^[^{]*//; s/ *$//'; }

# same FILE FILE: they are equal, byte by byte.
same() { cmp "$1" "$2" >&2 || fail "expected the same bytes in $1 and $2"; }

# small_case: x.npy [1,5,4,2] and k/ with two layers of growth 3, f32 zeros.
small_case() {
    npy x.npy '<f4' 1,5,4,2
    mkdir k
    npy k/kernel_000.npy '<f4' 3,3,2,3
    npy k/kernel_001.npy '<f4' 3,3,5,3
}

# --- groups -------------------------------------------------------------------------------------

# Sets $own_mounts to the command prefix that gives a process mounts of its own; skips the group
# where this machine does not allow it.
find_own_mounts() {
    local option
    for option in -m -rm; do
        own_mounts=(unshare "$option")
        # shellcheck disable=SC2016  # for the inner shell to expand
        if "${own_mounts[@]}" sh -c 'mount -t tmpfs none "$1"' sh "$scratch" 2>/dev/null; then
            return
        fi
    done
    skip "this machine lets a test mount no file system of its own"
}

run_group() (
    mkdir "$scratch" "$root/here"
    cd "$root/here" || exit
    "test_$1" "${@:2}"
)

run_tests() {
    local name code failed=0
    if ((${#group[@]} > 0)); then
        run_group "${group[@]}"
        return
    fi
    for name in $(compgen -A function test_); do
        code=0
        "$0" "$tool" "${name#test_}" || code=$?
        printf '%s: exit code %d\n' "${name#test_}" "$code"
        ((code == 0 || code == 77)) || failed=1
    done
    return "$failed"
}
