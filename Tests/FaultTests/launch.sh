#!/bin/bash
# `dptrain launch` goes on from the newest checkpoint when a rank, all ranks or mpirun are killed, and gives up where that cannot
# help. What it computes is what a run computes that nothing befell.
# Tests/FaultTests/launch.sh PATH-TO-DPTRAIN
source "$(dirname "$0")/../RunTests/support.sh"

alone data generate --output data.h5 --train 250 --test 40 --seed 5 >output || exit 1
options=(--model simple-cnn --data data.h5 --batch-size 26 --checkpoint-every-steps 3)
launch() { timeout -k 5 "$limit" "$binary" launch "$@"; }

expect "a run left alone" 0 "" alone "${options[@]}" --epochs 12 --output alone

# ranks_of FOLDER: the processes that train there.
ranks_of() {
    local process
    for process in $(pgrep -f -- "--output $1"); do
        [[ $(readlink "/proc/$process/exe") == "$binary" ]] || continue
        tr '\0' ' ' <"/proc/$process/cmdline" | grep -q " launch " || echo "$process"
    done
}

# await_step FOLDER STEP: until there is a checkpoint of that step or a later one.
await_step() {
    local try newest
    for ((try = 0; try < 1500; try++)); do
        newest=$(ls "$1" 2>/dev/null | sed -n 's/^step-0*\([0-9]\+\)\.h5$/\1/p' | sort -n | tail -n 1)
        [[ ${newest:-0} -ge $2 ]] && return 0
        sleep 0.02
    done
    return 1
}

"$binary" launch -n 2 --mpirun "--bind-to none" -- "${options[@]}" --epochs 12 --output out >output 2>&1 &
job=$!
await_step out 9 && kill -KILL "$(ranks_of out | tail -n 1)"
await_step out 36 && pkill -KILL -P $job mpirun
await_step out 66 && kill -KILL $(ranks_of out)
wait $job
verdict "a job that loses a rank, mpirun and all ranks is finished" as_expected $? 0 "finished after 12 epochs"
verdict "it says what was lost, and from where it goes on" as_expected 0 0 "launch: .* signal 9.* It goes on from step [0-9]+"
verdict "it was started three times more" test "$(grep -c "It goes on from step" output)" = 3
verdict "it computed the same" same_run alone out

# Losses at the same step: the loss is no number behind a step of such a rate.
expect "a rank that fails at the same step again and again" 1 "It was lost 3 times behind step 0, so it is not started again
the loss of step [0-9]+ is NaN" \
    launch -n 2 -- "${options[@]}" --epochs 2 --optimizer sgd --learning-rate 1e38 --on-nan stop --output failing
expect "--retries 0" 1 "It was lost 1 times behind step 0" \
    launch -n 1 --retries 0 -- "${options[@]}" --epochs 2 --optimizer sgd --learning-rate 1e38 --on-nan stop --output fails-once

# What starting again cannot mend.
expect "a run that is to be replaced, and cannot begin" 1 "nothere.h5" \
    launch -n 2 -- --model mlp --data nothere.h5 --output out --overwrite
verdict "it does not go on with the earlier one" test "$(grep -c "goes on" output)" = 0
expect "a file that is not there" 1 "nothere.h5" launch -n 2 -- --model mlp --data nothere.h5 --output none
verdict "it is not started again" test "$(grep -c "goes on" output)" = 0
expect "a folder that has a run" 1 "--resume" launch -n 2 -- "${options[@]}" --epochs 12 --output out
verdict "it is not started again either" test "$(grep -c "goes on" output)" = 0
expect "a mistyped option behind --" 64 "Did you mean" launch -n 2 -- --epoochs 3
expect "no ranks and no hosts" 64 "give the number of ranks with -n" launch -- "${options[@]}"
expect "another command" 64 "starts training only" launch -n 2 -- evaluate out/latest.h5 --data data.h5
expect "launch under mpirun" 64 "start it without mpirun" ranks 1 launch -n 2 -- "${options[@]}"

# Stopped from outside, it saves and ends; with --resume it goes on.
"$binary" launch -n 2 -- "${options[@]}" --epochs 99999 --output stopped >output 2>&1 &
job=$!
await_step stopped 9 && kill -TERM $job
wait $job
verdict "a job that is stopped" as_expected $? 75 "saved|--resume"
expect "what it says to go on with does so" 75 "resumed +from stopped/latest.h5" \
    launch -n 1 -- --resume --output stopped --max-time 1s

# Hosts. An agent in the place of ssh: this host is reached, the other one does not answer.
printf '#!/bin/bash\nexit 255\n' >agent
chmod +x agent
export OMPI_MCA_plm_rsh_agent=$PWD/agent
printf 'localhost slots=1\ngone.invalid slots=2\n' >hosts
expect "a host that does not answer is left out" 0 "gone.invalid does not answer. The job runs on the others
finished after 12 epochs" launch --hostfile hosts -- "${options[@]}" --epochs 12 --output left
verdict "the others computed the same" same_run alone left
"$binary" launch --hostfile hosts --min-ranks 2 -- "${options[@]}" --epochs 12 --output waiting >output 2>&1 &
job=$!
for ((try = 0; try < 500; try++)); do
    grep -q "waits for hosts" output && break
    sleep 0.02
done
kill -TERM $job
wait $job
verdict "with too few ranks it waits for hosts, until it is stopped" \
    as_expected $? 75 "gone.invalid does not answer. It waits for hosts to come back"
expect "a host file that is not there" 1 "nowhere" launch --hostfile nowhere -- "${options[@]}" --output none
printf 'a slots=none\n' >hosts
expect "a host file with a mistake" 1 "hosts, line 1" launch --hostfile hosts -- "${options[@]}" --output none

finish
