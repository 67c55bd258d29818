#!/bin/bash
# Ranks end when the launcher that has started them is killed: with MPI's own launcher, with a script or a helper between it and the
# ranks, where MPI knows nothing of the launcher and so cannot tell the ranks, and where nobody reads what they say of it.
# Tests/FaultTests/lost-launcher.sh PATH-TO-DPTRAIN
source "$(dirname "$0")/../RunTests/support.sh"

alone data generate --output data.h5 --train 250 --test 40 --seed 5 >output || exit 1
options=(--model simple-cnn --data data.h5 --batch-size 26 --checkpoint-every-steps 3 --epochs 99999)
out=$folder/out

has_begun() { [[ -e $out/step-00000003.h5 ]]; }
none_is_left() { [[ -z $(ranks_in "$out") ]]; }

# start COMMAND...: a run of which the launcher is $job, in its first steps.
start() {
    # What should have ended may still write.
    kill -KILL $(ranks_in "$out") 2>/dev/null
    rm -rf "$out"
    "$@" --output "$out" >output 2>&1 &
    job=$!
    within 60 has_begun || verdict "a run begins" false
}
lose_launcher() {
    kill -KILL $job
    wait $job 2>/dev/null
}

# kept: the files of MPI's own that the ranks have mapped, in memory and on the disk.
kept() {
    local rank
    for rank in $(ranks_in "$out"); do
        awk '$6 ~ "^/dev/shm/|pmix" && $6 !~ /\.so/ { print $6 }' "/proc/$rank/maps"
    done | sort -u
}
is_gone() {
    local file
    for file in "$@"; do
        if [[ -e $file ]]; then echo "left: $file" >>output && return 1; fi
    done
    [[ $# -gt 0 ]]
}

start mpirun -n 2 "$binary" "${options[@]}"
mapfile -t files < <(kept)
lose_launcher
verdict "ranks whose launcher is killed end" within 20 none_is_left
verdict "nothing is left of what MPI has kept for them" is_gone "${files[@]}"

printf '#!/bin/bash\n"$@"\n' >script
chmod +x script
start mpirun -n 2 ./script "$binary" "${options[@]}"
lose_launcher
verdict "with a script between them too" within 20 none_is_left

# A launcher by its name, and no more.
name=mpirun helper=orted
if ldd "$binary" | grep -q libmpich; then name=mpiexec.hydra helper=hydra_pmi_proxy; fi
printf '#!/bin/bash\n"$@" &\nwait\n' | tee $helper >$name
chmod +x $name $helper
start ./$name "$binary" "${options[@]}"
verdict "a run goes on as long as its launcher lives" bash -c "sleep 0.5; kill -0 $(ranks_in "$out")"
lose_launcher
verdict "MPI need not tell them" within 20 none_is_left

start ./$name ./$helper "$binary" "${options[@]}"
lose_launcher
verdict "a helper of the launcher may outlive it" within 20 none_is_left

mkfifo unread
exec 7<>unread
printf '#!/bin/bash\nexec "$@" 2>unread\n' >script
start ./$name ./script "$binary" "${options[@]}"
fill unread
lose_launcher
verdict "what they say of it need find no reader" within 20 none_is_left

start ./$name "$binary" "${options[@]}"
rank=$(ranks_in "$out")
kill -STOP "$rank"
lose_launcher
kill -CONT "$rank"
verdict "a rank that was stopped meanwhile ends when it goes on" within 20 none_is_left
expect "the next run has the folder" 75 "resumed +from " alone --resume --output "$out" --max-time 1s
kill -KILL $(ranks_in "$out") 2>/dev/null

finish
