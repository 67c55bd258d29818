#!/bin/bash
# The power fails at any call of a file. What was not brought onto the disk is there, or not, or in part: every name of the
# output folder leads to the old file or the new one, and every file that was not flushed has lost some of its blocks. The
# run goes on from a whole checkpoint all the same, no older than the last one that was reported, and ends as one that was
# left alone.
# Tests/FaultTests/power-loss.sh PATH-TO-DPTRAIN [SEED [HOW-MANY]]
source "$(dirname "$0")/faults.sh"
cases=${3:-8}

# The last call that saves the first checkpoint: from then on there is one to go on from.
first=$(awk '/^rename .*\/latest\.h5$/ { seen = 1 } seen && /^fsync/ { print NR; exit }' log)
verdict "its calls were counted" test "$calls" -gt 50 -a "${first:-0}" -gt 20

# after_loss PLACE: puts what a disk might have in the place of the folder, from what is there and what is certain.
after_loss() {
    local place=$1 name
    mkdir left
    if [[ -e disk/begun || $((RANDOM % 4)) -gt 0 ]]; then
        while read -r name; do after_loss_of "$place" "$name"; done < <(
            { ls -A "$place"; ls -A disk/names; } 2>/dev/null | sort -u)
    else
        rmdir left
    fi
    rm -rf "$place"
    if [[ -d left ]]; then mv left "$place"; fi
}

# One name: the old file, or the new one.
after_loss_of() {
    local place=$1 name=$2 content
    if [[ $((RANDOM % 2)) == 0 ]]; then
        if [[ -L disk/names/$name ]]; then cp "$(readlink "disk/names/$name")" "left/$name"; fi
        return
    fi
    if ! [[ -e $place/$name ]]; then return; fi
    content=disk/content/$(stat -c %i "$place/$name")
    # The latest that was flushed under this number.
    content=$(ls -t "$content"-* 2>/dev/null | head -n 1)
    lose_blocks "$place/$name" "$content" "left/$name"
}

# lose_blocks NOW FLUSHED TARGET: of the bytes as they are now, some blocks are as they were flushed, or zero, or the end is missing.
# A file that has only grown since it was flushed keeps what it had then.
lose_blocks() {
    local now=$1 flushed=$2 target=$3 size block least=0
    if [[ -n $flushed ]] && cmp -s "$now" "$flushed"; then
        cp "$now" "$target"
        return
    fi
    case $((RANDOM % 4)) in
        0) cp "${flushed:-/dev/null}" "$target" ;;
        1) cp "$now" "$target" ;;
        2)
            size=$(stat -c %s "$now")
            if [[ -n $flushed ]] && cmp -s -n "$(stat -c %s "$flushed")" "$now" "$flushed"; then least=$(stat -c %s "$flushed"); fi
            cp "$now" "$target"
            truncate -s $((least + RANDOM * 32768 % (size - least + 1))) "$target"
            ;;
        3)
            cp "$now" "$target"
            size=$(stat -c %s "$now")
            for ((block = 0; block * 4096 < size; block++)); do
                if [[ $((RANDOM % 3)) -gt 0 ]]; then continue; fi
                dd if="${flushed:-/dev/zero}" of="$target" bs=4096 skip=$block seek=$block count=1 conv=notrunc status=none
                # Behind the end of what was flushed the block was never written.
                if [[ -z $flushed || $(stat -c %s "$flushed") -le $((block * 4096)) ]]; then
                    head -c $((size - block * 4096 < 4096 ? size - block * 4096 : 4096)) /dev/zero |
                        dd of="$target" bs=4096 seek=$block conv=notrunc status=none
                fi
            done
            ;;
    esac
}

# cut_off CALL [VARIABLE...]: the power fails ahead of a call.
cut_off() {
    local call=$1
    shift
    rm -rf out disk left
    mkdir -p disk/names disk/content
    faulty out FAULT_DISK="$folder/disk" FAULT_KIND=kill FAULT_CALL="$call" "$@" timeout -k 5 $limit \
        "$binary" "${options[@]}" --output out >output 2>&1 </dev/null
    after_loss out
    { echo "what is left:"; ls -lA out; } >>output 2>&1
}

# The checkpoint that a run saved last is still there: what follows it costs nothing but time.
goes_on_after_loss() {
    local call=$1
    cut_off "$@"
    if [[ $call -gt $first ]] && ! alone checkpoint verify out/latest.h5 >>output 2>&1; then return 1; fi
    goes_on out
}

# The injector finds planted faults: without one of the two kinds of fsync some runs are lost.
is_found() {
    local try
    for ((try = 0; try < 12; try++)); do
        if ! goes_on_after_loss $((RANDOM % (calls - first) + first + 1)) "FAULT_NO_FSYNC=$1"; then return 0; fi
    done
    return 1
}
verdict "files that are not flushed are found" is_found files
verdict "folders that are not flushed are found" is_found folders

for ((case = 0; case < cases; case++)); do
    call=$((RANDOM % calls + 1))
    verdict "power loss at call $call ($(sed -n "${call}p" log))" goes_on_after_loss $call
done

finish
