#!/bin/bash
# SIGKILL to all processes of a job at any moment, and on it goes on another number of ranks: the end is that of a run left
# alone.
# Tests/FaultTests/kills.sh PATH-TO-DPTRAIN [SEED [HOW-MANY]]
source "$(dirname "$0")/../RunTests/support.sh"
RANDOM=${2:-1}
wanted=${3:-10}
limit=300

alone data generate --output data.h5 --train 250 --test 40 --seed 5 >output || exit 1
options=(
    --model simple-cnn-dropout --data data.h5 --batch-size 26 --epochs 4 --l2 0.001 --weight-decay 0.004
    --learning-rate 0.01 --warm-up 15steps --schedule cosine --reduce-on-plateau patience=1,min-delta=0.5,factor=0.5
    --early-stopping patience=9 --keep 3
)
started=$(date +%s%N)
expect "a run left alone" 0 "" ranks 2 "${options[@]}" --output whole
milliseconds=$((($(date +%s%N) - started) / 1000000))
# The second epoch overflows, and is begun anew.
overflowing=(
    --schedule multistep:at=13steps,multiples=1e32 --on-nan rollback --rollback-factor 1e-32 --warm-up none
    --optimizer sgd --momentum 0.9 --weight-decay 0
)
expect "a run that is rolled back, left alone" 0 "rollback 1 of at most 3" \
    ranks 2 "${options[@]}" "${overflowing[@]}" --output whole-back

# killed_after MILLISECONDS COMMAND...: fails if it was too late.
killed_after() {
    local pause job
    printf -v pause '%d.%03d' $(($1 / 1000)) $(($1 % 1000))
    shift
    "$@" >>output 2>&1 &
    job=$!
    sleep "$pause"
    # The ranks are mpirun's children, in process groups of their own.
    kill -KILL $job $(pgrep -P $job) 2>/dev/null
    wait $job 2>/dev/null
    [[ $? == 137 ]]
}

# killed_run LIKE OPTIONS...: one run, killed up to six times. Each time it goes on from its checkpoint, or from the start
# where there is none. It ends with the files of LIKE.
kills=0
killed_run() {
    local like=$1 attempt resume=() counts=(2 3 1 4 8) place=killed count pause
    shift
    rm -rf killed && : >output
    for ((attempt = 0; attempt < 6 && kills < wanted; attempt++)); do
        count=${counts[RANDOM % 5]} pause=$((RANDOM % milliseconds + 50))
        if killed_after $pause mpirun -n "$count" "$binary" "${options[@]}" "$@" --output $place "${resume[@]}"; then
            kills=$((kills + 1))
        fi
        resume=()
        if compgen -G "$place/step-*.h5" >/dev/null; then resume=(--resume); fi
    done
    ranks 2 "${options[@]}" "$@" --output $place "${resume[@]}" >>output 2>&1 && same_run "$like" $place
}

for ((run = 1; kills < wanted && run <= wanted; run++)); do
    every=$((RANDOM % 5))
    saving=()
    if [[ $every -gt 0 ]]; then saving=(--checkpoint-every-steps "$every"); fi
    like=whole
    if [[ $((run % 3)) -eq 2 ]]; then like=whole-back saving+=("${overflowing[@]}"); fi
    verdict "run $run, like $like, a checkpoint every ${every/#0/10} steps, $kills kills so far" \
        killed_run $like "${saving[@]}"
done
echo "$kills kills"
verdict "there were as many kills as were wanted" test $kills -eq "$wanted"

finish
