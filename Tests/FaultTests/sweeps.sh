#!/bin/bash
# A sweep that is killed at any moment, with its runs or without them, goes on by the same command, and ends with the choice and
# the files of a sweep left alone. Two sweeps never work in one folder.
# Tests/FaultTests/sweeps.sh PATH-TO-DPTRAIN [SEED [HOW-MANY]]
source "$(dirname "$0")/../RunTests/support.sh"
RANDOM=${2:-1}
wanted=${3:-6}
limit=300

alone data generate --output data.h5 --train 250 --test 40 --seed 5 >output || exit 1

# sweep_file NAME: four settings, of which one comes to its end.
sweep_file() {
    cat >"$1.toml" <<TOML
output = "$1"
halving = { factor = 2, first = 1 }
[options]
model = "simple-cnn"
data = "data.h5"
batch-size = 25
epochs = 4
[vary]
learning-rate = [0.003, 0.00001, 0.001, 0.0001]
TOML
}

# choice FOLDER: what was decided, and the logs from which that followed.
choice() {
    local run
    for run in run-01 run-02 run-03 run-04; do
        echo "$run dropped after: $(cat "$1/$run/dropped" 2>/dev/null)"
        untimed "$1/$run"
    done
}

# same_sweep FOLDER FOLDER: the same choice, and the same weights.
same_sweep() {
    local run file
    diff <(choice "$1") <(choice "$2") >>output || return 1
    for run in run-01 run-02 run-03 run-04; do
        for file in latest.h5 best.h5; do cmp "$1/$run/$file" "$2/$run/$file" >>output 2>&1 || return 1; done
    done
}

sweep_file whole
started=$(date +%s%N)
expect "a sweep left alone" 0 "after epoch 2 the best of 2 runs go on" alone sweep whole.toml
milliseconds=$((($(date +%s%N) - started) / 1000000))

# killed_sweep HOW MILLISECONDS: fails if it was too late. HOW: the sweep alone, its runs alone, or all.
killed_sweep() {
    local pause job runs
    printf -v pause '%d.%03d' $(($2 / 1000)) $(($2 % 1000))
    "$binary" sweep killed.toml --at-once $((RANDOM % 2 + 1)) >>output 2>&1 &
    job=$!
    sleep "$pause"
    runs=$(pgrep -P $job)
    # shellcheck disable=SC2086
    case $1 in
        sweep) kill -KILL $job 2>/dev/null ;;
        runs) [[ -n $runs ]] && kill -KILL $runs 2>/dev/null ;;
        all) kill -KILL $job $runs 2>/dev/null ;;
    esac
    wait $job 2>/dev/null
    [[ $? == 137 || $1 == runs ]]
}

sweep_file killed
for ((kill = 0; kill < wanted; kill++)); do
    kinds=(sweep all runs)
    how=${kinds[kill % 3]}
    rm -rf killed
    : >output
    killed_sweep "$how" $((RANDOM % milliseconds))
    # Once more, soon after the first time: runs that nobody waits for may be at work.
    killed_sweep sweep $((RANDOM % 700))
    timeout -k 5 "$limit" "$binary" sweep killed.toml >>output 2>&1
    verdict "a sweep killed at a random moment ($how) ends as one left alone" same_sweep whole killed
done

# --- Two at once ----------------------------------------------------------------------------------------------------

sed 's/"whole"/"two"/; s/epochs = 4/epochs = 4000/; s/first = 1/first = 2000/' whole.toml >two.toml
"$binary" sweep two.toml >first 2>&1 &
first=$!
for ((wait = 0; wait < 500; wait++)); do
    [[ -e two/run-01/latest.h5 ]] && break
    sleep 0.02
done
expect "a second sweep" 1 "two: another sweep writes to this folder \(process $first on .*; wait for its end, stop it, or" \
    alone sweep two.toml
kill -TERM $first
wait $first
verdict "the first one stops" grep -q "stopped; the same command goes on" first
verdict "it leaves no lock" test ! -e two/.dptrain.lock -a ! -e two/run-01/.dptrain.lock

# A run of it that someone trains by hand is waited for, and then goes on.
sed 's/"whole"/"hand"/' whole.toml >hand.toml
"$binary" --model simple-cnn --data data.h5 --batch-size 25 --epochs 4 --learning-rate 0.003 --output hand/run-01 >by-hand 2>&1 &
hand=$!
for ((wait = 0; wait < 500; wait++)); do
    [[ -e hand/run-01/latest.h5 ]] && break
    sleep 0.02
done
kill -STOP $hand
(sleep 2 && kill -CONT $hand) &
expect "a run that someone trains is waited for" 0 "run-01 of 4.*: is trained by process $hand on .*; waiting for its end" \
    alone sweep hand.toml --at-once 4
wait
verdict "the choice is the same" test "$(cat hand/run-*/dropped)" = "$(cat whole/run-*/dropped)"

finish
