#!/usr/bin/env bash
# The man page is well formed and knows every option that the tool has.
set -euo pipefail
# shellcheck source=tests/cli/lib.sh
source "$(dirname "$0")/lib.sh"

page=$tests/../host/tool/denseblock.1

test_renders() {
    command -v man >/dev/null || skip "there is no man here"
    # man warns of an unknown locale too; that is not the page's fault.
    LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -l "$page" >"$scratch/out" 2>"$scratch/err" ||
        skip "man does not work here: $(head -n 1 "$scratch/err")"
    [[ -s $scratch/out ]] || skip "man does not work here: it prints nothing"
    [[ ! -s $scratch/err ]] || fail "expected no warnings, found:" "$(cat "$scratch/err")"
}

test_documents_every_option() {
    local command option
    sed 's/\\-/-/g; s/\<Fl -/--/g' "$page" >"$scratch/whole" # mdoc's way to write --
    for command in run verify bench generate memory compare report info; do
        sed -n "/^\.Ss $command\$/,/^\.S[hs] /p" "$scratch/whole" | sed '$d' >"$scratch/page"
        [[ -s $scratch/page ]] || fail "the command $command is not in the page"
        # All commands have it.
        grep -e "--help" "$scratch/whole" >>"$scratch/page"
        "$tool" "$command" --help >"$scratch/help"
        while read -r option; do
            grep -qE -- "$option([^a-z-]|$)" "$scratch/page" ||
                fail "$option of $command is not in its part of the page"
        done < <(grep -oE -- '--[a-z][a-z-]+' "$scratch/help" | sort -u)
    done
}

run_tests
