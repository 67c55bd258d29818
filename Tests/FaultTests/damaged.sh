#!/bin/bash
# Checkpoints with bytes that are others, missing, or too many: none is taken for whole.
# Tests/FaultTests/damaged.sh PATH-TO-DPTRAIN [SEED [HOW-MANY]]
source "$(dirname "$0")/../RunTests/support.sh"
RANDOM=${2:-1}
wanted=${3:-200}
limit=300

alone data generate --output data.h5 --train 60 --test 20 --seed 5 >output || exit 1
expect "two checkpoints" 0 "" alone --model simple-cnn --data data.h5 --batch-size 30 --epochs 1 --output out
good=out/step-00000002.h5 other=out/step-00000000.h5
size=$(stat -c %s $good) || finish

# Half of the damage is near the beginning or the end, where superblock and digest are.
place() {
    local any=$((RANDOM * 32768 + RANDOM))
    case $((RANDOM % 4)) in
        0) echo $((any % 256)) ;;
        1) echo $((size - 1 - any % 128)) ;;
        *) echo $((any % size)) ;;
    esac
}

patch() { dd of="$1" bs=1 seek="$(place)" conv=notrunc status=none; }

damage() { # FILE
    local at
    cp $good "$1"
    case $((RANDOM % 6)) in
        0) printf "\\x$(printf '%02x' $((RANDOM % 256)))" | patch "$1" ;;
        1) head -c $((RANDOM % 64 + 1)) /dev/zero | patch "$1" ;;
        2) printf '\xff\xff\xff\xff\xff\xff\xff\x7f' | patch "$1" ;;
        3) truncate -s "$(place)" "$1" ;;
        4) head -c $((RANDOM % 5000 + 1)) $other >>"$1" ;;
        5)
            at=$((RANDOM % (size / 512 + 1)))
            dd if=$other of="$1" bs=512 skip=$at seek=$at count=$((RANDOM % 8 + 1)) conv=notrunc status=none
            ;;
    esac
}

# One process looks at many files.
mkdir damaged
done=0 unchanged=0
refuses() {
    local whole
    alone checkpoint verify damaged/*.h5 >output 2>&1
    [[ $? == 1 ]] || return 1
    whole=$(grep -c ': whole' output)
    [[ $whole == 0 && -n $(ls damaged) && $(grep -c 'damaged/.*\.h5' output) == "$(ls damaged | wc -l)" ]]
}
while [[ $done -lt $wanted ]]; do
    rm -f damaged/*
    for ((file = 0; file < 100 && done < wanted; file++)); do
        damage "damaged/$file.h5"
        done=$((done + 1))
        if cmp -s "damaged/$file.h5" $good; then rm "damaged/$file.h5" && unchanged=$((unchanged + 1)); fi
    done
    verdict "$done damaged checkpoints are refused" refuses
done
echo "$((done - unchanged)) damaged checkpoints; $unchanged happened to be as they were"

finish
