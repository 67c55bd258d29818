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

# One run, killed up to six times. Each time it goes on from its checkpoint, or from the start where there is none.
kills=0
killed_run() {
    local attempt resume=() counts=(2 3 1 4 8) place=killed count pause
    rm -rf killed && : >output
    for ((attempt = 0; attempt < 6 && kills < wanted; attempt++)); do
        count=${counts[RANDOM % 5]} pause=$((RANDOM % milliseconds + 50))
        if killed_after $pause mpirun -n "$count" "$binary" "${options[@]}" "$@" --output $place "${resume[@]}"; then
            kills=$((kills + 1))
        fi
        resume=()
        if compgen -G "$place/step-*.h5" >/dev/null; then resume=(--resume); fi
    done
    ranks 2 "${options[@]}" "$@" --output $place "${resume[@]}" >>output 2>&1 && same_run whole $place
}

for ((run = 1; kills < wanted && run <= wanted; run++)); do
    every=$((RANDOM % 5))
    saving=()
    if [[ $every -gt 0 ]]; then saving=(--checkpoint-every-steps "$every"); fi
    verdict "run $run, a checkpoint every ${every/#0/10} steps, $kills kills so far" killed_run "${saving[@]}"
done
echo "$kills kills"
verdict "there were as many kills as were wanted" test $kills -eq "$wanted"

finish
