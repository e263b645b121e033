#!/usr/bin/env bash
# recorded.sh RECORDER COMMAND...: runs the command with the recorder in a profiler's place, and
# checks what holds for every program: in each thread ranges nest and close; regions of memory have
# labels and go away; counters are never negative and end at zero; nothing comes from outside the
# domain.
set -euo pipefail

record=$(mktemp)
trap 'rm -f "$record"' EXIT
status=0
NVTX_INJECTION64_PATH=$1 NVTX_RECORD=$record "${@:2}" || status=$?
if ((status != 0)); then
    echo "the command ended with $status"
    exit "$status"
fi

awk -F '\t' '
    function wrong(what) {
        print "FAIL: line " NR ": " what ": " $0
        failures++
    }
    { thread = $1 " " $2 }
    $3 == "push" {
        pushes++
        if ($4 != ++depth[thread] || $5 == "")
            wrong("a range without a name, or at a wrong depth")
    }
    $3 == "pop" && $4 != depth[thread]-- { wrong("a range ends that is not the last one") }
    $3 == "region" {
        if ($1 " " $4 in size || $5 + 0 <= 0)
            wrong("a region that is there already, or empty")
        size[$1 " " $4] = $5
    }
    $3 == "label" && (!($1 " " $4 in size) || $5 == "") { wrong("a label of no region") }
    $3 == "gone" {
        if (!($1 " " $4 in size))
            wrong("a region goes that was not there")
        delete size[$1 " " $4]
    }
    $3 == "counter" {
        counter[$1 " " $4] = $5
        if ($5 < 0)
            wrong("less than nothing is held")
    }
    $3 == "outside" { wrong("outside the domain") }
    END {
        for (thread in depth)
            if (depth[thread] != 0)
                wrong(depth[thread] " ranges are left open in " thread)
        for (region in size)
            wrong("a region is left: " region)
        for (name in counter)
            if (counter[name] != 0)
                wrong("a counter ends at " counter[name] ": " name)
        if (pushes == 0)
            wrong("there is no range")
        printf "%d ranges, %d wrong\n", pushes, failures
        exit failures > 0
    }' "$record"
