#!/bin/bash
# JPEG files in which some bytes are others, or whose end is missing. An import decodes each or leaves it out by name, and a
# run decodes all that it took. In a data file that no import has looked at, a summary counts the images that cannot be
# decoded, and a run ends at the first. No file crashes the program, and none takes more than 8 GB of memory.
# Tests/RunTests/mutated-images.sh PATH-TO-DPTRAIN [HOW-MANY [FILE.jpg...]]
golden=$(realpath "$(dirname "$0")/../DatasetCreationTests/Golden")
mutations=${2:-200}
sources=("$golden"/{plain,grey,turned,cmyk}.jpg)
[[ $# -gt 2 ]] && mapfile -t sources < <(realpath "${@:3}")
source "$(dirname "$0")/support.sh"

# A program in a file that is broken needs no backtrace.
export SWIFT_BACKTRACE=enable=no
RANDOM=1
limit=600

bounded() { (ulimit -v 8000000; alone "$@"); }

# mutate FILE NEW: one to four bytes are others, half of them near the beginning, where headers are.
mutate() {
    local size=${sizes[$1]} near byte
    cp "$1" "$2"
    for byte in 0 255 $((RANDOM % 256)) $((RANDOM % 256)); do
        near=$((RANDOM % 2 == 0 && size > 600 ? 600 : size))
        printf -v byte '\\x%02x' "$byte"
        printf "$byte" >byte
        dd if=byte of="$2" bs=1 seek=$(((RANDOM * 32768 + RANDOM) % near)) conv=notrunc status=none
        if [[ $((RANDOM % 3)) == 0 ]]; then break; fi
    done
}
declare -A sizes
for file in "${sources[@]}"; do sizes[$file]=$(stat -c %s "$file"); done

classes=(a b)
mkdir -p set/{a,b}
for ((number = 0; number < mutations; number++)); do
    source=${sources[number % ${#sources[@]}]} file=set/${classes[number % 2]}/$number.jpg
    mutate "$source" "$file"
    if [[ $((number % 8)) == 7 ]]; then truncate -s $((RANDOM % sizes[$source])) "$file"; fi
done

expect "an import of all of them" 0 "left out" bounded data import set --on-bad-image skip --output all.h5
taken=$(sed -nE 's/^all.h5: .* ([0-9]+) train images.*/\1/p' output)
left=$(sed -nE 's/^ *([0-9]+) left out.*/\1/p' output)
verdict "each is taken or left out" test "$((taken + left))" = "$mutations" -a "$taken" -gt 0 -a "$left" -gt 0
h5dump -d /skipped/reasons all.h5 | sed 1d >output
verdict "each that is left out has a reason" test "$(grep -oE '"[A-Za-z][^"\\]{4,}' output | wc -l)" = "$left"
expect "without leave, the first ends the import" 1 $'[ab]/[0-9]+.jpg: \n--on-bad-image skip' \
    bounded data import set --output none.h5
run=(--model mlp --batch-size 8 --input-size 8x8x3 --augment random-resized-crop --epochs 1 --overwrite --output run)
expect "a run decodes all that were taken" 0 "finished" bounded "${run[@]}" --data all.h5
echo "$taken of $mutations were taken, $left left out"

# The images of a data file are replaced by mutated ones of the same length.
group=$((mutations < 250 ? mutations / 2 : 250)) damaged=0 looked=0
for ((first = 0; first < mutations; first += group)); do
    original=${sources[first / group % (${#sources[@]} < 2 ? 1 : 2)]}
    rm -rf clean group.h5 bytes
    mkdir -p clean/{a,b}
    for ((number = 0; number < group; number++)); do
        cp "$original" "clean/${classes[number % 2]}/$number.jpg"
        mutate "$original" one.jpg
        cat one.jpg >>bytes
    done
    alone data import clean --output group.h5 >output 2>&1
    offset=$(h5dump -p -H -d /train/encoded group.h5 | sed -n 's/ *OFFSET //p')
    dd if=bytes of=group.h5 bs=1M seek="$offset" oflag=seek_bytes conv=notrunc status=none
    expect "a summary of the images from $first" 0 "cannot be decoded: number" bounded data stats group.h5
    count=$(sed -nE 's/.* ([0-9]+) of the .* cannot be decoded.*/\1/p' output)
    damaged=$((damaged + count)) looked=$((looked + group))
    expect "a run on the images from $first" 1 'group.h5: /train/encoded: row [0-9]+: ' bounded "${run[@]}" --data group.h5
done
echo "in $looked images that no import had seen, $damaged could not be decoded"

finish
