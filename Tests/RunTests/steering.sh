#!/bin/bash
# What steers a run from outside: limits of time, trials, and options that change where a run is resumed.
# Tests/RunTests/steering.sh PATH-TO-DPTRAIN
source "$(realpath "$(dirname "$0")")/support.sh"

alone data generate --output data.h5 --train 150 --test 60 --seed 5 >output || exit 1
short=(--model simple-cnn --data data.h5 --batch-size 50)

# learnt LOG: whether all samples are right at the end.
learnt() { tail -n 1 "$1" | grep -q '"val_accuracy":1[.,]'; }

# --- A limit of time ------------------------------------------------------------------------------------------------

expect "a run whose time is over" 75 "the time is over: checkpoint saved at step" \
    ranks 3 "${short[@]}" --epochs 9999 --output limited --max-time 1s
expect "a limit that is no time" 64 "is not a time such as" alone "${short[@]}" --max-time soon
epochs=$(($(grep -c '"event":"epoch"' limited/log.jsonl) + 1))
expect "its rest, on another number of ranks" 0 "finished after $epochs epoch" \
    ranks 2 --resume --output limited --epochs $epochs --max-time none
expect "a run without a limit" 0 "finished after $epochs epoch" alone "${short[@]}" --epochs $epochs --output whole
verdict "it ends with the files of one that was not stopped" same_run whole limited

# Each step is an epoch's last: the validation and the end of the last epoch are left to do.
one=(--model simple-cnn --data data.h5 --batch-size 150)
expect "a run that stops at an epoch's last step" 75 "the time is over: checkpoint saved at step" \
    alone "${one[@]}" --epochs 9999 --output last --max-time 1s
epochs=$(($(grep -c '"event":"epoch"' last/log.jsonl) + 1))
expect "its rest is the end of that epoch" 0 "finished after $epochs epoch" \
    alone --resume --output last --epochs $epochs --max-time none
expect "a run that did not stop there" 0 "finished after $epochs epoch" alone "${one[@]}" --epochs $epochs --output first
verdict "both give the same files" same_run first last

# --- Trials ---------------------------------------------------------------------------------------------------------

expect "a trial" 0 "finished after 1 epoch" ranks 2 "${short[@]}" --fast-dev-run --output trial
verdict "it leaves nothing behind" test ! -e trial
expect "a few batches learnt by heart" 0 "validation.*the batches that it trains on" \
    alone "${short[@]}" --epochs 40 --learning-rate 0.003 --overfit-batches 1 --output heart
verdict "the network can learn them" learnt heart/log.jsonl
expect "the same on three ranks" 0 "" \
    ranks 3 "${short[@]}" --epochs 40 --learning-rate 0.003 --overfit-batches 1 --output heart3
verdict "they give the same files" same_run heart heart3

# --- Another value of an option -------------------------------------------------------------------------------------

expect "one epoch" 0 "" alone "${short[@]}" --epochs 1 --output changed
expect "another rate is refused" 1 "say --override NAME=VALUE" \
    alone --resume --output changed --epochs 2 --learning-rate 1e-4
expect "another optimizer is refused" 1 "optimizer cannot change in the middle" \
    alone --resume --output changed --epochs 2 --override optimizer=sgd
expect "an override of a new run" 64 "it goes with --resume" alone "${short[@]}" --override learning-rate=1 --output new
expect "an override of what is given besides" 1 "learning-rate is given besides" \
    alone --resume --output changed --epochs 2 --override learning-rate=1e-4 --learning-rate 1e-3
expect "an override of what may change anyway" 1 "give --readers itself" \
    alone --resume --output changed --epochs 2 --override readers=2
expect "another rate that is meant" 0 "finished after 2 epochs" \
    ranks 2 --resume --output changed --epochs 2 --override learning-rate=1e-4
expect "the checkpoint keeps it" 0 "overridden *--learning-rate from not given to 0.0001 after step 3" \
    alone checkpoint inspect changed/latest.h5
expect "the run goes on with it" 0 "learning_rate: 1.0000e-04" alone --resume --output changed --epochs 3

printf '[steering]\nlearning-rate = 0.001\n' >rate.toml
expect "a run whose configuration has the rate" 0 "" alone "${short[@]}" --config rate.toml --epochs 1 --output configured
expect "its rate is changed beside the configuration" 0 "learning_rate: 2.0000e-04" \
    alone --resume --output configured --config rate.toml --epochs 2 --override learning-rate=2e-4
printf '[steering]\nlearning-rate = 0.002\n' >rate.toml
expect "but not where the configuration has another rate" 1 "learning-rate is given besides" \
    alone --resume --output configured --config rate.toml --epochs 3 --override learning-rate=1e-4

finish
