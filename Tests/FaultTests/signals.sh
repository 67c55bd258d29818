#!/bin/bash
# Signals at any moment: those that ask to stop save a checkpoint, SIGUSR2 saves and goes on, ignored ones stay ignored,
# and a second Ctrl-C ends at once. The rest of a stopped run makes it that of one left alone.
# Tests/FaultTests/signals.sh PATH-TO-DPTRAIN [SEED-OF-THE-MOMENTS]
source "$(dirname "$0")/../RunTests/support.sh"
RANDOM=${2:-1}

alone data generate --output data.h5 --train 250 --test 40 --seed 5 >output || exit 1
options=(--model simple-cnn-dropout --data data.h5 --batch-size 26)

# Waits until a run has written its first step, then a little longer.
await_step() {
    local folder=$1 job=$2
    while kill -0 "$job" 2>/dev/null && [[ ! -s $folder/log.jsonl ]]; do sleep 0.01; done
    sleep "0.$((RANDOM % 5))"
}

# signalled SIGNALS FOLDER COMMAND...: sends the signals, one after another, once the run is under way.
signalled() {
    local signals=$1 folder=$2 job signal
    shift 2
    "$@" --output "$folder" &
    job=$!
    await_step "$folder" $job
    for signal in $signals; do
        kill -s "$signal" $job
        sleep 0.2
    done
    wait $job
}

expect "a run left alone" 0 "" ranks 2 "${options[@]}" --epochs 30 --output alone
# A shell makes its background jobs ignore SIGINT; env gives it back.
unignored=(env --default-signal=INT)
for signal in INT TERM USR1 HUP XCPU; do
    expect "SIG$signal saves" 75 "checkpoint saved at step [0-9]+; continue with --resume" \
        signalled $signal "by-$signal" "${unignored[@]}" "$binary" "${options[@]}" --epochs 99999
    expect "what SIG$signal saved is whole" 0 "" alone checkpoint verify "by-$signal/latest.h5"
done

# As long as the run left alone; a machine that is through before the signal comes has nothing to save.
signalled_or_through() {
    signalled "$@"
    [[ $? == 0 || $? == 75 ]]
}
expect "SIGINT to a run of 30 epochs" 0 "" \
    signalled_or_through INT by-both "${unignored[@]}" "$binary" "${options[@]}" --epochs 30
expect "its rest on three ranks" 0 "finished after 30 epochs" ranks 3 --resume --output by-both
verdict "it ends with the files of one left alone" same_run alone by-both

# In a step that takes longer than the pause between the signals.
expect "a second Ctrl-C ends at once" 130 "" \
    signalled "INT INT" twice "${unignored[@]}" "$binary" --model resnet-cifar-110-v1 --data data.h5 --batch-size 250
expect "an ignored SIGINT stays ignored, SIGTERM saves" 75 "signal 15: checkpoint saved" \
    signalled "INT TERM" ignored env --ignore-signal=INT "$binary" "${options[@]}" --epochs 99999
expect "an ignored SIGHUP stays ignored" 75 "signal 15: checkpoint saved" \
    signalled "HUP TERM" nohup nohup "$binary" "${options[@]}" --epochs 99999
# On a busy machine a step may take longer than the pause between signals, and both would ask for one checkpoint.
has_saved_twice() { [[ $(ls saved/step-*.h5 2>/dev/null | wc -l) -ge 2 ]]; }
saves_then_stops() {
    local job
    "$@" --output saved &
    job=$!
    await_step saved $job
    kill -s USR2 $job
    within 20 has_saved_twice
    kill -s TERM $job
    wait $job
}
expect "SIGUSR2 saves and goes on" 75 "signal 15: checkpoint saved" \
    saves_then_stops "$binary" "${options[@]}" --epochs 99999 --checkpoint-every-epochs 99999
verdict "it has a checkpoint of SIGUSR2 and one of SIGTERM" test "$(ls saved/step-*.h5 | wc -l)" == 3
expect "SIGUSR2 to all ranks" 75 "signal 10: checkpoint saved" \
    signalled "USR2 USR1" saved-by-all mpirun --timeout $limit -n 3 "$binary" "${options[@]}" --epochs 99999

# oneDNN multiplies the matrices of this network with the stack pointer in the heap, where a handler must not run.
flooded() {
    "$binary" "${long_rows[@]}" --output flooded &
    local job=$!
    await_step flooded $job
    while kill -s USR2 $job 2>/dev/null; do sleep 0.005; done
    wait $job
}
long_rows=(--model mlp --data data.h5 --batch-size 64 --optimizer sgd --epochs 30 --keep 1)
expect "a run of long matrix products" 0 "" alone "${long_rows[@]}" --output calm
expect "signals all the time" 0 "" flooded
verdict "they change nothing of what it computes" same_run calm flooded

# What does not save is ended by a signal as any program.
benchmark() {
    "$binary" bench --model simple-cnn --steps 1000000 &
    sleep 1
    kill -TERM $!
    wait $!
}
expect "SIGTERM ends a benchmark" 143 "" benchmark

# The limit is in KiB.
expect "a checkpoint beyond the limit of file sizes" 1 "limited/.*File too large" \
    bash -c 'ulimit -f 20; exec "$@"' limited "$binary" "${options[@]}" --epochs 2 --output limited
verdict "nothing half written is left" test -z "$(ls -A limited | grep -E '^\.dptrain|\.h5$')"

finish
