#!/bin/bash
# `dptrain launch` goes on from the newest checkpoint when a rank, all ranks or mpirun are killed, and gives up where that cannot
# help. What it computes is what a run computes that nothing befell.
# Tests/FaultTests/launch.sh PATH-TO-DPTRAIN
source "$(dirname "$0")/../RunTests/support.sh"

alone data generate --output data.h5 --train 250 --test 40 --seed 5 >output || exit 1
options=(--model simple-cnn --data data.h5 --batch-size 26 --checkpoint-every-steps 3)
launch() { timeout -k 5 "$limit" "$binary" launch "$@"; }

expect "a run left alone" 0 "" alone "${options[@]}" --epochs 60 --output alone

# The folder's whole path tells this script's processes from those of others.
out=$folder/out

# ranks_of FOLDER: the processes that train there, without the launch.
ranks_of() {
    local process
    for process in $(ranks_in "$1"); do
        tr '\0' ' ' <"/proc/$process/cmdline" | grep -q " launch " || echo "$process"
    done
}

newest_step() { ls "$1" 2>/dev/null | sed -n 's/^step-0*\([0-9]\+\)\.h5$/\1/p' | sort -n | tail -n 1; }

# await_step FOLDER STEP: until there is a checkpoint of that step or a later one.
await_step() {
    local try newest
    for ((try = 0; try < 3000; try++)); do
        newest=$(newest_step "$1")
        [[ ${newest:-0} -ge $2 ]] && return 0
        sleep 0.01
    done
    return 1
}

# lose TIMES COMMAND...: does that some steps on, and waits until the job has been lost so many times.
lose() {
    local times=$1 try newest
    shift
    newest=$(newest_step "$out")
    await_step "$out" $((${newest:-0} + 60)) || return 1
    "$@"
    for ((try = 0; try < 3000; try++)); do
        [[ $(grep -c "It goes on from step" output) -ge $times ]] && return 0
        sleep 0.01
    done
    return 1
}
kill_one() { kill -KILL "$(ranks_of "$out" | tail -n 1)"; }
kill_all() { kill -KILL $(ranks_of "$out"); }

"$binary" launch -n 2 --mpirun "--bind-to none" -- "${options[@]}" --epochs 60 --output "$out" >output 2>&1 &
job=$!
lose 1 kill_one
lose 2 pkill -KILL -P $job
lose 3 kill_all
wait $job
verdict "a job that loses a rank, mpirun and all ranks is finished" as_expected $? 0 "finished after 60 epochs"
verdict "it says what was lost, and from where it goes on" as_expected 0 0 "launch: .* signal 9.* It goes on from step [0-9]+"
verdict "it was started three times more" test "$(grep -c "It goes on from step" output)" = 3
verdict "it computed the same" same_run alone "$out"

# Losses at the same step: the loss is no number behind a step of such a rate.
expect "a rank that fails at the same step again and again" 1 "The job was lost 3 times behind step 0, so it is not started again
the loss of step [0-9]+ is NaN" \
    launch -n 2 -- "${options[@]}" --epochs 2 --optimizer sgd --learning-rate 1e38 --on-nan stop --output failing
expect "--retries 0" 1 "The job was lost 1 time behind step 0" \
    launch -n 1 --retries 0 -- "${options[@]}" --epochs 2 --optimizer sgd --learning-rate 1e38 --on-nan stop --output fails-once

# Nobody reads what the job and the launch say of the loss.
mkfifo unread
exec 7<>unread
fill unread
launch -n 2 -- "${options[@]}" --epochs 60 --output "$folder/unread-run" >output 2>unread &
job=$!
await_step "$folder/unread-run" 60
kill -KILL "$(ranks_of "$folder/unread-run" | tail -n 1)"
wait $job
verdict "a job is started again though nobody reads what is said" as_expected $? 0 "resumed +from .*
finished after 60 epochs"
verdict "it computed the same" same_run alone "$folder/unread-run"
exec 7>&-

# What starting again cannot mend.
expect "a run that is to be replaced, and cannot begin" 1 "nothere.h5" \
    launch -n 2 -- --model mlp --data nothere.h5 --output out --overwrite
