# Sourced by scripts beside it, which are given PATH-TO-DPTRAIN [SEED]: dptrain whose calls of the operating system's files fail
# (faults.c), a small run to spoil, that run left alone (`whole`), and the calls that it makes in its output folder (`log`).
project=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
source "$project/Tests/RunTests/support.sh"
RANDOM=${2:-1}
limit=300

compiler=$(command -v clang || command -v gcc) || { echo "FAILED  there is no C compiler"; exit 1; }
"$compiler" -Wall -Wextra -O1 -shared -fPIC -o faults.so "$project/Tests/FaultTests/faults.c" -ldl || exit 1

# faulty FOLDER [NAME=VALUE...] COMMAND...: COMMAND with faults in files of FOLDER; the variables are those of faults.c.
faulty() {
    local place=$1
    shift
    env LD_PRELOAD="$folder/faults.so" FAULT_FOLDER="$folder/$place" "$@"
}

alone data generate --output data.h5 --train 120 --test 40 --seed 5 >output || exit 1
options=(--model simple-cnn --data data.h5 --batch-size 26 --epochs 2 --keep 2)

has_checkpoint() { compgen -G "$1/[slb]*.h5" >/dev/null; }

# resumed FOLDER COMMAND...: the rest of a run, from the start if it has no checkpoint; COMMAND is `alone` or `ranks N`.
resumed() {
    local place=$1
    shift
    if has_checkpoint "$place"; then "$@" --resume --output "$place"; else "$@" "${options[@]}" --output "$place"; fi
}

# goes_on FOLDER: what the fault left can be gone on from. All names are of whole files, and the rest makes the run that of
# `whole`, on another number of ranks.
goes_on() {
    local counts=(2 3 1 4)
    if has_checkpoint "$1" && ! alone checkpoint verify "$1"/[slb]*.h5 >>output 2>&1; then return 1; fi
    resumed "$1" ranks "${counts[RANDOM % 4]}" >>output 2>&1 || return 1
    same_run whole "$1"
}

expect "a run left alone" 0 "" alone "${options[@]}" --output whole
expect "the same with its calls counted" 0 "" \
    faulty counted FAULT_LOG="$folder/log" "$binary" "${options[@]}" --output counted
calls=$(wc -l <log)
