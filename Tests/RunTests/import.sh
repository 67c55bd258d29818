#!/bin/bash
# Imports of images: any number of ranks writes the same bytes, and so does an import that was killed and started again.
# Tests/RunTests/import.sh PATH-TO-DPTRAIN
tests=$(realpath "$(dirname "$0")")
source "$tests/support.sh"
golden=$tests/../DatasetCreationTests/Golden

# Two splits, odd images and a bad one.
mkdir -p set/train/{a,b} set/val/{a,b}
for i in {1..25}; do
    cp "$golden/plain.jpg" "set/train/a/$i.jpg"
    cp "$golden/turned.jpg" "set/train/b/$i.jpg"
    cp "$golden/one.png" "set/val/a/$i.png"
done
cp "$golden/deep.png" set/val/b/deep.png
cp "$golden/animated.webp" set/train/a/animated.webp
tar -czf set.tar.gz set

flags=(--on-bad-image skip)
mkdir alone
expect "alone, one file" 0 '50 train and 26 validation images' \
    alone data import set --output alone/one.h5 "${flags[@]}"
expect "alone, parts" 0 '1 left out' alone data import set --output alone/part.h5 --parts 3 "${flags[@]}"
expect "alone, pixels" 0 'of 10x8x1' alone data import set --output alone/pixels.h5 --size 10x8 --grey "${flags[@]}"
for count in 2 3; do
    rm -rf many
    mkdir many
    expect "$count ranks, one file" 0 '26 written anew' ranks $count data import set --output many/one.h5 "${flags[@]}"
    expect "$count ranks, parts" 0 '' ranks $count data import set --output many/part.h5 --parts 3 "${flags[@]}"
    expect "$count ranks, pixels" 0 '' \
        ranks $count data import set --output many/pixels.h5 --size 10x8 --grey "${flags[@]}"
    verdict "$count ranks: the same files" diff -r alone many
done
expect "ranks, an archive" 0 '' ranks 3 data import set.tar.gz --output archive.h5 "${flags[@]}"
expect "alone, an archive" 0 '' alone data import set.tar.gz --output archive-alone.h5 "${flags[@]}"
verdict "an archive: the same file" cmp archive.h5 archive-alone.h5
expect "ranks, a bad image" 1 'animated.webp: it is animated' ranks 2 data import set --output no.h5
verdict "nothing is left of it" test -z "$(ls -d no.h5* 2>/dev/null)"

# What a model makes of image files is what it makes of the same images in a data file, if they all have the network's size too.
mkdir -p flat/train/{a,b} flat/test/{a,b}
for i in {1..8}; do
    cp "$golden/plain.jpg" "flat/train/a/$i.jpg"
    cp "$golden/grey.jpg" "flat/train/b/$i.jpg"
done
cp "$golden/plain.png" flat/test/a
cp "$golden/palette.png" flat/test/b
for form in "" "--size 8x12"; do
    expect "images${form:+ as pixels}" 0 "" alone data import flat --output flat.h5 --overwrite $form
    for rule in unit standardized-pixel caffe; do
        expect "a run on them, $rule" 0 "" alone --model mlp --data flat.h5 --input-size 8x12x3 --batch-size 8 --epochs 1 \
            --normalization $rule --validation none --overwrite --output on-flat
        expect "its predictions" 0 "" alone predict on-flat/latest.h5 --data flat.h5 --csv --top 2
        cut -d , -f 2-5 output | sort >scores
        expect "those of the files" 0 "" alone predict on-flat/latest.h5 --images flat/test --csv --top 2
        verdict "they are the same" diff <(cut -d , -f 2-5 output | sort) scores
    done
done
expect "a broken image" 1 "cut off; remove it, or name the other files" \
    bash -c 'head -c 300 flat/train/a/1.jpg >broken.jpg; "$0" predict on-flat/latest.h5 --images broken.jpg' "$binary"

printf 'c%s,' {1..20} | sed 's/,$/\n/' >table.csv
for row in {1..400}; do printf "$((row % 7)),%.0s" {1..20} | sed 's/,$/\n/'; done >>table.csv

# Killed in the middle, and started again with another number of ranks.
for i in {1..1500}; do ln "$golden/plain.jpg" "set/train/a/more-$i.jpg" 2>/dev/null || cp "$golden/plain.jpg" "set/train/a/more-$i.jpg"; done
mkdir whole killed
expect "undisturbed" 0 '1550 train' alone data import set --output whole/x.h5 --parts 40 "${flags[@]}"
"$binary" data import set --output killed/x.h5 --parts 40 "${flags[@]}" >/dev/null 2>&1 &
process=$!
while kill -0 $process 2>/dev/null && [[ ! -e killed/x-00003-of-00040.h5 ]]; do sleep 0.01; done
kill -KILL $process
wait $process 2>/dev/null
verdict "killed before its end" test ! -e killed/x-00040-of-00040.h5
expect "started again" 0 'parts had been written before' \
    ranks 2 data import set --output killed/x.h5 --parts 40 "${flags[@]}"
verdict "killed and started again: the same files" diff -r whole killed

# On a terminal a line says how far it is; elsewhere, and on a terminal that rewrites nothing, there is none.
watched() { TERM=$1 script -qec "'$binary' data import set --output seen.h5 --overwrite --on-bad-image skip" /dev/null; }
expect "a line on a terminal" 0 $'\x1b\\[KImporting [0-9]+ %' watched xterm
expect "a dumb terminal" 0 '1550 train' watched dumb
verdict "it gets no line" test "$(grep -c 'Importing' output)" = 0
verdict "the line changes nothing" cmp seen.h5 <(alone data import set --output unseen.h5 "${flags[@]}" >/dev/null; cat unseen.h5)

# No file may become larger than 20 KiB: what a full disk does to an import.
small() { (trap '' XFSZ; ulimit -f 20; timeout -k 5 "$limit" "$binary" "$@"); }
mkdir full
expect "no room for a file" 1 'full/one.h5.*File too large' small data import set --output full/one.h5 "${flags[@]}"
expect "no room for pixels" 1 'full/p.h5.*File too large' small data import set --output full/p.h5 --size 32 "${flags[@]}"
expect "no room for a table" 1 'full/t.h5.*File too large' small data import table.csv --target c1 --output full/t.h5
verdict "nothing is left of them" test -z "$(ls -A full)"
cp whole/x-0000[12]-of-00040.h5 full
expect "no room for further parts" 1 'full/x-00003-of-00040.h5.*File too large' \
    small data import set --output full/x.h5 --parts 40 "${flags[@]}"
verdict "the first ones stay" test "$(ls -A full | wc -l)" = 2
expect "with room it goes on" 0 'parts had been written before' \
    alone data import set --output full/x.h5 --parts 40 "${flags[@]}"
verdict "to the same files" diff -r whole full
finish
