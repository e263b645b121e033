#!/usr/bin/env bash
# Outputs appear whole or not at all, and an older file of the name lives until then.
set -euo pipefail
# shellcheck source=tests/cli/lib.sh
source "$(dirname "$0")/lib.sh"

# Without layers, y is x: half a megabyte.
large_case() {
    mkdir k
    npy x.npy '<f4' 1,64,64,32
    run=(run --input x.npy --kernels k)
}

test_full_device() {
    large_case
    refused 3 /dev/full "No space" -- "${run[@]}" --output /dev/full
    [[ -c /dev/full ]] || fail "/dev/full is no device any more"
    expect 3 "${run[@]}" --output y.npy --feature-maps /dev/full
    expect_text err /dev/full
}

# Writing fails half-way.
test_file_size_limit() {
    large_case
    echo old >y.npy
    trap '' XFSZ
    ulimit -f 64 # KiB
    refused 3 y.npy "too large" -- "${run[@]}" --output y.npy
    refused 3 z.npy "too large" -- "${run[@]}" --output z.npy
}

test_full_disk() {
    large_case
    find_own_mounts
    mkdir disk
    local code=0
    # shellcheck disable=SC2016  # for the inner shell to expand
    "${own_mounts[@]}" bash -c 'set -e
        mount -t tmpfs -o size=64k none disk
        echo old >disk/y.npy
        code=0
        "$@" || code=$?
        [[ $(cat disk/y.npy) == old ]] || { echo "the older file is gone"; exit 98; }
        [[ $(ls -A disk) == y.npy ]] || { echo "left: $(ls -A disk)"; exit 97; }
        exit $code' bash "$tool" "${run[@]}" --output disk/y.npy \
        >"$scratch/out" 2>"$scratch/err" || code=$?
    ((code < 97)) || fail "$(cat "$scratch/out")"
    check_code 3 "$code" "run on a full disk"
    expect_text err disk/y.npy "No space"
}

test_report_to_full_disk() {
    large_case
    local code=0
    "$tool" "${run[@]}" --output y.npy --json >/dev/full 2>"$scratch/err" || code=$?
    check_code 3 "$code" "run --json >/dev/full"
    code=0
    "$tool" "${run[@]}" --output y.npy >/dev/full 2>"$scratch/err" || code=$?
    check_code 3 "$code" "run >/dev/full"
}

test_replaces_older_file() {
    large_case
    echo old >y.npy
    chmod 640 y.npy
    mkdir elsewhere
    echo old >elsewhere/z.npy
    ln -s elsewhere/z.npy link.npy
    expect 0 "${run[@]}" --output y.npy
    cmp x.npy y.npy -i "$(($(size_of x.npy) - 524288)):128" ||
        fail "expected y to be x, as there are no layers"
    [[ $(stat -c %a y.npy) == 640 ]] || fail "expected permissions 640, found $(stat -c %a y.npy)"
    # A link stays one; what it names is replaced.
    expect 0 "${run[@]}" --output link.npy
    [[ -L link.npy ]] || fail "the link was replaced"
    same y.npy elsewhere/z.npy
    [[ $(find . -name '.*.tmp') == "" ]] || fail "left: $(find . -name '.*.tmp')"
    # A new file has the permissions that the umask leaves.
    (umask 027 && expect 0 "${run[@]}" --output new.npy)
    [[ $(stat -c %a new.npy) == 640 ]] || fail "expected 640, found $(stat -c %a new.npy)"
}

# What a link to nothing was meant to name is anybody's guess.
test_dangling_link() {
    large_case
    mkdir elsewhere
    ln -s elsewhere/y.npy link.npy
    refused 2 link.npy "symbolic link" -- "${run[@]}" --output link.npy
    ln -s loop loop
    refused 2 loop -- "${run[@]}" --output loop
}

# A special file is written to, never replaced.
test_special_file() {
    large_case
    local null=/dev/null
    # Not the machine's own, where that can be avoided.
    if mknod null c 1 3 2>/dev/null && (: >null) 2>/dev/null; then
        null=null
    fi
    expect 0 "${run[@]}" --output "$null" --feature-maps "$null"
    [[ -c $null ]] || fail "$null is no device any more"

    mkfifo pipe
    cat pipe >"$scratch/y.npy" &
    expect 0 "${run[@]}" --output pipe
    wait $!
    [[ -p pipe ]] || fail "the pipe was replaced"
    expect 0 "${run[@]}" --output y.npy
    same "$scratch/y.npy" y.npy
}

# Sets $without_proc to the command prefix that hides /proc, without which a file cannot get its
# name at the end: it has a temporary one from the start.
hide_proc() {
    [[ ${DENSEBLOCK_SANITIZED-0} != 1 ]] || skip "sanitizers cannot do without /proc"
    find_own_mounts
    # shellcheck disable=SC2016  # for the inner shell to expand
    without_proc=("${own_mounts[@]}" sh -c 'mount -t tmpfs none /proc && exec "$@"' sh)
}

test_named_temporary_file() {
    large_case
    hide_proc
    "${without_proc[@]}" "$tool" "${run[@]}" --output y.npy >"$scratch/out"
    [[ $(find . -type f | sort | xargs) == "./x.npy ./y.npy" ]] ||
        fail "expected x.npy and y.npy, found $(find . -type f)"
}

# --- ended while it computes --------------------------------------------------------------------

# opened_outputs PID: how many files that are to be outputs the process has open.
opened_outputs() {
    find "/proc/$1/fd" -lname "$PWD/*#*" -o -lname "$PWD/.denseblock*" 2>"$scratch/find" | wc -l
}

# ended_by SIGNAL [COMMAND-PREFIX...]: a run of minutes gets the signal as soon as it has opened
# its outputs.
ended_by() {
    local signal=$1 number before code=0 tries=0 pid
    shift
    number=$(kill -l "$signal")
    before=$(snapshot)
    # A shell's background jobs ignore SIGINT otherwise.
    env --default-signal=INT "$@" "$tool" run --input case/input.npy --kernels case \
        --backend reference --output y.npy --feature-maps maps.png \
        >"$scratch/out" 2>"$scratch/err" &
    pid=$!
    until (($(opened_outputs "$pid") == 2)); do
        kill -0 "$pid" 2>/dev/null || fail "it ended before the signal: $(cat "$scratch/err")"
        ((tries++ < 600)) || fail "two opened outputs expected, found: $(ls -l "/proc/$pid/fd")"
        sleep 0.05
    done
    sleep 0.2
    kill -s "$signal" "$pid"
    wait "$pid" 2>/dev/null || code=$?
    check_code $((128 + number)) "$code" "SIG$signal"
    [[ $(snapshot) == "$before" ]] || fail "SIG$signal: expected the folder as it was, found:" \
        "$(diff <(echo "$before") <(snapshot))"
    [[ ! -s $scratch/out ]] || fail "expected nothing on stdout, found $(cat "$scratch/out")"
    ! grep -q $'\r' "$scratch/err" || fail "a progress bar went to a file: $(cat "$scratch/err")"
}

long_case() {
    "$tool" generate --shape 1,256,256,32 --layers 8 --growth 64 --seed 1 --out case \
        >"$scratch/out"
    echo old >y.npy
}

test_ended_by_signal() {
    long_case
    local signal
    for signal in TERM INT HUP; do
        ended_by "$signal"
    done
}

run_tests
