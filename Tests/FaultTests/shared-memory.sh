#!/bin/bash
# What can befall ranks that share memory: they are stopped for a moment again and again, also inside their waits; all processes
# of a job are killed at once; there is no room in /dev/shm; of sixteen ranks one is killed. What goes on ends as one rank alone
# does, and nothing is left in memory of what was killed.
# Tests/FaultTests/shared-memory.sh PATH-TO-DPTRAIN [SEED [HOW-MANY-STOPS]]; there is a third as many kills as stops.
if [[ ${DPTRAIN_OWN_SHARED_MEMORY:-} != 1 ]]; then
    # With a /dev/shm of its own, where nothing is another's.
    own='mount -t tmpfs -o size=1g none /dev/shm && DPTRAIN_OWN_SHARED_MEMORY=1 exec "$0" "$@"'
    if ! unshare --mount bash -c 'mount -t tmpfs none /dev/shm' 2>/dev/null; then
        echo "SKIPPED: this system allows no /dev/shm for one program alone; root may have one"
        exit 0
    fi
    exec unshare --mount bash -c "$own" "$0" "$@"
fi
source "$(dirname "$0")/../RunTests/support.sh"
RANDOM=${2:-1}
wanted=${3:-9}
limit=300

alone data generate --output data.h5 --train 600 --test 40 --seed 5 >output || exit 1
options=(--model simple-cnn --data data.h5 --batch-size 32 --shards 16 --checkpoint-every-steps 20)
out=$folder/out
expect "a run left alone" 0 "" alone "${options[@]}" --epochs 20 --output alone
# What Open MPI keeps on the disk lies here.
mkdir shared
export TMPDIR=$folder/shared

# a_rank: one of those that train, by chance; nothing if there are none.
a_rank() {
    local all
    mapfile -t all < <(ranks_in "$out")
    [[ ${#all[@]} -eq 0 ]] || echo "${all[RANDOM % ${#all[@]}]}"
}
none_is_left() { [[ -z $(ranks_in "$out") ]]; }
has_begun() { [[ -e $out/step-00000000.h5 ]]; }
# pause MILLISECONDS, fewer than a thousand
pause() { sleep "0.$(printf %03d "$1")"; }

stops=0
# stopped_often COUNT: a run of so many ranks, of which one or another is stopped for a moment until they are through.
stopped_often() {
    local job rank
    rm -rf "$out"
    ranks "$1" "${options[@]}" --epochs 20 --output "$out" >output 2>&1 &
    job=$!
    within $limit has_begun || return 1
    while kill -0 $job 2>/dev/null && ((stops < wanted)); do
        rank=$(a_rank)
        [[ -n $rank ]] || break
        kill -STOP "$rank" 2>/dev/null || continue
        # Longer than others look before they sleep, and now and then longer than they sleep before they look again.
        pause $((RANDOM % 90 + (RANDOM % 10 == 0 ? 400 : 0)))
        kill -CONT "$rank" 2>/dev/null
        stops=$((stops + 1))
        pause $((RANDOM % 50))
    done
    wait $job && same_run alone "$out"
}
counts=(2 4 8)
while ((stops < wanted)); do
    count=${counts[RANDOM % 3]}
    verdict "$count ranks, stopped again and again, $stops stops so far" stopped_often "$count" || break
done

# killed_at_once COUNT: all processes of a job of so many ranks, at a moment after its first step.
killed_at_once() {
    local job
    rm -rf "$out"
    mpirun -n "$1" "$binary" "${options[@]}" --epochs 9999 --output "$out" >output 2>&1 &
    job=$!
    within $limit has_begun || echo "(it has not begun)" >>output
    pause $((RANDOM % 200))
    kill -KILL $job $(ranks_in "$out") 2>/dev/null
    wait $job 2>/dev/null
    has_begun && within 20 none_is_left && nothing_in_memory
}
nothing_in_memory() {
    find /dev/shm -mindepth 1 >>output
    [[ -z $(find /dev/shm -mindepth 1) ]]
}
# A rank alone has files too under Open MPI 5.
few=(1 2 4)
for ((kill = 1; kill <= (wanted + 2) / 3; kill++)); do
    verdict "kill $kill of all processes leaves nothing in memory" killed_at_once ${few[kill % 3]}
done
# What Open MPI keeps on the disk.
echo "$stops stops, $((kill - 1)) kills of all processes, which left $(du -sk "$TMPDIR" | cut -f 1) KiB on the disk"

# A /dev/shm without room.
for size in 4k 64k 2m; do
    mount -t tmpfs -o size=$size none /dev/shm
    rm -rf "$out"
    expect "four ranks with a /dev/shm of $size" 0 "" ranks 4 "${options[@]}" --epochs 20 --output "$out"
    verdict "they compute the same" same_run alone "$out"
    umount /dev/shm
done

rm -rf "$out"
ranks 16 "${options[@]}" --epochs 9999 --output "$out" >output 2>&1 &
job=$!
within $limit has_begun
kill -KILL "$(a_rank)"
wait $job
verdict "of sixteen ranks one is killed" as_expected $? 137 ""
verdict "none of them is left" within 20 none_is_left
expect "they go on" 0 "resumed +from " ranks 16 "${options[@]}" --epochs 20 --output "$out" --resume
verdict "they compute the same" same_run alone "$out"

finish