verdict "it does not go on with the earlier one" test "$(grep -c "goes on" output)" = 0
expect "a file that is not there" 1 "nothere.h5" launch -n 2 -- --model mlp --data nothere.h5 --output none
verdict "it is not started again" test "$(grep -c "goes on" output)" = 0
expect "a folder that has a run" 1 "--resume" launch -n 2 -- "${options[@]}" --epochs 12 --output out
verdict "it is not started again either" test "$(grep -c "goes on" output)" = 0
expect "a mistyped option behind --" 64 "Did you mean" launch -n 2 -- --epoochs 3
expect "a file to resume from" 64 "--resume is given without a file" \
    launch -n 2 -- --resume out/latest.h5 --output elsewhere
expect "no ranks and no hosts" 64 "give the number of ranks with -n" launch -- "${options[@]}"
"$binary" "${options[@]}" --epochs 99999 --output "$folder/busy" >first 2>&1 &
busy=$!
await_step "$folder/busy" 3
expect "a folder that another run writes to" 1 "another run writes to" launch -n 1 -- "${options[@]}" --output "$folder/busy" --resume
verdict "it is not tried again" test "$(grep -c "goes on" output)" = 0
kill -KILL $busy
wait $busy 2>/dev/null
expect "another command" 64 "starts training only" launch -n 2 -- evaluate out/latest.h5 --data data.h5
expect "launch under mpirun" 64 "start it without mpirun" ranks 1 launch -n 2 -- "${options[@]}"

# Stopped from outside, it saves and ends; with --resume it goes on.
"$binary" launch -n 2 -- "${options[@]}" --epochs 99999 --output "$folder/stopped" >output 2>&1 &
job=$!
await_step "$folder/stopped" 9 && kill -TERM $job
wait $job
verdict "a job that is stopped" as_expected $? 75 "saved|--resume"
verdict "it says how it was started" grep -qF -- "dptrain launch -n 2 -- --output $folder/stopped --resume" output
verdict "it does not repeat what mpirun says of the exit code" test "$(grep -c "non-zero" output)" = 0
expect "what it says to go on with does so" 75 "resumed +from stopped/latest.h5" \
    launch -n 1 -- --resume --output stopped --max-time 1s

# stop_after SECONDS: a job that is told to stop so early ends, with a checkpoint if it had begun. Nothing is left.
stop_after() {
    local job code
    rm -rf "$folder/early"
    "$binary" launch -n 2 -- "${options[@]}" --epochs 99999 --output "$folder/early" >output 2>&1 &
    job=$!
    sleep "$1"
    kill -TERM $job
    wait $job
    code=$?
    [[ -z $(ranks_of "$folder/early") ]] || return 1
    if [[ -e $folder/early ]]; then [[ $code -eq 75 && -e $folder/early/latest.h5 ]]; else [[ $code -eq 143 ]]; fi
}
for seconds in 0.02 0.1 0.2 0.4 0.8; do
    verdict "a job that is stopped after $seconds s" stop_after $seconds
done

# nothing_is_left FOLDER: no rank, after at most five seconds.
nothing_is_left() {
    local try
    for ((try = 0; try < 250; try++)); do
        [[ -z $(ranks_of "$1") ]] && return 0
        sleep 0.02
    done
    return 1
}
# has_ended PROCESS: what is left of it may be a zombie, where no process asks for the ends of orphans.
has_ended() { ! grep -s "^State:" "/proc/$1/status" | grep -qv "(zombie)"; }
"$binary" launch -n 2 -- "${options[@]}" --epochs 99999 --output "$folder/killed" >output 2>&1 &
job=$!
await_step "$folder/killed" 9
mpirun_of_job=$(pgrep -P $job)
kill -KILL $job
wait $job 2>/dev/null
expect "the next launch takes over from one that was killed" 75 "resumed +from " \
    launch -n 1 -- --resume --output "$folder/killed" --max-time 1s
verdict "of a launch that is killed no rank is left" nothing_is_left "$folder/killed"
verdict "nor its mpirun" has_ended "$mpirun_of_job"

