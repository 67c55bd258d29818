#!/bin/bash
# Calls of files that fail, or do half of what was asked: one clear error, and nothing lost; or nothing happens at all, and
# the result is the same. Then the run goes on, and ends as one that was left alone.
# Tests/FaultTests/io-faults.sh PATH-TO-DPTRAIN [SEED [HOW-MANY]]
source "$(dirname "$0")/faults.sh"
cases=${3:-12}

EIO=5 ENOSPC=28

verdict "counting changes nothing" same_run whole counted
verdict "its calls were counted" test "$calls" -gt 50

# spoiled CALL KIND LASTING: a run with a fault, and what becomes of it.
spoiled() {
    local code
    rm -rf out
    faulty out FAULT_CALL="$1" FAULT_KIND="$2" FAULT_LASTING="$3" timeout -k 5 $limit "$binary" "${options[@]}" \
        --output out >output 2>&1 </dev/null
    code=$?
    case $code in
        0) harmless=$((harmless + 1)) && same_run whole out ;;
        1) refused=$((refused + 1)) && grep -q '^dptrain: .*out' output && goes_on out ;;
        *) echo "(exit code $code)" >>output && return 1 ;;
    esac
}

# The injector and the checks find a fault that is there.
lost=$(grep -n '^write .*step-00000010' log | head -n 1 | cut -d : -f 1)
is_found() { ! spoiled "$lost" lost no; }
harmless=0 refused=0
verdict "bytes that were lost without a word are found" is_found

harmless=0 refused=0
kinds=($EIO $ENOSPC short zero $EIO $ENOSPC)
for ((case = 0; case < cases; case++)); do
    call=$((RANDOM % calls + 1)) kind=${kinds[RANDOM % 6]} lasting=$([[ $((RANDOM % 2)) == 0 ]] && echo yes || echo no)
    verdict "call $call of the output ($(sed -n "${call}p" log)), $kind, lasting: $lasting" spoiled $call "$kind" "$lasting"
done
echo "faults in the output: $refused refused, $harmless harmless"

# --- Reading -------------------------------------------------------------------------------------------------------------

mkdir data && cp data.h5 data
reading=(--model simple-cnn --data data/data.h5 --batch-size 26 --epochs 2 --keep 2)
expect "reads are counted" 0 "" faulty data FAULT_LOG="$folder/reads" "$binary" "${reading[@]}" --output reading
reads=$(wc -l <reads)

# misread CALL KIND LASTING: the file cannot be read, or seems to end ("zero"). The result is that of a run left alone, or there
# is an error that names the file.
misread() {
    local code
    rm -rf out
    faulty data FAULT_CALL="$1" FAULT_KIND="$2" FAULT_LASTING="$3" timeout -k 5 $limit "$binary" "${reading[@]}" \
        --output out >output 2>&1 </dev/null
    code=$?
    case $code in
        0) harmless=$((harmless + 1)) && same_run reading out ;;
        1) refused=$((refused + 1)) && grep -q '^dptrain: .*data\.h5' output ;;
        *) echo "(exit code $code)" >>output && return 1 ;;
    esac
}

harmless=0 refused=0
for ((case = 0; case < cases; case++)); do
    call=$((RANDOM % reads + 1)) kind=${kinds[RANDOM % 6]} lasting=$([[ $((RANDOM % 2)) == 0 ]] && echo yes || echo no)
    verdict "call $call of the data ($(sed -n "${call}p" reads)), $kind, lasting: $lasting" misread $call "$kind" "$lasting"
done
echo "faults in the data: $refused refused, $harmless harmless"

# --- A fault of memory inside libhdf5 ------------------------------------------------------------------------------------

# breaks_off RANKS CALL: libhdf5 breaks off as it reads the data file. The file is named, and the exit code is that of an error.
breaks_off() {
    local code
    rm -rf out
    faulty data FAULT_CALL="$2" FAULT_KIND=crash timeout -k 5 $limit mpirun -n "$1" "$binary" "${reading[@]}" --output out \
        >output 2>&1 </dev/null
    code=$?
    [[ $code -eq 1 ]] && grep -q '^dptrain: .*data\.h5: libhdf5 broke off' output
}

# The file is opened by the first calls, all of them inside libhdf5.
for call in 2 3 5; do verdict "libhdf5 breaks off at call $call" breaks_off 1 $call; done
verdict "libhdf5 breaks off on two ranks" breaks_off 2 3

# --- A rank that fails alone, and that nobody hears -------------------------------------------------------------------

# Other ranks wait for it.
mkfifo unread
exec 7<>unread
fill unread
printf '#!/bin/bash\nexec "$@" 2>unread\n' >speak-in-vain
chmod +x speak-in-vain
rm -rf out
expect "a rank whose data cannot be read ends the job, though nobody reads what it says" 1 "" \
    faulty data FAULT_RANK=1 FAULT_CALL=$reads FAULT_LASTING=yes timeout -k 5 $limit mpirun -n 2 ./speak-in-vain "$binary" \
    "${reading[@]}" --epochs 9999 --output out
exec 7>&-

# --- Commands that write one file ----------------------------------------------------------------------------------------

# writes NAME COMMAND...: COMMAND, which writes files/NAME, with calls that fail.
writes() {
    local name=$1 call count
    shift
    rm -rf files good && mkdir files good
    expect "$name left alone" 0 "" faulty files FAULT_LOG="$folder/$name.calls" "$@"
    cp files/* good
    count=$(wc -l <"$name.calls")
    # One after another: no error may be forgotten on the way.
    for ((call = 1; call <= count; call++)); do
        kind=${kinds[RANDOM % 6]}
        verdict "$name, call $call ($(sed -n "${call}p" "$name.calls")), $kind" written "$name" $call "$kind" "$@"
    done
}

# A file that has its name is whole, even if it is not certain to be on the disk.
is_whole_or_gone() { ! [[ -e files/$1 ]] || cmp "good/$1" "files/$1" >>output; }

written() {
    local name=$1 call=$2 kind=$3 code
    shift 3
    rm -f files/* files/.d*
    faulty files FAULT_CALL="$call" FAULT_KIND="$kind" timeout -k 5 $limit "$@" >output 2>&1 </dev/null
    code=$?
    case $code in
        0) cmp "good/$name" "files/$name" >>output ;;
        1) grep -q '^dptrain: .*files' output && is_whole_or_gone "$name" ;;
        *) echo "(exit code $code)" >>output && return 1 ;;
    esac
}

writes set.h5 "$binary" data generate --output files/set.h5 --train 20 --test 5
writes weights.h5 "$binary" checkpoint export whole/latest.h5 --output files/weights.h5
writes predictions.h5 "$binary" predict whole/latest.h5 --data data.h5 --output files/predictions.h5

finish
