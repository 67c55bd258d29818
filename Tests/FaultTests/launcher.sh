#!/bin/bash
# The batch script ends an mpirun that outlives its ranks, and leaves one alone whose ranks still run. It queues a job again that
# stopped at Slurm's signal, and no other.
# Tests/FaultTests/launcher.sh PATH-TO-DPTRAIN
project=$(realpath "$(dirname "$0")/../..")
source "$(dirname "$0")/../RunTests/support.sh"

# Stands in for mpirun: it starts a rank that ends after some seconds, and goes on for a while.
mkdir bin
cat >bin/mpirun <<'END'
#!/bin/bash
bin/dptrain 4 &
sleep "$MPIRUN_SECONDS"
END
# The program's name is what the batch script looks for.
cp "$(command -v sleep)" bin/dptrain
chmod +x bin/mpirun
export PATH=$PWD/bin:$PATH DPTRAIN_LAUNCHER_SECONDS=3

MPIRUN_SECONDS=30 expect "an mpirun that outlives its ranks is ended" 137 "outlived its ranks by 3 s" \
    timeout 20 bash "$project/cluster/dptrain.slurm" --output out
MPIRUN_SECONDS=5 expect "an mpirun that ends with its ranks is left alone" 0 "" \
    timeout 20 bash "$project/cluster/dptrain.slurm" --output out
verdict "nothing is said of it" test ! -s output

# One that stops at the signal with 75, or by itself.
cat >bin/mpirun <<'END'
#!/bin/bash
trap 'exit 75' USR1
for ((i = 0; i < MPIRUN_SECONDS * 10; i++)); do sleep 0.1; done
exit 75
END
printf '#!/bin/bash\necho "queued again: $*"\n' >bin/scontrol
chmod +x bin/scontrol
export SLURM_JOB_ID=7
MPIRUN_SECONDS=30 expect "a job that stops at Slurm's signal is queued again" 75 "queued again: requeue 7" \
    timeout --preserve-status --foreground -s USR1 3 bash "$project/cluster/dptrain.slurm" --output out
MPIRUN_SECONDS=0 expect "a job that was asked to stop is not" 75 "" \
    timeout 20 bash "$project/cluster/dptrain.slurm" --output out
verdict "nothing is said of it either" test ! -s output

finish
