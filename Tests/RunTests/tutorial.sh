#!/bin/bash
# Runs every command of the tutorials and of the documentation's front page, in their order: the indented lines that begin with a
# command. The images are fewer, and made here. The network for cats and dogs has a smaller input. A script stands in for Slurm.
# Tests/RunTests/tutorial.sh PATH-TO-DPTRAIN
project=$(realpath "$(dirname "$0")/../..")
golden=$project/Tests/DatasetCreationTests/Golden
source "$(dirname "$0")/support.sh"
mkdir bin && ln -s "$binary" bin/dptrain
export PATH="$folder/bin:$PATH"

# follow PAGE COUNT: runs its commands, of which there are at least COUNT.
follow() {
    local page=$project/docs/$1 command commands
    mapfile -t commands < <(
        sed -nE 's/^    ((dptrain|mpirun|sbatch|squeue|tail) .*)/\1/p' "$page" | grep -v ' selftest$' |
            sed 's/--recipe cats-dogs/& --input-size 46/')
    verdict "$1 has commands" test ${#commands[@]} -ge "$2"
    for command in "${commands[@]}"; do
        expect "$1: $command" 0 "" timeout $limit bash -c "$command"
    done
}

begin() { mkdir "$folder/$1" && cd "$folder/$1" || exit 1; }

# idx NAME COUNT: images whose pixels are the characters of ascending numbers, with labels in turn.
idx() {
    local count=$2 size
    size=$(printf '%08x' "$count" | sed 's/../\\x&/g')
    {
        printf "\x00\x00\x08\x03$size\x00\x00\x00\x1c\x00\x00\x00\x1c"
        seq 1 $((count * 784)) | head -c $((count * 784))
    } >"fashion-mnist/$1-images-idx3-ubyte"
    {
        printf "\x00\x00\x08\x01$size"
        for ((i = 0; i < count; i++)); do printf "\x0$((i % 10))"; done
    } >"fashion-mnist/$1-labels-idx1-ubyte"
}

# photographs FOLDER: twelve of each class.
photographs() {
    mkdir -p "$1"/{Cat,Dog}
    for i in {1..12}; do
        cp "$golden/plain.jpg" "$1/Cat/$i.jpg"
        cp "$golden/turned.jpg" "$1/Dog/$i.jpg"
    done
}

begin notebook
mkdir fashion-mnist
idx train 1000
idx t10k 200
cp "$project/docs/tutorial/lenet.json" .
follow tutorial/README.md 15
verdict "the report is there" grep -q "<html" report.html
verdict "the exported model is a zip archive" grep -q "^PK" lenet.keras

begin front
ln -s ../notebook/fashion-mnist .
photographs photos
follow README.md 9
verdict "the page for others tells what is confused" grep -q '"confusion"' photos.html
shown() {
    local picture
    for picture in "$project"/docs/pictures/*; do
        grep -q "(pictures/${picture##*/})" "$project/docs/README.md" || return
    done
}
verdict "the front page shows each picture" shown

begin pets
photographs PetImages
touch PetImages/Cat/666.jpg
mkdir holidays
cp "$golden"/{plain,turned}.jpg holidays
follow tutorial/cats-and-dogs.md 12
verdict "the last command tells of both photographs" test "$(grep -cE 'holidays/.*,(Cat|Dog),[0-9.]+$' output)" = 2
verdict "the report tells what is confused" grep -q '"confusion"' pets.html
verdict "the preview is a PNG file" test "$(head -c 4 pets.png | tail -c 3)" = PNG

# A network as keras.applications has it, small and with the weights of one step.
begin transfer
cp ../pets/pets.h5 .
alone data generate --train 32 --test 8 --output generated.h5 >output 2>&1
alone --model mobilenet-v2 --classes 1000 --train-only predictions --data generated.h5 --batch-size 16 \
    --steps-per-epoch 1 --epochs 1 --output imagenet >output 2>&1
alone checkpoint export imagenet/latest.h5 --output mobilenet_v2.keras >output
follow tutorial/transfer-learning.md 8
verdict "the exported model is a zip archive" grep -q "^PK" pets.keras
changed() { alone checkpoint diff runs/top/best.h5 runs/fine/best.h5 | grep -q "$1"; }
verdict "the last block was tuned" changed block_16_expand/kernel
kept() { ! changed block_15_expand/kernel; }
verdict "the one before it was not" kept

# Stands in for Slurm: a job runs at once, on two cores of this machine.
cat >"$folder/bin/sbatch" <<'END'
#!/bin/bash
array=
while [[ $1 == --* ]]; do
    case $1 in
        --array=1-*) array=${1#--array=1-} ;;
        --wrap=*) exec bash -c "${1#--wrap=}" ;;
    esac
    shift
done
export SLURM_JOB_ID=1 SLURM_RESTART_COUNT=0 OMPI_MCA_orte_default_hostfile=hosts
if [[ -n $array ]]; then
    for ((task = 1; task <= array; task++)); do SLURM_ARRAY_TASK_ID=$task bash "$@" || exit; done
    exit
fi
while
    rm -f requeued
    bash "$@" >>dptrain-1.log 2>&1
    echo $? >code
    [[ -e requeued ]]
do SLURM_RESTART_COUNT=$((SLURM_RESTART_COUNT + 1)); done
END
printf '#!/bin/bash\ntouch requeued\n' >"$folder/bin/scontrol"
printf '#!/bin/bash\necho JOBID PARTITION NAME\n' >"$folder/bin/squeue"
chmod +x "$folder"/bin/{sbatch,scontrol,squeue}

begin cluster
photographs PetImages
touch PetImages/Dog/11702.jpg
ln -s "$project/cluster" cluster
mkdir -p docs/tutorial
sed '/^model = /a input-size = "46"' "$project/docs/tutorial/sweep.toml" >docs/tutorial/sweep.toml
echo "localhost slots=2" >hosts
follow tutorial/cluster.md 10
verdict "the second job went on to its end" grep -q "finished after 12 epochs" dptrain-1.log
verdict "the report is there" grep -q "<html" evening.html
touch runs/first/STOP
sbatch cluster/dptrain.slurm --data 'pets-*.h5' --output runs/first --epochs 1000 2>output
verdict "a file STOP ends a job with 75" grep -qx 75 code
verdict "which is not queued again" test ! -e requeued
verdict "and the file is gone" test ! -e runs/first/STOP
for script in dptrain sweep; do
    expect "$script.slurm is a script" 0 "" bash -n "cluster/$script.slurm"
done
for script in setup install; do
    verdict "scripts/$script is there" test -x "$project/scripts/$script"
done

finish
