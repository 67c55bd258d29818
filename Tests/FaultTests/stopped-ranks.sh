#!/bin/bash
# A rank that is stopped for ever does not stop the job for ever: the other ranks name it and its host, and end the job.
# The run then goes on where it was saved.
# Tests/FaultTests/stopped-ranks.sh PATH-TO-DPTRAIN [SEED-OF-THE-MOMENTS [ROUNDS]]
source "$(dirname "$0")/../RunTests/support.sh"
RANDOM=${2:-1}
rounds=${3:-2}

alone data generate --output data.h5 --train 250 --test 40 --seed 5 >output || exit 1
options=(--model simple-cnn --data data.h5 --batch-size 26 --checkpoint-every-steps 1)
# A message after 2 seconds, the end after 4.
export DPTRAIN_STALL_SECONDS=2,4

# process_of RANK FOLDER: the process of a rank whose command line names FOLDER; nothing if there is none.
process_of() {
    local process
    for process in $(pgrep -f -- "--output $2"); do
        # The same test may be running elsewhere.
        if [[ /proc/$process/cwd -ef $folder ]] \
            && tr '\0' '\n' 2>/dev/null <"/proc/$process/environ" | grep -qx "OMPI_COMM_WORLD_RANK=$1"; then
            echo "$process"
        fi
    done
}

# stopped RANK MILLISECONDS COMMAND...: stops a rank a while after it began.
stopped() {
    local rank=$1 pause process=""
    printf -v pause '%d.%03d' $(($2 / 1000)) $(($2 % 1000))
    shift 2
    "$@" &
    local job=$!
    # A busy machine takes its time to start it.
    while kill -0 "$job" 2>/dev/null && [[ -z $process ]]; do
        process=$(process_of "$rank" stopped)
        sleep 0.02
    done
    sleep "$pause"
    kill -STOP $process
    wait $job
}

# The phases follow from where the run is when its moment comes: starting, computing, saving, validating.
resume=()
for ((round = 0; round < rounds; round++)); do
    rank=$((RANDOM % 3)) pause=$((RANDOM % 2500 + 50))
    expect "rank $rank stopped after $pause ms" 1 "Rank $rank on .*(does not answer|is stopped)
dptrain ends the job" \
        stopped $rank $pause timeout -k 5 $limit mpirun -n 3 "$binary" "${options[@]}" --epochs 9999 --output stopped \
        "${resume[@]}"
    resume=(--overwrite)
done

# Nobody reads what the other ranks say.
mkfifo unread
exec 7<>unread
fill unread
printf '#!/bin/bash\nexec "$@" 2>unread\n' >speak-in-vain
chmod +x speak-in-vain
expect "rank 1 stopped, and what the other says is not read" 1 "" \
    stopped 1 500 timeout -k 5 $limit mpirun -n 2 ./speak-in-vain "$binary" "${options[@]}" --epochs 9999 --output stopped \
    --overwrite

# Before MPI: the first thing that the rank does is to stop.
cat >stop-first <<'END'
#!/bin/bash
if [[ $OMPI_COMM_WORLD_RANK == "$STOPPED_RANK" ]]; then kill -STOP $$; fi
exec "$@"
END
chmod +x stop-first
for rank in 0 1; do
    expect "rank $rank stopped before it starts" 1 "Rank $rank on .* \(process [0-9]+\) is stopped
dptrain ends the job" \
        env STOPPED_RANK=$rank timeout -k 5 $limit mpirun -n 2 ./stop-first "$binary" "${options[@]}" --output never
done
expect "nothing was written before the ranks met" 1 "" test -e never

finish
