#!/bin/bash
# Runs every command of the tutorial, in its order: the indented lines that begin with dptrain or mpirun. The images are fewer, and
# made here.
# Tests/RunTests/tutorial.sh PATH-TO-DPTRAIN
tutorial=$(realpath "$(dirname "$0")/../../docs/tutorial")
source "$(dirname "$0")/support.sh"
mkdir path && ln -s "$binary" path/dptrain
export PATH="$folder/path:$PATH"

# idx NAME COUNT: images whose pixels are the characters of ascending numbers, with labels in turn.
idx() {
    local count=$2 size
    size=$(printf '%08x' "$count" | sed 's/../\\x&/g')
    {
        printf "\x00\x00\x08\x03$size\x00\x00\x00\x1c\x00\x00\x00\x1c"
        seq 1 $((count * 784)) | head -c $((count * 784))
    } >"fashion-mnist/$1-images-idx3-ubyte"
    {
        printf "\x00\x00\x08\x01$size"
        for ((i = 0; i < count; i++)); do printf "\x0$((i % 10))"; done
    } >"fashion-mnist/$1-labels-idx1-ubyte"
}
mkdir fashion-mnist
idx train 1000
idx t10k 200
cp "$tutorial/lenet.json" .

mapfile -t commands < <(sed -nE 's/^    ((dptrain|mpirun) .*)/\1/p' "$tutorial/README.md")
verdict "the tutorial has commands" test ${#commands[@]} -ge 15
for command in "${commands[@]}"; do
    expect "$command" 0 "" timeout $limit bash -c "$command"
done
verdict "the report is there" grep -q "<html" report.html
verdict "the exported model is a zip archive" grep -q "^PK" lenet.keras

finish