"$binary" launch -n 2 -- --model simple-cnn --data data.h5 --batch-size 26 --epochs 99999 --checkpoint-every-epochs 99999 \
    --output "$folder/saving" >output 2>&1 &
job=$!
await_step "$folder/saving" 0
for ((try = 0; try < 500; try++)); do
    grep -q '"event":"step"' "$folder/saving/log.jsonl" 2>/dev/null && break
    sleep 0.02
done
kill -USR2 $job
verdict "SIGUSR2 is passed on: a checkpoint is saved" await_step "$folder/saving" 1
verdict "the job goes on" test -n "$(ranks_of "$folder/saving")"
kill -TERM $job
wait $job

# The launchers ask agents in the place of ssh in their own ways; these are those of Open MPI.
if ldd "$binary" | grep -q libmpich; then
    finish
fi

# Hosts. An agent in the place of ssh: this host is reached, the other one does not answer.
# A third one does not answer any more once the file `cut` is there.
printf '#!/bin/bash\n[[ $1 == slow.invalid ]] && sleep 20\n[[ $1 == quick.invalid || $1 == lost.invalid && ! -e %s/cut ]]\n' \
    "$PWD" >agent
chmod +x agent
export OMPI_MCA_plm_rsh_agent=$PWD/agent PRTE_MCA_plm_ssh_agent=$PWD/agent
# Returns when the launch says that it waits for hosts, or after 10 s. `output` was emptied before it began.
await_waiting() {
    local try
    for ((try = 0; try < 500; try++)); do
        grep -q "waits for hosts" output && break
        sleep 0.02
    done
}

printf 'localhost slots=1\ngone.invalid slots=2\n' >hosts
expect "a host that does not answer is left out" 0 "gone.invalid does not answer. The job runs on the others
finished after 60 epochs" launch --hostfile hosts -- "${options[@]}" --epochs 60 --output left
verdict "the others computed the same" same_run alone left
: >output
"$binary" launch --hostfile hosts --min-ranks 2 -- "${options[@]}" --epochs 12 --output waiting >>output 2>&1 &
job=$!
await_waiting
kill -TERM $job
wait $job
verdict "with too few ranks it waits for hosts, until it is stopped" \
    as_expected $? 75 "gone.invalid does not answer. It waits for hosts to come back"
: >output
env --default-signal=INT "$binary" launch --hostfile hosts --min-ranks 2 -- "${options[@]}" --epochs 12 --output waiting >>output 2>&1 &
job=$!
await_waiting
kill -INT $job
wait $job
verdict "Ctrl-C while it waits for hosts" as_expected $? 75 "launch: stopped while it waited for hosts"
verdict "no checkpoint is announced" test "$(grep -c "saves a checkpoint" output)" = 0
expect "a host file that is not there" 1 "nowhere" launch --hostfile nowhere -- "${options[@]}" --output none
expect "more ranks than all hosts have" 1 "hosts has 3 slots, so there are never 4 ranks" \
    launch --hostfile hosts --min-ranks 4 -- "${options[@]}" --output none
# Of three hosts the slow one alone is left out. Only the launcher's words count: the quick one cannot start a rank.
printf 'slow.invalid\nlocalhost\nquick.invalid\n' >hosts
launch --hostfile hosts -- "${options[@]}" --output none >output 2>&1
verdict "a host that takes its time" as_expected 0 0 "launch: slow.invalid does not answer. The job runs on the others"

# A launcher that waits for ever before any rank: with the host that is lost then, and with all of them.
mkdir waits-once waits
cat >waits-once/mpirun <<END
#!/bin/bash
[[ -e $PWD/cut ]] && exec "$(command -v mpirun)" "\$@"
touch "$PWD/cut"
sleep 300 &
echo \$! >"$PWD/connection"
wait
END
printf '#!/bin/bash\nexec sleep 300\n' >waits/mpirun
chmod +x waits-once/mpirun waits/mpirun
# with_launcher FOLDER ARGUMENTS...: a launch that finds the mpirun of the folder.
with_launcher() { PATH=$folder/$1:$PATH launch "${@:2}"; }
printf 'localhost\nlost.invalid\n' >hosts
expect "a host that is lost before ranks have started" 0 \
    "mpirun has started no rank in 5 s, and lost.invalid does not answer. It is started again
