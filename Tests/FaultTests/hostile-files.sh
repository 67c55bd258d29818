#!/bin/bash
# Files of all kinds, with bytes that are others, missing, or too many: the program reads them or refuses them with a message,
# within memory that the file's size explains. It neither breaks off nor goes on for ever. scripts/fuzz looks closer, at the
# readers alone.
# Tests/FaultTests/hostile-files.sh PATH-TO-DPTRAIN [SEED [HOW-MANY]]
project=$(realpath "$(dirname "$0")/../..")
source "$project/Tests/RunTests/support.sh"
RANDOM=${2:-1}
wanted=${3:-40}
limit=120
export SWIFT_BACKTRACE=enable=no

# Whole files to begin with, and how each is read.
idx() { printf '%b' "$1" && head -c "$2" /dev/zero; }
mkdir -p idx cifar numpy images/{a,b}
idx '\0\0\x08\x03\0\0\0\x02\0\0\0\x03\0\0\0\x04' 24 >idx/train-images-idx3-ubyte
idx '\0\0\x08\x01\0\0\0\x02' 2 >idx/train-labels-idx1-ubyte
head -c 3073 /dev/zero >cifar/data_batch_1.bin
npy() { # TYPE SHAPE BYTES
    local header="{'descr': '$1', 'fortran_order': False, 'shape': ($2), }"$'\n'
    printf '\x93NUMPY\x01\0%b\0%s' "\\x$(printf '%02x' ${#header})" "$header" && head -c "$3" /dev/zero
}
npy '|u1' '2, 3, 4' 24 >numpy/x_train.npy
npy '<i8' '2,' 16 >numpy/y_train.npy
cp "$project"/Tests/DatasetCreationTests/Golden/{plain.jpg,plain.png,plain.webp} images/a
cp "$project"/Tests/DatasetCreationTests/Golden/{turned.jpg,grey.jpg,palette.png} images/b
tar -cf images.tar -C images .
printf 'size,colour,price\n1.5,red,3\n2,blue,4\n' >table.csv
cp "$project/Tests/Golden/Keras/notebook-3.keras" model.keras
tar -cf set.tar -C idx .
tar -czf set.tgz -C idx .
alone --model simple-cnn --print-config >run.toml 2>/dev/null
alone data generate --output data.h5 --train 8 --test 4 >/dev/null || finish
cp "$project/Tests/RunTests/auxiliary.json" model.json
works=(
    "data.h5 data inspect" "model.json summary" "run.toml --print-config --config" "set.tar data import" "set.tgz data import"
    "idx/train-images-idx3-ubyte data import" "idx/train-labels-idx1-ubyte data import" "cifar/data_batch_1.bin data import"
    "numpy/x_train.npy data import" "numpy/y_train.npy data import" "images.tar data import" "model.keras summary"
    "table.csv data import --target price --categorical colour"
)

mutate() { # FROM TO
    local size change
    cp "$1" "$2"
    for ((change = 0; change <= RANDOM % 3; change++)); do
        size=$(stat -c %s "$2")
        [[ $size -gt 0 ]] || return 0
        local at=$(((RANDOM * 32768 + RANDOM) % size))
        # Most of what matters is at the beginning.
        if [[ $((RANDOM % 2)) == 0 ]]; then at=$((at % 600 % size)); fi
        case $((RANDOM % 6)) in
            0 | 1) printf "\\x$(printf '%02x' $((RANDOM % 256)))" | dd of="$2" bs=1 seek=$at conv=notrunc status=none ;;
            2) printf '\xff\xff\xff\x7f' | dd of="$2" bs=1 seek=$at conv=notrunc status=none ;;
            3) truncate -s $at "$2" ;;
            4) head -c $((RANDOM % 100)) "$1" >>"$2" ;;
            5) { head -c $at "$1" && tail -c +$((at + 1 + RANDOM % 8)) "$1"; } >"$2" ;;
        esac
    done
}

# spoiled WORK...: one file of the work changed, and read.
spoiled() {
    local file=$1 path code
    shift
    rm -rf try && mkdir try
    path=try/$(basename "$file")
    if [[ $file == */* ]]; then cp "$(dirname "$file")"/* try; fi
    mutate "$file" "$path"
    if [[ $file == */* ]]; then path=try; fi
    local command=("$@" "$path")
    if [[ $* == "data import"* ]]; then command+=(--output imported.h5 --overwrite); fi
    (ulimit -v 8000000 && alone "${command[@]}") >output 2>&1 </dev/null
    code=$?
    case $code in
        0) read=$((read + 1)) ;;
        1 | 64)
            refused=$((refused + 1))
            if grep -q 'libhdf5 broke off' output; then faults=$((faults + 1)); fi
            [[ -s output ]]
            ;;
        *)
            echo "(exit code $code)" >>output
            return 1
            ;;
    esac
}

read=0 refused=0 faults=0
for ((number = 0; number < wanted; number++)); do
    work=(${works[number % ${#works[@]}]})
    verdict "file $number, ${work[*]}" spoiled "${work[@]}"
done
echo "$read were read, $refused refused; of which libhdf5 broke off on $faults"
verdict "some are read, and some refused" test $read -gt 0 -a $refused -gt 0

finish
