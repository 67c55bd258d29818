#!/bin/bash
# The self-test as a user runs it, and whether it notices what goes wrong. The last line is "N passed, M failed".
#
# Tests/RunTests/selftest.sh PATH-TO-DPTRAIN
source "$(dirname "$0")/support.sh"
limit=300
mkdir temporary
export TMPDIR=$folder/temporary

# with_mpirun SCRIPT ARGUMENTS...: an mpirun that does this comes before the real one, which is $real.
with_mpirun() {
    local script=$1
    shift
    mkdir -p bin
    printf '#!/bin/bash\nreal=%s\n%s\n' "$(command -v mpirun)" "$script" >bin/mpirun
    chmod +x bin/mpirun
    PATH=$folder/bin:$PATH alone "$@"
}

# A shell makes its background jobs ignore SIGINT; env gives it back.
interrupted() {
    env --default-signal=INT "$binary" "$@" &
    local process=$!
    sleep 2
    kill -INT $process
    wait $process
}

expect "all checks pass" 0 '^[0-9]+ passed, 0 failed$' alone selftest --ranks 2
expect "more ranks than most machines have cores" 0 '^ok +all ranks = 1 rank +5 ranks and 1 rank' \
    alone selftest --ranks 5
expect "a run that computes something else on two ranks" 1 \
    $'^FAILED +all ranks = 1 rank +.* step-00000000.h5\n^[0-9]+ passed, 2 failed$' \
    with_mpirun 'case " $* " in *" -n 2 "*" train "*) exec $real "$@" --seed 9 ;; *) exec $real "$@" ;; esac' \
    selftest --ranks 2
expect "an mpirun that hangs" 1 '^FAILED +MPI +no end within 20 s' \
    with_mpirun 'case " $* " in *" train "*) exit 3 ;; *) exec sleep 600 ;; esac' selftest --ranks 2 --time-limit 20
expect "an mpirun that fails" 1 '^FAILED +all ranks = 1 rank +exit code 3$' \
    with_mpirun 'exit 3' selftest --ranks 2
expect "no mpirun" 1 'mpirun is not on the PATH; install' env PATH=/nowhere "$binary" selftest
expect "under mpirun" 64 'selftest starts its ranks itself' ranks 1 selftest
expect "one rank" 64 'needs at least 2' alone selftest --ranks 1
expect "help" 0 '^Examples:' alone selftest --help
expect "an interrupted self-test" 130 'ended by signal 2' interrupted selftest

find temporary -name 'dptrain-*' >output
verdict "no files are left" test ! -s output

finish
