#!/bin/bash
# Two hosts, which are two network namespaces of this machine: the link between them is cut while they train; and both have an
# interface with the same address. The job ends within the limit, and says who is missing and what to do.
# Tests/FaultTests/network.sh PATH-TO-DPTRAIN
# It needs root, iproute2 and openssh-server, and is skipped without them.
source "$(dirname "$0")/../RunTests/support.sh"

skip() {
    echo "network.sh skipped: $*"
    echo "0 passed, 0 failed"
    exit 0
}
[[ $EUID -eq 0 ]] || skip "it needs root"
for tool in ip ssh ssh-keygen unshare /usr/sbin/sshd; do command -v "$tool" >/dev/null || skip "there is no $tool"; done

# The second host has a name of its own. Names and addresses are unlike those of scripts/bench-network.
here=dptrain-fault-a there=dptrain-fault-b
tear_down() {
    kill "$daemon" 2>/dev/null
    for namespace in $here $there; do
        kill -KILL $(ip netns pids $namespace 2>/dev/null) 2>/dev/null
        ip netns del $namespace 2>/dev/null
    done
    rm -rf "$folder"
}
trap tear_down EXIT
ip netns add $here 2>output || skip "network namespaces are not permitted ($(cat output))"
ip netns add $there
ip link add dptrain-fa netns $here type veth peer name dptrain-fb netns $there
for end in "$here dptrain-fa 10.78.0.1" "$there dptrain-fb 10.78.0.2"; do
    read -r namespace interface address <<<"$end"
    ip -n "$namespace" link set lo up
    ip -n "$namespace" addr add "$address/24" dev "$interface"
    ip -n "$namespace" link set "$interface" up
done
for key in host user; do ssh-keygen -q -t ed25519 -N "" -f "$folder/$key"; done
mkdir -p /run/sshd
ip netns exec $there unshare --uts bash -c 'hostname host-b; exec "$@"' bash /usr/sbin/sshd -D -e -f /dev/null \
    -h "$folder/host" -o ListenAddress=10.78.0.2 -o "AuthorizedKeysFile=$folder/user.pub" -o StrictModes=no \
    -o PermitRootLogin=yes -o "PidFile=$folder/pid" 2>/dev/null &
daemon=$!
agent="ssh -i $folder/user -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o BatchMode=yes"
for ((try = 0; try < 100; try++)); do
    ip netns exec $here $agent 10.78.0.2 true 2>/dev/null && break
    sleep 0.1
done

# on_both INTERFACES COMMAND...: one rank on each host; INTERFACES are what Open MPI's messages may use, or "" for all.
on_both() {
    local only=()
    if [[ -n $1 ]]; then only=(--mca btl_tcp_if_include "$1" --mca oob_tcp_if_include "$1"); fi
    shift
    exec ip netns exec $here mpirun -n 2 --host 10.78.0.1,10.78.0.2 --bind-to none --mca plm_rsh_agent "$agent" \
        --mca btl tcp,self "${only[@]}" -x OMPI_ALLOW_RUN_AS_ROOT -x OMPI_ALLOW_RUN_AS_ROOT_CONFIRM \
        -x OMPI_MCA_mpi_yield_when_idle -x DPTRAIN_STALL_SECONDS "$@"
}

# rank_of NAMESPACE: whether a rank runs there.
rank_of() {
    local process
    for process in $(ip netns pids "$1"); do
        [[ $(readlink "/proc/$process/exe") == "$binary" ]] && return 0
    done
    return 1
}

# awaits SECONDS CONDITION...: whether the condition comes about.
awaits() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        if [[ $SECONDS -ge $end ]]; then return 1; fi
        sleep 0.2
    done
}
is_gone() { ! rank_of "$1"; }

alone data generate --output data.h5 --train 250 --test 40 --seed 5 >output || exit 1
options=(--model simple-cnn --data "$folder/data.h5" --batch-size 26 --checkpoint-every-steps 1)
export DPTRAIN_STALL_SECONDS=3,8

# --- The link is cut -----------------------------------------------------------------------------------------------------

on_both 10.78.0.0/24 "$binary" "${options[@]}" --epochs 99999 --output "$folder/cut" >output 2>&1 </dev/null &
job=$!
verdict "two hosts train" awaits 60 test -e cut/step-00000003.h5
ip -n $here link set dptrain-fa down
verdict "the rank on this side ends within the limit" awaits 30 is_gone $here
verdict "the rank on the other side ends within the limit" awaits 30 is_gone $there
verdict "the missing rank is named with its host" grep -Eq "Rank 1 on host-b .*does not answer" output
verdict "it is said what becomes of mpirun" grep -Eq "mpirun" output
cp output cut.txt
# mpirun may outlive its ranks, as operations.md says.
kill -KILL $job 2>/dev/null
wait $job 2>/dev/null
kill -KILL $(ip netns pids $here) 2>/dev/null
ip -n $here link set dptrain-fa up
expect "what was saved is whole" 0 "" alone checkpoint verify cut/latest.h5
expect "the run goes on on one host" 0 "finished after" alone --resume --output cut --epochs 1

# --- Two interfaces with one address -------------------------------------------------------------------------------------

for namespace in $here $there; do
    # Nothing that is sent there comes back.
    ip -n $namespace link add docker0 type veth peer name docker1
    ip -n $namespace addr add 172.17.0.1/16 dev docker0
    ip -n $namespace link set docker0 up
    ip -n $namespace link set docker1 up
done
# Open MPI may choose the right interface by itself; if it does not, nothing comes through.
met() {
    local code
    (on_both "" "$binary" "${options[@]}" --epochs 1 --output "$folder/met" --overwrite) >output 2>&1 </dev/null &
    job=$!
    awaits 60 bash -c "! kill -0 $job 2>/dev/null" || awaits 1 is_gone $here || return 1
    kill -KILL $job $(ip netns pids $here) 2>/dev/null
    grep -q "finished after 1 epoch" output || grep -Eq "docker0 172\.17\.0\.1.*btl_tcp_if_include" output
}
verdict "interfaces that share an address are named, or are no hindrance" met
cp output met.txt
expect "with the right interface named they train" 0 "finished after 1 epoch" \
    timeout -k 5 $limit bash -c "$(declare -f on_both); here=$here agent='$agent' on_both 10.78.0.0/24 \"\$@\"" bash \
    "$binary" "${options[@]}" --epochs 1 --output "$folder/met" --overwrite

if [[ -n ${SHOW_MESSAGES:-} ]]; then cat cut.txt met.txt; fi
finish