launch: lost.invalid does not answer. The job runs on the others
finished after 60 epochs" \
    with_launcher waits-once --start-limit 5 --hostfile hosts -- "${options[@]}" --epochs 60 --output unreached
verdict "the others computed the same" same_run alone unreached
verdict "the connection to it is ended too" bash -c '! kill -0 "$(<connection)" 2>/dev/null'
printf 'localhost\n' >hosts
expect "a launcher that starts no rank though all hosts answer" 1 \
    "mpirun has started no rank in 1 s, though all hosts answer. It is started again
though all hosts answer. The job was lost 2 times before its first checkpoint, so it is not started again" \
    with_launcher waits --start-limit 1 --retries 1 --hostfile hosts -- "${options[@]}" --output none
expect "a launcher that starts no rank on this host" 1 "mpirun has started no rank in 1 s. The job was lost 1 time before" \
    with_launcher waits --start-limit 1 --retries 0 -n 2 -- "${options[@]}" --output none
expect "a limit that is none" 64 "start-limit 0 is not 1 to" launch -n 2 --start-limit 0 -- "${options[@]}"

# A host that is cut off in mid-run: this machine by another name, until the file `gone` is there. Its rank is stopped, not dead.
printf '#!/bin/bash\n[[ -e %s/gone ]] && exit 255\necho "$2" >>%s/asked\nshift\nexec bash -c "$*"\n' "$PWD" "$PWD" >far
chmod +x far
printf 'localhost\nfar.invalid\n' >hosts
# launch_far FOLDER [cut]: in the background. Its second rank is stopped some steps on, and is the process `far_rank`.
launch_far() {
    local process
    OMPI_MCA_plm_rsh_agent=$PWD/far PRTE_MCA_plm_ssh_agent=$PWD/far DPTRAIN_STALL_SECONDS=1,900 timeout -k 5 "$limit" "$binary" launch \
        --hostfile hosts -- "${options[@]}" --epochs 60 --output "$1" >output 2>&1 &
    job=$!
    await_step "$1" 30
    for process in $(ranks_of "$1"); do
        tr '\0' '\n' <"/proc/$process/environ" | grep -qx "OMPI_COMM_WORLD_RANK=1" && far_rank=$process
    done
    [[ ${2:-} ]] && touch gone
    kill -STOP "$far_rank"
}
# await_words WORDS: until the job has said them.
await_words() {
    local try
    for ((try = 0; try < 3000; try++)); do
        grep -q "$1" output && return 0
        sleep 0.01
    done
    return 1
}
launch_far "$folder/far-1"
await_words "has waited for other ranks"
kill -CONT "$far_rank"
wait $job
verdict "a rank that is stopped on a host that answers is waited for" as_expected $? 0 "finished after 60 epochs"
verdict "the job was not started again" test "$(grep -c "It goes on" output)" = 0
launch_far "$folder/far-2" cut
wait $job
verdict "a host that is cut off in mid-run" as_expected $? 0 \
    "launch: far.invalid does not answer, and other ranks wait, .* It goes on from step [0-9]+
launch: far.invalid does not answer. The job runs on the others
finished after 60 epochs"
verdict "both computed the same" same_run "$folder/far-1" "$folder/far-2"
kill -KILL "$far_rank" 2>/dev/null
# It answers when it is asked first.
rm gone
launch_far "$folder/far-3"
questions() { grep -cx true asked; }
before=$(questions)
is_asked() { [[ $(questions) -gt $before ]]; }
await_words "has waited for other ranks"
within 10 is_asked
touch gone
wait $job
verdict "a host that is cut off later, while others wait" as_expected $? 0 \
    "launch: far.invalid does not answer, and other ranks wait, .* It goes on from step [0-9]+
finished after 60 epochs"
verdict "it computed the same" same_run "$folder/far-1" "$folder/far-3"
kill -KILL "$far_rank" 2>/dev/null

printf 'a slots=none\n' >hosts
expect "a host file with a mistake" 1 "hosts, line 1" launch --hostfile hosts -- "${options[@]}" --output none

finish
