#!/bin/bash
# Two runs never write to one folder: the second one is refused, and says who is there.
# Tests/FaultTests/two-runs.sh PATH-TO-DPTRAIN
source "$(dirname "$0")/../RunTests/support.sh"

alone data generate --output data.h5 --train 250 --test 40 --seed 5 >output || exit 1
options=(--model simple-cnn --data data.h5 --batch-size 26 --output out)

expect "a run left alone" 0 "" alone "${options[@]}" --epochs 12 --output alone
"$binary" "${options[@]}" --epochs 99999 >first 2>&1 &
first=$!
for ((wait = 0; wait < 500; wait++)); do
    [[ -e out/latest.h5 ]] && break
    sleep 0.02
done
# It holds its lock, and stays where it is.
kill -STOP $first

there="out: another run writes to this folder \(process $first on .*\)"
expect "a second new run" 1 "$there" alone "${options[@]}"
expect "a second run that overwrites" 1 "$there" ranks 2 "${options[@]}" --overwrite
expect "a second run that resumes" 1 "$there" ranks 2 "${options[@]}" --resume
expect "a resumed run from its checkpoint" 1 "$there" alone --resume out/latest.h5 --output out --data data.h5
expect "one that only reads is let in" 0 "" alone checkpoint inspect out/latest.h5

kill -KILL $first
wait $first 2>/dev/null
verdict "a killed run leaves the file of its lock" test -e out/.dptrain.lock
expect "it keeps nobody out" 0 "finished after 12 epochs" alone --resume --output out --epochs 12
verdict "a finished run leaves none" test ! -e out/.dptrain.lock

# Several at once: one gets in, the others are refused, and the folder is that of one run.
resume_at_once() {
    local job jobs=() codes=""
    for ((job = 0; job < 4; job++)); do
        "$binary" --resume --output out --epochs 30 >"at-once-$job" 2>&1 &
        jobs+=($!)
    done
    for job in "${jobs[@]}"; do
        wait "$job"
        codes+="$? "
    done
    echo "exit codes: $codes"
    [[ $codes == *0* && $codes =~ ^([01] )+$ ]]
}
expect "four that resume at once" 0 "" resume_at_once
expect "the same run left alone" 0 "" alone --resume --output alone --epochs 30
verdict "the folder is that of one run" same_run alone out

finish
