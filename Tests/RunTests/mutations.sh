#!/bin/bash
# Data files in which three bytes are others are read or refused. libhdf5 itself may break off with a fault of memory in
# such a file; this program's own checks end it in other ways, of which there must be none.
# Tests/RunTests/mutations.sh PATH-TO-DPTRAIN [HOW-MANY]
hostile=$(realpath "$(dirname "$0")/../DataPipelineTests/Golden/Hostile")
source "$(dirname "$0")/support.sh"
mutations=${2:-200}

# A program in a file that is broken needs no backtrace.
export SWIFT_BACKTRACE=enable=no
RANDOM=1

mutate() { # FILE
    local size byte drawn place
    cp "$1" mutated.h5
    size=$(stat -c %s mutated.h5)
    # Numbers are drawn in no subshell or pipe, where they are others in each run.
    printf -v drawn '%02x' $((RANDOM % 256))
    for byte in 00 ff "$drawn"; do
        place=$(((RANDOM * 32768 + RANDOM) % size))
        printf "\\x$byte" | dd of=mutated.h5 bs=1 seek=$place conv=notrunc status=none
    done
}

# The memory of this program is bounded by its file's size, wherever libhdf5 lets it come to that.
inspect() { (ulimit -v 8000000 && alone data inspect mutated.h5) >output 2>&1 </dev/null; }

ends_well() { [[ $1 == 0 || $1 == 1 || $1 == 139 ]]; }

exec 3>&1
read=0 refused=0 faults=0
for ((mutation = 0; mutation < mutations; mutation++)); do
    case $((mutation % 3)) in
        0) mutate "$hostile/chunks-whole.h5" ;;
        1) mutate "$hostile/linked-hard.h5" ;;
        2) mutate "$hostile/virtual-same-file.h5" ;;
    esac
    inspect
    code=$?
    if [[ $code == 124 ]]; then
        # A machine that stands still for a minute is no fault of the file; one that never ends is.
        echo "mutation $mutation did not end in $limit s, and is tried again" >&3
        inspect
        code=$?
    fi
    case $code in
        0) read=$((read + 1)) ;;
        1) refused=$((refused + 1)) ;;
        139) faults=$((faults + 1)) ;;
    esac
    verdict "mutation $mutation (exit code $code)" ends_well $code
done 2>/dev/null
echo "$read were read, $refused refused; in $faults libhdf5 had a fault of memory"
verdict "some are read, and some refused" test $read -gt 0 -a $refused -gt 0

finish
