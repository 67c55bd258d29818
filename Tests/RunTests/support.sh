# Sourced by the scripts beside it. Goes to a folder of its own, which goes away with the script, and counts verdicts.
set -u
binary=$(realpath "${1:?give the path of the dptrain to test}")
folder=$(mktemp -d)
# A process that has just been started in the background has this trap too, until it becomes another program.
trap 'if [[ $BASHPID == "$$" ]]; then rm -rf "$folder"; fi' EXIT
cd "$folder" || exit 1

# Root, and more ranks than cores, are fine here; a rank that waits leaves the core to those that compute.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_mpi_yield_when_idle=1

passed=0
failed=0

# Nothing here takes longer than seconds: what does not end is a failure (exit code 124), not a wait.
limit=60

# ranks N ARGUMENTS...: dptrain under mpirun.
ranks() {
    local count=$1
    shift
    timeout -k 5 "$limit" mpirun -n "$count" "$binary" "$@"
}

# alone ARGUMENTS...: dptrain without mpirun.
alone() { timeout -k 5 "$limit" "$binary" "$@"; }

verdict() { # NAME, then a command that says whether it passed
    local name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED  $name"
        sed 's/^/        /' output | tail -n 15
    fi
}

# expect NAME CODE WORDS COMMAND...: the command's exit code, and that its output has all of WORDS, an extended regular
# expression each, one a line.
expect() {
    local name=$1 code=$2 words=$3
    shift 3
    "$@" >output 2>&1 </dev/null
    local got=$?
    verdict "$name" as_expected "$got" "$code" "$words"
}

as_expected() {
    local word
    if [[ $1 != "$2" ]]; then
        echo "(exit code $1, but $2 was expected)" >>output
        return 1
    fi
    while IFS= read -r word; do
        if [[ -n $word ]] && ! grep -Eq -- "$word" output; then
            echo "(nothing matches: $word)" >>output
            return 1
        fi
    done <<<"$3"
}

# A log without its timings, which end each line.
untimed() { sed 's/,"images_per_second":.*//' "$1/log.jsonl"; }

# Two runs that computed the same: all that a run leaves behind, but for the names of checkpoints.
same_run() {
    local file
    for file in latest.h5 best.h5; do cmp "$1/$file" "$2/$file" >>output 2>&1 || return 1; done
    [[ -s $1/log.jsonl ]] && diff <(untimed "$1") <(untimed "$2") >>output
}

# ranks_in FOLDER: the processes that train there. Its whole path tells them from those of others.
ranks_in() {
    local process
    for process in $(pgrep -f -- "--output $1"); do
        [[ $(readlink "/proc/$process/exe") == "$binary" ]] && echo "$process"
    done
}

# within SECONDS COMMAND...: it succeeds at last.
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [[ $SECONDS -lt $end ]] || return 1
        sleep 0.02
    done
}

# fill PIPE: nothing more can be written to it.
fill() { dd if=/dev/zero of="$1" bs=4096 oflag=nonblock status=none 2>/dev/null; }

differ() { ! cmp -s "$1" "$2"; }

finish() {
    echo "$passed passed, $failed failed"
    exit $((failed > 0))
}
